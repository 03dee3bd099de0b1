"""Opens the one SDK client of the process; the real and the embedded Acontext differ here only, in the transport."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from acontext import AcontextAsyncClient

from gql_api.telemetry import outgoing_headers
from gql_api.upstream.breaker import Breaker
from gql_api.upstream.dates import seconds_until
from gql_api.upstream.exchange import exchange
from gql_api.upstream.files import FileCalls
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import GuardedCalls, Limits
from gql_api.upstream.inventory import InventoryCalls
from gql_api.upstream.materials import Materials
from gql_api.upstream.measuring import note_request, note_status
from gql_api.upstream.messages import MessageCalls
from gql_api.upstream.sessions import SessionCalls
from gql_api.upstream.translate import NotAnAnswer

_JSON = "application/json"
_BYTES = "/download"
_CONNECT_SECONDS = 5.0


async def _distrust(response: httpx.Response) -> None:
    """Refuse a success that is no JSON object: the SDK would take nothing for no files, and a delete for done."""
    if response.status_code >= httpx.codes.BAD_REQUEST:
        return
    if not response.is_success:
        raise NotAnAnswer("neither success nor refusal", request=response.request)
    if response.request.url.path.endswith(_BYTES):
        return
    body = (await response.aread()).strip()
    if not response.headers.get("content-type", "").startswith(_JSON) or body[:1] + body[-1:] != b"{}":
        raise NotAnAnswer("a success that is not a JSON object", request=response.request)


async def _identify(request: httpx.Request) -> None:
    """Let Acontext's logs and traces name the request that this call is made for."""
    note_request(request)
    request.headers.update(outgoing_headers())


async def _note(response: httpx.Response) -> None:
    """Note what the SDK does not tell of an answer."""
    note_status(response)
    told = exchange.get()
    if told and "retry-after" in response.headers:
        told.retry_after = _seconds(response.headers["retry-after"])


def _seconds(value: str) -> float | None:
    """Read Retry-After: seconds or a date."""
    if value.isascii() and value.isdecimal():
        return float(value)
    seconds = seconds_until(value)
    return None if seconds is None else max(0.0, seconds)


@asynccontextmanager
async def connect(
    *,
    base_url: str,
    api_key: str,
    limits: Limits,
    transport: httpx.AsyncBaseTransport | None,
    shown_at: str | None = None,
) -> AsyncIterator[Gateway]:
    """Give the gateway to the Acontext at `base_url`, reached through `transport` (None: the network).

    With `shown_at`, the address of this server, public URLs point there, and `materials` has what is behind them.
    """
    longest = max(limits.seconds, limits.transfer_seconds)
    options: dict[str, Any] = {
        "base_url": base_url,
        "transport": transport,
        "timeout": httpx.Timeout(longest, connect=min(_CONNECT_SECONDS, limits.seconds)),
        "limits": httpx.Limits(max_connections=limits.concurrency + 1, max_keepalive_connections=limits.concurrency),
    }
    hooks: dict[str, Any] = {"request": [_identify], "response": [_note, _distrust]}
    # The SDK gives its client the key, which what others can ask for must never carry.
    async with httpx.AsyncClient(**options, event_hooks=hooks) as http, httpx.AsyncClient(**options) as keyless:
        client = AcontextAsyncClient(api_key=api_key, base_url=base_url, client=http, timeout=longest)
        call = GuardedCalls(client, limits, Breaker(time.monotonic))
        try:
            yield Gateway(
                sessions=SessionCalls(call),
                messages=MessageCalls(call, shown_at=shown_at),
                files=FileCalls(call, shown_at=shown_at),
                inventory=InventoryCalls(call),
                materials=Materials(keyless) if shown_at else None,
                calls=call,
            )
        finally:
            call.close()
