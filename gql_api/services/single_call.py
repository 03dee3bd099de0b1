"""Making a session or a disk upstream by one call, of which what it made is looked for where it had no answer."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from gql_api import model
from gql_api.errors import Conflict, UpstreamFailure
from gql_api.upstream.failures import is_harmless
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused
from gql_api.upstream.sessions import UpstreamSession

_EXISTS = 409
_T = TypeVar("_T")


async def make_session(gateway: Gateway, id: UUID, *, owner: str, configs: model.JsonObject) -> UpstreamSession:
    """Make the session. Where the outcome is unknown it is looked once whether it is there.

    Then nothing is on its way any more that could make it anew, once it is deleted.
    """
    sessions = gateway.sessions

    async def look() -> UpstreamSession | None:
        return await sessions.get(id) if await sessions.exists(id) else None

    return await _made(sessions.create(id, user=owner, configs=configs), look)


async def make_disk(gateway: Gateway, owner: str) -> model.Disk:
    """Make the only disk of this owner. Where the outcome is unknown it is looked once whether it is there."""
    sessions = gateway.sessions

    async def look() -> model.Disk | None:
        return next(iter(await sessions.disks_of(owner)), None)

    return await _made(sessions.create_disk(owner), look)


async def _made(making: Awaitable[_T], look: Callable[[], Awaitable[_T | None]]) -> _T:
    try:
        return await making
    except UpstreamFailure as failure:
        # In a race Acontext gives no session but says so.
        exists = isinstance(failure, Refused) and failure.status == _EXISTS
        if not exists and is_harmless(failure):
            raise
        with suppress(UpstreamFailure):  # as where a session is of another project
            if found := await look():
                return found
        raise


def worst(session: object, disk: object, *, taken: Conflict | None) -> BaseException:
    """Choose what to tell: a call whose outcome is unknown goes before a refusal, for it may still take effect.

    `taken` is what a client is told that chose the id itself, where it is.
    """
    failures = [failure for failure in (session, disk) if isinstance(failure, BaseException)]
    for failure in failures:
        if not isinstance(failure, Refused):
            return failure
    if isinstance(session, Refused) and session.status == _EXISTS and taken:
        return taken
    return failures[0]
