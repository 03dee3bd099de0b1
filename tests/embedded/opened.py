"""Opens embedded Acontexts for tests and speaks to them in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from gql_api.embedded import open_acontext

API_KEY = "sk-ac-testing"
ROOT = "http://acontext.test"


class Client:
    """An httpx client with the right key that knows the few calls which most tests begin with."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.run = uuid4().hex[:10]

    def user(self, name: str) -> str:
        """Give an identifier that no other run uses."""
        return f"{name}-{self.run}"

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Give the data of a success."""
        response = await self.http.request(method, f"/api/v1{path}", **options)
        assert response.is_success, response.text
        return response.json().get("data")

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, int, str]:
        """Give the status, the code and the message of a failure."""
        response = await self.http.request(method, f"/api/v1{path}", **options)
        assert response.is_error, response.text
        return response.status_code, response.json()["code"], response.json()["msg"]

    async def session(self, **fields: Any) -> str:
        return str((await self.call("POST", "/session", json=fields))["id"])

    async def say(self, session: str, text: str, **more: Any) -> Any:
        body = {"blob": {"role": "user", "content": text}, **more}
        return await self.call("POST", f"/session/{session}/messages", json=body)

    async def messages(self, session: str, **query: Any) -> Any:
        return await self.call("GET", f"/session/{session}/messages", params=query)

    async def disk(self, **fields: Any) -> str:
        return str((await self.call("POST", "/disk", json=fields))["id"])

    async def put(self, disk: str, path: str, data: bytes, **fields: str) -> Any:
        directory, _, name = path.rpartition("/")
        form = {"file_path": f"{directory}/", **fields}
        return await self.call("POST", f"/disk/{disk}/artifact", data=form, files={"file": (name, data)})


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Client]:
    """Open the data folder; leaving the block closes it."""
    async with open_acontext(folder, api_key=API_KEY, public_url=ROOT) as acontext, connected(acontext.app) as client:
        yield client


@asynccontextmanager
async def connected(app: Any, *, by: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Client]:
    """Speak to an application; httpx's own transport hands bodies over while they come, others may not."""
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(transport=by or httpx.ASGITransport(app), base_url=ROOT, headers=headers) as http:
        yield Client(http)
