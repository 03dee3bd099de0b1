"""What a server takes on at a time: beyond it requests are refused at once, and all others are answered as ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from api.asking import Asking
from api.callers import BY_TOKEN, believed, proven
from api.client import CREATE, Client
from api.odd_upstream import Answer, OddUpstream
from databases import Databases
from gql_api.web import parameters

READ = "query Read { sessions(first: 1) { nodes { configs } } }"
LITTLE = "{ __typename }"
OVERLOADED, RATE_LIMITED = (503, "OVERLOADED"), (429, "RATE_LIMITED")
TOKEN = "a-token-of-some-length"  # noqa: S105
KIB = 1024


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: nothing of it is in the database."""
    return sqlite_databases


class Held:
    """Acontext that does not answer until it is let."""

    def __init__(self, upstream: OddUpstream) -> None:
        self.let = asyncio.Event()
        self.waiting = 0
        self._upstream = upstream
        upstream.instead = self

    async def __call__(self, request: httpx.Request) -> Answer:
        self.waiting += 1
        try:
            await self.let.wait()
        finally:
            self.waiting -= 1
        assert self._upstream._behind is not None
        return await self._upstream._behind.handle_async_request(request)

    async def until(self, waiting: int) -> None:
        """Wait until so many calls wait here."""
        async with asyncio.timeout(20):
            while self.waiting != waiting:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.002)


def app_of(client: Client) -> ASGIApp:
    return client.http._transport.app  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def serve(start: Callable[..., Any], upstream: OddUpstream) -> Callable[..., Any]:
    """Serve with a session to be read, which takes until Acontext is let answer."""

    @asynccontextmanager
    async def serving(*users: str, **changed: Any) -> AsyncIterator[tuple[Client, Held]]:
        async with start(**changed) as client:
            for user in users or (None,):
                caller = client if user is None else (proven if "auth" in changed else believed)(client, user)
                await caller.data(CREATE, input={})
            held = Held(upstream)
            yield client, held
            held.let.set()

    return serving


async def many(client: Client, count: int, held: Held, **headers: str) -> list[Asking]:
    """Begin so many reads, which wait for Acontext."""
    waiting = held.waiting
    asked = [Asking(app_of(client), READ, headers=headers) for _ in range(count)]
    await held.until(waiting + count)
    return asked


async def test_more_operations_than_one_may_are_refused_at_once_and_unread(serve: Callable[..., Any]) -> None:
    async with serve(max_operations=3) as (client, held):
        under_way = await many(client, 3, held)
        for accept in ("application/json", "application/graphql-response+json", "text/event-stream"):
            over = Asking(app_of(client), READ, headers={"accept": accept})
            status, headers, body = await over.answer()
            assert (status, headers["retry-after"]) == (503, "1")
            message = "The server has as much to do as it may have; try again later."
            assert body == {"errors": [{"message": message, "extensions": {"code": "OVERLOADED"}}]}
            assert headers["content-type"].startswith("application/json" if "event" in accept else accept)
            assert over.received == 0
        assert (await client.http.get("/graphql", params={"query": LITTLE})).status_code == 503

        held.let.set()
        assert [await asked.code() for asked in under_way] == [(200, None)] * 3
        assert await Asking(app_of(client), READ).code() == (200, None)


async def test_what_is_no_operation_is_answered_meanwhile(serve: Callable[..., Any]) -> None:
    token = {"authorization": f"Bearer {TOKEN}"}
    async with serve(max_operations=1, metrics_token=SecretStr(TOKEN)) as (client, held):
        [asked] = await many(client, 1, held)
        for path, headers, status in (
            ("/livez", {}, 200),
            ("/metrics", token, 200),
            ("/graphql", {"accept": "text/html"}, 200),
            ("/api/v1/material/unknown", {}, 404),
        ):
            assert (await client.http.get(path, headers=headers)).status_code == status, path
        assert (await client.http.options("/graphql")).status_code == 204
        assert (await Asking(app_of(client), READ).code()) == OVERLOADED
        held.let.set()
        assert await asked.code() == (200, None)
        assert (await client.http.get("/readyz")).status_code == 200


async def test_who_is_refused_is_counted(serve: Callable[..., Any]) -> None:
    limits: dict[str, Any] = {"max_operations": 2, "max_operations_per_user": 1, **BY_TOKEN}
    async with serve("ada", "bob", metrics_token=SecretStr(TOKEN), **limits) as (client, held):
        ada, bob = proven(client, "ada").headers, proven(client, "bob").headers
        await many(client, 1, held, **ada)
        assert await Asking(app_of(client), READ, headers=ada).code() == RATE_LIMITED
        await many(client, 1, held, **bob)
        for headers in (ada, bob, {}):
            assert await Asking(app_of(client), READ, headers=headers).code() == OVERLOADED
        told = (await client.http.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})).text
        assert 'gql_api_operations_total{operation="(none)",outcome="overloaded"} 3.0' in told
        assert 'gql_api_operations_total{operation="(none)",outcome="rate_limited"} 1.0' in told
        assert "gql_api_operations_in_flight 2.0" in told


async def test_one_user_leaves_room_for_others(serve: Callable[..., Any]) -> None:
    async with serve("ada", "bob", max_operations_per_user=2, **BY_TOKEN) as (client, held):
        ada, bob = proven(client, "ada").headers, proven(client, "bob").headers
        under_way = await many(client, 2, held, **ada)
        refused = Asking(app_of(client), READ, headers=ada)
        status, headers, body = await refused.answer()
        assert (status, headers["retry-after"]) == (429, "1")
        message = "One user has at most 2 operations at a time here."
        assert body == {"errors": [{"message": message, "extensions": {"code": "RATE_LIMITED"}}]}
        under_way += await many(client, 2, held, **bob)
        held.let.set()
        assert [await asked.code() for asked in under_way] == [(200, None)] * 4
        assert await Asking(app_of(client), READ, headers=ada).code() == (200, None)


async def test_who_acts_for_others_counts_as_those(serve: Callable[..., Any]) -> None:
    async with serve("ada", "bob", max_operations_per_user=1, **BY_TOKEN) as (client, held):
        service = {
            user: proven(client, "service", x_user=user, scope="sessions:act-as").headers for user in ("ada", "bob")
        }
        await many(client, 1, held, **service["ada"])
        await many(client, 1, held, **service["bob"])
        assert await Asking(app_of(client), READ, headers=proven(client, "ada").headers).code() == RATE_LIMITED


async def test_callers_who_cannot_be_told_apart_are_bound_together_only(serve: Callable[..., Any]) -> None:
    async with serve(max_operations=3, max_operations_per_user=1) as (client, held):
        await many(client, 3, held)
        assert await Asking(app_of(client), READ).code() == OVERLOADED
    async with serve("ada", max_operations_per_user=1) as (client, held):
        await many(client, 1, held, **{"x-user": "ada"})
        assert await Asking(app_of(client), READ, headers={"x-user": "ada"}).code() == RATE_LIMITED


async def test_who_leaves_gives_the_place_back(serve: Callable[..., Any]) -> None:
    async with serve(max_operations=2) as (client, held):
        for end in (Asking.leave, lambda asked: asked.task.cancel()):
            asked = await many(client, 2, held)
            assert await Asking(app_of(client), READ).code() == OVERLOADED
            for one in asked:
                end(one)
            await asyncio.wait([one.task for one in asked])
            await held.until(0)


async def test_what_fails_gives_the_place_back(serve: Callable[..., Any]) -> None:
    async with serve(max_operations=1) as (client, held):
        held.let.set()
        for bad in (b"{", b"[]", b'{"query": ""}', b'{"query": "{"}', b'{"query": "{ nothing }"}', b'{"query": 1}'):
            asked = Asking(app_of(client), pieces=[])
            asked.send(bad, more=False)
            status, code = await asked.code()
            assert code in {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}, (bad, status)
        assert await Asking(app_of(client), LITTLE, headers={"content-type": "text/plain"}).code() == (
            415,
            "BAD_REQUEST",
        )
        assert await Asking(app_of(client), LITTLE, headers={"x-user": " \t"}).code() == (400, "BAD_USER_INPUT")
        assert await Asking(app_of(client), READ).code() == (200, None)


async def test_a_body_that_does_not_come_takes_no_place(serve: Callable[..., Any]) -> None:
    async with serve(max_operations=1) as (client, held):
        held.let.set()
        slow = [Asking(app_of(client), pieces=[b'{"query"']) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert await Asking(app_of(client), READ).code() == (200, None)
        for one in slow:
            one.send(b': "{ __typename }"}', more=False)
        assert sorted([await one.code() for one in slow]) == [(200, None)] * 3


async def test_a_body_that_stops_coming_is_given_up(serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "PIECE_SECONDS", 0.05)
    async with serve() as (client, _):
        status, headers, body = await Asking(app_of(client), pieces=[b'{"query"']).answer()
        assert (status, headers["connection"]) == (408, "close")
        assert body["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


SPACE = b" " * (100 * KIB)
END = b'{"query": "{ __typename }"}'
BODIES: dict[str, Any] = {"max_body_size": 210 * KIB, "max_body_memory": 410 * KIB, **BY_TOKEN}


async def test_bodies_take_no_more_memory_than_they_may(serve: Callable[..., Any]) -> None:
    async with serve("ada", "bob", "eve", **BODIES) as (client, _):
        ada, bob, eve = (proven(client, user).headers for user in ("ada", "bob", "eve"))

        def sending(headers: dict[str, str], *pieces: bytes) -> Asking:
            return Asking(app_of(client), pieces=list(pieces), headers=headers)

        first = [sending(ada, SPACE, SPACE), sending(bob, SPACE)]
        await asyncio.sleep(0.01)
        status, headers, body = await sending(ada, SPACE).answer()
        assert (status, headers["retry-after"]) == (429, "1")
        message = f"One user's bodies have at most {210 * KIB} bytes at a time here."
        assert body == {"errors": [{"message": message, "extensions": {"code": "RATE_LIMITED"}}]}
        last = sending(eve, SPACE)
        await asyncio.sleep(0.01)
        assert await sending(bob, SPACE).code() == OVERLOADED
        # Small ones are not counted.
        assert await Asking(app_of(client), LITTLE, headers=ada).code() == (200, None)

        first[0].leave()
        assert (await first[0].answer())[0] == 499
        again = sending(ada, SPACE, SPACE)
        for asked in (again, first[1], last):
            asked.send(END, more=False)
            assert await asked.code() == (200, None)


async def test_nothing_is_lost_whatever_becomes_of_requests(serve: Callable[..., Any]) -> None:
    """After many that end in every way and at any moment, as much is taken on as before, and no more."""
    limits = {**BODIES, "max_operations": 6, "max_operations_per_user": 4}
    async with serve("ada", "bob", **limits) as (client, held):
        users = [proven(client, user).headers for user in ("ada", "bob")]
        random = Random(7)  # noqa: S311
        for _ in range(30):
            asked = [begun(random, client, random.choice([*users, {}])) for _ in range(random.randrange(1, 12))]
            for _ in range(40):
                await asyncio.sleep(0)
                random.choice(WAYS)(random.choice(asked))
            if random.random() < 0.5:
                held.let.set()
                await asyncio.sleep(random.random() * 0.01)
                held.let.clear()
            for one in asked:
                random.choice(WAYS[:2])(one)
            await asyncio.wait([one.task for one in asked], timeout=20)
        await held.until(0)

        for headers in users:
            await many(client, 3, held, **headers)
        assert await Asking(app_of(client), READ, headers=users[0]).code() == OVERLOADED
        held.let.set()
        await asyncio.sleep(0.05)
        sent = [Asking(app_of(client), pieces=[SPACE, b" " * (90 * KIB)], headers=headers) for headers in users]
        await asyncio.sleep(0.01)
        for one in sent:
            one.send(END, more=False)
        assert [await one.code() for one in sent] == [(200, None)] * 2


WAYS: list[Callable[[Asking], object]] = [
    Asking.leave,
    lambda asked: asked.task.cancel(),
    lambda asked: asked.send(SPACE, more=True),
    lambda asked: asked.send(END, more=False),
    lambda asked: None,
]


def begun(random: Random, client: Client, headers: dict[str, str]) -> Asking:
    pieces = random.choice([None, [], [b"{"], [SPACE], [SPACE, SPACE]])
    return Asking(app_of(client), random.choice([READ, LITTLE, "{", CREATE]), pieces=pieces, headers=headers)
