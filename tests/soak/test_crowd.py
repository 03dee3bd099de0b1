"""A short form of the crowd: followers hear all, once and in order, and nobody else is forgotten meanwhile."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from databases import PostgresDatabases
from soak.crowd import Plan, Report, crowded
from soak.rounds import prepared


def test_followers_hear_all_once_while_calls_fail(postgres_databases: PostgresDatabases, tmp_path: Path) -> None:
    async def came() -> Report:
        url = await postgres_databases.migrated()
        with ExitStack() as stack:
            # With this seed the fifth call fails, of some forty: with others at times none did.
            plan = Plan(idle=100, followers=50, messages=30, seed=8)
            report = await crowded(prepared(tmp_path, url, stack), plan)
        await postgres_databases.drop(url)
        return report

    report = asyncio.run(came())
    assert report.faults == []
    assert len(report.stored) >= 30
    assert report.injected
    assert report.ended["closed"]
    assert report.others
