"""Two servers on one database: one sweeps for both, and when it is killed the other does."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from databases import Databases
from replicas.fleet import Fleet, killed, until

HOLDER = "SELECT split_part(holder, ':', 2)::int AS pid FROM task_leases WHERE task = 'sweep' AND held_until > now()"
OPEN = "SELECT 1 FROM session_mappings WHERE state IN ('creating', 'deleting')"
OVER = "UPDATE task_leases SET held_until = now() - interval '1 second'"


@pytest.fixture(scope="module")
def fleet(postgres_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers that look every second; what the database has at their start is nothing."""
    url = asyncio.run(postgres_databases.migrated())
    with ExitStack() as stack:
        fleet = Fleet(tmp_path_factory.mktemp("sweeping"), url, stack, {"GQL_API_SWEEP_SECONDS": "1"})
        fleet.open_acontext()
        fleet.start(2)
        yield fleet
    asyncio.run(postgres_databases.drop(url))


async def test_when_the_one_that_sweeps_is_killed_the_other_takes_over(fleet: Fleet) -> None:
    await until(lambda: fleet.rows(HOLDER))
    [[first]] = await fleet.rows(HOLDER)
    await fleet.leave_open(2)
    await until(lambda: _is_done(fleet))
    assert [row["pid"] for row in await fleet.rows(HOLDER)] == [first]
    assert await fleet.sessions_of("left-open") == []

    [dying] = [server for server in fleet.servers if server.pid == first]
    killed(dying)
    assert [row["pid"] for row in await fleet.rows(HOLDER)] == [first]  # nobody but time takes it
    await fleet.leave_open(2)
    await fleet.rows(OVER)
    await until(lambda: _is_done(fleet))
    [other] = [server for server in fleet.servers if server.pid != first]
    assert [row["pid"] for row in await fleet.rows(HOLDER)] == [other.pid]
    for session in [*fleet.left_open["deleting"], *fleet.left_open["creating"]]:
        assert await fleet.disks_of(session) == []


async def _is_done(fleet: Fleet) -> bool:
    return not await fleet.rows(OPEN)
