"""An Acontext that answers late leaves alone what does not ask it."""

import asyncio
from collections.abc import Callable
from typing import Any

from api.asking import Asking
from api.client import CREATE
from api.odd_upstream import OddUpstream
from api.test_admission import READ, Held, app_of

LATE = 60
LITTLE = """query ($id: ID!) {
  __typename
  session(id: $id) { id title createdAt disk { id } }
  sessions(first: 5, filter: {titleContains: "small"}) { totalCount edges { cursor node { title } } }
  nodes(ids: [$id]) { id }
}"""
RENAME = """mutation ($id: ID!, $title: String!) {
  updateSession(input: {id: $id, title: $title}) { session { title } errors { code } } }"""


async def test_what_does_not_ask_acontext_is_answered_while_acontext_is_late(
    start: Callable[..., Any], upstream: OddUpstream
) -> None:
    async with start(max_operations_per_user=256) as client:
        session = (await client.data(CREATE, input={"title": "a small one"}))["createSession"]["session"]
        held = Held(upstream)
        late = [Asking(app_of(client), READ) for _ in range(LATE)]
        await held.until(waiting=LATE)

        async with asyncio.timeout(20):
            for number in range(20):
                told = await client.data(LITTLE, id=session["id"])
                assert told["session"]["title"] == told["sessions"]["edges"][0]["node"]["title"]
                renamed = await client.data(RENAME, id=session["id"], title=f"small {number}")
                assert renamed["updateSession"] == {"session": {"title": f"small {number}"}, "errors": []}
            assert (await client.http.get("/livez")).status_code == 200
        assert held.waiting == LATE

        held.let.set()
        assert [await asked.code() for asked in late] == [(200, None)] * LATE
