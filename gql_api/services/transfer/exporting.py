"""Writes all mappings as a file that `reading` takes back, in an order that is the same every time."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC

from gql_api import model
from gql_api.services.transfer import COLUMNS, Format
from gql_api.store import transfer

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """The next lines of the file, and how many mappings are in them."""

    lines: list[str]
    mappings: int


async def pages(format: Format, *, at_once: int = AT_ONCE) -> AsyncIterator[Page]:
    """Give the file by and by, ordered by user, creation time and id; what others add meanwhile is in it or not."""
    if format == "csv":
        yield Page([",".join(COLUMNS) + "\n"], 0)
    last: model.Session | None = None
    while sessions := await transfer.page(last, at_once):
        yield Page([line(session, format) for session in sessions], len(sessions))
        last = sessions[-1]


def line(session: model.Session, format: Format) -> str:
    """Write one mapping, with the end of the line."""
    return (_cells(session) if format == "csv" else json.dumps(_values(session), ensure_ascii=False)) + "\n"


def _values(session: model.Session) -> dict[str, str | None]:
    told = (
        session.user,
        str(session.id),
        str(session.disk_id),
        session.title,
        session.created_at.astimezone(UTC).isoformat(),
    )
    return dict(zip(COLUMNS, told, strict=True))


def _cells(session: model.Session) -> str:
    """Quote what is there, so that an empty title differs from none; the csv module cannot, before Python 3.12."""
    return ",".join(
        "" if value is None else '"' + value.replace('"', '""') + '"' for value in _values(session).values()
    )
