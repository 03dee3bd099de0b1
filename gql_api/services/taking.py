"""Leases that are asked for in the same moment, taken in one statement: a round trip costs more than what it does."""

import asyncio
from contextlib import suppress
from uuid import UUID

from gql_api.store import leases
from gql_api.store.leases import Hold

_Others = dict[tuple[str, UUID], "asyncio.Future[Hold | None]"]


class Taking:
    """Takes leases for one holder, who wants each for so many seconds.

    The first that asks in a turn of the loop asks for the others of that turn too, by a statement that passes over
    what is not free at once; each of those is asked for by its own after that.
    """

    def __init__(self, holder: str, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._holder = holder
        self._seconds = seconds
        self._others: _Others | None = None

    async def take(self, owner: str, id: UUID) -> Hold | None:
        """Hold this owner's session; None when there is none, or another holder has it.

        One session is asked for once at a time. Who is cancelled may have taken it all the same, but no statement is
        under way any more that could.
        """
        if self._others is None:
            found = await self._lead(owner, id)
        else:
            found = await self._follow(self._others, owner, id)
        return found or await leases.take(owner, id, holder=self._holder, seconds=self._seconds)

    async def _lead(self, owner: str, id: UUID) -> Hold | None:
        """Take this session and those that join until the next turn."""
        others: _Others = {}
        self._others = others
        try:
            try:
                await asyncio.sleep(0)
            finally:
                self._others = None
            if not others:
                return None
            wanted = [(owner, id), *others]
            found = await leases.take_all(wanted, holder=self._holder, seconds=self._seconds)
        except BaseException as error:
            _tell(others, error)
            raise
        _tell(others, found)
        return found.get((owner, id))

    async def _follow(self, others: _Others, owner: str, id: UUID) -> Hold | None:
        waiter: asyncio.Future[Hold | None] = self._loop.create_future()
        others[owner, id] = waiter
        try:
            return await waiter
        except asyncio.CancelledError:
            if (owner, id) in others:
                await _ended(others, (owner, id))
            raise


def _tell(others: _Others, told: dict[tuple[str, UUID], Hold] | BaseException) -> None:
    """Tell those who joined what they got: nothing, where the one who asked was cancelled."""
    while others:
        key, waiter = others.popitem()
        if waiter.done():
            continue
        if isinstance(told, Exception):
            waiter.set_exception(told)
        else:
            waiter.set_result(told.get(key) if isinstance(told, dict) else None)


async def _ended(others: _Others, key: tuple[str, UUID]) -> None:
    """Wait for the statement, however often this is cancelled."""
    waiter = others[key] = asyncio.get_running_loop().create_future()
    while not waiter.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([waiter])
    waiter.exception()  # it is raised for who still asks
