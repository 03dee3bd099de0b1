"""`gql-api serve` that is told twice to stop while it writes: those who wait are told so, and it ends with 1."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx

from commands import address_told, running
from replicas.fleet import KEY, paused

CREATE = "mutation { createSession(input: {}) { session { id } errors { code } } }"
STOPPED = {
    "errors": [
        {
            "message": "The server stops; a write may have taken effect all the same.",
            "extensions": {"code": "SERVER_STOPPING"},
        }
    ]
}
AT_ONCE = 3
"""Those that are tidied up find database and Acontext in several states of closing."""


def test_sessions_that_are_being_made_are_told_that_the_server_stops(tmp_path: Path) -> None:
    with ExitStack() as stack:
        acontext = stack.enter_context(
            running("embedded", "--port", "0", "--data-dir", "acontext", "--api-key", KEY, cwd=tmp_path)
        )
        server = stack.enter_context(
            running(
                *("serve", "--port", "0", "--data-dir", "data"),
                cwd=tmp_path,
                ACONTEXT_BASE_URL=address_told(acontext),
                ACONTEXT_API_KEY=KEY,
                GQL_API_DRAIN_SECONDS="60",
            )
        )
        url = address_told(server)
        pool = stack.enter_context(ThreadPoolExecutor())
        stack.enter_context(paused(acontext))
        waiting = [pool.submit(httpx.post, url, json={"query": CREATE}, timeout=30) for _ in range(AT_ONCE)]
        until(lambda: being_made(tmp_path) == AT_ONCE)
        server.terminate()
        until(lambda: httpx.get(url.replace("graphql", "readyz")).json()["status"] == "stopping")
        server.terminate()

        answers = [one.result(30) for one in waiting]
        assert [(answer.status_code, answer.json()) for answer in answers] == [(503, STOPPED)] * AT_ONCE
        assert server.wait(30) == 1
        assert being_made(tmp_path) == AT_ONCE  # the next server undoes them


def being_made(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "gql_api.sqlite3")) as connection:
        [[count]] = connection.execute("SELECT count(*) FROM session_mappings WHERE state = 'creating'")
    return int(count)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
