"""Forks between odd neighbours: others who change Acontext meanwhile, odd answers, late disks, full servers."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.odd_upstream import answering
from gql_api.errors import Busy, Conflict, UpstreamFailure
from gql_api.services.creation import NewSession
from gql_api.store import forks
from gql_api.store.database import open_database
from services.forks import content, killed, new, server, source, stores, stuck_at, uploads, visible
from services.parts import Parts, opened

LATER = timedelta(minutes=5)


@pytest.fixture
async def parts(database_url: str, tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_database(database_url, migrate=False), opened(tmp_path) as parts:
        yield parts


def behind(parts: Parts) -> httpx.AsyncBaseTransport:
    found = parts.upstream._behind
    assert found
    return found


async def altered(parts: Parts, request: httpx.Request, alter: Any) -> httpx.Response:
    """Let Acontext answer, and change what it says."""
    response = await behind(parts).handle_async_request(request)
    body = json.loads(await response.aread())
    alter(body["data"])
    return httpx.Response(response.status_code, json=body)


async def refused(parts: Parts, picks: Any, alter: Any) -> str:
    """Fork while such answers are altered; give what is told. Nothing is left of it."""
    made = await source(parts)

    async def odd(request: httpx.Request) -> httpx.Response:
        return await altered(parts, request, alter)

    parts.upstream.is_odd, parts.upstream.instead = picks, odd
    async with server(parts) as one:
        with pytest.raises(Conflict) as told:
            await one.forking.fork("ada", new(made))
    parts.upstream.instead = None
    assert await parts.left_upstream() == (1, 1, 1)
    assert await visible(parts) == [made.id]
    return told.value.message


async def test_a_message_that_is_kept_otherwise_is_no_copy(parts: Parts) -> None:
    def alter(data: Any) -> None:
        data["parts"] = [{"type": "text", "text": "something else"}]

    assert "changed while it was copied" in await refused(parts, stores, alter)


async def test_a_file_that_is_kept_elsewhere_is_no_copy(parts: Parts) -> None:
    def alter(data: Any) -> None:
        data["path"] = "/elsewhere/"

    assert "cannot be copied" in await refused(parts, uploads, alter)


async def test_an_id_that_another_has_is_left_alone(parts: Parts) -> None:
    made = await source(parts)

    async def odd(request: httpx.Request) -> httpx.Response:
        return await altered(parts, request, lambda data: data.update(configs={"theirs": True}))

    parts.upstream.is_odd = lambda request: request.method == "POST" and request.url.path.endswith("/session")
    parts.upstream.instead = odd
    async with server(parts) as one:
        with pytest.raises(Conflict, match="taken"):
            await one.forking.fork("ada", new(made))


@pytest.mark.parametrize("change", ["fewer", "another"])
async def test_a_conversation_that_is_not_as_it_was_counted_is_not_copied(parts: Parts, change: str) -> None:
    """Somebody writes to Acontext between the count and the copy, which no writer through this server does."""
    made = await source(parts)
    reads: list[int] = []

    async def odd(request: httpx.Request) -> httpx.Response:
        reads.append(1)

        def alter(data: Any) -> None:
            if len(reads) > 1 and str(made.id) in request.url.path and change == "fewer":
                del data["items"][1:]
            elif len(reads) > 1 and str(made.id) in request.url.path:
                data["items"][-1]["id"] = str(made.id)

        return await altered(parts, request, alter)

    parts.upstream.is_odd = lambda request: request.method == "GET" and request.url.path.endswith("/messages")
    parts.upstream.instead = odd
    async with server(parts) as one:
        with pytest.raises(Conflict, match="changed"):
            await one.forking.fork("ada", new(made))
    assert await parts.left_upstream() == (1, 1, 1)


async def test_a_file_that_is_deleted_before_its_turn_is_left_out(parts: Parts) -> None:
    made = await source(parts)
    parts.upstream.is_odd = lambda request: request.url.params.get("file_path") == "/d/a.txt"
    parts.upstream.instead = answering(404, {"code": 500, "msg": "artifact not found"})
    async with server(parts) as one:
        forked = await one.forking.fork("ada", new(made))
    assert forked.session
    parts.upstream.instead = None
    assert [file[1] for file in (await content(parts, forked.session))[1]] == ["b.txt"]


@pytest.mark.parametrize("picks", [stores, uploads])
async def test_a_key_that_acontext_does_not_take_ends_nothing(parts: Parts, picks: Any) -> None:
    made = await source(parts)
    parts.upstream.is_odd, parts.upstream.instead = picks, answering(401, {"code": 401, "msg": "Unauthorized"})
    async with server(parts) as one:
        with pytest.raises(UpstreamFailure):
            await one.forking.fork("ada", new(made))
        parts.upstream.instead = None
        assert (await one.forking.fork("ada", new(made))).session
    assert await parts.left_upstream() == (2, 2, 2)


async def test_a_disk_that_comes_late_beside_another_goes(parts: Parts) -> None:
    """The first had no answer, so a second was made; only one is bound, and the other is not left."""
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        [running] = one.making._running.values()
        owner = parts.creation().disk_owner(running.work.fork.id)
        await killed(one, asking)
    await parts.upstream.ask("POST", "/disk", json={"user": owner})
    assert await parts.left_upstream() == (2, 3, 2)
    parts.now += LATER
    async with server(parts) as another:
        assert (await another.forking.fork("ada", new(made))).session
    assert await parts.left_upstream() == (2, 2, 2)


async def test_a_server_tells_how_far_another_is(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gql_api.request_scope._LONGEST_WAIT", 0.1)
    made = await source(parts)
    async with server(parts) as one, server(parts) as other:
        asking = await stuck_at(parts, one, made, uploads)
        await asking
        assert await other.forking.fork("ada", new(made)) == (None, 0, 6)
        parts.now += timedelta(minutes=1)
        await next(iter(one.making._running.values())).work.hold()
        assert await other.forking.fork("ada", new(made)) == (None, 4, 6)
        await killed(one)


async def test_a_full_server_leaves_to_another_what_the_sweep_finds(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gql_api.services.forking.making.MOST", 1)
    made = await source(parts)
    async with server(parts) as dying:
        asking = await stuck_at(parts, dying, made, uploads)
        [running] = dying.making._running.values()
        await killed(dying, asking)
    bobs = await parts.creation().make("bob", NewSession(title=None, configs=None))
    async with server(parts) as full, server(parts) as free:
        parts.now += LATER
        waiting = await stuck_at(parts, full, bobs, lambda request: request.url.path.endswith("/disk"), owner="bob")
        with pytest.raises(Busy, match="This server"):
            await full.forking.fork("ada", new(made))
        assert await parts.reconciler(making=full.making).sweep() == 1
        assert await visible(parts) == [made.id]
        parts.now += timedelta(minutes=1)
        assert await parts.reconciler(making=free.making).sweep() == 1
        await free.ended()
        assert len(await visible(parts)) == 2
        await killed(full, waiting)
    assert await forks.find(running.work.fork.id) is None


async def test_who_is_passed_undoes_nothing(parts: Parts) -> None:
    """What it sent is refused only when another has made the session."""
    made = await source(parts)
    sent, may = asyncio.Event(), asyncio.Event()

    async def late(request: httpx.Request) -> httpx.Response:
        parts.upstream.instead = None
        sent.set()
        await may.wait()
        return httpx.Response(400, json={"code": 400, "msg": "no"})

    parts.upstream.is_odd, parts.upstream.instead = stores, late
    async with server(parts) as one, server(parts) as other:
        asking = asyncio.create_task(one.forking.fork("ada", new(made)))
        await sent.wait()
        parts.now += LATER
        forked = await other.forking.fork("ada", new(made))
        may.set()
        with pytest.raises(Conflict):
            await asking
    assert forked.session
    assert await content(parts, forked.session) == await content(parts, made)


async def test_those_who_ask_at_once_for_one_that_was_let_go_join(parts: Parts) -> None:
    made = await source(parts)
    parts.upstream.is_odd, parts.upstream.instead = uploads, answering(401, {"code": 401, "msg": "no"})
    async with server(parts) as one:
        with pytest.raises(UpstreamFailure):
            await one.forking.fork("ada", new(made))
        asking = await stuck_at(parts, one, made, uploads)
        [running] = one.making._running.values()
        joined = await one.making.go_on(running.work.fork)
        assert joined is running
        assert await one.making.take_over(running.work.fork.id)
        assert [*one.making._running.values()] == [running]
        await killed(one, asking)


async def test_a_fault_of_ours_is_logged(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    made = await source(parts)
    async with server(parts) as one:
        asking = await stuck_at(parts, one, made, uploads)
        [running] = one.making._running.values()
        await killed(one, asking)
        parts.now = None  # type: ignore[assignment]
        assert await one.making.take_over(running.work.fork.id)
        await one.ended()
    assert "a fork failed" in caplog.text
