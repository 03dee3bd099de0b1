"""What users change of sessions: each change is done whole or not at all; what is allowed is said in the services."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from tortoise.transactions import in_transaction

from gql_api import model
from gql_api.store import rows, tags
from gql_api.store.failures import translating
from gql_api.store.statements import Row, Statement
from gql_api.store.tags import Retagging, TooManyTags

__all__ = ["NO_CHANGE", "Change", "Retagging", "TooManyTags", "change"]

_UPDATE = f"""
UPDATE session_mappings SET {{columns}}
WHERE id = $1 AND user_identifier = $2 AND state = 'ready' AND {rows.not_erased("$2")} RETURNING
"""  # noqa: S608 - names of our own columns


class Change(NamedTuple):
    """What is to become of a session; None leaves it as it is."""

    title: tuple[str | None] | None = None
    """The new one, alone: None within it for none."""
    pinned: bool | None = None
    archived: bool | None = None
    retagging: Retagging | None = None


NO_CHANGE = Change()


@translating
async def change(owner: str, id: UUID, wanted: Change, *, now: datetime) -> model.Session | None:
    """Change a session; None when this owner has no such session. Raises `TooManyTags`.

    One that is pinned or archived already stays so since when it is.
    """
    if wanted.retagging is None:
        return await _update(owner, id, wanted, now)
    async with in_transaction():
        # First, since it takes the row: of several changes each sees what the one before has left.
        changed = await _update(owner, id, wanted, now)
        if changed:
            await tags.change(id, owner, wanted.retagging)
    return changed


async def _update(owner: str, id: UUID, wanted: Change, now: datetime) -> model.Session | None:
    columns: Row = {"updated_at": rows.utc(now)}
    if wanted.title:
        columns |= rows.titled(wanted.title[0])
    flags = tuple((name, is_set) for name in ("pinned", "archived") if (is_set := getattr(wanted, name)) is not None)
    found: list[Row] = await _statement(tuple(columns), flags).rows(id, owner, *columns.values())
    return rows.session(found[0]) if found else None


@lru_cache
def _statement(columns: tuple[str, ...], flags: tuple[tuple[str, bool], ...]) -> Statement:
    sets = [f"{name} = ${number}" for number, name in enumerate(columns, 3)]
    sets += [f"{name}_at = " + (f"COALESCE({name}_at, $3)" if is_set else "NULL") for name, is_set in flags]
    return Statement(_UPDATE.format(columns=", ".join(sets)) + ", ".join(rows.OF_SESSION))
