"""Two servers behind a real PgBouncer in transaction mode that has fewer connections than they have."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from api.client import Client
from databases import PostgresDatabases
from gql_api.cli import main
from pgbouncer import ABSENT, SESSIONS, pooled, pooling, program
from replicas.fleet import Fleet, text_of, until
from replicas.talking import LIST, store

if program() is None:
    pytest.skip(ABSENT, allow_module_level=True)

READ = "query ($id: ID!) { session(id: $id) { title messages { nodes { role text } } } }"
KEPT = """
SELECT name FROM pg_prepared_statements
UNION ALL SELECT 'statement_timeout' WHERE current_setting('statement_timeout') <> '0'
"""
CONNECTED = """
SELECT application_name AS name, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
GROUP BY application_name ORDER BY application_name
"""
WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
HELD = "SELECT id FROM session_mappings WHERE write_holder IS NOT NULL OR write_until IS NOT NULL"


@pytest.fixture(scope="module")
def fleet(postgres_databases: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers on a database that was migrated past its pooler, which did not run yet."""
    with ExitStack() as stack:
        folder = stack.enter_context(pooling(postgres_databases.server))
        url = asyncio.run(postgres_databases.empty())
        stack.callback(lambda: asyncio.run(postgres_databases.drop(url)))
        way = {"DATABASE_URL": pooled(url, folder), "DATABASE_DIRECT_URL": url}
        _migrate(way | {"DATABASE_URL": pooled(url, folder / "nowhere")})
        fleet = Fleet(tmp_path_factory.mktemp("pooled"), url, stack, way | {"DATABASE_STATEMENT_TIMEOUT": "3"})
        fleet.open_acontext()
        fleet.start(2)
        yield fleet


def _migrate(settings: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        main(["migrate"])


async def test_what_one_makes_and_stores_the_other_shows(clients: list[Client]) -> None:
    session = await clients[0].create(title="plan")
    assert await store(clients[1], session["id"], "hello", 2) == {"storedCount": 2, "errors": []}
    assert await clients[0].data(READ, id=session["id"]) == {
        "session": {
            "title": "plan",
            "messages": {"nodes": [{"role": "USER", "text": "hello 0"}, {"role": "USER", "text": "hello 1"}]},
        }
    }
    assert await clients[1].data(LIST) == {"viewer": {"sessions": {"nodes": [{"id": session["id"], "title": "plan"}]}}}


async def test_many_at_once_share_the_few_connections(fleet: Fleet, clients: list[Client]) -> None:
    made = await asyncio.gather(*(clients[number % 2].create(title=str(number)) for number in range(20)))
    lists = await asyncio.gather(*(clients[number % 2].data(LIST) for number in range(40)))

    shown = [{"id": session["id"], "title": session["title"]} for session in made]
    for answer in lists:
        assert sorted(answer["viewer"]["sessions"]["nodes"], key=lambda node: int(node["title"])) == shown
    # One of each server is PostgreSQL's own, for the events of the other.
    assert [tuple(row) for row in await fleet.rows(CONNECTED)] == [("gql_api", SESSIONS), ("gql_api-events", 2)]


async def test_lists_that_are_stored_on_both_at_once_stay_whole(fleet: Fleet, clients: list[Client]) -> None:
    session = await clients[0].create()

    done = await asyncio.gather(*(store(clients[number % 2], session["id"], f"{number}", 3) for number in range(8)))

    assert done == [{"storedCount": 3, "errors": []}] * 8
    texts = [text_of(message) for message in await fleet.conversation(session["acontextId"])]
    lists = [list(group) for _, group in groupby(texts, lambda text: text.partition(" ")[0])]
    assert sorted(lists) == [[f"{writer} {number}" for number in range(3)] for writer in range(8)]
    await until(lambda: _nobody_holds(fleet))  # a session is given back behind the answer


async def test_a_statement_that_takes_too_long_is_ended_in_postgresql_too(fleet: Fleet, clients: list[Client]) -> None:
    blocking = await asyncpg.connect(fleet.database_url)
    try:
        async with blocking.transaction():
            await blocking.execute("LOCK TABLE session_mappings IN ACCESS EXCLUSIVE MODE")
            answers = await asyncio.gather(*(client.answer(LIST) for client in clients))
            await until(lambda: _nobody_waits(fleet))
    finally:
        await blocking.close()

    for answer in answers:
        [error] = answer["errors"]
        assert error["extensions"] == {"code": "DATABASE_TIMEOUT"}
        assert error["message"] == "The database did not answer in time."
    assert [await client.data(LIST) for client in clients] == [{"viewer": {"sessions": {"nodes": []}}}] * 2


async def _nobody_holds(fleet: Fleet) -> bool:
    return not await fleet.rows(HELD)


async def _nobody_waits(fleet: Fleet) -> bool:
    return not await fleet.rows(WAITING)


async def test_nothing_is_left_on_the_connections_that_all_share(fleet: Fleet, clients: list[Client]) -> None:
    """As many transactions at a time as there are connections look at all of them."""
    await asyncio.gather(*(clients[number % 2].data(LIST) for number in range(10)))

    async with asyncio.timeout(30):
        seen = await _looked_at(fleet.settings["DATABASE_URL"])

    assert len({pid for pid, _ in seen}) == SESSIONS
    assert [kept for _, kept in seen] == [[]] * SESSIONS


async def _looked_at(url: str) -> list[tuple[int, list[Any]]]:
    everybody = asyncio.Barrier(SESSIONS)

    async def look() -> tuple[int, list[Any]]:
        connection = await asyncpg.connect(url, statement_cache_size=0)
        try:
            async with connection.transaction():
                found = await connection.fetchval("SELECT pg_backend_pid()"), await connection.fetch(KEPT)
                await everybody.wait()
            return found
        finally:
            await connection.close()

    return await asyncio.gather(*(look() for _ in range(SESSIONS)))
