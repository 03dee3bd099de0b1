"""Opens the one SDK client of the process; the real and the embedded Acontext differ in its sender only."""

import importlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from gql_api.upstream import sdk
from gql_api.upstream.breaker import Breaker
from gql_api.upstream.files import FileCalls
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import GuardedCalls, Limits
from gql_api.upstream.inventory import InventoryCalls
from gql_api.upstream.materials import Materials
from gql_api.upstream.messages import MessageCalls
from gql_api.upstream.sender import Sender
from gql_api.upstream.session_events import SessionEventCalls
from gql_api.upstream.sessions import SessionCalls

_CONNECT_SECONDS = 5.0


@asynccontextmanager
async def connect(
    *,
    base_url: str,
    api_key: str,
    limits: Limits,
    sender: Sender,
    shown_at: str | None = None,
    keyless: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Gateway]:
    """Give the gateway to the Acontext at `base_url`, reached by `sender`.

    With `shown_at`, the address of this server, public URLs point there, and `materials` has what is behind them,
    fetched through `keyless` (None: the network).
    """
    longest = max(limits.seconds, limits.transfer_seconds)
    sdk.load()
    make_client = importlib.import_module("gql_api.upstream.client").Client  # a subclass of the SDK's
    client = make_client(sender, api_key=api_key, base_url=base_url, seconds=longest)
    call = GuardedCalls(client, limits, Breaker(time.monotonic))
    async with AsyncExitStack() as stack:
        materials = await _materials(stack, base_url, limits, keyless) if shown_at else None
        stack.callback(call.close)
        yield Gateway(
            sessions=SessionCalls(call),
            messages=MessageCalls(call, shown_at=shown_at),
            session_events=SessionEventCalls(call),
            files=FileCalls(call, shown_at=shown_at),
            inventory=InventoryCalls(call),
            materials=materials,
            calls=call,
        )


async def _materials(
    stack: AsyncExitStack, base_url: str, limits: Limits, transport: httpx.AsyncBaseTransport | None
) -> Materials:
    """Open a client of their own: what others can ask for must never carry the key."""
    longest = max(limits.seconds, limits.transfer_seconds)
    client = httpx.AsyncClient(
        base_url=base_url,
        transport=transport,
        timeout=httpx.Timeout(longest, connect=min(_CONNECT_SECONDS, limits.seconds)),
        limits=httpx.Limits(max_connections=limits.concurrency + 1, max_keepalive_connections=limits.concurrency),
    )
    return Materials(await stack.enter_async_context(client))
