"""What the loaders are asked by: plain values that name one thing each."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gql_api import model


class Owned(NamedTuple):
    """The key of a mapping: who asks, and for which id."""

    owner: str
    id: UUID


class FileKey(NamedTuple):
    """The key of a file: `directory` has a slash at both ends."""

    disk_id: UUID
    directory: str
    filename: str


class MessageKey(NamedTuple):
    """The key of a message: with its time it is found in one call."""

    session_id: UUID
    created_at: datetime
    id: UUID


class SessionEventKey(NamedTuple):
    """The key of an event of a session: with its time it is found in one call."""

    session_id: UUID
    created_at: datetime
    id: UUID


class Shown:
    """The key of a message as it is shown: edited, it has the same id as otherwise, so it is that very object."""

    __slots__ = ("message",)

    def __init__(self, message: model.Message) -> None:
        self.message = message

    def __hash__(self) -> int:
        return id(self.message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shown) and self.message is other.message


class SessionsKey(NamedTuple):
    """The key of a page of sessions, as `store.mappings.page` takes it."""

    owner: str
    where: model.SessionFilter
    newest_first: bool
    by_activity: bool
    after: model.SessionPosition | None
    before: model.SessionPosition | None
    limit: int
    from_end: bool
