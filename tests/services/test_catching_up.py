"""What search does not know yet is gone through bit by bit, whatever fails on the way, and nothing twice a day."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from api.odd_upstream import answering
from gql_api import model
from gql_api.mark import Settling
from gql_api.searching.query import terms
from gql_api.services.catching_up import LOOKED_AGAIN, CatchUp
from gql_api.services.creation import Creation, NewSession
from gql_api.services.following.reader import Reader
from gql_api.store import mappings, texts
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.store.text_keeper import TextKeeper
from services.parts import Parts, opened

NEW = NewSession(title=None, configs=None)


async def always() -> bool:
    return True


async def never() -> bool:
    return False


@pytest.fixture
async def parts(database: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        parts.now = datetime.now(UTC)
        yield parts


def catch_up(parts: Parts, keeper: TextKeeper | None = None, *, pages: int = 5) -> CatchUp:
    settling = Settling(timedelta(seconds=5), lambda: parts.now)
    keeper = keeper or TextKeeper()
    return CatchUp(Reader(parts.gateway, settling, PlaceKeeper(texts=keeper)), keeper, pages=pages)


async def made(parts: Parts, *said: str) -> model.Session:
    session, _ = await parts.creation().make_once("ada", NEW)
    await say(parts, session, *said)
    return session


async def say(parts: Parts, session: model.Session, *said: str) -> None:
    """Store messages past this server."""
    for text in said:
        body = {"format": "acontext", "blob": {"role": "user", "parts": [{"type": "text", "text": text}]}}
        await parts.upstream.ask("POST", f"/session/{session.id}/messages", json=body)


async def newest(parts: Parts, session: model.Session) -> list[model.Message]:
    reader = Reader(parts.gateway, Settling(timedelta(0), lambda: parts.now), PlaceKeeper())
    return [*(await reader.newest(session.id))[0].messages]


async def found(word: str) -> int:
    return await texts.count("ada", terms(word))


async def test_a_long_session_is_read_to_its_end_in_several_rounds(parts: Parts) -> None:
    await made(parts, *(f"needle {number}" for number in range(450)))
    parts.now += timedelta(hours=1)  # of what is younger, more may still come to light
    work = catch_up(parts, pages=1)
    counts = []
    for _ in range(4):
        await work(always)
        counts.append(await found("needle"))
    assert counts == [200, 399, 450, 450]  # the last of a page is read once more: others may have its time


async def test_a_session_is_asked_for_once_a_day(parts: Parts) -> None:
    session = await made(parts, "the first needle")
    work = catch_up(parts)
    await work(always)
    await say(parts, session, "the second needle")
    parts.upstream.clear()
    await work(always)
    assert (await found("needle"), parts.upstream.calls) == (1, [])
    parts.now += LOOKED_AGAIN + timedelta(seconds=1)
    await work(always)
    assert await found("needle") == 2


async def test_a_session_that_was_made_here_is_not_asked_for_on_its_first_day(parts: Parts) -> None:
    keeper = PlaceKeeper(texts=TextKeeper())
    creation = Creation(parts.gateway, disk_owner_prefix="gql-api:disk:", clock=lambda: parts.now, places=keeper)
    others = [(await parts.creation().make("ada", NEW)).id]
    made = [await creation.make("ada", NEW) for _ in range(3)]
    await mappings.entomb("ada", made[2].id, now=parts.now, lease_until=parts.now)  # before it is written down
    await keeper.flush()
    for session in made[:2]:
        await say(parts, session, "needle")
    work = catch_up(parts)
    parts.now += LOOKED_AGAIN - timedelta(minutes=1)
    parts.upstream.clear()
    await work(always)
    assert await found("needle") == 0
    assert parts.upstream.calls == ["GET /session/{id}/messages"] * len(others)
    parts.now += timedelta(minutes=2)
    await work(always)
    assert await found("needle") == 2


async def test_without_the_turn_only_what_grew_before_ones_eyes_is_looked_through(parts: Parts) -> None:
    grown, other = await made(parts, "needle", "needle"), await made(parts, "needle")
    keeper = TextKeeper()
    work = catch_up(parts, keeper)
    await work(never)
    assert await found("needle") == 0
    keeper.keep_read((await newest(parts, grown))[-1:])
    await keeper.flush()
    assert await found("needle") == 1
    parts.upstream.instead = answering(500, {"code": 500, "msg": "down"})
    await work(never)
    parts.upstream.instead = None
    await work(never)
    assert await found("needle") == 2  # it was not forgotten, and the other was not looked at
    parts.upstream.clear()
    await work(never)
    assert (other.id, parts.upstream.calls) == (other.id, [])


async def test_what_a_failure_kept_from_being_kept_is_looked_for_in_the_next_round(parts: Parts) -> None:
    session, keeper = await made(parts, "needle", "needle"), TextKeeper()
    for message in await newest(parts, session):
        keeper.keep_stored(message, "ada")
    keeper.note_made(session)
    keeping = asyncio.create_task(keeper.flush())
    await asyncio.sleep(0)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    await keeper.flush()
    assert await found("needle") == 0
    await catch_up(parts, keeper)(never)
    assert await found("needle") == 2


async def test_what_there_was_no_room_for_is_looked_for_in_the_next_round(parts: Parts) -> None:
    session, other, keeper = await made(parts, "needle"), await made(parts, "hay"), TextKeeper()
    [message], [hay] = await newest(parts, session), await newest(parts, other)
    for number in range(20_000):
        keeper.keep_stored(hay._replace(id_text=str(number), role="tool"), "ada")
    keeper.keep_stored(message, "ada")
    await keeper.flush()
    assert await found("needle") == 0
    await catch_up(parts, keeper)(never)
    assert await found("needle") == 1


async def test_a_session_that_grew_and_was_deleted_is_forgotten(parts: Parts) -> None:
    session, keeper = await made(parts, "needle"), TextKeeper()
    keeper.keep_read(await newest(parts, session))
    await keeper.flush()
    assert keeper.grown(1) == [session.id]
    await mappings.entomb("ada", session.id, now=parts.now, lease_until=parts.now)
    await catch_up(parts, keeper)(never)
    assert keeper.grown(1) == []


async def test_where_acontext_is_away_the_next_round_goes_on_there(parts: Parts) -> None:
    await made(parts, "needle")
    work = catch_up(parts)
    parts.upstream.instead = answering(500, {"code": 500, "msg": "down"})
    await work(always)
    assert await found("needle") == 0
    parts.upstream.instead = None
    await work(always)
    assert await found("needle") == 1


async def test_a_conversation_that_is_gone_is_in_nobodys_way(parts: Parts) -> None:
    for _ in range(2):
        session = await made(parts)
        await parts.upstream.ask("DELETE", f"/session/{session.id}")
    await made(parts, "needle")
    work = catch_up(parts)
    await work(always)
    assert await found("needle") == 1
    parts.upstream.clear()
    await work(always)
    assert parts.upstream.calls == []


async def test_who_loses_the_turn_goes_on_where_it_was_once_it_has_it_again(parts: Parts) -> None:
    for _ in range(3):
        await made(parts, "needle")
    turns = iter([True, True, False])

    async def for_one() -> bool:
        return next(turns, False)

    work = catch_up(parts)
    await work(for_one)
    assert await found("needle") == 1
    await work(always)
    assert await found("needle") == 3
