"""The real command with several workers: one sum of metrics, and an end in good order."""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from commands import running
from databases import Databases
from gql_api.workers import Supervisor
from standin import KEY, Standin, standin

DIE_ONCE = """
import os, signal, sys, time
from pathlib import Path
died = Path({file!r})
if not died.exists():
    died.touch()
    sys.exit(3)
os.kill(os.getppid(), signal.SIGTERM)
time.sleep(60)
"""
CREATE = 'mutation Make { createSession(input: {title: "slow"}) { session { title } errors { code } } }'


@pytest.fixture
def acontext() -> Iterator[Standin]:
    with standin() as acontext:
        yield acontext


def test_workers_count_together_and_finish_what_is_under_way(
    postgres_databases: Databases, acontext: Standin, tmp_path: Path
) -> None:
    database_url = asyncio.run(postgres_databases.migrated())
    settings = {
        "DATABASE_URL": database_url,
        "ACONTEXT_BASE_URL": acontext.url,
        "ACONTEXT_API_KEY": KEY,
        "GQL_API_METRICS_PORT": "0",
        "GQL_API_METRICS_TOKEN": "a-token-of-some-length",
    }
    with (
        running("serve", "--port", "0", "--workers", "2", cwd=tmp_path, **settings) as process,
        ThreadPoolExecutor() as pool,
    ):
        assert process.stdout is not None
        greeting = "".join(next(process.stdout) for _ in range(5))
        [url] = re.findall(r"(http://\S+)/graphql", greeting)
        [metrics_url] = re.findall(r"http://\S+/metrics", greeting)
        until_both_serve(url, metrics_url)
        for number in range(20):
            assert httpx.post(f"{url}/graphql", json={"query": f"query Q{number % 2} {{ __typename }}"}).is_success
        same = httpx.get(f"{url}/metrics", headers={"authorization": "Bearer a-token-of-some-length"}).text
        for text in (httpx.get(metrics_url).text, same):
            for name in ("Q0", "Q1"):
                assert f'gql_api_operations_total{{operation="{name}",outcome="ok"}} 10.0\n' in text

        acontext.may.clear()
        making = pool.submit(httpx.post, f"{url}/graphql", json={"query": CREATE}, timeout=60)
        assert acontext.came.wait(30)
        process.terminate()
        until_refused(url)
        acontext.may.set()
        assert making.result(30).json()["data"] == {"createSession": {"session": {"title": "slow"}, "errors": []}}
        assert process.wait(30) == 0
    asyncio.run(postgres_databases.drop(database_url))


def until_both_serve(url: str, metrics_url: str) -> None:
    """Wait until each of the workers has its pool of connections."""
    deadline = time.monotonic() + 50
    while "gql_api_database_connections_max 20.0" not in httpx.get(metrics_url, timeout=30).text:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert httpx.get(f"{url}/readyz", timeout=30).json()["status"] == "ready"


def until_refused(url: str) -> None:
    """Ask until no connection is taken any more."""
    with suppress(httpx.TransportError):
        while True:
            httpx.get(f"{url}/livez", timeout=30)


def test_a_worker_that_cannot_begin_ends_the_server() -> None:
    ended: list[int] = []
    supervisor = Supervisor(partial(sys.exit, 3), 1, forget=ended.append, stopping=lambda: None)
    assert supervisor.run() == 1
    assert len(ended) == 1


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    ended: list[int] = []
    stopped: list[bool] = []
    work = partial(exec, DIE_ONCE.format(file=str(tmp_path / "died")))
    supervisor = Supervisor(work, 1, forget=ended.append, stopping=lambda: stopped.append(True), soon=0.0)
    assert supervisor.run() == 0
    assert len(set(ended)) == 2
    assert stopped == [True]
