"""Deletes from a real Acontext what a test made there; what it cannot have made it never touches."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote

import httpx

_API = "/api/v1"


class Made:
    """Sees the answers to a test's requests. A user is the test's own if the identifier has the test's mark."""

    def __init__(self, *, mark: str) -> None:
        self._mark = mark
        self._paths: dict[str, None] = {}

    async def note(self, response: httpx.Response) -> None:
        """Remember what an answer says was made; httpx calls this."""
        request = response.request
        _, _, path = request.url.path.partition(_API)
        if request.method != "POST" or not response.is_success:
            return
        await response.aread()
        if path in ("/session", "/disk"):
            self._note_user(request)
        if path in ("/session", "/disk") and response.status_code == httpx.codes.CREATED:
            self._paths[f"{path}/{response.json()['data']['id']}"] = None
        if path.endswith("/copy"):
            self._paths[f"/session/{response.json()['data']['new_session_id']}"] = None

    def _note_user(self, request: httpx.Request) -> None:
        user = _fields(request).get("user")
        if isinstance(user, str) and self._mark in user and "/" not in user:
            self._paths[f"/user/{quote(user, safe='')}"] = None

    async def delete(self, http: httpx.AsyncClient, headers: Mapping[str, str]) -> None:
        """Delete all of it, newest first; what the test itself deleted is gone already."""
        for path in reversed(self._paths):
            await http.delete(f"{_API}{path}", headers=headers)


def _fields(request: httpx.Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        fields = json.loads(request.content)
        return fields if isinstance(fields, dict) else {}
    return {name: values[0] for name, values in parse_qs(request.content.decode(errors="replace")).items()}
