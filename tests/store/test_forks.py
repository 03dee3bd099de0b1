"""What is known of forks under way: whoever was passed changes nothing, and what is bound is no fork any more."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gql_api import model
from gql_api.store import forks, mappings
from gql_api.store.database import Database
from gql_api.store.forks import Asked, Fork, Plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOON = NOW + timedelta(minutes=2)
DISK = model.Disk(uuid4(), NOW)
ASKED = Asked(uuid4(), uuid4(), NOW, cuts_before=True, with_files=False)


def intent(key: str = "key") -> mappings.Intent:
    return mappings.Intent(uuid4(), "ada", "Tea", False, "nonce", NOW, SOON, mappings.Key(key, "fingerprint"))


async def begun() -> Fork:
    fork = await forks.begin(intent(), ASKED)
    assert fork
    return fork


async def test_what_is_begun_is_found_as_it_was_written_down(database: Database) -> None:
    fork = await begun()
    assert (fork.asked, fork.plan, fork.has_key, fork.is_free) == (ASKED, None, True, False)
    assert await forks.find(fork.id) == fork
    assert await forks.begin(intent(), ASKED) is None  # the key is taken, and nothing of the second is left
    assert (await forks.count("ada"), await forks.count("bob")) == (1, 0)
    plan = Plan(7, uuid4(), 2)
    await forks.keep_plan(fork.id, plan)
    held = await forks.hold(fork, lease_until=SOON + timedelta(seconds=1), settled=forks.FREE, done=3)
    assert held
    assert await forks.find(fork.id) == held._replace(plan=plan)
    assert held.is_free


async def test_who_was_passed_changes_nothing(database: Database) -> None:
    passed = await begun()
    held = await forks.hold(passed, lease_until=SOON + timedelta(seconds=1), settled=NOW, done=1)
    assert held
    assert await forks.hold(passed, lease_until=SOON, settled=NOW, done=9) is None
    assert await forks.bind(passed, DISK, now=NOW) is None
    assert await forks.forget(passed, lease_until=SOON) is False
    assert await forks.find(passed.id) == held


async def test_what_is_bound_is_a_session_made_just_now_and_knows_of_which(database: Database) -> None:
    fork = await begun()
    session = await forks.bind(fork, DISK, now=SOON)
    assert session
    assert (session.created_at, session.forked_from, session.disk_id) == (SOON, ASKED.source, DISK.id)
    assert await mappings.ready("ada", [fork.id]) == {fork.id: session}
    assert (await forks.find(fork.id), await forks.count("ada")) == (None, 0)


async def test_what_is_given_up_is_a_half_made_session_whose_key_is_free(database: Database) -> None:
    fork = await begun()
    assert await forks.forget(fork, lease_until=SOON)
    assert (await forks.find(fork.id), await mappings.find_by_key("ada", "key")) == (None, None)
    mapping = await mappings.find(fork.id)
    assert mapping
    assert mapping.state is model.MappingState.CREATING
    await mappings.abandon(fork.id, nonce="nonce")
    assert await mappings.find(fork.id) is None
