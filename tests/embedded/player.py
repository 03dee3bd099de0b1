"""Replays recorded exchanges with the real Acontext against any server that an httpx client reaches."""

import asyncio
import base64
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

TRANSCRIPTS = Path(__file__).parent.parent / "data" / "transcripts"

_PLACEHOLDER = re.compile(r"<(uuid|cursor|url|callid|run|fresh):([^>]+)>|<(time|date|text)>")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_KINDS = {
    "uuid": _UUID,
    "cursor": r"[A-Za-z0-9_-]+",
    "url": r"https?://\S+",
    "callid": r"call_[0-9a-f]{8}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z",
    "date": r"\d{4}/\d\d/\d\d",
    "text": r"(?s:.+)",
}
_OURS = ("run", "fresh")

Step = dict[str, Any]


@dataclass
class Memory:
    """What placeholders stand for in one replay."""

    run: str
    values: dict[tuple[str, str], str] = field(default_factory=dict)

    def filled(self, value: Any) -> Any:
        """Give a request with the remembered values in it."""
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: self._value(match[1], match[2]), value)
        if isinstance(value, dict):
            return {self.filled(key): self.filled(member) for key, member in value.items()}
        return [self.filled(member) for member in value] if isinstance(value, list) else value

    def matches(self, expected: str, actual: str) -> bool:
        """Compare texts; a placeholder met for the first time takes the actual value."""
        pattern, names = "", []
        place = 0
        for match in _PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[place : match.start()])
            place = match.end()
            kind, name = match[1] or match[3], match[2]
            if name and (kind in _OURS or (kind, name) in self.values):
                pattern += re.escape(self._value(kind, name))
                continue
            pattern += f"({_KINDS[kind]})"
            names.append((kind, name))
        found = re.fullmatch(pattern + re.escape(expected[place:]), actual)
        if found is None:
            return False
        self.values.update({key: text for key, text in zip(names, found.groups(), strict=True) if key[1]})
        return True

    def _value(self, kind: str, name: str) -> str:
        if kind == "run":
            return f"{name}-{self.run}"
        if kind == "fresh":
            return self.values.setdefault((kind, name), str(uuid.uuid4()))
        return self.values[kind, name]


def load(name: str) -> dict[str, Any]:
    scenario: dict[str, Any] = json.loads((TRANSCRIPTS / f"{name}.json").read_text())
    return scenario


@dataclass
class Replay:
    """What came of one: how many steps could be asked, and by the number of the step how its answer differed."""

    asked: int = 0
    differences: dict[int, list[str]] = field(default_factory=dict)


async def replay(client: httpx.AsyncClient, name: str, *, api_key: str, run: str) -> Replay:
    """Play all steps of a transcript; `client` reaches the server's root, `run` keeps user names of runs apart."""
    memory = Memory(run)
    played = Replay()
    for number, step in enumerate(load(name)["steps"]):
        if "wait_s" in step:
            await asyncio.sleep(step["wait_s"])
        try:
            asked = memory.filled(step["request"])
        except KeyError as missing:
            played.differences[number] = [f"cannot be asked without {missing}"]
            break
        response = await client.send(_request(client, asked, api_key))
        played.asked += 1
        if found := [*_compare(memory, step, response)]:
            played.differences[number] = found
    return played


def _request(client: httpx.AsyncClient, asked: Mapping[str, Any], api_key: str) -> httpx.Request:
    url = asked.get("url") or ("" if asked.get("root") else "/api/v1") + asked["path"]
    headers = {"content-type": asked["content_type"]} if "content_type" in asked else {}
    query = asked.get("query") or None
    request = client.build_request(asked["method"], url, params=query, headers=headers, **_body(asked))
    request.headers.pop("authorization", None)
    key = asked.get("auth", f"Bearer {api_key}")
    if key is not None:
        request.headers["authorization"] = key
    return request


def _body(asked: Mapping[str, Any]) -> dict[str, Any]:
    if "multipart" in asked:
        form = asked["multipart"]
        files = [(file["field"], (file["filename"], _content(file))) for file in form["files"]]
        return {"data": form["fields"], "files": files}
    if "json" in asked:
        return {"json": asked["json"]}
    if "form" in asked:
        return {"data": asked["form"]}
    return {"content": asked["raw"].encode()} if "raw" in asked else {}


def _content(file: Mapping[str, Any]) -> bytes:
    if "base64" in file:
        return base64.b64decode(file["base64"])
    text: str = file["text"] if "text" in file else file["repeat"] * file["times"]
    return text.encode()


def _compare(memory: Memory, step: Step, response: httpx.Response) -> Iterator[str]:
    expected = step["response"]
    if response.status_code != expected["status"]:
        yield f"status {response.status_code}, not {expected['status']}: {response.text[:200]}"
        return
    for name, value in expected.get("headers", {}).items():
        actual = response.headers.get(name, "")
        if not memory.matches(_loose(value), _loose(actual)):
            yield f"header {name} is {actual!r}, not {value!r}"
    if "text" in expected and not memory.matches(expected["text"], response.text):
        yield f"text {response.text[:200]!r}, not {expected['text'][:200]!r}"
    if "base64" in expected and base64.b64decode(expected["base64"]) != response.content:
        yield "other bytes"
    if "body" in expected:
        yield from _compare_bodies(memory, step, response)


def _compare_bodies(memory: Memory, step: Step, response: httpx.Response) -> Iterator[str]:
    try:
        body = response.json()
    except ValueError:
        yield f"no JSON: {response.text[:200]}"
        return
    if isinstance(body, dict):
        body.pop("error", None)
    orders = step.get("unordered", {})
    yield from _differences(memory, _sorted(step["response"]["body"], orders), _sorted(body, orders), "")


def _loose(header: str) -> str:
    return header.lower().replace(" ", "")


def _sorted(body: Any, orders: Mapping[str, list[str]]) -> Any:
    """Sort the lists whose order does not count."""
    body = json.loads(json.dumps(body))
    for pointer, keys in orders.items():
        *path, last = pointer.strip("/").split("/")
        owner = body
        for name in path:
            owner = owner.get(name, {})
        if isinstance(owner.get(last), list):
            owner[last].sort(key=lambda item: [item[key] for key in keys] if keys else item)
    return body


def _differences(memory: Memory, expected: Any, actual: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _object_differences(memory, expected, actual, path)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: {len(actual)} items, not {len(expected)}: {str(actual)[:300]}"
            return
        for index, pair in enumerate(zip(expected, actual, strict=True)):
            yield from _differences(memory, *pair, f"{path}/{index}")
    elif isinstance(expected, str) and isinstance(actual, str):
        if not memory.matches(expected, actual):
            yield f"{path}: {actual[:200]!r}, not {expected[:200]!r}"
    elif _scalar(expected) != _scalar(actual):
        yield f"{path}: {actual!r}, not {expected!r}"


def _object_differences(
    memory: Memory, expected: Mapping[str, Any], actual: Mapping[str, Any], path: str
) -> Iterator[str]:
    left = dict(actual)
    for key, value in expected.items():
        found = next((name for name in left if memory.matches(key, name)), None)
        if found is None:
            yield f"{path}/{key}: missing"
        else:
            yield from _differences(memory, value, left.pop(found), f"{path}/{key}")
    yield from (f"{path}/{key}: too many" for key in left)


def _scalar(value: Any) -> tuple[str, Any]:
    """Keep booleans apart from numbers, and 1 together with 1.0."""
    return type(value).__name__ if isinstance(value, bool) or value is None else "", value
