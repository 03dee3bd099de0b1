"""Isolation: with somebody else's id a user gets exactly what an id gets that nobody has, and Acontext is not asked."""

import json
import logging
import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from graphql import build_schema

from api import isolation
from api.callers import BY_TOKEN, Caller, believed, proven
from api.client import Client
from api.upstream import Upstream
from databases import Databases
from gql_api.schema import print_schema
from gql_api.telemetry import request_id

MAKING = {"createSession", "getOrCreateSession"}
"""Tried last: they make Bob's list longer."""
SCHEMA = build_schema(print_schema())
PLACES = list(isolation.places(SCHEMA))
TRIED = sorted((place for place in PLACES if place.name in isolation.KINDS), key=lambda place: place.field in MAKING)
WHOLE = """
{ sessions { nodes {
  id acontextId title configs tags pinnedAt updatedAt disk { id acontextId }
  messages { resumeCursor edges { cursor } nodes { id acontextId text parts { id } } }
  files { edges { cursor } nodes { id path updatedAt } }
  events { edges { cursor } nodes { id acontextId } }
  edited: messages(editStrategy: {tokenLimit: {limitTokens: 2}}) { edges { cursor } }
} edges { cursor } } }
"""
ERASE = "mutation { deleteUser(input: {}) { erasure { id } } }"
VIEWS = ("messages", "edited")
MUCH = 1_000_000
By = Callable[[Client, str], Caller]


def test_every_place_that_could_take_an_id_is_tried_or_is_known_to_name_nothing() -> None:
    names = {place.name for place in PLACES}
    assert names == set(isolation.KINDS) | isolation.TELLING | isolation.NAMES_NOTHING
    assert isolation.unreached(SCHEMA) == set()


def test_where_a_taken_id_must_be_told_the_schema_says_so() -> None:
    for name in isolation.TELLING:
        kind, _, taken = name.partition(".")
        described: Any = SCHEMA.type_map[kind]
        assert "CONFLICT" in described.fields[taken].description


class Watch(logging.Handler):
    """What the requests of the test write to the log, and ask of the database."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.statements = 0

    def emit(self, record: logging.LogRecord) -> None:
        if request_id() is None:
            return  # the sweep's
        if record.name.startswith("tortoise"):
            self.statements += 1
        elif record.name.startswith("gql_api"):
            self.lines.append(re.sub(r"\d+\.\d ms", "- ms", record.getMessage()))


@pytest.fixture
def watch() -> Iterator[Watch]:
    handler, loggers = Watch(), [logging.getLogger(name) for name in ("tortoise.db_client", "gql_api")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield handler
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


_LEFT = re.compile(r',"remaining":\d+')
"""What the caller may still spend, which grows as time goes by."""


@dataclass
class Seen:
    """All that can be seen of one answer, with the id that was sent taken out of it."""

    status: int
    headers: list[tuple[str, str]]
    body: str
    calls: Counter[str]
    statements: int
    lines: list[str]

    @property
    def asked(self) -> int:
        return self.calls.total()


@dataclass
class Bob:
    """Somebody who tries ids, and what is asked of Acontext meanwhile."""

    caller: Caller
    upstream: Upstream
    watch: Watch
    requests: list[str] = field(default_factory=list)
    own: str = ""

    async def tries(self, document: str, id: str) -> Seen:
        self.upstream.clear()
        self.watch.lines.clear()
        self.watch.statements = 0
        reply = await self.replied(document, id)
        headers = [pair for pair in reply.headers.items() if pair[0] not in {"x-request-id", "content-length"}]
        return Seen(
            reply.status_code,
            headers,
            _LEFT.sub("", reply.text.replace(id, "<id>")),
            Counter(self.upstream.calls),
            self.watch.statements,
            self.watch.lines.copy(),
        )

    async def replied(self, document: str, id: str) -> httpx.Response:
        document = document.replace(isolation.OWN, self.own)
        if not document.startswith("subscription"):
            return await self.caller.reply(document, id=id)
        # What is refused ends by itself; a stream that went on would never be answered here.
        body = {"query": document, "variables": {"id": id}}
        headers = {**self.caller.headers, "accept": "text/event-stream"}
        return await self.caller.http.post("/graphql", json=body, headers=headers)

    def note(self, request: httpx.Request) -> None:
        """Note what Acontext is asked, as a fault that never strikes."""
        body = request.content if request.headers.get("content-type") == "application/json" else b""
        self.requests.append(f"{request.method} {request.url} {body.decode()}")


def gid(text: str) -> str:
    return b64encode(text.encode()).decode()


def cursor_like(cursor: str, **changed: str) -> str:
    """Make a cursor of the same kind, with other ids in it and the same time."""
    text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(uuid4()), text)
    text = re.sub(r"(?<=^messages-seen\n)[0-9a-f]{16}", lambda _: uuid4().hex[:16], text)
    for old, new in changed.items():
        text = text.replace(old, new)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def forged(cursor: str, own: str) -> str:
    """Put the mark of one's own session, as one's own cursor has it, in place of another's."""
    texts = [urlsafe_b64decode(each + "=" * (-len(each) % 4)).decode() for each in (cursor, own)]
    theirs, mine = (text.split("\n")[1] for text in texts)
    return urlsafe_b64encode(texts[0].replace(theirs, mine).encode()).decode().rstrip("=")


def time_of(message: str) -> str:
    return b64decode(message).decode().split(":")[2]


def foreign_and_random(anna: dict[str, Any], bob: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Give for each kind of id one of Anna's, and one that nothing has."""
    session = anna["nodes"][0]
    own = bob["nodes"][0]["acontextId"]
    message, file = session["messages"]["nodes"][0], session["files"]["nodes"][0]
    event = session["events"]["nodes"][0]
    time, part = time_of(message["id"]), message["parts"][0]["id"]
    stored, edited = ([one["nodes"][0][view]["edges"][0]["cursor"] for one in (anna, bob)] for view in VIEWS)
    cursors = {
        "session cursor": anna["edges"][0]["cursor"],
        "message cursor": stored[0],
        "hit cursor": urlsafe_b64encode(f"message-hit\n{time}\n{message['acontextId']}".encode()).decode().rstrip("="),
        "edited cursor": edited[0],
        "event cursor": session["events"]["edges"][0]["cursor"],
        "resume cursor": session["messages"]["resumeCursor"],
        "forged cursor": forged(*stored),
        "forged edited cursor": forged(*edited),
    }
    return {
        "session": (session["id"], gid(f"Session:{uuid4()}")),
        "bare session": (session["acontextId"], str(uuid4())),
        "disk": (session["disk"]["id"], gid(f"Disk:{uuid4()}")),
        "bare disk": (session["disk"]["acontextId"], str(uuid4())),
        "file": (file["id"], gid(f"File:{uuid4()}:/a.txt")),
        "message": (message["id"], gid(f"Message:{uuid4()}:{time}:{uuid4()}")),
        "own session's message": (
            gid(f"Message:{own}:{time}:{message['acontextId']}"),
            gid(f"Message:{own}:{time}:{uuid4()}"),
        ),
        "bare message": (message["acontextId"], str(uuid4())),
        "event": (event["id"], gid(f"SessionEvent:{uuid4()}:{time_of(event['id'])}:{uuid4()}")),
        "part": (part, gid(f"MessagePart:{uuid4()}:{time}:{uuid4()}:0")),
        "user": (gid("User:anna"), gid("User:nobody")),
        "file cursor": (
            session["files"]["edges"][0]["cursor"],
            urlsafe_b64encode(b"file\n/a.tx0").decode().rstrip("="),
        ),
        **{kind: (cursor, cursor_like(cursor)) for kind, cursor in cursors.items()},
    }


def uuids_of(anna: dict[str, Any]) -> set[str]:
    return set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", json.dumps(anna)))


async def walk(client: Client, by: By, upstream: Upstream, watch: Watch) -> Counter[str]:
    """Try everything as Bob; return what was counted."""
    anna, bob = by(client, "anna"), Bob(by(client, "bob"), upstream, watch)
    erasure = (await anna.data(ERASE))["deleteUser"]["erasure"]["id"]
    for caller, title, file in ((anna, "Anna's", "/a.txt"), (bob.caller, "Bob's", "/b.txt")):
        made = await caller.create(title=title)
        await caller.store(made["id"], "hello", "again")
        await caller.upload(made["id"], file)
        await caller.upload(made["id"], f"/d{file}")
        await upstream.ask("POST", f"/session/{made['acontextId']}/events", json={"type": "note", "data": {}})
    before = (await anna.data(WHOLE))["sessions"]
    counted: Counter[str] = Counter(examined=len(PLACES), places=len(TRIED))
    ids = foreign_and_random(before, (await bob.caller.data(WHOLE))["sessions"])
    ids["erasure"] = erasure, gid(f"Erasure:{uuid4()}")
    bob.own = (await bob.caller.data(WHOLE))["sessions"]["nodes"][0]["id"]
    await bob.caller.data('{ searchMessages(query: "hello") { nodes { messageId } } }')  # all that was said is kept
    upstream.fault = bob.note
    for place in TRIED:
        document = isolation.document(SCHEMA, place)
        for kind in isolation.KINDS[place.name]:
            bob.requests.clear()
            foreign, random = [await bob.tries(document, id) for id in ids[kind]]
            assert foreign == random, (place.name, kind)
            check(place, kind, foreign, bob.requests, uuids_of(before))
            counted["cases"] += 1
    upstream.fault = None
    assert (await anna.data(WHOLE))["sessions"] == before
    return counted


def check(place: isolation.Place, kind: str, seen: Seen, requests: list[str], annas: set[str]) -> None:
    """Check what Acontext was asked: nothing about Anna's, and nothing at all where the id alone leads there."""
    named = [request for request in requests if any(id in request for id in annas)]
    if place.name == "GetOrCreateSessionInput.id":
        # One probe for either, which finds nothing of Bob's; all the rest is about the session that is made then.
        assert len(named) == 1
    elif kind in isolation.OF_ONE_SESSION:
        assert requests == [], (place.name, kind)
        assert "this is not a cursor of this list" in seen.body, (place.name, kind)
    elif kind in isolation.INSIDE:
        assert all("/messages" in request for request in named), (place.name, kind)
    else:
        assert named == [], (place.name, kind)
        # A cursor of Anna's list is a place in Bob's own, and what comes after it is Bob's.
        is_shown_own = len(place.way) > 1 or place.name in isolation.SHOWS_OWN
        assert seen.asked == 0 or is_shown_own or kind in isolation.OF_A_LIST, (place.name, kind)


@pytest.fixture
async def client(start: Callable[..., AbstractAsyncContextManager[Client]]) -> AsyncIterator[Client]:
    """A client that may ask for all there is of each thing at once."""
    async with start(max_cost=MUCH) as client:
        yield client


async def test_somebody_elses_id_gets_what_an_id_gets_that_nobody_has(
    client: Client, upstream: Upstream, watch: Watch
) -> None:
    counted = await walk(client, believed, upstream, watch)
    assert counted == {"examined": len(PLACES), "places": 40, "cases": 83}


class TestByToken:
    """The same where callers prove who they are, on one kind of database."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    @pytest.fixture
    async def client(self, start: Callable[..., AbstractAsyncContextManager[Client]]) -> AsyncIterator[Client]:
        async with start(max_cost=MUCH, **BY_TOKEN) as client:
            yield client

    async def test_somebody_elses_id_gets_what_an_id_gets_that_nobody_has(
        self, client: Client, upstream: Upstream, watch: Watch
    ) -> None:
        await walk(client, proven, upstream, watch)
