"""What one writer has made, as its answers tell it, and whether a server still has it."""

import hashlib
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from embedded.opened import Client

UNKNOWN = "?"
"""The id of what an operation without an answer would have made."""


@dataclass
class Message:
    """A message; its id is not compared, as an operation without an answer told none."""

    text: str
    files: list[str]
    meta: dict[str, Any]
    id: str = field(default=UNKNOWN, compare=False)


@dataclass
class Session:
    configs: dict[str, Any]
    messages: list[Message] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)


@dataclass
class File:
    sha256: str
    meta: dict[str, Any]


@dataclass
class World:
    """All sessions and disks of one user, by their ids."""

    sessions: dict[str, Session] = field(default_factory=dict)
    disks: dict[str, dict[str, File]] = field(default_factory=dict)

    def copy(self) -> "World":
        return deepcopy(self)


def same(expected: World, found: World) -> bool:
    """Tell whether the worlds are the same; one thing of unknown id may have any."""
    return _same(expected.sessions, found.sessions) and _same(expected.disks, found.disks)


def _same(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    known = {id: thing for id, thing in expected.items() if id != UNKNOWN}
    others = [thing for id, thing in found.items() if id not in known]
    made = [expected[UNKNOWN]] if UNKNOWN in expected else []
    return others == made and all(found.get(id) == thing for id, thing in known.items())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def look(client: Client, user: str) -> World:
    """Read all that a user has, every byte of it, through the front door."""
    found = World()
    for session in await _all(client, "/session", user):
        found.sessions[session["id"]] = await _session(client, session)
    for disk in await _all(client, "/disk", user):
        found.disks[disk["id"]] = await _disk(client, disk["id"])
    return found


async def _all(client: Client, path: str, user: str) -> list[Any]:
    page = await client.call("GET", path, params={"user": user, "limit": 200})
    assert not page["has_more"]
    return list(page["items"])


async def _session(client: Client, shown: dict[str, Any]) -> Session:
    page = await client.messages(shown["id"], format="acontext")
    await require_order(client, shown["id"], page)
    events = await client.call("GET", f"/session/{shown['id']}/events", params={"limit": 200})
    found = Session(configs=shown["configs"], events=[event["data"] for event in events["items"]])
    for item, meta in zip(page["items"], page["metas"], strict=True):
        assets = [part["asset"] for part in item["parts"] if "asset" in part]
        for asset in assets:
            await _require_asset(client, shown["id"], asset)
        text = "".join(part.get("text", "") for part in item["parts"])
        found.messages.append(Message(text, [asset["sha256"] for asset in assets], meta, id=item["id"]))
    return found


async def require_order(client: Client, session: str, page: dict[str, Any]) -> None:
    """Insist on one chain from the first to the last message, told in the order of their times."""
    items = page["items"]
    assert [item["parent_id"] for item in items] == [None, *(item["id"] for item in items)][: len(items)]
    times = [item["created_at"].removesuffix("Z").ljust(26, "0") for item in items]
    assert times == sorted(set(times))
    total = (await client.call("GET", f"/session/{session}/token_counts"))["total_tokens"]
    assert total == page["this_time_tokens"]


async def _require_asset(client: Client, session: str, asset: dict[str, Any]) -> None:
    key = {"s3_key": asset["s3_key"]}
    answer = await client.http.get(f"/api/v1/session/{session}/asset/download", params=key)
    assert digest(answer.content) == asset["sha256"], asset


async def _disk(client: Client, disk: str) -> dict[str, File]:
    found = {}
    for artifact in await _artifacts(client, disk):
        path = artifact["path"] + artifact["filename"]
        answer = await client.http.get(f"/api/v1/disk/{disk}/artifact/download", params={"file_path": path})
        assert answer.is_success, answer.text
        meta = {key: value for key, value in artifact["meta"].items() if key != "__artifact_info__"}
        found[path] = File(digest(answer.content), meta)
    return found


async def _artifacts(client: Client, disk: str) -> Iterable[dict[str, Any]]:
    listing = f"/disk/{disk}/artifact/glob"
    return list(await client.call("GET", listing, params={"query": "*", "limit": 200}))
