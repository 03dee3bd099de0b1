"""Asking again when the connection was lost: for what may be done twice, since it may have been done all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

import asyncpg  # type: ignore[import-untyped]

from gql_api.store.failures import raise_ours, translated

P = ParamSpec("P")
T = TypeVar("T")

_LOST = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
"""How asyncpg says it, which Tortoise does not translate. The pool replaces a connection that it knows to be dead."""
_PAUSES = (0.05, 0.2)
"""Seconds before another attempt, in which the pool learns of its other dead connections."""


def rereading(read: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Let a statement be repeated when its connection turns out to be dead, as after a restart of the server.

    What it raises in the end is translated as by `failures.translating`.
    """

    @wraps(read)
    async def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await read(*args, **kwargs)
        except _LOST:
            pass
        except Exception as error:
            raise_ours(error)
            raise
        with translated():
            for pause in _PAUSES[:-1]:
                await asyncio.sleep(pause)
                with suppress(*_LOST):
                    return await read(*args, **kwargs)
            await asyncio.sleep(_PAUSES[-1])
            return await read(*args, **kwargs)

    return reading
