"""Searches stay within what one user said, and of that within what has the words; measured at a million messages by
`benchmarks/search.py`.
"""

import asyncio
import sqlite3
from collections.abc import Iterable
from uuid import UUID

from plans import listening, plans
from sample_mappings import make_ready

from databases import Databases
from gql_api.searching.query import terms
from gql_api.store import texts
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import Database, open_database
from gql_api.store.texts import Text

COUNT, PAGE, BATCH = 6000, 21, 1000
HEAVY, OTHER = "heavy", "other"
RARE, FREQUENT = "rare", "hello"
_PLANNED = """
SELECT generic_plans, custom_plans FROM pg_prepared_statements 
WHERE statement LIKE '%words @@%' AND NOT statement LIKE '%pg_%'
"""


def said(owner: str, session: UUID, count: int) -> Iterable[tuple[str, Text]]:
    for number in range(count):
        word = RARE if number % 500 == 0 else f"word{number}"
        yield owner, Text(session, number, str(UUID(int=number + 1)), "user", f"{FREQUENT} {word}")


async def fill() -> None:
    """Let each of two users say much, a few words of it the same all the time."""
    for owner in (HEAVY, OTHER):
        rows = [*said(owner, (await make_ready(owner)).id, COUNT)]
        for start in range(0, COUNT, BATCH):
            await texts.put(rows[start : start + BATCH])


async def find(word: str) -> int:
    return len(await texts.find(HEAVY, terms(word), before=(COUNT - 10, UUID(int=COUNT)), limit=PAGE))


async def test_postgresql_takes_the_newest_for_frequent_words_and_the_index_of_words_for_rare_ones(
    postgres_databases: Databases,
) -> None:
    url = await postgres_databases.migrated()
    async with open_database(url, migrate=False):
        await fill()
        await postgres_databases.execute(url, "VACUUM (ANALYZE) message_texts")
        found = {}
        for word in (FREQUENT, RARE, "nothing"):
            with listening() as sent:
                await find(word)
            found[word] = (await plans(url, sent))[-1]
    await postgres_databases.drop(url)

    assert found[FREQUENT].scans()[0].startswith("Index Scan message_texts_newest ")
    assert found[FREQUENT].rows_read() == PAGE
    for word in (RARE, "nothing"):
        assert any("Bitmap Index Scan message_texts_words " in scan for scan in found[word].scans())
    assert found[RARE].rows_read() == COUNT // 500  # and none of the other's
    assert found["nothing"].rows_read() == 0


async def test_postgresql_never_takes_one_plan_for_all_words(postgres_databases: Databases) -> None:
    """As it would from the sixth time on, and walk through all that somebody said for a word that is nowhere."""
    url = await postgres_databases.migrated()
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_max=1)) as database:
        for _ in range(20):
            await find(FREQUENT)
        assert await planned(database) == [(0, 20)]
    await postgres_databases.drop(url)


async def planned(database: Database) -> list[tuple[int, int]]:
    """Give how often the only connection has planned searches for any values, and for those at hand."""
    rows = await database.connection.execute_query_dict(_PLANNED)
    return [(row["generic_plans"], row["custom_plans"]) for row in rows]


async def test_sqlite_reads_the_words_and_then_the_texts_that_have_them(sqlite_databases: Databases) -> None:
    url = await sqlite_databases.migrated()
    async with open_database(url, migrate=False):
        with listening() as sent:
            await find(RARE)
    steps = await asyncio.to_thread(explained, url.removeprefix("sqlite:///"), sent.statements[-1])
    await sqlite_databases.drop(url)

    # Whether all of the owner's is being erased is asked once.
    assert [step.partition(":")[0] for step in steps if "erasures" not in step and "SUBQUERY" not in step] == [
        "SCAN message_words VIRTUAL TABLE INDEX 0",
        "SEARCH message_texts USING INTEGER PRIMARY KEY (rowid=?)",
        "USE TEMP B-TREE FOR ORDER BY",
    ]


def explained(file: str, statement: tuple[str, list[object]]) -> list[str]:
    text, values = statement
    with sqlite3.connect(file) as connection:
        return [
            str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", [str(value) for value in values])
        ]
