"""Taking a session over from Acontext, left off in the middle: another finishes it, and no second disk is ever made."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from api.odd_upstream import Answer, Make, answering, failing, never
from gql_api.errors import UpstreamUnavailable
from gql_api.events import ListChange, ListChanged, owner_key
from gql_api.model import MappingState
from gql_api.services.adoption import Adoption, Opened
from gql_api.services.creation import LEASE
from gql_api.store import erasures, mappings
from services.parts import Parts, opened

SETTLING = timedelta(seconds=60)


@pytest.fixture
async def parts(database: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        yield parts


async def theirs(parts: Parts) -> UUID:
    """Make a session of Ada's that only Acontext knows."""
    return UUID((await parts.upstream.ask("POST", "/session", json={"user": "ada"}))["id"])


async def late_disk(parts: Parts, id: UUID) -> None:
    """Let Acontext make a disk of which nobody hears."""
    await parts.upstream.ask("POST", "/disk", json={"user": parts.creation().disk_owner(id)})


async def adopt(parts: Parts, id: UUID) -> Opened | None:
    adoption = Adoption(parts.gateway, creation=parts.creation(), adopt_unowned=False)
    return await adoption.find("ada", id, title="Mine", disk_id=None)


async def leave_off(parts: Parts, id: UUID) -> None:
    """Begin to take it over and die."""
    assert await parts.creation().begin("ada", id=id, title="Mine", adopted=True) is not None


def makes_disk(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/disk")


async def state(id: UUID) -> MappingState | None:
    found = await mappings.find(id)
    return found.state if found else None


async def test_a_try_that_was_cancelled_is_gone_on_with_only_when_nothing_can_come(parts: Parts) -> None:
    id, reached = await theirs(parts), asyncio.Event()

    async def hangs(request: httpx.Request) -> Answer:
        reached.set()
        return await never(request)

    parts.upstream.is_odd, parts.upstream.instead = makes_disk, hangs
    trying = asyncio.create_task(adopt(parts, id))
    await reached.wait()
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    parts.upstream.instead = None

    left = await mappings.find(id)
    assert left is not None
    assert (left.state, left.lease_until) == (MappingState.CREATING, parts.now + SETTLING)
    await late_disk(parts, id)
    parts.now += SETTLING + timedelta(seconds=1)
    found = await adopt(parts, id)
    assert found is not None
    assert (found.session.title, found.disk_created, found.adopted) == ("Mine", True, True)
    assert await parts.left_upstream() == (1, 1, 1)


@pytest.mark.parametrize(
    "instead", [answering(500, {"code": 500, "msg": "down"}), failing(httpx.ConnectError)], ids=["failed", "unsent"]
)
async def test_a_try_of_which_nothing_can_come_is_forgotten_at_once(parts: Parts, instead: Make) -> None:
    id = await theirs(parts)
    parts.upstream.is_odd, parts.upstream.instead = makes_disk, instead
    with pytest.raises(UpstreamUnavailable):
        await adopt(parts, id)
    parts.upstream.instead = None
    assert await state(id) is None
    assert await adopt(parts, id) is not None
    assert await parts.left_upstream() == (1, 1, 1)


async def test_the_sweep_makes_ready_what_a_dead_process_made_a_disk_for(parts: Parts) -> None:
    id = await theirs(parts)
    await leave_off(parts, id)
    await late_disk(parts, id)
    told: list[object] = []
    with parts.events.listening(told.append, missed=lambda: None):
        assert await parts.reconciler().sweep() == 0
        parts.now += LEASE + timedelta(seconds=1)
        assert await parts.reconciler().sweep() == 1
    assert await state(id) is MappingState.READY
    assert told == [ListChanged(ListChange.CREATED, owner_key("ada"), id)]
    assert await parts.left_upstream() == (1, 1, 1)


async def test_who_takes_it_over_and_cannot_leaves_it_to_the_next(parts: Parts) -> None:
    id = await theirs(parts)
    await leave_off(parts, id)
    await late_disk(parts, id)
    parts.now += LEASE + timedelta(seconds=1)
    parts.upstream.is_odd = lambda request: request.url.path.endswith("/disk")
    parts.upstream.instead = answering(500, {"code": 500, "msg": "down"})
    with pytest.raises(UpstreamUnavailable):
        await adopt(parts, id)
    parts.upstream.instead = None
    parts.now += timedelta(seconds=1)
    found = await adopt(parts, id)
    assert found is not None
    assert (found.session.title, found.adopted) == ("Mine", True)
    assert await parts.left_upstream() == (1, 1, 1)


async def test_what_a_dead_process_made_nothing_for_is_forgotten(parts: Parts) -> None:
    id = await theirs(parts)
    await leave_off(parts, id)
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1
    assert await state(id) is None


async def test_at_a_start_while_something_may_come_it_is_left_as_it_is(parts: Parts) -> None:
    id = await theirs(parts)
    await leave_off(parts, id)
    await parts.reconciler().start(alone=True, patience=5, is_silent=False)
    assert await state(id) is MappingState.CREATING


async def test_a_disk_of_a_session_that_is_gone_from_acontext_is_bound_to_nothing(parts: Parts) -> None:
    """It may be older than the try and have files, so it is not deleted either."""
    id = uuid4()
    await leave_off(parts, id)
    await late_disk(parts, id)
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1
    assert await state(id) is None
    assert await parts.left_upstream() == (0, 1, 1)


async def test_a_disk_of_a_user_who_is_being_erased_is_removed(parts: Parts) -> None:
    id = await theirs(parts)
    await leave_off(parts, id)
    await late_disk(parts, id)
    await erasures.begin(uuid4(), "ada", now=parts.now)
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1
    assert await state(id) is None
    assert await parts.left_upstream() == (1, 0, 0)
