"""Creation at its edges: out of time, cancelled, taken over; whatever happens, all or nothing is left."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.odd_upstream import answering
from gql_api import model
from gql_api.errors import Busy, Conflict, UpstreamFailure, UpstreamRejected, UpstreamTimeout
from gql_api.services.creation import LEASE, LONGEST, Creation, NewSession
from gql_api.store import mappings
from gql_api.store.database import Database
from services.parts import Parts, opened

NEW = NewSession(title=None, configs=None)


class Stuck:
    """Answers that never come; `done` tells when session and disk are made all the same, so that neither comes late."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self._made = 0

    async def __call__(self, _: object) -> None:
        self._made += 1
        if self._made == 2:
            self.done.set()
        await asyncio.Event().wait()


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[Parts]:
    async with opened(tmp_path / "acontext") as parts:
        yield parts


async def test_a_creation_that_takes_too_long_is_given_up_and_leaves_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path / "acontext", seconds=2 * LONGEST) as parts:
        parts.upstream.meanwhile = stuck = Stuck()
        making = asyncio.create_task(parts.creation(longest=LONGEST).make("ada", NEW))
        await stuck.done.wait()
        parts.upstream.meanwhile = None
        _pass(LONGEST, monkeypatch)
        with pytest.raises(UpstreamTimeout):
            await making
        assert await parts.left_upstream() == (0, 0, 0)

        parts.now += LEASE + timedelta(seconds=1)
        assert await parts.reconciler().sweep() == 1
        assert await parts.reconciler().sweep() == 0


def _pass(seconds: float, patch: pytest.MonkeyPatch) -> None:
    """Let this be so much later for all who wait in this process."""
    loop = asyncio.get_running_loop()
    time = loop.time
    patch.setattr(loop, "time", lambda: time() + seconds)


async def test_a_cancelled_creation_leaves_nothing(parts: Parts) -> None:
    parts.upstream.meanwhile = stuck = Stuck()
    making = asyncio.create_task(parts.creation().make("ada", NEW))
    await stuck.done.wait()
    parts.upstream.meanwhile = None
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert await parts.left_upstream() == (0, 0, 0)


async def test_a_maker_that_was_thought_dead_cannot_bind(parts: Parts) -> None:
    """The sweep takes the intent over while Acontext is still answering: the maker finds the fence moved."""

    async def later(_: object) -> None:
        parts.upstream.meanwhile = None
        parts.now += LEASE + timedelta(seconds=1)
        claimed = await mappings.claim_unfinished(now=parts.now, lease_until=parts.now + LEASE, limit=1)
        assert len(claimed) == 1

    parts.upstream.meanwhile = later
    with pytest.raises(Busy):
        await parts.creation().make("ada", NEW)
    assert await mappings.count("ada", model.SessionFilter()) == 0
    assert await parts.left_upstream() == (0, 0, 0)


async def test_what_undoing_left_behind_is_removed_by_the_sweep(parts: Parts) -> None:
    """The disk was deleted, and then Acontext was away before its owner was."""
    parts.upstream.fault = lambda request: (
        "before" if request.url.path.endswith("/session") or "/user/" in request.url.path else None
    )
    with pytest.raises(UpstreamFailure):
        await parts.creation().make("ada", NEW)
    assert await parts.left_upstream() == (0, 0, 1)
    parts.upstream.fault = None
    parts.now += LEASE + timedelta(seconds=1)
    assert await parts.reconciler().sweep() == 1
    assert await parts.left_upstream() == (0, 0, 0)


async def test_what_was_bound_is_not_undone(parts: Parts) -> None:
    creation = parts.creation()
    made = await creation.make("ada", NEW)
    mapping = await mappings.find(made.id)
    assert mapping is not None
    intent = mappings.Intent(
        id=made.id,
        owner="ada",
        title=None,
        adopted=False,
        nonce=mapping.nonce,
        now=parts.now,
        lease_until=parts.now + LEASE,
    )
    await creation._undo_after(intent, Conflict("too late"))
    assert await parts.left_upstream() == (1, 1, 1)
    assert await mappings.ready("ada", [made.id]) == {made.id: made}


async def test_a_chosen_id_that_another_takes_meanwhile_is_a_conflict(parts: Parts) -> None:
    """Acontext answers a race for one id with 409."""
    chosen = uuid4()
    parts.upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/session")
    parts.upstream.instead = answering(409, {"code": 409, "msg": "session with this UUID already exists"})
    with pytest.raises(Conflict):
        await parts.creation().make("ada", NewSession(title=None, configs=None, id=chosen))
    parts.upstream.instead = None
    assert await parts.left_upstream() == (0, 0, 0)
    assert await mappings.find(chosen) is None


async def test_a_session_of_another_under_the_chosen_id_is_left_alone(parts: Parts) -> None:
    """An id that exists is answered with the stored session: without our nonce it is not ours to use, or to delete."""
    chosen = uuid4()

    async def taken(body: dict[str, object]) -> None:
        data = body.get("data")
        if isinstance(data, dict) and data.get("id") == str(chosen):
            data["configs"] = {"theirs": True}

    parts.upstream.meanwhile = taken  # type: ignore[assignment]
    with pytest.raises(Conflict):
        await parts.creation().make("ada", NewSession(title=None, configs=None, id=chosen))
    parts.upstream.meanwhile = None
    assert await parts.left_upstream() == (1, 0, 0)
    assert await mappings.find(chosen) is None


async def test_a_refused_session_is_undone_and_told_as_a_failure(parts: Parts) -> None:
    parts.upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/session")
    parts.upstream.instead = answering(400, {"code": 400, "msg": "parameter error"})
    with pytest.raises(UpstreamRejected):
        await parts.creation().make("ada", NEW)
    parts.upstream.instead = None
    assert await parts.left_upstream() == (0, 0, 0)


async def test_a_bound_disk_is_never_deleted_with_an_intent(parts: Parts) -> None:
    """Another session has the disk that was made for this one: whoever bound it keeps it."""
    creation = parts.creation()
    theirs, open_id = await creation.make("ada", NEW), uuid4()
    await parts.upstream.ask("POST", "/disk", json={"user": creation.disk_owner(open_id)})
    [disk] = await parts.gateway.sessions.disks_of(creation.disk_owner(open_id))
    bound = await _bind_elsewhere(creation, disk)
    await creation.undo(open_id, "nonce")
    assert {item["id"] for item in (await parts.upstream.ask("GET", "/disk"))["items"]} >= {
        str(disk.id),
        str(theirs.disk_id),
    }
    assert bound is not None


async def _bind_elsewhere(creation: Creation, disk: model.Disk) -> UUID:
    intent = await creation.begin("bob", id=uuid4(), title=None, adopted=True)
    assert intent is not None
    return (await creation.bind(intent, disk)).id


async def test_the_sweep_goes_on_after_a_failure(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    reconciler = parts.reconciler()
    asked = asyncio.Event()

    class Broken(Exception):
        """Of the database, say."""

    rounds: list[int] = []

    def clock() -> datetime:
        rounds.append(1)
        if len(rounds) == 1:
            raise Broken
        asked.set()
        return parts.now

    reconciler._creation._clock = clock
    sweeping = asyncio.create_task(reconciler.run(every=0.001))
    await asyncio.wait_for(asked.wait(), 30)
    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping
    assert "the sweep failed" in caplog.text
