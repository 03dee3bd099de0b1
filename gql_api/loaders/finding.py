"""Messages that say what is searched for, from what is kept of them here; Acontext is not asked."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.errors import SearchOff
from gql_api.loaders.keys import Owned
from gql_api.searching.query import Term, terms
from gql_api.searching.snippet import Piece, snippet
from gql_api.store import texts
from gql_api.store.places import from_micros

if TYPE_CHECKING:
    from gql_api.loaders import Loaders


class Found(NamedTuple):
    """A message that was found."""

    session: model.Session
    id: UUID
    micros: int
    role: str
    snippet: list[Piece]

    @property
    def created_at(self) -> datetime:
        return from_micros(self.micros)


async def find(
    loaders: "Loaders", owner: str, query: str, *, before: tuple[int, UUID] | None, limit: int
) -> tuple[list[Found], bool]:
    """Find an owner's messages, newest first, older than a place; tell whether there are more. Raises `SearchOff`."""
    asked = await _asked(loaders, query)
    if not asked:
        return [], False
    hits = await texts.find(owner, asked, before=before, limit=limit + 1)
    shown = hits[:limit]
    sessions = await loaders.session.load_many([Owned(owner, hit.session_id) for hit in shown])
    snippets = await asyncio.to_thread(_snippets, shown, asked)
    found = [
        Found(session, hit.message_id, hit.micros, hit.role, pieces)
        for hit, session, pieces in zip(shown, sessions, snippets, strict=True)
        if session  # it may have been deleted just now
    ]
    return found, len(hits) > limit


async def count(loaders: "Loaders", owner: str, query: str) -> int:
    """Count an owner's messages; raise `SearchOff`."""
    asked = await _asked(loaders, query)
    return await texts.count(owner, asked) if asked else 0


async def _asked(loaders: "Loaders", query: str) -> list[Term]:
    if loaders.places.texts is None:
        raise SearchOff("This server keeps no texts of messages, so they cannot be searched.")
    await loaders.places.flush_texts()
    return terms(query)


def _snippets(hits: Sequence[texts.Hit], asked: Sequence[Term]) -> list[list[Piece]]:
    return [snippet(hit.text, asked) for hit in hits]
