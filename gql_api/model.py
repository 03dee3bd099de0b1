"""The nouns that all layers share, as plain frozen values; behaviour lives in services, loaders and the schema."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

JsonObject = dict[str, Any]


class Viewer(NamedTuple):
    """Who asks: every read and write of a request is scoped to this user."""

    user: str
    may_name_others: bool
    """Whether an argument may say that somebody else's sessions are meant."""
    until: float | None = None
    """When what proves who asks is no longer good, in seconds since 1970; None where nothing is proved."""


class Session(NamedTuple):
    """A ready session: the binding of one Acontext session to one disk. `id` is Acontext's session id."""

    id: UUID
    user: str
    title: str | None
    disk_id: UUID
    disk_created_at: datetime
    created_at: datetime
    updated_at: datetime
    pinned_at: datetime | None = None
    archived_at: datetime | None = None
    last_activity_at: datetime | None = None
    """When its newest message was stored, as far as it was seen here; None where none was since it was made."""
    forked_from: UUID | None = None
    """The session that it was made of, which may be gone since."""

    @property
    def active_at(self) -> datetime:
        return self.last_activity_at or self.created_at


class MappingState(Enum):
    """Where a mapping stands in its life; only READY ones are visible to readers."""

    CREATING = "creating"
    READY = "ready"
    DELETING = "deleting"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping row in any state, for services that create, delete and reconcile."""

    id: UUID
    user: str
    title: str | None
    state: MappingState
    disk_id: UUID | None
    adopted: bool
    """The Acontext session was there before us: undoing the intent must not delete it."""
    nonce: str
    """Written into the configs of a session that we make; proves at undo that the session is ours."""
    created_at: datetime
    updated_at: datetime
    lease_until: datetime
    """While it is being made or deleted: until when nobody but who began with that, or went on with it, works on it."""


class Erasure(NamedTuple):
    """The deletion of all sessions of a user, under way or finished; what it counts is gone."""

    id: UUID
    user: str
    begun_at: datetime
    finished_at: datetime | None
    sessions: int
    disks: int
    keys: int
    """Idempotency keys, of sessions and of messages."""
    entries: int
    """What was kept of sessions beside their rows: places and counts of messages, and tags."""
    left: int
    """Sessions, half made ones too."""
    put_off: int
    """Of those left, the ones that Acontext is being asked to delete, or did not delete yet."""


class SessionPosition(NamedTuple):
    """A place in a list of sessions: keyset on the time that orders the list, then id."""

    at: datetime
    id: UUID


class SessionFilter(NamedTuple):
    """Which sessions of a user to list; an absent condition matches all."""

    title_contains: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    archived: bool | None = None
    pinned: bool | None = None
    tags: tuple[str, ...] = ()
    """All of them are the session's."""


class Message(NamedTuple):
    """A message in Acontext's own form; `meta` has the system keys, `user_meta` the caller's own.

    There are thousands of them in one answer, so that its id stays text until somebody wants to reckon with it.
    """

    id_text: str
    """In lower case, with dashes."""
    session_id: UUID
    role: str
    parts: list[JsonObject]
    meta: JsonObject
    user_meta: JsonObject
    created_at: datetime
    created_text: str = ""
    """The same time in RFC 3339 as Acontext wrote it; empty where it did not write it."""

    @property
    def id(self) -> UUID:
        return UUID(self.id_text)


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages of one upstream read, oldest first."""

    messages: list[Message]
    has_more: bool
    tokens: int
    """o200k_base tokens of these messages, after editing."""
    edit_at: UUID | None
    """The last message that edits were applied to; None for an empty conversation."""
    asset_urls: dict[str, "SignedUrl"] = field(default_factory=dict)
    """By SHA-256 of the asset; filled only when URLs were asked for."""


class SignedUrl(NamedTuple):
    """A URL that anybody who has it can read from, until `expires_at`."""

    url: str
    expires_at: datetime | None


class SessionEvent(NamedTuple):
    """What a program noted in a session beside its messages; `data` is an object, or None."""

    id_text: str
    """In lower case, with dashes."""
    session_id: UUID
    type: str
    data: Any
    created_at: datetime
    created_text: str = ""
    """The same time in RFC 3339 as Acontext wrote it."""

    @property
    def id(self) -> UUID:
        return UUID(self.id_text)


class SessionEventPage(NamedTuple):
    """Events of one upstream read, oldest first."""

    events: list[SessionEvent]
    has_more: bool


class Disk(NamedTuple):
    """A disk as Acontext knows it."""

    id: UUID
    created_at: datetime


class File(NamedTuple):
    """A file of a disk. `directory` starts and ends with a slash; `metadata` is the caller's own.

    There are thousands of them in one directory.
    """

    disk_id: UUID
    directory: str
    filename: str
    mime_type: str
    size: int
    metadata: JsonObject
    created_at: datetime
    updated_at: datetime
    created_text: str = ""
    """The same time in RFC 3339 as Acontext wrote it; empty where it did not write it."""
    updated_text: str = ""

    def __hash__(self) -> int:
        return hash((self.disk_id, self.directory, self.filename, self.updated_at))

    @property
    def path(self) -> str:
        return self.directory + self.filename


class Listing(NamedTuple):
    """The direct children of a directory, each sorted by name."""

    files: list[File]
    directories: list[str]
