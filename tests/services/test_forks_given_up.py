"""Forks that cannot be made, or not now: what is undone, what is left, and that nothing is stored twice meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.odd_upstream import answering
from gql_api import model
from gql_api.errors import Conflict, NotFound, UpstreamFailure
from gql_api.events.local import LocalBroker
from gql_api.services.creation import LEASE
from gql_api.services.erasing import Erasing
from gql_api.services.forking.work import LONGEST
from gql_api.services.locks import SessionLocks
from gql_api.store import erasures, mappings
from gql_api.store.database import open_database
from services.forks import content, killed, new, server, source, stores, stuck_at, uploads, visible
from services.parts import Parts, opened

LATER, SOON = timedelta(minutes=5), timedelta(seconds=1)
SETTLED = timedelta(seconds=61)


@pytest.fixture
async def parts(database_url: str, tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_database(database_url, migrate=False), opened(tmp_path) as parts:
        yield parts


@pytest.mark.parametrize("picks", [stores, uploads])
async def test_what_is_still_on_its_way_is_not_sent_again_beside_it(parts: Parts, picks: Any) -> None:
    made = await source(parts)
    late: list[httpx.Request] = []

    async def lose(request: httpx.Request) -> Exception:
        late.append(request)
        return httpx.ReadError("reset", request=request)

    parts.upstream.is_odd, parts.upstream.instead = lambda request: picks(request) and not late, lose
    async with server(parts) as one:
        with pytest.raises(UpstreamFailure):
            await one.forking.fork("ada", new(made))
    async with server(parts) as another:
        reconciler = parts.reconciler(making=another.making)
        parts.now += SETTLED
        assert await reconciler.sweep() == 0
        behind = parts.upstream._behind
        assert behind
        await behind.handle_async_request(late[0])
        parts.now += LATER
        assert await reconciler.sweep() == 1
        await another.ended()
        forked = await another.forking.fork("ada", new(made))
    assert forked.session
    assert await content(parts, forked.session) == await content(parts, made)


async def test_a_server_that_is_alone_waits_for_what_the_one_before_it_sent(parts: Parts) -> None:
    """It takes no lease for one that still lasts; but what was sent may still come."""
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, stores)
        await killed(one, asking)
    for passed, is_made in ((SOON, False), (2 * SETTLED, True)):
        parts.now += passed
        making = parts.making()
        await parts.reconciler(making=making).start(alone=True, patience=5)
        async with making.open():
            for running in [*making._running.values()]:
                await asyncio.wait([running.task])
        assert (len(await visible(parts)) == 2) is is_made


async def test_without_a_key_what_failed_is_undone_at_once(parts: Parts) -> None:
    made = await source(parts)
    parts.upstream.fault = lambda request: "after" if uploads(request) else None
    get, parts.upstream.is_odd = answering(500, {"code": 500, "msg": "down"}), lambda request: False
    async with server(parts) as one:
        parts.upstream.is_odd, parts.upstream.instead = _reads_a_file, get
        with pytest.raises(UpstreamFailure):
            await one.forking.fork("ada", new(made, key=None))
    assert await parts.left_upstream() == (1, 1, 1)
    assert await visible(parts) == [made.id]


def _reads_a_file(request: httpx.Request) -> bool:
    return request.method == "GET" and request.url.path.endswith("/artifact")


async def test_one_of_a_session_that_is_deleted_meanwhile_is_undone(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        await killed(one, asking)
    mapping = await mappings.entomb("ada", made.id, now=parts.now, lease_until=parts.now)
    assert mapping
    assert await parts.reconciler().finish(mapping)
    async with server(parts) as another:
        parts.now += LATER
        with pytest.raises(NotFound):
            await another.forking.fork("ada", new(made))
        parts.now += LEASE + SOON
        await parts.reconciler(making=another.making).sweep()
    assert await parts.left_upstream() == (0, 0, 0)
    assert await mappings.count_unfinished(before=parts.now + 2 * LEASE) == dict.fromkeys(
        (model.MappingState.CREATING, model.MappingState.DELETING), 0
    )


@pytest.mark.parametrize("what", ["an earlier message", "one more"])
async def test_a_copy_that_differs_is_undone(parts: Parts, what: str) -> None:
    """Somebody writes to Acontext itself: before the cut, or to the copy while it is made."""
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        [running] = one.making._running.values()
        copy = running.work.fork.id
        await killed(one, asking)
    target = copy if what == "one more" else made.id
    body = {"blob": {"role": "user", "content": "hello"}, "format": "openai"}
    await parts.upstream.ask("POST", f"/session/{target}/messages", json=body)
    async with server(parts) as another:
        parts.now += LATER
        if what == "one more":
            with pytest.raises(Conflict):
                await another.forking.fork("ada", new(made))
            assert await parts.left_upstream() == (1, 1, 1)
            parts.now += LEASE
        # What comes after the cut was made is no part of it, and a fork that was undone is made anew.
        forked = await another.forking.fork("ada", new(made))
    assert forked.session
    assert len((await content(parts, forked.session))[0]) == 4


@pytest.mark.parametrize("picks", [stores, uploads])
async def test_a_copy_that_acontext_refuses_is_undone(parts: Parts, picks: Any) -> None:
    made = await source(parts)
    parts.upstream.is_odd, parts.upstream.instead = picks, answering(400, {"code": 400, "msg": "no"})
    async with server(parts) as one:
        with pytest.raises(Conflict, match="refused"):
            await one.forking.fork("ada", new(made))
    assert await parts.left_upstream() == (1, 1, 1)
    parts.upstream.instead = None
    async with server(parts) as one:
        assert (await one.forking.fork("ada", new(made))).session


async def test_one_that_is_not_made_in_a_day_is_undone(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        await killed(one, asking)
    assert await parts.left_upstream() == (2, 2, 2)
    async with server(parts) as another:
        parts.now += LONGEST + SOON
        await parts.reconciler(making=another.making).sweep()
        await another.ended()
    assert await parts.left_upstream() == (1, 1, 1)


async def test_what_acontext_does_not_let_us_undo_now_the_sweep_undoes(parts: Parts) -> None:
    made = await source(parts)

    async def refuse(request: httpx.Request) -> httpx.Response:
        status = 400 if request.method == "POST" else 500
        return httpx.Response(status, json={"code": status, "msg": "no"})

    parts.upstream.is_odd = lambda request: uploads(request) or request.method == "DELETE"
    parts.upstream.instead = refuse
    async with server(parts) as one:
        with pytest.raises(Conflict):
            await one.forking.fork("ada", new(made))
    parts.upstream.instead = None
    assert await parts.left_upstream() == (2, 2, 2)
    async with server(parts) as another:
        parts.now += LEASE + SOON
        assert await parts.reconciler(making=another.making).sweep() == 1
    assert await parts.left_upstream() == (1, 1, 1)


async def test_a_command_leaves_forks_to_the_servers(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        await killed(one, asking)
    parts.now += LATER
    assert [done async for done in parts.reconciler().finish_all(alone=False)] == [False]
    parts.now += LATER
    async with server(parts) as another:
        assert (await another.forking.fork("ada", new(made))).session


async def test_metadata_that_change_meanwhile_keep_nobody_from_it(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        await killed(one, asking)
    page = await parts.upstream.ask("GET", f"/session/{made.id}/messages?format=acontext")
    path = f"/session/{made.id}/messages/{page['items'][0]['id']}/meta"
    await parts.upstream.ask("PATCH", path, content=json.dumps({"meta": {"n": 2}}))
    async with server(parts) as another:
        parts.now += LATER
        assert (await another.forking.fork("ada", new(made))).session


async def test_one_of_a_user_who_is_erased_meanwhile_is_undone(parts: Parts) -> None:
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        await killed(one, asking)
    async with server(parts) as another:
        erasing = Erasing(
            locks=SessionLocks(patience=0.1),
            creation=parts.creation(),
            reconciler=parts.reconciler(making=another.making),
            events=LocalBroker(),
        )
        asked = await erasing.delete_user("ada")
        assert (asked.erasure.sessions, asked.erasure.finished_at) == (1, None)  # what was sent may still come
        over = 0
        for _ in range(4):
            parts.now += LEASE + SOON
            over += await erasing.finish_all()
            await another.ended()
        assert over == 1
    assert await parts.left_upstream() == (0, 0, 0)
    assert await erasures.left("ada") == {}
