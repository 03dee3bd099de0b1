"""Carries a session of 2000 messages and 200 files away and brings it in, whole and killed on the way: `archive.py`.

Each command is a process of its own on SQLite and the embedded Acontext. Killed ones are run again, and what comes of
them is compared with what was there. `--save FILE` puts the figures between the marks of that page.
"""

import argparse
import asyncio
import base64
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import OperationalError, connect
from typing import Any, NamedTuple

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from archives import reader
from archives.servers import CREATE, STORE, UPLOAD
from commands import environment
from gql_api.app import create_app
from gql_api.settings import read_settings

_MARK = "archive"
_PEAK = """
import sys
from pathlib import Path
from gql_api import cli
try:
    cli.main(sys.argv[1:])
finally:
    print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


class Ended(NamedTuple):
    """What a run took; `cpu` are seconds of its CPU. `peak` is in MiB, and None of one that was killed."""

    seconds: float
    cpu: float
    peak: float | None


class Row(NamedTuple):
    """A line of the table; `again` is the run after the kill."""

    what: str
    ended: Ended
    again: Ended | None = None

    def __str__(self) -> str:
        runs = [self.ended, *([self.again] if self.again else [])]
        seconds, cpu = (
            " + ".join(f"{value:.1f}" for value in values) for values in zip(*(run[:2] for run in runs), strict=True)
        )
        return f"| {self.what} | {cpu} | {seconds} | {runs[-1].peak or 0:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000, help="default %(default)s")
    parser.add_argument("--files", type=int, default=200, help="of 64 KiB each; default %(default)s")
    parser.add_argument("--save", type=Path, metavar="FILE", help="the page that shows the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        asyncio.run(_fill(work / "here", options.messages, options.files))
        rows = [*_exported(work), *_imported(work, options.messages)]
    head = ["| | CPU seconds | seconds | peak MiB |", "| --- | ---: | ---: | ---: |"]
    table = "\n".join([*head, *map(str, rows)])
    sys.stdout.write(f"{options.messages} messages, {options.files} files\n{table}\n")
    if options.save:
        _save(options.save, table)


def _exported(work: Path) -> list[Row]:
    whole, part = work / "whole.tar", work / "cut.tar.part"
    rows = [Row("export", _run(work / "here", "export", "-o", str(whole)))]
    half = whole.stat().st_size // 2
    command = ("export", "-o", str(work / "cut.tar"))
    killed = _run(work / "here", *command, kill=lambda: part.exists() and part.stat().st_size > half)
    rows.append(Row("export, killed in the middle", killed, _run(work / "here", *command)))
    if reader.read(work / "cut.tar") != reader.read(whole):
        raise SystemExit("the export that was killed is another one")
    return rows


def _imported(work: Path, messages: int) -> list[Row]:
    command = ("import", str(work / "whole.tar"))
    rows = [Row("import", _run(work / "there", *command))]
    killed = _run(work / "cut", *command, kill=lambda: _stored(work / "cut") > messages // 2)
    rows.append(Row("import, killed in the middle", killed, _run(work / "cut", *command)))
    expected = reader.same_elsewhere(reader.read(work / "whole.tar"))
    for folder in ("there", "cut"):
        _run(work / folder, "export", "-o", str(work / f"{folder}.tar"))
        if reader.same_elsewhere(reader.read(work / f"{folder}.tar")) != expected:
            raise SystemExit(f"{folder}: what was brought in is not what was there")
    return rows


def _run(folder: Path, *arguments: str, kill: Callable[[], bool] | None = None) -> Ended:
    command = [sys.executable, "-c", _PEAK, *arguments]
    began, used = time.perf_counter(), _children()
    settings = environment(GQL_API_DATA_DIR=str(folder))
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while kill and process.poll() is None and not kill():
            time.sleep(0.001)
        if kill:
            process.kill()
        _, told = process.communicate()
    seconds, cpu = time.perf_counter() - began, _children() - used
    if kill:
        return Ended(seconds, cpu, None)
    if process.returncode:
        raise SystemExit(told)
    return Ended(seconds, cpu, int(told.split()[-1]) / 1024)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stored(folder: Path) -> int:
    """Count the messages in the embedded Acontext, past the command that stores them."""
    file = folder / "acontext" / "acontext.sqlite3"
    if not file.exists():
        return 0
    with closing(connect(f"file:{file}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT COUNT(*) FROM messages").fetchone()[0])
        except OperationalError:
            return 0  # its tables are being made


async def _fill(folder: Path, messages: int, files: int) -> None:
    """Make the session by the API."""
    given: dict[str, Any] = {"GQL_API_DATA_DIR": folder, "GQL_API_ALLOWED_HOSTS": "api.test"}
    app = create_app(read_settings(**given))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test", timeout=60) as http,
    ):

        async def ask(query: str, **input: Any) -> Any:
            answer = (await http.post("/graphql", json={"query": query, "variables": {"i": input}})).json()
            [payload] = answer["data"].values()
            if payload["errors"]:
                raise SystemExit(payload["errors"])
            return payload

        session = (await ask(CREATE, title="large"))["session"]["id"]
        for start in range(0, messages, 100):
            await ask(STORE, sessionId=session, messages=[_message(start + number) for number in range(100)])
        for number in range(files):
            content = base64.b64encode(number.to_bytes(4, "big") * 16384).decode()
            await ask(UPLOAD, sessionId=session, path=f"/{number % 10}/{number}.bin", content={"base64": content})


def _message(number: int) -> dict[str, Any]:
    role = ("USER", "ASSISTANT")[number % 2]
    return {"message": {"chat": {"role": role, "content": f"message {number}: " + "some words of it " * 40}}}


def _save(page: Path, table: str) -> None:
    begin, end = f"<!-- {_MARK} -->\n", f"<!-- /{_MARK} -->"
    before, begins, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ends, after = rest.partition(end)
    if not (begins and ends):
        raise SystemExit(f"{page} has no place for the figures")
    page.write_text(f"{before}{begin}{table}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
