"""Asks for forks, and reads all that can be seen of a session, but for ids and times."""

from typing import Any

from api.client import Client
from api.conversation import PARTS

FORK = """
mutation ($input: ForkSessionInput!) {
  forkSession(input: $input) {
    session { id acontextId title disk { id acontextId } forkedFrom { id } }
    sessionEdge { cursor node { id } }
    progress { done total }
    errors { code message path }
  }
}
"""
WHOLE = f"""
query ($id: ID!) {{
  session(id: $id) {{
    configs
    messages {{ nodes {{ role text metadata idempotencyKey {PARTS} }} }}
    files(glob: "**") {{ nodes {{ path mimeType size metadata textContent }} }}
  }}
}}
"""


async def fork(client: Client, **input: Any) -> dict[str, Any]:
    """Fork a session; give the payload."""
    payload: dict[str, Any] = (await client.data(FORK, input=input))["forkSession"]
    return payload


async def forked(client: Client, **input: Any) -> dict[str, Any]:
    """Fork a session; give the new one."""
    payload = await fork(client, **input)
    assert payload["errors"] == []
    session: dict[str, Any] = payload["session"]
    return session


async def whole(client: Client, session: str) -> dict[str, Any]:
    """Read all that is the same in a copy."""
    seen: dict[str, Any] = (await client.data(WHOLE, id=session))["session"]
    return seen


def told(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Give code and path of what is wrong; no session was made."""
    assert payload["session"] is None
    return [(error["code"], error["path"]) for error in payload["errors"]]
