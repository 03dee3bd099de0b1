"""Real processes that are told to stop: what is under way is finished, in time, or its client is told."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

TICK = 0.1
"""Seconds; so often a server looks whether it is time to end."""
TESTS = Path(__file__).parents[1]


@dataclass
class Process:
    """A server, and a request that it works on."""

    process: "subprocess.Popen[str]"
    http: httpx.Client
    waiting: "Future[httpx.Response]"

    def ends(self) -> tuple[int, str]:
        """Wait for the end; give the exit code and the last word."""
        assert self.process.stdout is not None
        code = self.process.wait(30)
        return code, self.process.stdout.read().strip()


@contextmanager
def serving(*, drain: float, seconds: int) -> Iterator[Process]:
    command = [sys.executable, str(TESTS / "http" / "stoppable.py"), str(drain), str(seconds)]
    with subprocess.Popen(command, cwd=TESTS.parent, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        watch = threading.Timer(60, process.kill)
        watch.start()
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        try:
            with httpx.Client(base_url=url, timeout=30) as http, ThreadPoolExecutor() as pool:
                waiting = pool.submit(httpx.get, f"{url}/waits", timeout=30)
                assert http.get("/come").text == "come"
                yield Process(process, http, waiting)
        finally:
            watch.cancel()
            process.kill()


def test_while_it_drains_it_is_not_ready_but_serves_and_finishes() -> None:
    with serving(drain=3, seconds=20) as server:
        assert server.http.get("/readyz").status_code == 200
        server.process.terminate()
        until_not_ready(server.http)
        enough = time.monotonic() + 5 * TICK
        while time.monotonic() < enough:
            assert httpx.get(f"{server.http.base_url}/livez").status_code == 200  # a new connection each
        assert server.http.get("/release").text == "released"
        assert server.waiting.result(30).text == "finished"
        assert server.ends() == (0, "in order")


def until_not_ready(http: httpx.Client) -> None:
    """Ask until the signal was taken."""
    while http.get("/readyz").status_code == 200:
        pass
    assert http.get("/readyz").json() == {"status": "stopping", "checks": {}}


def test_what_takes_longer_than_the_limit_is_cut_and_its_client_is_told() -> None:
    with serving(drain=0, seconds=1) as server:
        server.process.terminate()
        answer = server.waiting.result(30)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (503, {"code": "SERVER_STOPPING"})
        assert server.ends() == (0, "in order")


def test_a_second_signal_ends_it_at_once() -> None:
    with serving(drain=60, seconds=60) as server:
        server.process.terminate()
        until_not_ready(server.http)
        server.process.terminate()
        assert server.ends() == (0, "forced")
        server.waiting.exception(30)  # answered or cut off, but not left waiting
