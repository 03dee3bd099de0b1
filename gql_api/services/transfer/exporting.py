"""Writes all mappings as a file that `reading` takes back, in an order that is the same every time."""

import json
from collections.abc import AsyncIterator
from datetime import UTC

from gql_api import model
from gql_api.services.transfer import COLUMNS, Format
from gql_api.store import transfer

AT_ONCE = 50_000


async def lines(format: Format, *, at_once: int = AT_ONCE) -> AsyncIterator[str]:
    """Give the lines of the file, by creation time and id; what others add meanwhile may be in it or not."""
    if format == "csv":
        yield ",".join(COLUMNS) + "\n"
    place: model.SessionPosition | None = None
    while sessions := await transfer.page(place, at_once):
        for session in sessions:
            yield line(session, format)
        place = model.SessionPosition(sessions[-1].created_at, sessions[-1].id)


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
