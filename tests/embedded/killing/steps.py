"""The operations of the load: what each sends, and what the writer has when it is done."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from embedded.killing.world import UNKNOWN, File, Message, Session, World, digest
from embedded.opened import Client

_MOST_SESSIONS, _MOST_DISKS, _MOST_MESSAGES, _MOST_EVENTS = 3, 2, 40, 40
_NAMES = ("a.bin", "b.bin", "c.bin", "d.bin", "e.bin")

Change = Callable[[World, Any], object]


@dataclass(frozen=True)
class Step:
    """One operation. `change` does to a world what the operation does, given the answer, or None without one."""

    kind: str
    method: str
    path: str
    sent: dict[str, Any]
    change: Change

    async def run(self, client: Client) -> Any:
        try:
            return await client.call(self.method, self.path, **self.sent)
        except AssertionError as error:
            raise AssertionError(f"refused: {self}") from error


def next_step(world: World, user: str, random: Random) -> Step:
    """Choose what a writer does next, with what it has."""
    if not world.sessions or (len(world.sessions) < _MOST_SESSIONS and random.random() < 0.05):
        return _create_session(user, random)
    if not world.disks or (len(world.disks) < _MOST_DISKS and random.random() < 0.05):
        return _create_disk(user)
    chance = random.random()
    if chance < 0.01:
        return Step("user deleted", "DELETE", f"/user/{user}", {}, _forget_all)
    if chance < 0.06:
        return _delete(world, random)
    return random.choice((_message, _message, _message, _in_session, _file, _file, _on_file))(world, random)


def _create_session(user: str, random: Random) -> Step:
    configs = {"n": random.randrange(1000)}
    fields: dict[str, Any] = {"user": user, "configs": configs}
    wanted = str(UUID(int=random.getrandbits(128), version=4)) if random.random() < 0.5 else None
    if wanted:
        fields["use_uuid"] = wanted

    def change(world: World, answer: Any) -> None:
        world.sessions[wanted or (answer["id"] if answer else UNKNOWN)] = Session(configs)

    return Step("session with an id" if wanted else "session", "POST", "/session", {"json": fields}, change)


def _create_disk(user: str) -> Step:
    def change(world: World, answer: Any) -> None:
        world.disks[answer["id"] if answer else UNKNOWN] = {}

    return Step("disk", "POST", "/disk", {"json": {"user": user}}, change)


def _forget_all(world: World, _answer: Any) -> None:
    world.sessions.clear()
    world.disks.clear()


def _delete(world: World, random: Random) -> Step:
    if random.random() < 0.5:
        session = random.choice(list(world.sessions))
        return Step("session deleted", "DELETE", f"/session/{session}", {}, lambda w, _: w.sessions.pop(session))
    disk = random.choice(list(world.disks))
    return Step("disk deleted", "DELETE", f"/disk/{disk}", {}, lambda w, _: w.disks.pop(disk))


def _message(world: World, random: Random) -> Step:
    session = random.choice(list(world.sessions))
    if len(world.sessions[session].messages) >= _MOST_MESSAGES:
        return Step("session deleted", "DELETE", f"/session/{session}", {}, lambda w, _: w.sessions.pop(session))
    text, meta = f"says {random.random()} " * random.choice((1, 20, 2000)), {"n": random.randrange(1000)}
    files = [_data(random) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    kind, sent = _with_files(text, meta, files) if files else _plain(text, meta, random)

    def change(world: World, answer: Any) -> None:
        message_id = answer["id"] if answer else UNKNOWN
        world.sessions[session].messages.append(Message(text, [digest(data) for data in files], meta, message_id))

    return Step(kind, "POST", f"/session/{session}/messages", sent, change)


def _plain(text: str, meta: dict[str, Any], random: Random) -> tuple[str, dict[str, Any]]:
    blobs: dict[str, dict[str, Any]] = {
        "openai": {"role": "user", "content": text},
        "anthropic": {"role": "user", "content": [{"type": "text", "text": text}]},
        "gemini": {"role": "user", "parts": [{"text": text}]},
        "acontext": {"role": "user", "parts": [{"type": "text", "text": text}]},
    }
    name = random.choice(list(blobs))
    return f"message ({name})", {"json": {"format": name, "blob": blobs[name], "meta": meta}}


def _with_files(text: str, meta: dict[str, Any], files: list[bytes]) -> tuple[str, dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    parts += [{"type": "file", "file_field": f"f{number}"} for number in range(len(files))]
    payload = {"format": "acontext", "blob": {"role": "user", "parts": parts}, "meta": meta}
    sent = {f"f{number}": (f"{number}.bin", data) for number, data in enumerate(files)}
    return "message with files", {"data": {"payload": json.dumps(payload)}, "files": sent}


def _data(random: Random) -> bytes:
    """Give bytes that others write, too, or that nobody else does."""
    if random.random() < 0.5:
        return b"shared %d" % random.randrange(20)
    return random.randbytes(random.choice((10, 3000, 100_000)))


def _in_session(world: World, random: Random) -> Step:
    session = random.choice(list(world.sessions))
    has = world.sessions[session]
    number = random.randrange(1000)
    if has.messages and has.messages[-1].id != UNKNOWN and random.random() < 0.3:
        return _patch_meta(session, has.messages[-1].id, number)
    if random.random() < 0.3 and len(world.sessions) < _MOST_SESSIONS:
        return _copy(session)
    if random.random() < 0.5 and len(has.events) < _MOST_EVENTS:
        event = {"type": "t", "data": {"n": number}}
        path = f"/session/{session}/events"
        return Step(
            "event", "POST", path, {"json": event}, lambda w, _: w.sessions[session].events.append({"n": number})
        )
    changes = {f"k{number % 5}": number}
    path = f"/session/{session}/configs"
    return Step(
        "configs",
        "PATCH",
        path,
        {"json": {"configs": changes}},
        lambda w, _: w.sessions[session].configs.update(changes),
    )


def _patch_meta(session: str, message: str, number: int) -> Step:
    changes = {f"k{number % 5}": number}
    path = f"/session/{session}/messages/{message}/meta"
    return Step(
        "meta",
        "PATCH",
        path,
        {"json": {"meta": changes}},
        lambda w, _: w.sessions[session].messages[-1].meta.update(changes),
    )


def _copy(session: str) -> Step:
    def change(world: World, answer: Any) -> None:
        made = world.copy().sessions[session]
        for message in made.messages:
            message.id = UNKNOWN
        world.sessions[answer["new_session_id"] if answer else UNKNOWN] = made

    return Step("copy", "POST", f"/session/{session}/copy", {}, change)


def _file(world: World, random: Random) -> Step:
    disk, name = random.choice(list(world.disks)), random.choice(_NAMES)
    data, meta = _data(random), {"n": random.randrange(1000)}
    directory = random.choice(("/", "/docs/"))
    sent = {"data": {"file_path": directory, "meta": json.dumps(meta)}, "files": {"file": (name, data)}}
    kind = "file replaced" if directory + name in world.disks[disk] else "file"

    def change(world: World, _answer: Any) -> None:
        world.disks[disk][directory + name] = File(digest(data), meta)

    return Step(kind, "POST", f"/disk/{disk}/artifact", sent, change)


def _on_file(world: World, random: Random) -> Step:
    places = [(disk, path) for disk, files in world.disks.items() for path in files]
    if not places:
        return _file(world, random)
    disk, path = random.choice(places)
    place = f"/disk/{disk}/artifact"
    if random.random() < 0.5:
        sent = {"params": {"file_path": path}}
        return Step("file deleted", "DELETE", place, sent, lambda w, _: w.disks[disk].pop(path))
    meta = {"m": random.randrange(1000)}

    def change(world: World, _answer: Any) -> None:
        world.disks[disk][path].meta = meta

    return Step("file's meta", "PUT", place, {"json": {"file_path": path, "meta": json.dumps(meta)}}, change)
