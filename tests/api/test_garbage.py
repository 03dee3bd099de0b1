"""What operations leave behind: nothing of ours that only the garbage collector would take away."""

import asyncio
import gc
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.client import UPLOAD, Client
from api.conftest import served
from api.conversation import KEEP_ONE, STORE_ONE, use_tools
from api.test_message_parts import PNG, attach
from api.upstream import Upstream
from carrying import in_front
from databases import Databases
from gql_api.app import create_app
from gql_api.settings import Settings

SESSION = """
query ($id: ID!) {
  session(id: $id) {
    title configs tokenCounts { total }
    disk { files { totalCount nodes { path size textContent publicUrl { url } } } }
    files(path: "/") { directories { path } }
    file(path: "/a/b.txt") { size }
    messages {
      totalCount tokenCount nodes { id text parts { ... on MediaPart { publicUrl { url } } } }
      formatted(as: OPENAI) { messages }
    }
  }
}
"""
EDITED = """
query ($id: ID!, $edits: [EditStrategyInput!]) {
  session(id: $id) { messages(last: 5, editStrategy: $edits) { editAtMessageId nodes { id text } } }
}
"""
PAGE = """
{ sessions(first: 10) { totalCount nodes { id tokenCounts { total } files { nodes { path } } messages(last: 2) {
  nodes { text } pageInfo { hasPreviousPage } } } } }
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on Message { text session { title } } } }"
PICTURE = {"url": f"data:image/png;base64,{b64encode(PNG).decode()}"}
IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": PICTURE}]}
THE_CLIENTS = ("httpx.", "builtins.")
"""The client that asks leaves its request and the answer, in tuples and lists."""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: what is left behind is ours, not the driver's."""
    return sqlite_databases


@contextmanager
def left_behind(kinds: "Counter[str]") -> Iterator[None]:
    """Count, by their types, the objects of the block that refer to each other though nobody refers to them."""
    gc.collect()
    gc.disable()
    try:
        yield
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds.update(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture
async def plain(settings: Settings, upstream: Upstream) -> AsyncIterator[Client]:
    """A client of the application as it is served: the tests' own execution would keep things for its comparison."""
    app = create_app(settings, front=in_front(upstream.in_front_of))
    async with served(app) as http:
        yield Client(http)


async def slowly(_: Any) -> None:
    """Let an answer take so long that the connection of who asked is watched."""
    await asyncio.sleep(0.05)


@pytest.mark.parametrize("pace", [None, slowly])
async def test_an_operation_leaves_nothing_of_ours_to_the_garbage_collector(
    plain: Client, upstream: Upstream, pace: Callable[[Any], Awaitable[None]] | None
) -> None:
    first, second = [operations(*await filled(plain, upstream)) for _ in range(2)]
    upstream.meanwhile = pace
    for query, variables in first:
        await plain.data(query, **variables)  # what is kept of a text is made at the first time
    for query, variables in second:
        kinds: Counter[str] = Counter()
        with left_behind(kinds):
            await plain.data(query, **variables)
        assert [kind for kind in kinds if not kind.startswith(THE_CLIENTS)] == [], query


def operations(session: str, message: str) -> list[tuple[str, dict[str, Any]]]:
    chat = {"chat": {"role": "USER", "content": "Good night"}}
    return [
        (SESSION, {"id": session}),
        (EDITED, {"id": session, "edits": [KEEP_ONE]}),
        (PAGE, {}),
        (NODE, {"id": message}),
        (STORE_ONE % "id", {"input": {"sessionId": session, "message": chat}}),
        (UPLOAD, {"input": {"sessionId": session, "path": "/c.txt", "content": {"text": "text"}}}),
        (UPLOAD, {"input": {"sessionId": session, "path": "/new.txt", "content": {"text": "text"}}}),
    ]


async def filled(client: Client, upstream: Upstream) -> tuple[str, str]:
    """Make sessions, one of them with files and messages; give its id, and that of a message with a picture."""
    for title in ("An empty one", "Another"):
        await client.create(title=title)
    made = await client.create(title="A full one", configs={"a": 1})
    session = made["id"]
    for path in ("/a/b.txt", "/c.txt"):
        await client.upload(session, path)
    await use_tools(client, session, range(3))
    [message] = await client.store(session, {"openai": IMAGE})
    await attach(upstream, made["acontextId"], name="a.png", data=PNG)
    return session, message
