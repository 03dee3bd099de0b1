"""Sessions held by one process against others: in turn, no longer than the lease, and never with a connection."""

import asyncio
from dataclasses import replace

import pytest

from databases import Databases, PostgresDatabases
from gql_api import model
from gql_api.errors import Busy, DatabaseUnavailable, NotFound, UpstreamTimeout
from gql_api.store import leases, mappings
from services.leasing import HASTY, NOW, PATH, TERMS, is_free, process, settled

OVERDUE = "UPDATE session_mappings SET write_until = now() - interval '1 second'"


async def test_holders_in_several_processes_follow_each_other_and_no_connection_waits(session: model.Session) -> None:
    processes = [process(str(number)) for number in range(3)]
    seen: list[str] = []

    async def hold(number: int) -> None:
        async with processes[number % 3].holding("ada", session.id, PATH) as held:
            await held.confirm()
            seen.append(f"in {number}")
            # On the only connection, which those that wait do not keep from us.
            assert await mappings.ready("ada", [session.id]) == {session.id: held.session}
            seen.append(f"out {number}")

    await asyncio.gather(*(hold(number) for number in range(12)))

    assert seen == [f"{way} {entry.split()[1]}" for entry in seen[::2] for way in ("in", "out")]
    assert {entry.split()[1] for entry in seen} == {str(number) for number in range(12)}
    assert await is_free(session)


async def test_a_process_that_comes_back_at_once_leaves_others_their_turn(session: model.Session) -> None:
    busy, other, turns = process("busy"), process("other"), []

    async def come_back() -> None:
        while "other" not in turns[:-1]:
            async with busy.holding("ada", session.id, PATH):
                turns.append("busy")
                await asyncio.sleep(0.1)

    async def wait_once() -> None:
        async with other.holding("ada", session.id, PATH):
            turns.append("other")

    coming = [asyncio.create_task(come_back()) for _ in range(3)]
    while not turns:  # noqa: ASYNC110 - until one of them has it
        await asyncio.sleep(0.01)
    await wait_once()
    before = turns.index("other")
    await asyncio.gather(*coming)

    assert before <= 2


async def test_who_waits_too_long_is_told_that_the_session_is_busy(session: model.Session) -> None:
    async with process("one").holding("ada", session.id, PATH):
        with pytest.raises(Busy):
            async with process("two", patience=HASTY).holding("ada", session.id, PATH):
                raise AssertionError


async def test_a_session_that_is_deleted_meanwhile_is_not_waited_for(session: model.Session) -> None:
    async def wait() -> None:
        async with process("two").holding("ada", session.id, PATH):
            raise AssertionError

    async with process("one").holding("ada", session.id, PATH):
        waiting = asyncio.create_task(wait())
        await mappings.entomb("ada", session.id, now=NOW, lease_until=NOW)
        with pytest.raises(NotFound):
            await waiting


async def test_what_outlasts_its_lease_is_ended(session: model.Session) -> None:
    """As where the database cannot be reached to renew it; the first renewal would come later."""
    short = replace(TERMS, seconds=0.2, call_seconds=0.1)
    with pytest.raises(UpstreamTimeout):
        async with process("one", terms=short).holding("ada", session.id, PATH):
            await asyncio.Event().wait()
    assert await is_free(session)


async def test_work_that_fails_by_its_own_time_limit_says_so(session: model.Session) -> None:
    with pytest.raises(TimeoutError, match="mine"):
        async with process("one").holding("ada", session.id, PATH):
            raise TimeoutError("mine")
    assert await is_free(session)


async def test_a_lease_is_renewed_while_work_goes_on(
    session: model.Session, url: str, postgres_databases: Databases
) -> None:
    async with process("one").holding("ada", session.id, PATH):
        await postgres_databases.execute(url, OVERDUE)
        while await is_over(session):  # noqa: ASYNC110 - what renews it tells nobody
            await asyncio.sleep(0.05)
    assert await is_free(session)


async def is_over(session: model.Session) -> bool:
    found = await leases._rows(
        "SELECT 1 FROM session_mappings WHERE id = $1 AND write_until < clock_timestamp()", session.id
    )
    return bool(found)


async def test_a_lease_is_made_longer_for_a_file(session: model.Session) -> None:
    left = "SELECT EXTRACT(EPOCH FROM write_until - clock_timestamp()) AS left FROM session_mappings WHERE id = $1"
    async with process("one").holding("ada", session.id, PATH) as held:
        for transfer, least, most in ((False, 0, 30), (True, 60, 65), (False, 0, 65)):
            await held.confirm(transfer=transfer)
            [row] = await leases._rows(left, session.id)
            assert least <= row["left"] <= most


async def test_who_was_passed_stops_before_the_next_call(
    session: model.Session, url: str, postgres_databases: Databases
) -> None:
    always_asking = replace(TERMS, call_seconds=31.0)
    async with process("one", terms=always_asking).holding("ada", session.id, PATH) as held:
        await held.confirm()
        await postgres_databases.execute(url, OVERDUE)
        taken = await leases.take("ada", session.id, holder="two", seconds=30.0)
        assert taken
        with pytest.raises(Busy):
            await held.confirm()
    assert not await is_free(session)
    assert await leases.renew(taken, seconds=1.0)


@pytest.mark.parametrize("steps", range(30))
async def test_one_who_is_cancelled_leaves_the_session_free(session: model.Session, steps: int) -> None:
    async def hold() -> None:
        async with process("one").holding("ada", session.id, PATH):
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await is_free(session)


async def test_a_session_of_another_is_neither_held_nor_waited_for(session: model.Session) -> None:
    async with process("one").holding("ada", session.id, PATH):
        with pytest.raises(NotFound):
            async with process("two").holding("eve", session.id, PATH):
                raise AssertionError


async def test_a_lease_outlives_a_database_that_comes_back_in_time(
    session: model.Session, url: str, postgres_databases: PostgresDatabases, caplog: pytest.LogCaptureFixture
) -> None:
    async with process("one").holding("ada", session.id, PATH):
        await postgres_databases.shut(url)
        while not told_of_leases(caplog):  # noqa: ASYNC110 - what renews it tells nobody else
            await asyncio.sleep(0.05)
        await postgres_databases.open(url)
        await postgres_databases.execute(url, OVERDUE)
        while await is_over(session):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    assert await is_free(session)
    [line] = told_of_leases(caplog)
    assert line.startswith("a lease could not be renewed: DATABASE_UNAVAILABLE (")


def told_of_leases(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "gql_api.services.lease"]


async def test_a_lease_that_ends_while_the_database_is_away_ends_the_work(
    session: model.Session, url: str, postgres_databases: PostgresDatabases, caplog: pytest.LogCaptureFixture
) -> None:
    async def hold() -> None:
        async with process("one", terms=replace(TERMS, seconds=2.5)).holding("ada", session.id, PATH):
            await postgres_databases.shut(url)
            await asyncio.Event().wait()

    with pytest.raises(DatabaseUnavailable, match="may have taken effect"):
        await hold()
    await settled()
    assert [line.partition(": DATABASE_UNAVAILABLE (")[0] for line in told_of_leases(caplog)] == [
        "a lease could not be renewed",
        "a lease could not be released",
    ]
    await postgres_databases.open(url)
    assert await process("two").holding("ada", session.id, PATH).__aenter__()


async def test_what_was_done_is_done_although_the_lease_cannot_be_given_back(
    session: model.Session, url: str, postgres_databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    async with process("one").holding("ada", session.id, PATH):
        await postgres_databases.execute(url, "ALTER TABLE session_mappings RENAME TO away")
    await settled()
    assert "could not be released" in caplog.text
    await postgres_databases.execute(url, "ALTER TABLE away RENAME TO session_mappings")
