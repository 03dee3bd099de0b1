"""Agents as processes of their own, and what their sessions hold in the end."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from commands import environment

FOLDER = Path(__file__).parents[2] / "examples" / "agent"
QUESTION = "Plan a day in Bergen."
_READ = """
query ($id: ID!) {
  viewer { sessions { totalCount } }
  session(id: $id) {
    title
    messages {
      nodes {
        id role text metadata idempotencyKey
        toolCalls { callId name arguments }
        toolResults { callId text isError }
      }
    }
    files(glob: "**") { nodes { path metadata textContent } }
  }
}
"""


class Run(NamedTuple):
    """An agent that has ended: what it wrote, and its exit status; None: it was killed."""

    written: str
    status: int | None


class Agents:
    """Starts agents; `socket` is that of the process that becomes them."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def start(self, *arguments: str) -> "Started":
        """Start an agent with a command line."""
        reader, writer = await asyncio.open_unix_connection(self._socket)
        pid = int(await reader.readline())
        writer.write(json.dumps(arguments).encode() + b"\n")
        return Started(pid, asyncio.create_task(_to_the_end(reader, writer)))


class Started(NamedTuple):
    """A running agent."""

    pid: int
    ended: asyncio.Task[Run]


async def _to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Run:
    async with asyncio.timeout(120):
        written = (await reader.read()).decode()
    writer.close()
    text, _, status = written.removesuffix("\n").rpartition("\n")
    return Run(text, int(status)) if written.endswith("\n") and status.isdecimal() else Run(written, None)


@contextmanager
def ready_agents(folder: Path) -> Iterator[Agents]:
    """Give what starts agents until the block ends."""
    path = os.path.relpath(folder / "agents")  # a socket's path must be short
    command = [sys.executable, str(Path(__file__).with_name("forking.py")), path]
    paths = environment(PYTHONPATH=str(FOLDER))
    with subprocess.Popen(command, env=paths, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield Agents(path)
        finally:
            process.kill()


def run_command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run an agent as its users do, to its end."""
    command = [sys.executable, "-m", "agent", *arguments]
    return subprocess.run(  # noqa: S603
        command, cwd=FOLDER, env=environment(**settings), capture_output=True, text=True, timeout=120, check=False
    )


async def asked(endpoint: str, user: str, query: str, **variables: Any) -> Any:
    """Ask the server itself; give the data."""
    async with httpx.AsyncClient() as http:
        body = {"query": query, "variables": variables}
        answer = (await http.post(endpoint, json=body, headers={"X-User": user}, timeout=60)).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def only_session(endpoint: str, user: str) -> str:
    """Give the id of the one session that a user has."""
    [session] = (await asked(endpoint, user, "{ sessions { nodes { id } } }"))["sessions"]["nodes"]
    return str(session["id"])


async def all_of(endpoint: str, user: str, session: str | None = None) -> Any:
    """Read all that a session holds, with each message's id replaced by its place, so that two can be compared."""
    found = await asked(endpoint, user, _READ, id=session or await only_session(endpoint, user))
    text = json.dumps(found)
    for place, message in enumerate(found["session"]["messages"]["nodes"]):
        text = text.replace(message["id"], f"message {place}")
    return json.loads(text)
