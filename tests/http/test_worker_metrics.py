"""What workers count that die and are replaced: it stays, their states go, and nothing piles up."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from commands import environment
from gql_api.observing import WORKERS_FOLDER
from gql_api.telemetry.exposing import OfWorkers, exposition
from gql_api.telemetry.folding import forget
from gql_api.telemetry.names import MOST_NAMES
from gql_api.workers import Supervisor

WORK = """
import asyncio, os, signal, time
from functools import partial
from pathlib import Path
from gql_api.observing import observers
from gql_api.settings import read_settings
from gql_api.stopping import Stop
from gql_api.telemetry import Batch, Operation, doing, listening

turn = len(list(Path().glob("turn-*")))
Path(f"turn-{turn}").touch()
observed = observers(read_settings(GQL_API_METRICS_PORT=0, _env_file=None), Stop())

async def work():
    states = {"upstream_waiting": 2, "upstream_breaker_open": 1, "database_connections_max": 10}
    async with observed.watch({name: partial(int, value) for name, value in states.items()}):
        with listening(observed.listeners), doing(Operation(name="Open", type="query", outcome="ok")):
            for number in range(60):
                with doing(Operation(name=f"N{turn}x{number}", type="query", outcome="ok")):
                    pass
            with doing(Operation(name="Same", type="query", outcome="ok")), doing(Batch(loader="files", size=3)):
                pass
            await asyncio.sleep(0)
            Path(f"said-{turn}").write_bytes(observed.exposition())
            if turn < 2:
                os.kill(os.getpid(), signal.SIGKILL)

try:
    asyncio.run(work())
finally:
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(60)
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory(dir=tmp_path) as made:
        monkeypatch.setenv(WORKERS_FOLDER, made)
        yield Path(made)


def samples(text: str, name: str) -> dict[str, float]:
    """Give a metric's values by their labels."""
    found = re.findall(rf"^{name}(\S*) (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def supervise(forget: Callable[[int], None]) -> None:
    """Let a worker work, die, and be replaced twice."""
    supervisor = Supervisor(partial(exec, WORK, {}), 1, forget=forget, stopping=lambda: None, soon=0.0)
    assert supervisor.run() == 0


def test_the_counts_of_dead_workers_stay_and_their_states_go(folder: Path, tmp_path: Path) -> None:
    supervise(partial(forget, folder=folder))

    for turn in range(3):
        said = (tmp_path / f"said-{turn}").read_text()
        assert samples(said, "gql_api_operations_total")['{operation="Same",outcome="ok"}'] == turn + 1
        assert samples(said, "gql_api_loader_batch_size_sum") == {'{loader="files"}': 3 * (turn + 1)}
        assert samples(said, "gql_api_loader_batch_size_bucket")['{le="5.0",loader="files"}'] == turn + 1
        for name, value in {
            "gql_api_operations_in_flight": 1,
            "gql_api_upstream_waiting": 2,
            "gql_api_upstream_breaker_open": 1,
            "gql_api_database_connections_max": 10,
        }.items():
            assert samples(said, name) == {"": value}, (turn, name)
    said = exposition(OfWorkers(folder)).decode()
    assert samples(said, "gql_api_operations_total")['{operation="Same",outcome="ok"}'] == 3
    assert samples(said, "gql_api_operations_in_flight") == samples(said, "gql_api_upstream_waiting") == {}
    assert sorted(file.name for file in folder.iterdir()) == ["counter_ended.db", "histogram_ended.db", "operations"]


def test_names_are_told_apart_up_to_one_limit_for_all_workers_that_ever_were(folder: Path, tmp_path: Path) -> None:
    supervise(partial(forget, folder=folder))

    counted = samples((tmp_path / "said-2").read_text(), "gql_api_operations_total")
    assert len(counted) == MOST_NAMES + 1
    assert sum(counted.values()) == 3 * 61
    assert counted['{operation="(other)",outcome="ok"}'] == 3 * 61 - MOST_NAMES - 2
    assert len((folder / "operations").read_text().splitlines()) == MOST_NAMES
