"""Opens the one SDK client of the process; the real and the embedded Acontext differ here only, in the transport."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from acontext import AcontextAsyncClient

from gql_api.upstream.call import Caller
from gql_api.upstream.files import FileCalls
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import MessageCalls
from gql_api.upstream.sessions import SessionCalls

_JSON = "application/json"
_BYTES = "/download"


async def _distrust(response: httpx.Response) -> None:
    """Refuse a success that is no JSON object: the SDK would take nothing for no files, and a delete for done."""
    if response.status_code >= httpx.codes.BAD_REQUEST:
        return
    if not response.is_success:
        raise httpx.RemoteProtocolError("neither success nor refusal", request=response.request)
    if response.request.url.path.endswith(_BYTES):
        return
    body = (await response.aread()).strip()
    if not response.headers.get("content-type", "").startswith(_JSON) or body[:1] + body[-1:] != b"{}":
        raise httpx.RemoteProtocolError("a success that is not a JSON object", request=response.request)


@asynccontextmanager
async def connect(
    *,
    base_url: str,
    api_key: str,
    concurrency: int,
    call_seconds: float,
    transport: httpx.AsyncBaseTransport | None,
) -> AsyncIterator[Gateway]:
    """Give the gateway to the Acontext at `base_url`, reached through `transport` (None: the network)."""
    async with httpx.AsyncClient(
        base_url=base_url,
        transport=transport,
        timeout=call_seconds,
        limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        event_hooks={"response": [_distrust]},
    ) as http:
        client = AcontextAsyncClient(api_key=api_key, base_url=base_url, client=http, timeout=call_seconds)
        call = Caller(client, concurrency=concurrency, seconds=call_seconds)
        yield Gateway(sessions=SessionCalls(call), messages=MessageCalls(call), files=FileCalls(call))
