"""The plans of the hot statements at a million mappings: run `.venv/bin/python benchmarks/plans.py DATABASE_URL`.

The database must be PostgreSQL, migrated and empty; what it holds afterwards can be dropped.
"""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "store")]

from plans import fill, listening, plans, questions  # noqa: E402 - found by the line above

from gql_api.store.database import migrate, open_database  # noqa: E402

COUNT = 1_000_000


async def main(url: str, count: int) -> None:
    """Fill the table and print each question with its scans, the rows that were read and the time."""
    await migrate(url)
    sys.stdout.write(f"{count} mappings, {count // 20} of one user: filled in {await fill(url, count):.1f} s\n")
    async with open_database(url, migrate=False):
        for name, ask in questions(count).items():
            with listening() as sent:
                await ask()
            for plan in await plans(url, sent):
                scans = "; ".join(plan.scans())
                sys.stdout.write(f"{name:24} {plan.milliseconds:8.2f} ms {plan.rows_read():8} rows  {scans[:150]}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else COUNT))
