"""The floor: the same calls by the SDK's models on its client over aiohttp, answered by bare ASGI, without GraphQL.

    python -m peers.floor UPSTREAM

It is told beforehand all that it need not ask for: which sessions and disks there are, and where a page begins.
"""

import asyncio
import sys
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
import orjson
from acontext import AcontextAsyncClient
from acontext.errors import APIError
from rig.content import LISTED
from rig.ids import BEGUN, disk_of, message_count, message_id, session_id
from rig.operations import TOKEN_LIMIT

from peers.listening import listen

Answer = Callable[[dict[str, Any]], Awaitable[Any]]
_REFUSED = 400
_MADE = count()


class LeanClient(AcontextAsyncClient):
    """The SDK's client with its requests carried by aiohttp."""

    http: aiohttp.ClientSession

    async def request(self, method: str, path: str, **given: Any) -> Any:
        """Send one request and give the data of the answer."""
        target = self.base_url + quote(path)
        if given.get("params"):
            target += "?" + urlencode(given["params"])
        sent = given.get("json_data")
        body = None if sent is None else orjson.dumps(sent)
        async with self.http.request(method, target, data=body) as answer:
            parsed = orjson.loads(await answer.read())
        if answer.status >= _REFUSED:
            raise APIError(status_code=answer.status, message=str(parsed.get("msg")), payload=parsed)
        return parsed.get("data")


def _text(item: dict[str, Any]) -> str:
    return "\n".join(part["text"] for part in item["parts"] if part["type"] == "text")


def _short(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": item["id"],
        "role": item["role"].upper(),
        "text": _text(item),
        "createdAt": item["created_at"],
    }


def _part(part: dict[str, Any]) -> dict[str, Any]:
    meta = part.get("meta") or {}
    if part["type"] == "tool-call":
        arguments = meta["arguments"]
        return {
            "__typename": "ToolCallPart",
            "callId": meta["id"],
            "name": meta["name"],
            "argumentsText": arguments,
        }
    if part["type"] == "tool-result":
        return {
            "__typename": "ToolResultPart",
            "callId": meta["tool_call_id"],
            "text": part["text"],
            "isError": False,
        }
    return {"__typename": "TextPart", "text": part["text"]}


def cursor_of(session: str, place: int) -> str:
    """Give Acontext's cursor of the place after this message."""
    moment = int(BEGUN.timestamp() + place) * 1_000_000_000
    return urlsafe_b64encode(f"{moment}|{message_id(session, place)}".encode()).decode().rstrip("=")


class Floor:
    """One method for each operation."""

    def __init__(self, client: LeanClient) -> None:
        self._sdk = client

    def operations(self) -> dict[str, Answer]:
        """Name them."""
        first, last = self._page(last=False), self._page(last=True)
        named: dict[str, Answer] = {"S1": self.s1, "S2": last, "S2F": first, "S3": self.s3, "S4": self.s4}
        return named | {"S5": self.s5, "S6": self.s6, "S7": self.s7, "S8": self.s8, "S9": self.s9, "Files": self.files}

    async def _messages(self, id: str, **options: Any) -> Any:
        return await self._sdk.sessions.get_messages(id, format="acontext", with_asset_public_url=False, **options)

    async def _newest(self, id: str, size: int) -> list[dict[str, Any]]:
        """Read from a cursor that is known to the newest message."""
        start = max(0, message_count(id) - size)
        options = {"cursor": cursor_of(id, start - 1)} if start else {}
        page = await self._messages(id, limit=200, **options)
        return [_short(item) for item in page.items]

    async def _first(self, id: str, size: int) -> list[dict[str, Any]]:
        return [_short(item) for item in (await self._messages(id, limit=size)).items]

    async def _session(self, id: str, messages: Awaitable[Any]) -> dict[str, Any]:
        shorts, files, tokens = await asyncio.gather(
            messages, self._listed(id, 10_000), self._sdk.sessions.get_token_counts(id)
        )
        return {
            "id": id,
            "title": None,
            "createdAt": "2026-01-01T00:00:00Z",
            "files": files,
            "messages": {"nodes": shorts},
            "tokenCounts": {"total": tokens.total_tokens},
        }

    async def _listed(self, id: str, most: int) -> dict[str, Any]:
        listing = await self._sdk.disks.artifacts.list(disk_of(id), path="/")
        nodes = []
        for file in listing.artifacts[:most]:
            info = file.meta["__artifact_info__"]
            path = file.path + file.filename
            nodes.append({"path": path, "mimeType": info["mime"], "size": info["size"]})
        return {"nodes": nodes}

    async def s1(self, given: dict[str, Any]) -> Any:
        return {"session": await self._session(given["id"], self._first(given["id"], 20))}

    def _page(self, *, last: bool) -> Answer:
        async def page(given: dict[str, Any]) -> Any:
            ids = [session_id(LISTED - 1 - number) for number in range(20)]
            read = self._newest if last else self._first
            return {"sessions": {"nodes": await asyncio.gather(*(self._session(id, read(id, 5)) for id in ids))}}

        return page

    async def s3(self, given: dict[str, Any]) -> Any:
        blob: Any = {"role": "user", "parts": [{"type": "text", "text": given["text"]}]}
        made = await self._sdk.sessions.store_message(given["id"], blob=blob, format="acontext")
        text = "\n".join(part.text or "" for part in made.parts if part.type == "text")
        shown = {"id": made.id, "role": made.role.upper(), "text": text, "createdAt": made.created_at}
        return {"storeMessage": {"message": shown}}

    async def s4(self, given: dict[str, Any]) -> Any:
        session, disk = await asyncio.gather(
            self._sdk.sessions.create(user="maker", configs={"nonce": "floor"}, use_uuid=str(uuid4())),
            self._sdk.disks.create(user=f"disk:{next(_MADE)}"),
        )
        made = {"id": session.id, "title": None, "createdAt": session.created_at, "disk": {"id": disk.id}}
        return {"createSession": {"session": made}}

    async def s5(self, given: dict[str, Any]) -> Any:
        return {"__typename": "Query"}

    async def s6(self, given: dict[str, Any]) -> Any:
        page = await self._messages(given["id"])
        nodes = [
            {
                "id": item["id"],
                "role": item["role"].upper(),
                "createdAt": item["created_at"],
                "parts": [_part(part) for part in item["parts"]],
            }
            for item in page.items
        ]
        return {"session": {"id": given["id"], "messages": {"nodes": nodes}}}

    async def s7(self, given: dict[str, Any]) -> Any:
        session = await self._session(given["id"], self._first(given["id"], 20))
        return {"a": session, "b": session, "c": session}

    async def s8(self, given: dict[str, Any]) -> Any:
        nodes = await self._newest(given["id"], 20)
        info = {"hasPreviousPage": True, "startCursor": nodes[0]["id"]}
        return {"session": {"id": given["id"], "messages": {"nodes": nodes, "pageInfo": info}}}

    async def s9(self, given: dict[str, Any]) -> Any:
        strategies: Any = [{"type": "token_limit", "params": {"limit_tokens": TOKEN_LIMIT}}]
        page = await self._messages(given["id"], edit_strategies=strategies)
        view = {"nodes": [_short(item) for item in page.items], "tokenCount": page.this_time_tokens}
        return {"session": {"id": given["id"], "messages": view | {"editAtMessageId": page.edit_at_message_id}}}

    async def files(self, given: dict[str, Any]) -> Any:
        return {"session": {"id": given["id"], "files": await self._listed(given["id"], 50)}}


class App:
    """ASGI without a framework: the operation's name chooses, all else of the request is only read."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._operations: dict[str, Answer] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        if not self._operations:
            self._open()
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event.get("more_body", False)
        asked = orjson.loads(body)
        answer = orjson.dumps({"data": await self._operations[asked["operationName"]](asked["variables"])})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _open(self) -> None:
        client = LeanClient(api_key="bench", base_url=self._upstream)
        client.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Authorization": "Bearer bench", "Content-Type": "application/json"},
        )
        self._operations = Floor(client).operations()


if __name__ == "__main__":
    listen(App(sys.argv[1]))
