"""Rows to values and values to rows, the same on both databases; which rows is said in `mappings`."""

import unicodedata
from collections.abc import Sequence
from datetime import MINYEAR, UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from gql_api import model
from gql_api.store.models import SessionMapping
from gql_api.store.statements import Row, converted

OF_SESSION = (
    "id",
    "user_identifier",
    "title",
    "disk_id",
    "disk_created_at",
    "created_at",
    "updated_at",
    "pinned_at",
    "archived_at",
    "last_activity_at",
    "forked_from",
)
OF_MAPPING = (*OF_SESSION, "state", "adopted", "nonce", "lease_until")
PERSONAL = (
    "title",
    "title_folded",
    "pinned_at",
    "archived_at",
    "last_activity_at",
    "opening",
    "opening_micros",
)
"""What is forgotten of a session as soon as it is deleted, while its row is still needed."""


def not_erased(user: str) -> str:
    """Say in a statement that this user, a value or a column, is not being erased: else nothing of theirs is seen."""
    return f"NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.user_identifier = {user})"  # noqa: S608 - our own words


_SELECT = f"SELECT {', '.join(OF_SESSION)} FROM session_mappings WHERE state = 'ready' AND "  # noqa: S608 - our columns
_READY = f"{_SELECT} user_identifier = ?1 AND {not_erased('?1')} AND "
_READY_POSTGRES = f"{_SELECT} user_identifier = $1 AND {not_erased('$1')} AND "


async def sessions(query: QuerySet[SessionMapping]) -> list[model.Session]:
    """Read ready sessions."""
    return [session(row) for row in await query.values(*OF_SESSION)]


async def ready(owner: str, column: str, ids: Sequence[UUID]) -> list[model.Session]:
    """Read an owner's ready sessions by a column of ids, by a statement that nobody has to build."""
    connection = SessionMapping._meta.db
    if connection.capabilities.dialect == "sqlite":
        marks = ", ".join(f"?{number}" for number in range(2, len(ids) + 2))
        found = await connection.execute_query_dict(_READY + f"{column} IN ({marks})", [owner, *map(str, ids)])
        return [session(converted(row)) for row in found]
    found = await connection.execute_query_dict(_READY_POSTGRES + f"{column} = ANY($2::uuid[])", [owner, list(ids)])
    return [session(row) for row in found]


async def mappings(query: QuerySet[SessionMapping]) -> list[model.Mapping]:
    """Read rows in any state."""
    return [mapping(row) for row in await query.values(*OF_MAPPING)]


async def update(query: QuerySet[SessionMapping], **values: Any) -> Row | None:
    """Change the one row that matches, and return it as it is then; None when none does.

    One statement: a second one could see what another process did in between. Tortoise has no RETURNING for updates,
    so it is put at the end of what Tortoise builds.
    """
    statement = query.update(**values)
    statement.sql()
    returning: Any = statement.query.returning
    text, parameters = returning(*OF_MAPPING).get_parameterized_sql()
    found = await SessionMapping._meta.db.execute_query_dict(text, parameters)
    return converted(found[0]) if found else None


def session(row: Row) -> model.Session:
    """Make a session of a row that has a disk."""
    return model.Session(
        id=row["id"],
        user=row["user_identifier"],
        title=row["title"],
        disk_id=row["disk_id"],
        disk_created_at=row["disk_created_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        pinned_at=row["pinned_at"],
        archived_at=row["archived_at"],
        last_activity_at=row["last_activity_at"],
        forked_from=row["forked_from"],
    )


def mapping(row: Row) -> model.Mapping:
    """Make a mapping of any row."""
    return model.Mapping(
        id=row["id"],
        user=row["user_identifier"],
        title=row["title"],
        state=model.MappingState(row["state"]),
        disk_id=row["disk_id"],
        adopted=row["adopted"],
        nonce=row["nonce"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        lease_until=row["lease_until"],
    )


def titled(title: str | None) -> Row:
    """Return the columns of a title."""
    return {"title": title, "title_folded": title if title is None else folded(title)}


def folded(text: str) -> str:
    """Return the form of a title in which case, and how its accents are written, make no difference."""
    return unicodedata.normalize("NFC", text.casefold())


def utc(moment: datetime) -> datetime:
    """Return the same time in UTC, in which SQLite compares times as text; beyond the years of UTC the nearest."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return (datetime.min if moment.year == MINYEAR else datetime.max).replace(tzinfo=UTC)


def as_uuid(value: Any) -> UUID:
    """Read an id of another table than that of mappings, which SQLite gives as text."""
    return value if isinstance(value, UUID) else UUID(str(value))
