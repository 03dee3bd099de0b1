"""Applications with the clients that frontends use, on the running product: built, type-checked, and tried.

What they are made of is what docs/clients.md and docs/uploads.md show; what they have to do is in `src/trials`.
"""

import re
from pathlib import Path

import pytest

from clients.npm import FOLDER, Node
from commands import address_told, running

MANIFEST = FOLDER / "src" / "generated" / "persisted-documents.json"
TRIALS = {"apollo": 11, "react": 2, "relay": 2, "tada": 1, "uploads": 6, "urql": 9}


def passed(node: Node, trial: str, endpoint: str) -> int:
    """Run the trials of a client, none of which may fail; tell how many there were."""
    told = node.run("--test-force-exit", "--test-reporter=tap", f"build/{trial}.test.mjs", endpoint)
    return len(re.findall(r"^ok ", told, re.MULTILINE))


@pytest.mark.parametrize("client", TRIALS)
def test_an_application_does_what_its_users_expect(applications: Node, endpoint: str, client: str) -> None:
    assert passed(applications, client, endpoint) == TRIALS[client]


def test_a_server_that_trusts_the_manifest_of_codegen_runs_it_alone(applications: Node, tmp_path: Path) -> None:
    settings = {"GQL_API_DOCUMENTS": str(MANIFEST), "GQL_API_ONLY_TRUSTED_DOCUMENTS": "true"}
    with running("serve", "--port", "0", "--data-dir", "data", cwd=tmp_path, **settings) as process:
        assert passed(applications, "trusted", address_told(process)) == 1


def test_the_schema_keeps_the_rules_of_graphql_eslint(node: Node) -> None:
    node.run("lint.mjs")
