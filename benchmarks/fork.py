"""Forks a large session, kills the server in the middle, and lets another go on: `python benchmarks/fork.py`.

Two servers, an embedded Acontext and PostgreSQL, each a process of its own, with all settings that matter at their
defaults. What came of it is held against the other session: nothing may be missing, twice, or in another order.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import httpx

from api.client import Client
from api.conversation import call, chat, result
from api.forking import fork
from databases import PostgresDatabases
from postgres import running_server
from replicas.fleet import KEY, Fleet, killed

_LIST = 100
_SETTINGS = {"GQL_API_REQUEST_TIMEOUT": "3", "GQL_API_UPSTREAM_TIMEOUT": "10", "GQL_API_LEASE": "15"}
"""A request is short, so that it is told often how far the fork is."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000, help="how many (default %(default)s)")
    parser.add_argument("--files", type=int, default=200, help="how many (default %(default)s)")
    options = parser.parse_args()
    with running_server() as server, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = asyncio.run(PostgresDatabases(server).migrated())
        fleet = Fleet(Path(folder), url, stack, _SETTINGS, most_seconds=1200)
        fleet.open_acontext()
        fleet.start(2)
        asyncio.run(_run(fleet, messages=options.messages, files=options.files))


async def _run(fleet: Fleet, *, messages: int, files: int) -> None:
    async with httpx.AsyncClient(timeout=120) as http:
        one, other = (fleet.client(number, http).as_user("ada") for number in range(2))
        made = await one.create(title="Large")
        await _fill(fleet, one, made, messages=messages, files=files)
        begun = time.perf_counter()
        calm = await _asked(one, made["id"], "calm")
        _tell(f"undisturbed: {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        done = await _asked(one, made["id"], "killed", until=lambda done: done >= (messages + files) // 2)
        _tell(f"killed after {time.perf_counter() - begun:.1f} s, at {done} of {messages + files}")
        killed(fleet.servers[0])
        begun = time.perf_counter()
        copy = await _asked(other, made["id"], "killed")
        _tell(f"whole {time.perf_counter() - begun:.1f} s after the kill")
        wanted = await _content(fleet, made)
        for session in (calm, copy):
            _hold(await _content(fleet, session) == wanted, "the copy is the same")
        _hold(len(await fleet.sessions_of("ada")) == 1 + len((calm, copy)), "there is nothing else")
        _tell(f"{len(wanted[0])} messages and {len(wanted[1])} files: none missing, none twice, all in order")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _hold(is_so: bool, what: str) -> None:
    if not is_so:
        raise SystemExit(f"It does not hold that {what}.")


async def _fill(fleet: Fleet, client: Client, made: dict[str, Any], *, messages: int, files: int) -> None:
    """Store turns of four messages, of which two are a tool call and its result, and files in directories."""
    said: list[Any] = []
    for turn in range(messages // 4):
        pair = call(f"c{turn}", arguments={"turn": turn}), result(f"c{turn}", f"found {turn} " * 20)
        said += [chat("USER", f"question {turn}"), *pair, chat("ASSISTANT", f"answer {turn} " * 40)]
    for start in range(0, len(said), _LIST):
        for part in range(start, min(start + _LIST, len(said)), 20):
            await client.store(made["id"], *said[part : part + 20])
    for number in range(files):
        await client.upload(made["id"], f"/d{number % 10}/{number}.txt", f"file {number}\n" * 100)


async def _asked(client: Client, session: str, key: str, *, until: Callable[[int], bool] = lambda _: False) -> Any:
    """Ask under one key until the session is there, or until so much is copied."""
    while True:
        payload = await fork(client, sessionId=session, idempotencyKey=key)
        _hold(payload["errors"] == [], "nothing is refused")
        if payload["session"]:
            return payload["session"]
        if until(payload["progress"]["done"]):
            return payload["progress"]["done"]


async def _content(fleet: Fleet, session: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Read all that is to be the same, of Acontext itself."""
    items = await fleet.conversation(session["acontextId"])
    messages = [[item["role"], item["parts"], item["meta"]] for item in items]
    disk, files = session["disk"]["acontextId"], []
    root = await fleet.ask("GET", f"/disk/{disk}/artifact/ls?path=/")
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}) as http:
        for name in sorted(root["directories"]):
            listed = await fleet.ask("GET", f"/disk/{disk}/artifact/ls?path=/{name.strip('/')}/")
            for file in sorted(listed["artifacts"], key=lambda one: str(one["filename"])):
                path = f"{file['path']}{file['filename']}"
                answer = await http.get(
                    f"{fleet.acontext_url}/disk/{disk}/artifact/download", params={"file_path": path}
                )
                files.append([path, file["meta"], answer.content])
    return messages, files


if __name__ == "__main__":
    main()
