"""Searches at a million messages, with their plans: run `.venv/bin/python benchmarks/search.py DATABASE_URL [COUNT]`.

The database must be PostgreSQL, and empty but for what an earlier run has left; it can be dropped afterwards. One user
has a quarter of the messages, a thousand others the rest. A message has 60 words of 30 000, as frequent as words are.
"""

import asyncio
import random
import statistics
import sys
import time
from itertools import accumulate
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "store")]

import asyncpg  # type: ignore[import-untyped]  # noqa: E402 - found by the line above
from plans import fill, listening, plans  # noqa: E402

from gql_api.searching.query import terms  # noqa: E402
from gql_api.store import texts  # noqa: E402
from gql_api.store.database import migrate, open_database  # noqa: E402
from gql_api.store.texts import Text  # noqa: E402

COUNT, OWNERS = 1_000_000, 1000
WORDS, LENGTH, BATCH, TIMES = 30_000, 60, 2000, 15
HEAVY, LIGHT = "heavy@example.com", "user7"
ASKED = {
    "a word of nearly every message": "w0",
    "a word of four in ten": "w9",
    "a word of one in 170": "w999",
    "a word of one in 5 000": "w29000",
    "a word of none": "nothing",
    "three words": "w1 w20 w300",
    "a phrase": '"w1 w2"',
    "the start of a word": "w29*",
    "one without another": "w5 -w0",
}
_INDEXES = """
SELECT indexdef FROM pg_indexes WHERE indexname IN ('message_texts_words', 'message_texts_newest') ORDER BY indexname
"""
_SIZES = """
SELECT relname, pg_table_size(oid) AS size FROM pg_class
WHERE relname LIKE 'message_texts%' AND relkind IN ('r', 'i') AND NOT relname LIKE '%read%' ORDER BY relname
"""


async def fill_texts(url: str, count: int) -> float:
    """Keep so many messages, as the program does; return the seconds that it took."""
    begun, chance = time.monotonic(), random.Random(1)  # noqa: S311 - guards nothing
    words = [f"w{number}" for number in range(WORDS)]
    weights = list(accumulate(1 / (number + 1) for number in range(WORDS)))
    connection = await asyncpg.connect(url)
    indexes = [row["indexdef"] for row in await connection.fetch(_INDEXES)]
    await connection.execute("DROP INDEX message_texts_words; DROP INDEX message_texts_newest")
    async with open_database(url, migrate=False) as database:
        rows = await database.connection.execute_query_dict("SELECT id, user_identifier FROM session_mappings")
        of_heavy = [row["id"] for row in rows if row["user_identifier"] == HEAVY]
        of_others = [(row["user_identifier"], row["id"]) for row in rows if row["user_identifier"] != HEAVY]
        for start in range(0, count, BATCH):
            batch = []
            for number in range(start, start + BATCH):
                owner, session = (HEAVY, chance.choice(of_heavy)) if number % 4 == 0 else chance.choice(of_others)
                said = " ".join(chance.choices(words, cum_weights=weights, k=LENGTH))
                id = str(UUID(int=chance.getrandbits(128)))
                batch.append((owner, Text(session, 1_767_225_600_000_000 + number * 1000, id, "user", said)))
            await texts.put(batch)
    await connection.execute("SET maintenance_work_mem = '512MB'")
    for index in indexes:  # a tenth of the time of keeping them meanwhile
        await connection.execute(index, timeout=1200)
    await connection.execute("VACUUM (FREEZE, ANALYZE) message_texts", timeout=600)
    await connection.execute("CHECKPOINT", timeout=600)
    await connection.close()
    return time.monotonic() - begun


async def main(url: str, count: int) -> None:
    """Fill the tables, and print each search with its times and how it was found."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    if not await connection.fetchval("SELECT EXISTS (SELECT 1 FROM message_texts)"):
        await fill(url, 2 * OWNERS)
        sys.stdout.write(f"{count} messages kept in {await fill_texts(url, count):.0f} s\n")
    for row in await connection.fetch(_SIZES):
        sys.stdout.write(f"{row['relname']:24} {row['size'] / count:8.0f} bytes a message\n")
    await connection.close()
    async with open_database(url, migrate=False):
        for owner in (HEAVY, LIGHT):
            for name, query in ASKED.items():
                await ask(url, owner, name, query)


async def ask(url: str, owner: str, name: str, query: str) -> None:
    """Search as the program does, and explain."""
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        found = await texts.find(owner, terms(query), before=None, limit=21)
        times.append(1000 * (time.perf_counter() - begun))
    with listening() as sent:
        await texts.find(owner, terms(query), before=None, limit=21)
    explained = [plan for plan in await plans(url, sent)]
    scans = " | ".join("; ".join(plan.scans())[:100] + f" {plan.rows_read()} rows" for plan in explained)
    sys.stdout.write(
        f"{owner:18} {name:30} {len(found):3} found, {statistics.median(times):8.2f} ms, "
        f"at most {max(times):8.2f}  {scans}\n"
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else COUNT))
