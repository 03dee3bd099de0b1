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
    text: str

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
    found = [
        Found(session, hit.message_id, hit.micros, hit.role, hit.text)
        for hit, session in zip(shown, sessions, strict=True)
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


async def snippets(found: Sequence[Found], query: str) -> list[list[Piece]]:
    """Show where each of these messages has what was looked for; long ones take some time, in which others go on."""
    return await asyncio.to_thread(_snippets, [one.text for one in found], query)


def _snippets(texts: Sequence[str], query: str) -> list[list[Piece]]:
    asked = terms(query)
    return [snippet(text, asked) for text in texts]
