"""The README's first commands: they serve, from this checkout as it was installed."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from commands import address_told, environment

ROOT = Path(__file__).parents[1]


pytestmark = pytest.mark.skipif(
    Path(sys.prefix) != ROOT / ".venv", reason="the tests run in another environment than make's"
)


def test_make_run_serves_the_api_and_its_explorer(tmp_path: Path) -> None:
    settings = environment(GQL_API_PORT="0", GQL_API_DATA_DIR=str(tmp_path))
    with subprocess.Popen(
        ["/usr/bin/env", "make", "run"],
        cwd=ROOT,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # so that what make starts can be ended with it
    ) as process:
        watch = threading.Timer(120, os.killpg, (process.pid, signal.SIGKILL))
        watch.start()
        try:
            endpoint = address_told(process)
            answer = httpx.post(endpoint, json={"query": "mutation { createSession(input: {}) { errors { code } } }"})
            page = httpx.get(endpoint, headers={"accept": "text/html"})
        finally:
            watch.cancel()
            os.killpg(process.pid, signal.SIGTERM)

    assert answer.json()["data"] == {"createSession": {"errors": []}}
    assert (page.status_code, "explorer" in page.text) == (200, True)
    assert any(tmp_path.iterdir())


def test_make_setup_leaves_the_commands_where_the_readme_says() -> None:
    subprocess.run(["/usr/bin/env", "make", "setup"], cwd=ROOT, check=True)
    told = subprocess.run([ROOT / ".venv" / "bin" / "gql-api", "--help"], capture_output=True, text=True, check=True)  # noqa: S603

    assert "usage: gql-api" in told.stdout
