"""The page on operations, and what is loaded for whom."""

import json
import re
import subprocess
import sys
from pathlib import Path

from commands import environment
from gql_api.telemetry.logs import JsonLines, log_config
from operations import PAGE, page

LIBRARIES = (
    "opentelemetry.sdk",
    "opentelemetry.exporter",
    "prometheus_client",
    "requests",
    "gql_api.embedded",
    "aiohttp",
)
LOADED = f"""
import sys
import gql_api.serving
from gql_api.app import create_app
from gql_api.settings import read_settings
create_app(read_settings(_env_file=None))
print([name for name in {LIBRARIES} if name in sys.modules])
"""


def test_the_table_of_metrics_is_that_of_the_program() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_the_metrics_that_the_page_shows_are_in_its_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(gql_api_\w+)`", text, re.MULTILINE))
    shown = re.findall(r"^(gql_api_\w+?)(?:_bucket|_sum|_count)?[{ ]", text, re.MULTILINE)
    assert len(shown) == 8
    assert set(shown) <= listed


def test_the_line_of_json_that_the_page_shows_has_the_fields_of_the_log() -> None:
    found = re.search(r"```json\n(.*)\n```", PAGE.read_text(encoding="utf-8"))
    assert found
    names = set(json.loads(found[1]))
    made = JsonLines(
        **{key: value for key, value in log_config("INFO", "json")["formatters"]["chosen"].items() if key != "()"}
    )
    assert {"time", "level", "logger", "message", "request_id", "operation", "user"} <= names
    assert set(made.rename_fields.values()) - {"traceback"} <= names


def test_what_nobody_asked_for_is_not_loaded(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LOADED],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(PAGE.parents[1])),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
