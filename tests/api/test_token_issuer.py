"""The whole server with an issuer of tokens on the network: there, and away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from api.callers import Caller
from api.client import Client
from databases import Databases
from identity.issuing import AUDIENCE, ISSUER, jwk, token

WHO = "{ viewer { identifier } }"
Start = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


def by_keys_at(port: int) -> dict[str, Any]:
    return {
        "auth": "jwt",
        "jwt_jwks_url": f"http://127.0.0.1:{port}/keys",
        "jwt_algorithms": ("ES256",),
        "jwt_issuer": ISSUER,
        "jwt_audience": (AUDIENCE,),
    }


@asynccontextmanager
async def issuer() -> AsyncIterator[int]:
    """Serve a set with one key; give the port."""
    body = json.dumps({"keys": [jwk("ES256", kid="1")]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_tokens_are_checked_by_the_keys_that_the_issuer_serves(start: Start) -> None:
    async with issuer() as port, start(**by_keys_at(port)) as client:
        good = Caller(client.http, {"Authorization": f"Bearer {token(headers={'kid': '1'})}"})
        forged = Caller(client.http, {"Authorization": f"Bearer {token('ES256 other', headers={'kid': '1'})}"})
        assert await good.data(WHO) == {"viewer": {"identifier": "anna"}}
        assert (await forged.reply(WHO)).status_code == 401
        told = {"status": "ready", "checks": {"database": "ok", "acontext": "ok", "identity": "ok"}}
        assert (await client.http.get("/readyz")).json() == told


async def test_without_the_issuer_nobody_is_told_that_a_token_is_bad(start: Start) -> None:
    async with issuer() as port:
        pass  # nobody listens there any more
    async with start(**by_keys_at(port)) as client:
        reply = await Caller(client.http, {"Authorization": f"Bearer {token(headers={'kid': '1'})}"}).reply(WHO)
        assert reply.status_code == 503
        assert reply.json()["errors"][0]["extensions"] == {"code": "IDENTITY_UNAVAILABLE"}
        # Who sends no token is told so all the same, and a browser is shown the explorer.
        assert (await Caller(client.http, {}).reply(WHO)).status_code == 401
        page = await client.http.get("/graphql", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        checks = {"database": "ok", "acontext": "ok", "identity": "failed"}
        assert (await client.http.get("/readyz")).json() == {"status": "not ready", "checks": checks}
