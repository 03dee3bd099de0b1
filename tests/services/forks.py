"""Forks without the application around them: servers that make them, what there is to copy, and what came of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from gql_api import model
from gql_api.services.creation import NewSession
from gql_api.services.forking import Asked, Forked, Forking, New
from gql_api.services.forking.making import Making
from gql_api.store import mappings
from services.parts import Parts

CALL = {"type": "tool-call", "meta": {"id": "c", "name": "look", "arguments": "{}"}}
RESULT = {"type": "tool-result", "text": "found", "meta": {"tool_call_id": "c"}}


class Server(NamedTuple):
    """One server."""

    forking: Forking
    making: Making

    @classmethod
    def of(cls, making: Making) -> "Server":
        """Make a server of what makes its forks."""
        return cls(Forking(making), making)

    async def ended(self) -> None:
        """Wait until nothing is made here any more, whatever came of it."""
        for running in [*self.making._running.values()]:
            await _ended(running.task)


async def _ended(task: Any) -> None:
    try:
        await task
    except Exception:
        return


@asynccontextmanager
async def server(parts: Parts) -> AsyncIterator[Server]:
    """Open a server; it knows nothing of what others did."""
    making = parts.making()
    async with making.open():
        yield Server.of(making)


async def source(parts: Parts) -> model.Session:
    """Make a session of Ada's with a few messages, of which one has a file and two are a call and its result."""
    made = await parts.creation().make("ada", NewSession(title="Tea", configs={"a": 1}))
    for blob in (_said("hello"), _said(CALL, role="assistant"), _said(RESULT)):
        body = {"blob": blob, "format": "acontext", "meta": {"n": 1}}
        await parts.upstream.ask("POST", f"/session/{made.id}/messages", json=body)
    blob = _said("look", {"type": "image", "file_field": "f"})
    payload = {"payload": json.dumps({"blob": blob, "format": "acontext"})}
    files = {"f": ("a.png", b"\x89PNG\r\n\x1a\n")}
    await parts.upstream.ask("POST", f"/session/{made.id}/messages", data=payload, files=files)
    for name in ("a", "b"):
        data = {"file_path": "/d/", "meta": json.dumps({"by": name})}
        files = {"file": (f"{name}.txt", name.encode())}
        await parts.upstream.ask("POST", f"/disk/{made.disk_id}/artifact", data=data, files=files)
    return made


def _said(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": one} if isinstance(one, str) else one for one in parts]}


def new(made: model.Session, *, key: str | None = "key", cuts_before: bool = False) -> New:
    """Ask for all of a session."""
    return New(Asked(made.id, None, None, cuts_before=cuts_before, with_files=True), key=key)


async def content(parts: Parts, session: model.Session) -> Any:
    """Read all that is to be the same, past the application."""
    page = await parts.upstream.ask("GET", f"/session/{session.id}/messages?format=acontext&limit=200")
    messages = [[item["role"], _bare(item["parts"]), item["meta"]] for item in page["items"]]
    found = await parts.upstream.ask("GET", f"/disk/{session.disk_id}/artifact/glob?query=*")
    files = sorted([file["path"], file["filename"], json.dumps(file["meta"], sort_keys=True)] for file in found)
    configs = (await parts.upstream.ask("GET", f"/session/{session.id}/configs"))["configs"]
    return messages, files, {key: value for key, value in configs.items() if not key.startswith("__")}


def _bare(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**part, "asset": part["asset"]["sha256"]} if "asset" in part else part for part in parts]


async def visible(parts: Parts) -> list[UUID]:
    """List Ada's sessions as her readers see them."""
    page, _ = await mappings.page(
        "ada", where=model.SessionFilter(), newest_first=False, after=None, before=None, limit=100, from_end=False
    )
    return [session.id for session in page]


def stores(request: httpx.Request) -> bool:
    """Pick what stores a message."""
    return request.method == "POST" and request.url.path.endswith("/messages")


def uploads(request: httpx.Request) -> bool:
    """Pick what uploads a file."""
    return request.method == "POST" and request.url.path.endswith("/artifact")


async def stuck_at(
    parts: Parts,
    one: Server,
    made: model.Session,
    picks: Callable[[httpx.Request], bool],
    *,
    key: str | None = "key",
    owner: str = "ada",
) -> "asyncio.Task[Forked]":
    """Begin a fork, and give what asks for it when its call that is picked has been sent and is not answered."""
    sent = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        sent.set()
        await asyncio.Event().wait()
        raise AssertionError

    parts.upstream.is_odd, parts.upstream.instead = picks, never
    asking = asyncio.create_task(one.forking.fork(owner, new(made, key=key)))
    await sent.wait()
    parts.upstream.instead = None
    return asking


async def killed(one: Server, *asking: "asyncio.Task[Forked]") -> None:
    """Stop the work where it is, without a chance to tidy up; who asks for it learns that the server ends."""
    for running in one.making._running.values():
        running.task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
