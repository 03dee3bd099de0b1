"""What the writes tell of: exactly what happened, once it has happened; and what may have happened."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.odd_upstream import OddUpstream, answering, failing, never
from api.upstream import KEY
from carrying import in_front
from gql_api import tokens
from gql_api.errors import Conflict, Failure, Invalid, NotFound, UpstreamFailure
from gql_api.events import Event, ListChange, ListChanged, MessagesStored, owner_key
from gql_api.running import Running, run
from gql_api.services.creation import NewSession
from gql_api.services.drafts import ChatMessage, Draft
from gql_api.services.sessions import Changes
from gql_api.settings import read_settings

NEW = NewSession(title="Tea", configs=None)


@dataclass
class Server:
    """The parts of a server, and what is told there."""

    running: Running
    upstream: OddUpstream
    told: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Keep what a write tells; that a session is active is told behind it, when it is written down."""
        if not (isinstance(event, ListChanged) and event.change is ListChange.ACTIVE):
            self.told.append(event)

    async def session(self, owner: str = "ada") -> UUID:
        made = await self.running.services.sessions.create(owner, NEW)
        self.told.clear()
        return made.id

    @contextmanager
    def odd(self, instead: Callable[[httpx.Request], Any], *, after: int = 0) -> Iterator[None]:
        """Answer stores in place of Acontext, all but the first few."""
        left = iter(range(after))
        self.upstream.is_odd = lambda request: (
            request.method == "POST" and request.url.path.endswith("/messages") and next(left, None) is None
        )
        self.upstream.instead = instead
        yield
        self.upstream.instead = None


@pytest.fixture
async def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    tokens.count("text")  # the first of a process takes about a second, which is all that a call may take here
    upstream = OddUpstream()
    settings = read_settings(
        DATABASE_URL=database_url,
        GQL_API_DATA_DIR=tmp_path_factory.mktemp("data"),
        GQL_API_UPSTREAM_TIMEOUT="1",
        ACONTEXT_API_KEY=KEY,
        _env_file=None,
    )
    async with run(settings, front=in_front(upstream.in_front_of)) as running:
        server = Server(running, upstream)
        with running.events.listening(server.hear, missed=lambda: None):
            yield server


def draft(text: str = "text", *, place: int = 0, role: str = "USER") -> Draft:
    return Draft(ChatMessage(role, text, [], None, is_error=False), None, ("input", "messages", str(place)))


def changed(change: ListChange, id: UUID, owner: str = "ada") -> Event:
    return ListChanged(change, owner_key(owner), id)


async def test_the_life_of_a_session_is_told(server: Server) -> None:
    sessions = server.running.services.sessions
    made = await sessions.create("ada", NEW)
    await sessions.update("ada", made.id, Changes(title="Coffee"))
    await sessions.update("ada", made.id, Changes(configs={"a": 1}))
    await sessions.update("ada", made.id, Changes())
    await sessions.get_or_create("ada", made.id, new=NEW, disk_id=None)
    other = await sessions.get_or_create("ada", None, new=NEW, disk_id=None)
    await sessions.delete("ada", made.id)
    assert server.told == [
        changed(ListChange.CREATED, made.id),
        changed(ListChange.UPDATED, made.id),
        changed(ListChange.UPDATED, made.id),
        changed(ListChange.CREATED, other.session.id),
        changed(ListChange.DELETED, made.id),
    ]


async def test_a_session_taken_over_is_told_once(server: Server) -> None:
    theirs = UUID((await server.upstream.ask("POST", "/session", json={"user": "ada"}))["id"])
    for _ in range(2):
        await server.running.services.sessions.get_or_create("ada", theirs, new=NEW, disk_id=None)
    assert server.told == [changed(ListChange.CREATED, theirs)]


async def test_each_message_is_told_when_it_is_stored(server: Server) -> None:
    id = await server.session()
    messages = server.running.services.messages
    await messages.store("ada", id, draft())
    await messages.store_all("ada", id, [draft("a"), draft("b", place=1)])
    assert server.told == [MessagesStored(id)] * 3


async def test_of_a_list_that_was_stopped_its_stored_part_is_told(server: Server) -> None:
    id = await server.session()
    drafts = [draft(str(place), place=place) for place in range(4)]
    with server.odd(answering(400, {"code": 400, "msg": "odd"}), after=2):
        stored = await server.running.services.messages.store_all("ada", id, drafts)
    assert len(stored.messages) == 2
    assert isinstance(stored.problem, Invalid)
    assert server.told == [MessagesStored(id)] * 2


async def test_nothing_is_told_of_what_was_refused(server: Server) -> None:
    id, services = await server.session(), server.running.services
    refused = [
        (NotFound, services.messages.store("eve", id, draft())),
        (Invalid, services.messages.store("ada", id, draft(role="NOBODY"))),
        (NotFound, services.sessions.update("eve", id, Changes(title="Hers"))),
        (NotFound, services.sessions.delete("eve", id)),
        (NotFound, services.sessions.delete("ada", uuid4())),
        (Conflict, services.sessions.create("ada", NewSession(title=None, configs=None, id=id))),
    ]
    for kind, write in refused:
        with pytest.raises(kind):
            await write
    with server.odd(answering(400, {"code": 400, "msg": "odd"})), pytest.raises(Failure):
        await services.messages.store("ada", id, draft())
    assert server.told == []


@pytest.mark.parametrize(
    "instead",
    [
        failing(httpx.ReadTimeout),
        failing(httpx.ReadError),
        answering(500, {"code": 500, "msg": "odd"}),
        answering(200, text="a page", kind="text/html"),
        never,
    ],
    ids=["late", "lost", "failed", "unreadable", "never"],
)
async def test_a_message_that_may_have_been_stored_is_told(server: Server, instead: Any) -> None:
    id = await server.session()
    with server.odd(instead), pytest.raises(UpstreamFailure):
        await server.running.services.messages.store("ada", id, draft())
    assert server.told == [MessagesStored(id)]


async def test_a_message_whose_store_was_cut_off_is_told(server: Server) -> None:
    """As where a client is gone, or its session could not be held any longer."""
    id, is_asked = await server.session(), asyncio.Event()

    async def ask(request: httpx.Request) -> Any:
        is_asked.set()
        return await never(request)

    with server.odd(ask):
        storing = asyncio.create_task(server.running.services.messages.store("ada", id, draft()))
        await is_asked.wait()
        storing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await storing
    assert server.told == [MessagesStored(id)]
