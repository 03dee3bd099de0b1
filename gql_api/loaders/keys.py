"""What the loaders are asked by: plain values that name one thing each."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gql_api import model


@dataclass(frozen=True, slots=True)
class Owned:
    """The key of a mapping: who asks, and for which id."""

    owner: str
    id: UUID


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of a file: `directory` has a slash at both ends."""

    disk_id: UUID
    directory: str
    filename: str


@dataclass(frozen=True, slots=True)
class MessageKey:
    """The key of a message: with its time it is found in one call."""

    session_id: UUID
    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class SessionsKey:
    """The key of a page of sessions, as `store.mappings.page` takes it."""

    owner: str
    where: model.SessionFilter
    newest_first: bool
    after: model.SessionPosition | None
    before: model.SessionPosition | None
    limit: int
    from_end: bool
