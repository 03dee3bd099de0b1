"""Texts of messages in both databases: the longest there may be, and nobody's but their owner's."""

import asyncio
import random
from itertools import count
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest
from sample_mappings import BEGUN, LEASE_END, make_ready

from gql_api import model
from gql_api.searching.query import terms
from gql_api.store import mappings, texts
from gql_api.store.database import Database
from gql_api.store.text_keeper import TextKeeper

LONG = {
    "letters": lambda number: chr(97 + number % 26),
    "pairs": lambda number: chr(0x4E00 + number * 7919 % 20_000),
    "ligatures of many letters": lambda number: "\ufdfa" + chr(0x4E00 + number) + " ",
    "words of four bytes a letter": lambda number: chr(0x10400 + number % 40) + ("" if number % 3 else " "),
    "one word again and again": lambda number: "again ",
}


def message(session: model.Session, text: str) -> model.Message:
    return model.Message(
        str(uuid4()), session.id, "user", [{"type": "text", "text": text}], {}, {}, BEGUN, BEGUN.isoformat()
    )


async def keep(session: model.Session, *said: str) -> None:
    await TextKeeper().keep_at_once([message(session, text) for text in said])


@pytest.mark.parametrize("kind", LONG)
async def test_the_longest_text_is_kept_up_to_where_it_is_cut(database: Database, kind: str) -> None:
    session = await make_ready()
    text = "start " + "".join(map(LONG[kind], range(texts.LONGEST)))
    await keep(session, text, text[: texts.LONGEST - 4] + " end beyond")
    assert await texts.count("ada", terms("start")) == 2
    assert await texts.count("ada", terms("beyond")) == 0
    assert database


async def test_owners_with_the_same_mark_find_their_own_alone(database: Database) -> None:
    seen: dict[str, str] = {}
    for number in count():
        other = f"user{number}"
        owner = seen.setdefault(texts._mark(other), other)
        if owner != other:
            break
    for name in (owner, other):
        await keep(await make_ready(name), f"needle of {name}")
    for name in (owner, other):
        hits = await texts.find(name, terms("needle"), before=None, limit=10)
        assert [hit.text for hit in hits] == [f"needle of {name}"]
    assert database


async def test_of_a_session_that_is_not_there_any_more_nothing_is_kept(database: Database) -> None:
    session = await make_ready()
    await mappings.entomb("ada", session.id, now=BEGUN, lease_until=LEASE_END)
    await keep(session, "needle")
    kept = [("ada", texts.Text(session.id, 1, str(uuid4()), "user", "needle"))]
    await texts.put(kept)
    assert await texts.count("ada", terms("needle")) == 0
    assert database


async def test_what_is_kept_while_its_session_is_deleted_is_not_left_behind(url: str) -> None:
    """In PostgreSQL each of the two sees the other, whichever comes first."""
    session = await make_ready()
    other, looking = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE session_mappings SET state = 'deleting' WHERE id = $1", session.id)
        keeping = asyncio.create_task(keep(session, "needle"))
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%message_texts%'"
        async with asyncio.timeout(20):
            while not await looking.fetchval(waiting):  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.01)
        await transaction.commit()
        await keeping
    finally:
        await other.close()
        await looking.close()
    assert await texts.count("ada", terms("needle")) == 0


async def test_keeping_the_same_from_several_servers_keeps_it_once(database: Database) -> None:
    sessions = [await make_ready() for _ in range(3)]
    said = [message(session, f"needle {number}") for number in range(20) for session in sessions]
    shuffled = [random.sample(said, len(said)) for _ in range(4)]
    await asyncio.gather(*(TextKeeper().keep_at_once(one) for one in shuffled))
    assert await texts.count("ada", terms("needle")) == len(said)
    assert database


async def test_what_waits_of_a_session_that_is_forgotten_is_not_kept(database: Database) -> None:
    keeper, sessions = TextKeeper(), [await make_ready() for _ in range(2)]
    for session in sessions:
        keeper.keep_stored(message(session, f"needle in {session.id}"), session.user)
    keeper.forget(sessions[0].id)
    await keeper.flush()
    hits = await texts.find("ada", terms("needle"), before=None, limit=10)
    assert [hit.session_id for hit in hits] == [sessions[1].id]
    assert (keeper.has_news, bool(database)) == (False, True)
