"""Sends archives, as clients upload them."""

from typing import Any

from api.callers import Caller
from api.client import Client
from api.forms import post, upload
from archives.forging import members, summed, taped

RIGHT = taped(summed(members()))
ARCHIVE = ["input", "archive"]
IMPORT = """
mutation ($archive: Upload!, $user: String, $dryRun: Boolean! = false) {
  importSession(input: {archive: $archive, user: $user, dryRun: $dryRun}) {
    session { id acontextId user { identifier } }
    sessionEdge { cursor node { id } }
    progress { done total }
    replayed
    errors { code message path }
  }
}
"""


async def answer_to(client: Client, archive: bytes, **variables: Any) -> dict[str, Any]:
    """Send an archive; give the whole answer."""
    body = upload(IMPORT, {"archive": None, **variables}, {"archive": ("a.tar", archive)})
    response = await post(client, body, **(client.headers if isinstance(client, Caller) else {}))
    answer: dict[str, Any] = response.json()
    return answer


async def bring(client: Client, archive: bytes, **variables: Any) -> dict[str, Any]:
    """Send an archive; give the payload."""
    answer = await answer_to(client, archive, **variables)
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["importSession"]
    return payload


async def brought(client: Client, archive: bytes, **variables: Any) -> dict[str, Any]:
    """Bring a session in whole; give it."""
    payload = await bring(client, archive, **variables)
    assert payload["errors"] == []
    session: dict[str, Any] = payload["session"]
    return session


def told(payload: dict[str, Any]) -> tuple[str, list[str], str]:
    """Give what is wrong; no session was made."""
    assert payload["session"] is None
    [error] = payload["errors"]
    return error["code"], error["path"], error["message"]
