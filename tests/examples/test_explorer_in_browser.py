"""The explorer in a browser, on the running product; what is tried is in the two `explorer*.test.mjs`."""

import re
import time
from pathlib import Path

import jwt
import pytest

from clients.npm import Node, NoNode, installed
from commands import served
from examples.web import HERE
from gql_api.web.explorer import STATIC, read_manifest

TRIALS, TRIALS_WITH_TOKEN = 8, 4
KEY = "a secret of tests, of 32 bytes or more"
TAP = ("--test-force-exit", "--test-reporter=tap")
TOKENS = {
    "GQL_API_AUTH": "jwt",
    "GQL_API_JWT_KEY": KEY,
    "GQL_API_JWT_ALGORITHMS": "HS256",
    "GQL_API_JWT_ISSUER": "issuer",
    "GQL_API_JWT_AUDIENCE": "audience",
}
is_built = pytest.mark.skipif(read_manifest(STATIC) is None, reason="the explorer is not built: make explorer")


@pytest.fixture(scope="module")
def driver() -> Node:
    """What runs the scripts of this folder; without Node.js the tests that need it are skipped."""
    try:
        return installed(HERE)
    except NoNode as reason:
        pytest.skip(str(reason))


@is_built
def test_the_explorer_does_what_its_users_expect(browser: str, driver: Node, endpoint: str) -> None:
    told = driver.run(*TAP, "explorer.test.mjs", endpoint, seconds=200, CHROMIUM=browser)

    assert len(re.findall(r"^ok ", told, re.MULTILINE)) == TRIALS


@is_built
def test_the_explorer_takes_a_token_and_keeps_none(browser: str, driver: Node, tmp_path: Path) -> None:
    claims = {"sub": "ada", "iss": "issuer", "aud": "audience", "exp": time.time() + 600}
    with served(tmp_path, **TOKENS) as endpoint:
        token = jwt.encode(claims, KEY, "HS256")
        told = driver.run(*TAP, "explorer-token.test.mjs", endpoint, token, seconds=200, CHROMIUM=browser)

    assert len(re.findall(r"^ok ", told, re.MULTILINE)) == TRIALS_WITH_TOKEN
