"""Plays one list of requests on several Acontexts and makes their answers comparable: names for ids, cursors, times."""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from embedded.opened import Client

UNKNOWN = {
    "session": "11111111-1111-4111-8111-111111111111",
    "disk": "22222222-2222-4222-8222-222222222222",
    "message": "33333333-3333-4333-8333-333333333333",
    "cursor": base64.urlsafe_b64encode(b"1|11111111-1111-4111-8111-111111111111").decode().rstrip("="),
    "key": "assets/unknown",
    "url": f"/api/v1/material/{'0' * 64}",
}
"""What a request says if nothing of the kind is known yet."""
_PLACEHOLDER = re.compile(r"<(session|disk|message|cursor|key|url|user|fresh):(\d+)>")
_CHANGING = re.compile(
    r"(?P<uuid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"
    r"|(?P<url>https?://[^\s/]+(?:/[^\s/]+)*/material/[0-9a-f]{64})"
    r"|(?P<callid>call_[0-9a-f]{8})"
    r"|(?P<date>(?<=/)\d{4}/\d\d/\d\d(?=/))"
)
_WITHOUT_ORDER = {"ls": ("artifacts", "directories"), "glob": (), "grep": ()}


@dataclass(frozen=True)
class Ask:
    """One request; what it names as `<kind:number>` is taken from the answers before it."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    file: tuple[str, str, bytes] | None = None


@dataclass
class Play:
    """One replay on one Acontext. `strict`: order and times of the answers must agree, too.

    What is compared has the same `run`, a word that no other replay has.
    """

    client: Client
    run: str
    strict: bool
    _known: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _names: dict[str, str] = field(default_factory=dict)

    async def answer(self, ask: Ask) -> tuple[int, str, Any]:
        """Give status, content type and body of an answer, in words that are the same everywhere."""
        response = await self.client.http.send(self._request(ask))
        kind = response.headers.get("content-type", "").lower().replace(" ", "")
        if not kind.startswith("application/json") or ask.path.endswith("/download"):
            return response.status_code, kind, response.content.decode(errors="backslashreplace")
        body = response.json()
        if isinstance(body, dict):
            body.pop("error", None)
            self._learn(ask, body.get("data"))
            if not self.strict:
                _sort(ask, body.get("data"))
        return response.status_code, kind, self._named(body)

    def _request(self, ask: Ask) -> httpx.Request:
        path = self._filled(ask.path)
        options: dict[str, Any] = {"params": self._filled(dict(ask.query))} if ask.query else {}
        if ask.file:
            field_name, name, data = ask.file
            options["files"] = {field_name: (name, data.replace(b"<run>", self.run.encode()))}
        if ask.form is not None:
            options["data"] = self._filled(dict(ask.form))
        if ask.body is not None:
            options["content"] = json.dumps(self._filled(ask.body)).encode()
            options["headers"] = {"content-type": "application/json"}
        whole = path if "/material/" in path else f"/api/v1{path}"
        return self.client.http.build_request(ask.method, whole, **options)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: self._value(match[1], int(match[2])), value)
        if isinstance(value, dict):
            return {self._filled(key): self._filled(member) for key, member in value.items()}
        return [self._filled(member) for member in value] if isinstance(value, list) else value

    def _value(self, kind: str, number: int) -> str:
        if kind == "user":
            return f"user{number}-{self.run}"
        known = self._known[kind]
        if kind == "fresh":
            known.extend(str(uuid4()) for _ in range(len(known), number + 1))
        return known[number % len(known)] if known else UNKNOWN[kind]

    def _learn(self, ask: Ask, data: Any) -> None:
        if not isinstance(data, dict):
            return
        found = {
            "session": data.get("new_session_id") or (data.get("id") if ask.path == "/session" else None),
            "disk": data.get("id") if ask.path == "/disk" else None,
            "message": data.get("id") if "parts" in data else None,
            "cursor": data.get("next_cursor"),
            "url": data.get("public_url"),
        }
        assets = [part["asset"]["s3_key"] for part in data.get("parts", []) if "asset" in part]
        for kind, value in [*found.items(), *(("key", key) for key in assets)]:
            if value and value not in self._known[kind]:
                self._known[kind].append(value)
        if data.get("next_cursor"):
            self._name("cursor", data["next_cursor"])

    def _named(self, value: Any) -> Any:
        if isinstance(value, str):
            text = self._names.get(value, value).replace(self.run, "<run>")
            return _CHANGING.sub(lambda match: self._name(match.lastgroup or "", match[0]), text)
        if isinstance(value, dict):
            return {self._named(key): self._named(member) for key, member in value.items()}
        return [self._named(member) for member in value] if isinstance(value, list) else value

    def _name(self, kind: str, value: str) -> str:
        """Name a value by the order in which its kind first appeared."""
        if kind == "date" or (kind == "time" and not self.strict):
            return f"<{kind}>"
        taken = sum(name.startswith(f"<{kind} ") for name in self._names.values())
        return self._names.setdefault(value, f"<{kind} {taken}>")


def _sort(ask: Ask, data: Any) -> None:
    """Sort what comes in any order from a real Acontext."""
    for member in _WITHOUT_ORDER.get(ask.path.rpartition("/")[2], ()):
        if isinstance(data, dict) and isinstance(data.get(member), list):
            data[member].sort(key=repr)
    if isinstance(data, list):
        data.sort(key=lambda file: (file["path"], file["filename"]))
