"""The public audit of GraphQL over HTTP, graphql-http's, on the running product: nothing of it may fail."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from clients.npm import Node
from commands import address_told, running

AUDITS = {"MUST": 13, "SHOULD": 23, "MAY": 25}
ILL_FORMED = {"423L", "3E3A", *(f"{kind}{number}" for kind in ("LKJ", "6C0", "476", "58B") for number in range(4))}
"""Audits of requests that have 422 by the edition of September 2026, and 400 by the drafts before."""
JSON_ALONE = {"572B", "FDE2", "7B9B"}
"""Those of failures that have 200 by the drafts, for clients of application/json."""
COERCION = "86EE"


def audited(node: Node, endpoint: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(node.run("audit.mjs", endpoint))
    return results


def test_every_audit_of_graphql_over_http_passes(node: Node, endpoint: str) -> None:
    results = audited(node, endpoint)

    assert [one for one in results if one["status"] != "ok"] == []
    assert Counter(one["name"].split()[0] for one in results) == AUDITS


def test_the_edition_of_2026_differs_where_it_says_so_and_nowhere_else(node: Node, tmp_path: Path) -> None:
    with running("serve", "--port", "0", "--data-dir", "data", cwd=tmp_path, GQL_API_HTTP_EDITION="2026-09") as process:
        failed = {one["id"] for one in audited(node, address_told(process)) if one["status"] != "ok"}

    assert failed == {*ILL_FORMED, *JSON_ALONE, COERCION}
