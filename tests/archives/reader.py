"""A reader of archives by docs/archive.md alone: Python's standard library, and nothing of the server's."""

import hashlib
import json
from pathlib import Path
from typing import Any

BLOCK = 512


class Broken(Exception):
    """The file is not what the page says."""


def members(raw: bytes) -> dict[str, bytes]:
    """Take the tar apart: each file by its name, in their order."""
    found: dict[str, bytes] = {}
    at = 0
    while raw[at : at + BLOCK] != bytes(BLOCK):
        header = raw[at : at + BLOCK]
        checksum = sum(header[:148]) + sum(header[156:]) + 8 * 0x20
        if header[257:265] != b"ustar\x0000" or int(header[148:154], 8) != checksum or header[156:157] != b"0":
            raise Broken(f"no header at {at}")
        name, prefix = (part.rstrip(b"\0").decode("ascii") for part in (header[:100], header[345:500]))
        size = int(header[124:135], 8)
        found[f"{prefix}/{name}" if prefix else name] = raw[at + BLOCK : at + BLOCK + size]
        at += BLOCK + -(-size // BLOCK) * BLOCK
    if len(raw) < at + 2 * BLOCK or raw[at:].strip(b"\0"):
        raise Broken("no end")
    return found


def read(file: Path) -> dict[str, dict[str, Any]]:
    """Give each session by its id: its record, messages, and files by their paths, with their bytes."""
    found = members(file.read_bytes())
    *names, last = found
    sums = "".join(f"{hashlib.sha256(found[name]).hexdigest()}  {name}\n" for name in names)
    if last != "SHA256SUMS" or found[last].decode() != sums:
        raise Broken("the sums are others")
    manifest = json.loads(found["archive.json"])
    if names[0] != "archive.json" or (manifest["format"], manifest["version"]) != ("gql-api archive", 1):
        raise Broken("no archive of version 1")
    sessions = [name.removesuffix("/session.json") for name in names if name.endswith("/session.json")]
    return {folder.removeprefix("sessions/"): _session(found, folder) for folder in sessions}


def _session(found: dict[str, bytes], folder: str) -> dict[str, Any]:
    record = json.loads(found[f"{folder}/session.json"])
    messages, files = (_lines(found, f"{folder}/{kind}/") for kind in ("messages", "files"))
    if (len(messages), len(files)) != (record["messages"], record["files"]):
        raise Broken("other numbers")
    for message in messages:
        for part in message["parts"]:
            if "asset" in part:
                part["bytes"] = found[f"{folder}/blobs/{part['asset']['sha256']}"]
    contents = {file["path"]: (file, found[f"{folder}/blobs/{file['sha256']}"]) for file in files}
    return {"record": record, "messages": messages, "files": contents}


def _lines(found: dict[str, bytes], beginning: str) -> list[Any]:
    lists = [content for name, content in found.items() if name.startswith(beginning)]
    return [json.loads(line) for content in lists for line in content.splitlines()]


def same_elsewhere(sessions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Give what an import keeps: all but ids and times of messages and files, and when a session last changed."""
    kept = {}
    for id, session in sessions.items():
        record = {key: value for key, value in session["record"].items() if key not in ("updatedAt", "lastActivityAt")}
        messages = [{**message, "id": None, "createdAt": None} for message in session["messages"]]
        files = {
            path: ({**line, "createdAt": None, "updatedAt": None}, content)
            for path, (line, content) in session["files"].items()
        }
        kept[id] = (record, messages, files)
    return kept
