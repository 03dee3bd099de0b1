"""Writes all mappings as a file that `reading` takes back, in an order that is the same every time."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gql_api import model
from gql_api.services.transfer import COLUMNS, Format
from gql_api.store import tags, transfer

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
        tagged = await tags.of([session.id for session in sessions])
        yield Page([line(session, format, tagged.get(session.id)) for session in sessions], len(sessions))
        last = sessions[-1]


def line(session: model.Session, format: Format, tags: list[str] | None = None) -> str:
    """Write one mapping, with the end of the line."""
    values = _values(session, tags)
    return (_cells(values) if format == "csv" else json.dumps(values, ensure_ascii=False)) + "\n"


def _values(session: model.Session, tags: list[str] | None) -> dict[str, Any]:
    told = (
        session.user,
        str(session.id),
        str(session.disk_id),
        session.title,
        *map(_time, (session.created_at, session.pinned_at, session.archived_at, session.last_activity_at)),
        tags,
        session.forked_from and str(session.forked_from),
    )
    return dict(zip(COLUMNS, told, strict=True))


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _cells(values: dict[str, Any]) -> str:
    """Quote what is there, so that an empty title differs from none; the csv module cannot, before Python 3.12."""
    texts = [json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for value in values.values()]
    return ",".join("" if text is None else '"' + text.replace('"', '""') + '"' for text in texts)
