"""The sweep: it never works on what another may work on, and a silent Acontext does not keep a server from starting."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import stamina

from api.odd_upstream import answering, never
from gql_api.errors import UpstreamFailure, UpstreamUnavailable
from gql_api.model import MappingState
from gql_api.services.creation import LEASE, LONGEST, UNDOING, NewSession, lease_for
from gql_api.store import mappings
from gql_api.store.mappings import Key
from services.parts import Parts, opened

NEW = NewSession(title=None, configs=None)


@pytest.fixture
async def parts(database: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        yield parts


async def leave_open(parts: Parts, *, owner: str = "ada") -> None:
    """Begin a session and die."""
    assert await parts.creation().begin(owner, id=uuid4(), title=None, adopted=False) is not None


def test_a_lease_outlasts_the_work_that_it_is_for() -> None:
    assert timedelta(seconds=LONGEST + UNDOING) < LEASE


async def test_rows_are_taken_over_one_by_one_each_just_before_the_work(parts: Parts) -> None:
    for _ in range(3):
        await leave_open(parts)
    parts.now += LEASE + timedelta(seconds=1)
    seen: list[int] = []

    async def look(_: object) -> None:
        free = await mappings.claim_unfinished(
            now=parts.now + timedelta(seconds=1), lease_until=parts.now, limit=10, ignore_leases=False
        )
        seen.append(len(free))
        parts.upstream.meanwhile = None

    parts.upstream.meanwhile = look
    await parts.reconciler().sweep()
    assert seen == [2]  # the other two were still anybody's


async def test_what_fails_is_left_for_later_and_the_rest_is_done(parts: Parts) -> None:
    await leave_open(parts)
    parts.now += LEASE + timedelta(seconds=1)
    parts.upstream.instead = answering(500, {"code": 500, "msg": "down"})
    assert await parts.reconciler().sweep() == 0
    parts.upstream.instead = None
    assert await parts.reconciler().sweep() == 0  # its lease is not over
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1


async def test_a_start_waits_for_a_silent_acontext_only_so_long(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    await leave_open(parts)
    parts.upstream.instead = never
    await asyncio.wait_for(parts.reconciler().start(alone=True, patience=0.05), 5)
    assert "finished later" in caplog.text


async def test_what_a_dead_process_made_late_is_not_left(parts: Parts) -> None:
    """It was killed with its calls on their way, and the only other one starts before Acontext has done them."""
    key = Key("k", "f")
    intent = await parts.creation().begin("ada", id=uuid4(), title=None, adopted=False, key=key)
    assert intent
    await parts.reconciler().start(alone=True, patience=5, is_silent=False)
    assert await parts.creation().made_under("ada", key) is None  # who asks again need not wait

    configs = parts.creation().tag(intent.nonce)
    await parts.upstream.ask("POST", "/session", json={"user": "ada", "use_uuid": str(intent.id), "configs": configs})
    await parts.upstream.ask("POST", "/disk", json={"user": parts.creation().disk_owner(intent.id)})
    assert await parts.reconciler().sweep() == 0
    assert await parts.left_upstream() == (1, 1, 1)
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1
    assert await parts.left_upstream() == (0, 0, 0)


@pytest.mark.parametrize("settling", [1.0, 60.0, 600.0, 3600.0])
def test_an_intent_is_its_makers_as_long_as_its_last_call_may_take_effect(settling: float) -> None:
    assert timedelta(seconds=LONGEST + settling) < lease_for(settling)
    assert lease_for(60) == LEASE


async def test_a_refusal_beside_an_unknown_outcome_is_not_settled(parts: Parts) -> None:
    """The session was refused, but the disk may still come: the intent stays until that can no longer be."""

    async def odd(request: object) -> object:
        path = request.url.path  # type: ignore[attr-defined]
        status = 400 if path.endswith("/session") else 500
        return await answering(status, {"code": status, "msg": "no"})(request)  # type: ignore[arg-type]

    parts.upstream.is_odd = lambda request: request.method == "POST"
    parts.upstream.instead = odd  # type: ignore[assignment]
    with pytest.raises(UpstreamUnavailable):
        await parts.creation().make("ada", NEW)
    parts.upstream.instead = None
    parts.now += LEASE + timedelta(seconds=1)
    [left] = await mappings.claim_unfinished(now=parts.now, lease_until=parts.now, limit=10)
    assert left.state is MappingState.CREATING


@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout("late"), httpx.ReadError("reset"), httpx.Response(504, json={"message": "a proxy"})]
)
async def test_a_session_that_is_made_late_is_not_made_twice_and_not_left(
    parts: Parts, fault: httpx.Response | Exception
) -> None:
    """Sent again it could be ready and deleted before the first one comes, which would make it anew for ever."""
    late: list[httpx.Request] = []

    async def all_are_late(request: httpx.Request) -> httpx.Response | Exception:
        late.append(request)
        return fault

    parts.upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/session")
    parts.upstream.instead = all_are_late
    with stamina.set_testing(True, attempts=2), pytest.raises(UpstreamFailure):
        await parts.creation().make("ada", NEW)
    assert await parts.left_upstream() == (0, 0, 0)

    [request] = late
    await parts.upstream.ask(request.method, "/session", json=json.loads(request.content))
    assert await parts.left_upstream() == (1, 0, 0)
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1
    assert await parts.left_upstream() == (0, 0, 0)
