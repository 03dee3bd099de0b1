"""The answers of the stub, as bytes that are made once: conversations, files, sessions, disks."""

from functools import cache, lru_cache
from typing import Any

import orjson

from rig.ids import TOKENS, disk_of, message_id, moment, session_id

_SESSION = "00000000-0000-4000-8000-0000000000aa"
_DISK = "00000000-0000-4000-8000-0000000000bb"
"""Stand in what is made once for the ids of those who ask."""
_PROJECT = "11111111-1111-4111-8111-111111111111"
_USER = "22222222-2222-4222-8222-222222222222"
_WORDS = "the quick brown fox jumps over the lazy dog while seven wise owls look on from the old oak tree in silence "
OWNER = "bench"
LISTED = 200
"""How many sessions the owner has."""


def success(data: Any) -> bytes:
    """Wrap data as Acontext does."""
    return b'{"code":0,"data":' + (data if isinstance(data, bytes) else orjson.dumps(data)) + b',"msg":""}'


def _parts(place: int) -> tuple[str, list[dict[str, Any]]]:
    said = {"type": "text", "text": f"Message {place}: {_WORDS * 3}"}
    call = f"call_{place - place % 4 + 1:08d}"
    if place % 4 == 1:
        called = {"id": call, "name": "search_files", "arguments": '{"query":"owls","limit":20}', "type": "function"}
        return "assistant", [said, {"type": "tool-call", "meta": called}]
    if place % 4 == 2:  # noqa: PLR2004 - each second one of four has the result of the call before
        return "user", [{"type": "tool-result", "text": f"Found {place}: {_WORDS * 3}", "meta": {"tool_call_id": call}}]
    return ("user" if place % 4 == 0 else "assistant"), [said]


@cache
def _item(place: int) -> bytes:
    role, parts = _parts(place)
    return orjson.dumps(item(_SESSION, place, role, parts))


def item(session: str, place: int, role: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a message in Acontext's own form."""
    return {
        "id": message_id(session, place),
        "session_id": session,
        "parent_id": message_id(session, place - 1) if place else None,
        "role": role,
        "meta": {},
        "parts": parts,
        "task_id": None,
        "session_task_process_status": "pending",
        "created_at": moment(place),
        "updated_at": moment(place),
    }


@lru_cache(maxsize=256)
def _page(start: int, end: int, more: bool, last: int) -> bytes:
    ids = orjson.dumps([message_id(_SESSION, place) for place in range(start, end)])
    metas = orjson.dumps([{}] * (end - start))
    items = b",".join(map(_item, range(start, end)))
    tail: dict[str, Any] = {"has_more": more, "this_time_tokens": TOKENS * (end - start)}
    if last >= 0:
        tail["edit_at_message_id"] = message_id(_SESSION, last)
    return success(
        b'{"items":[' + items + b'],"ids":' + ids + b',"metas":' + metas + b"," + orjson.dumps(tail)[1:],
    )


def page(session: str, start: int, end: int, *, more: bool, last: int) -> bytes:
    """Give a part of a conversation; `last` is the last message that was looked at, -1 where there is none."""
    # The id of a message ends as that of its session does.
    made = _page(start, end, more, last).replace(_SESSION.encode(), session.encode())
    return made.replace(_SESSION[-12:].encode(), session[-12:].encode())


@lru_cache(maxsize=64)
def _artifacts(first: int, count: int) -> bytes:
    def artifact(number: int) -> dict[str, Any]:
        name = f"file-{number:05d}.md"
        info = {"filename": name, "mime": "text/markdown; charset=utf-8", "path": "/", "size": 1000 + number}
        times = {"created_at": moment(number), "updated_at": moment(number)}
        return {"disk_id": _DISK, "path": "/", "filename": name, "meta": {"__artifact_info__": info}} | times

    return orjson.dumps([artifact(number) for number in range(first, first + count)])


def listing(disk: str, count: int) -> bytes:
    """Give the files of the directory `/`; there is no other."""
    made = b'{"artifacts":' + _artifacts(0, count) + b',"directories":[]}'
    return success(made.replace(_DISK.encode(), disk.encode()))


def globbed(disk: str, count: int) -> bytes:
    """Give what a glob of everything finds."""
    return success(_artifacts(0, count).replace(_DISK.encode(), disk.encode()))


def artifact(disk: str, number: int) -> bytes:
    """Give what is known of one file."""
    made = b'{"artifact":' + _artifacts(number, 1)[1:-1] + b"}"
    return success(made.replace(_DISK.encode(), disk.encode()))


def session(id: str, configs: Any = None, place: int = 0) -> dict[str, Any]:
    """Give a session."""
    times = {"created_at": moment(place), "updated_at": moment(place)}
    held = {"disable_task_tracking": False, "configs": configs}
    return {"id": id, "project_id": _PROJECT, "user_id": _USER} | held | times


def disk(id: str) -> dict[str, Any]:
    """Give a disk."""
    return {"id": id, "project_id": _PROJECT, "user_id": _USER, "created_at": moment(0), "updated_at": moment(0)}


@lru_cache(maxsize=16)
def sessions(limit: int) -> bytes:
    """Give the newest sessions of the owner; the configs name the disk, for those who keep no table of their own."""
    newest = range(LISTED - 1, max(-1, LISTED - 1 - limit), -1)
    ids = [(number, session_id(number)) for number in newest]
    items = [session(id, {"disk_id": disk_of(id)}, number) for number, id in ids]
    return success({"items": items, "has_more": limit < LISTED})
