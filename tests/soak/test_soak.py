"""A short form of the soak: what is acknowledged is there once and in order, whatever fails and whoever is killed."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from databases import PostgresDatabases
from soak.rounds import Plan, Soak, prepared


def test_what_is_acknowledged_is_there_once_and_in_order(postgres_databases: PostgresDatabases, tmp_path: Path) -> None:
    async def soaked() -> tuple[dict[str, int], list[str], int]:
        url = await postgres_databases.migrated()
        with ExitStack() as stack:
            plan = Plan(mutations=300, share=0.05, kills=1, seed=7, seconds=60)
            report = await Soak(prepared(tmp_path, url, stack), plan).run()
        await postgres_databases.drop(url)
        return report.findings.counts, report.findings.lines, report.ledger.done.total()

    counts, lines, done = asyncio.run(soaked())
    assert (counts, lines) == (dict.fromkeys(counts, 0), [])
    assert done >= 300
