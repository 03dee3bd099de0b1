"""The tags of sessions: one row for each, found by session and, within one user's, by tag.

A tag is one with any that differs only in case, or in how its accents are written. Rows of a session go with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from gql_api.store.failures import translating
from gql_api.store.models import SessionMapping
from gql_api.store.retry import rereading
from gql_api.store.rows import as_uuid, folded
from gql_api.store.statements import Statement, numbered

MOST = 20
"""Tags that one session has."""
_OF = "SELECT session_id, folded, tag FROM session_tags WHERE session_id "
_OF_POSTGRES = Statement(f"{_OF}= ANY($1::uuid[])")
_FORGET = Statement("DELETE FROM session_tags WHERE session_id = $1")
_REMOVE = "DELETE FROM session_tags WHERE session_id = $1 AND folded IN ({marks})"
_COUNT = Statement("SELECT COUNT(*) AS count FROM session_tags WHERE session_id = $1")
_PUT_POSTGRES = """
INSERT INTO session_tags (session_id, folded, tag, user_identifier) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_PUT = {"postgres": _PUT_POSTGRES, "sqlite": _PUT_POSTGRES.replace("$", "?")}


class TooManyTags(Exception):
    """The session would have more tags than one may have; nothing of the change was done."""


class Retagging(NamedTuple):
    """How the tags of a session change. Tags that are there already keep the spelling that they have.

    `replaces` takes all away that were there, so that only those added are left.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replaces: bool = False


@rereading
async def of(session_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Give the tags of sessions in alphabetical order; a session that has none is left out."""
    if SessionMapping._meta.db.capabilities.dialect == "sqlite":
        rows = await numbered(f"{_OF}IN ({{marks}})", len(session_ids)).rows(*session_ids)
    else:
        rows = await _OF_POSTGRES.rows(list(session_ids))
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["folded"])):  # databases disagree on the order of texts
        found[as_uuid(row["session_id"])].append(row["tag"])
    return found


@translating
async def forget(session_id: UUID) -> None:
    """Forget the tags of a session."""
    await _FORGET.rows(session_id)


async def change(session_id: UUID, owner: str, retagging: Retagging) -> None:
    """Change the tags of a session, in the open transaction that holds its row; raise `TooManyTags`."""
    if retagging.replaces:
        await _FORGET.rows(session_id)
    elif retagging.remove:
        gone = by_fold(retagging.remove)
        await numbered(_REMOVE, len(gone), 1).rows(session_id, *gone)
    await put([(session_id, owner, retagging.add)])
    if retagging.add:
        [row] = await _COUNT.rows(session_id)
        if row["count"] > MOST:
            raise TooManyTags


async def put(tagged: Iterable[tuple[UUID, str, tuple[str, ...]]]) -> None:
    """Give sessions of their owners tags, those that they have already aside, in the open transaction."""
    connection = SessionMapping._meta.db
    is_sqlite = connection.capabilities.dialect == "sqlite"
    values = [
        [str(id) if is_sqlite else id, fold, tag, owner]
        for id, owner, tags in tagged
        for fold, tag in by_fold(tags).items()
    ]
    if values:
        await connection.execute_many(_PUT["sqlite" if is_sqlite else "postgres"], values)


def by_fold(tags: Iterable[str]) -> dict[str, str]:
    """Give for each tag, by what it is compared by, how it is written where it is named first."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(folded(tag), tag)
    return found
