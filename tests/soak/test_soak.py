"""A short form of the soak: what is acknowledged is there once and in order, whatever fails and whoever is killed."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from databases import PostgresDatabases
from postgres import NoPostgres, Server, running_server
from soak.rounds import VICTIMS, Plan, Report, Soak, prepared


@pytest.fixture
def postgres() -> Iterator[Server]:
    """A PostgreSQL that waits for the disk, and is killed."""
    try:
        with running_server(is_durable=True) as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


def test_what_is_acknowledged_is_there_once_and_in_order(postgres: Server, tmp_path: Path) -> None:
    async def soaked() -> Report:
        url = await PostgresDatabases(postgres).migrated()
        with ExitStack() as stack:
            # The key of a maker that was killed is busy for two minutes: its writer gives up before.
            plan = Plan(mutations=250, share=0.05, kills=3, seed=7, seconds=90, patience=15)
            return await Soak(prepared(tmp_path, url, stack), postgres, plan).run()

    report = asyncio.run(soaked())
    counts = report.findings.counts
    assert (counts, report.findings.lines) == (dict.fromkeys(counts, 0), [])
    assert report.ledger.wrong == []
    assert report.ledger.done.total() >= 250
    assert set(report.kills) == set(VICTIMS)
