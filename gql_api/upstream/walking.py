"""Reads of a conversation that take several calls: onwards from a place, and of its newest part.

Pages are separate reads: a message may appear behind a place while later pages are read. Whoever cares is told what
the first read saw last.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from gql_api import model
from gql_api.upstream import cursor
from gql_api.upstream.failures import TooMuch
from gql_api.upstream.messages import LARGEST_PAGE, Reading

Read = Callable[[Reading], Awaitable[model.MessagePage]]
Place = tuple[datetime, UUID]
_STEP = timedelta(microseconds=1)
_FEWER = 4


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest messages of a conversation, or of what is before a place: one unbroken run, oldest first.

    `latest` is the time of the last message that was seen before or by the first read of this run.
    """

    messages: list[model.Message]
    has_previous: bool
    latest: datetime | None


async def walk(read: Read, start: str | None, *, size: int = LARGEST_PAGE) -> AsyncIterator[list[model.Message]]:
    """Read all messages from a cursor on, page by page; pages are never empty.

    A page that is larger than an answer may be is asked for by parts. Raises `TooMuch` where one message is.
    """
    while True:
        page, size = await _fitting(read, Reading(after=start), size)
        if page.messages:
            yield page.messages
            start = cursor.after(page.messages[-1].created_at, page.messages[-1].id)
        if not page.has_more:
            return


async def tail(read: Read, size: int, *, reach: timedelta, before: Place | None = None) -> Tail:
    """Read the newest messages, and back as far as `reach` before the last of them.

    They are `size` at least, unless so many do not fit into one answer.
    """
    end = cursor.after(*before) if before else None
    page, _ = await _fitting(read, Reading(newest=True, after=end), min(size, LARGEST_PAGE))
    inside = [message for message in page.messages if before is None or _place(message) < before]
    if not page.has_more:
        return Tail(inside, False, inside[-1].created_at if inside else None)
    # Where there is more, the newest message is missing from such a page, and the page may not reach back far enough.
    if not inside:
        return await run(read, None, before)
    start = min(inside[0].created_at - _STEP, inside[-1].created_at - reach)
    found = await run(read, cursor.end_of(start), before)
    return replace(found, latest=max(found.latest or inside[-1].created_at, inside[-1].created_at))


async def run(read: Read, start: str | None, before: Place | None, *, size: int = LARGEST_PAGE) -> Tail:
    """Read all messages from a cursor on and before a place, by pages of a size; there are others before them."""
    found: list[model.Message] = []
    latest: datetime | None = None
    async for messages in walk(read, start, size=size):
        latest = latest or messages[-1].created_at
        inside = [message for message in messages if before is None or _place(message) < before]
        found += inside
        if len(inside) < len(messages):
            break
    return Tail(found, True, latest)


async def _fitting(read: Read, reading: Reading, size: int) -> tuple[model.MessagePage, int]:
    """Read a page of so many messages, or of fewer where those are larger than one answer may be; tell how many."""
    while True:
        try:
            return await read(reading._replace(limit=size)), size
        except TooMuch:
            if size == 1:
                raise
            size = max(1, size // _FEWER)


def _place(message: model.Message) -> Place:
    return message.created_at, message.id
