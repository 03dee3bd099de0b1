"""Global ids: opaque to clients, made for ever of a kind and what finds the thing in one step."""

from binascii import b2a_base64
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.relay import from_base64

from gql_api.errors import BadUserInput
from gql_api.loaders import FileKey, MessageKey, SessionEventKey
from gql_api.model import SessionEvent
from gql_api.schema.scalars import read_uuid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_END = 2**63 // 1000
_LONGEST_KEPT = 100
_LONGEST = 8192
"""More than the id of a file has whose path is as long as may be, each character of four bytes."""
SESSION_ID = "The session's global id, or the bare UUID that Acontext knows."
"""The description of every argument that names a session."""
GLOBAL_ID = "The global id: opaque, stable for ever, unique over all types."
T = TypeVar("T")


@strawberry.interface(description="Anything that can be fetched again by its global id, as Relay expects.")
class Node:
    """What `node` and `nodes` give."""

    id: strawberry.ID = strawberry.field(description=GLOBAL_ID)


def session_id(id: UUID) -> strawberry.ID:
    return _encode("Session", str(id))


def disk_id(id: UUID) -> strawberry.ID:
    return _encode("Disk", str(id))


def user_id(identifier: str) -> strawberry.ID:
    return _encode("User", identifier)


def erasure_id(id: UUID) -> strawberry.ID:
    return _encode("Erasure", str(id))


def file_id(disk: UUID, path: str) -> strawberry.ID:
    return _encode("File", f"{disk}:{path}")


def message_id(key: MessageKey) -> strawberry.ID:
    return message_id_at(spelled_of(str(key.session_id), key.created_at, str(key.id)))


def message_id_at(place: str) -> strawberry.ID:
    """Make the id of the message that is spelled so."""
    return _encode("Message", place)


def session_event_id(event: SessionEvent) -> strawberry.ID:
    return _encode("SessionEvent", spelled_of(str(event.session_id), event.created_at, event.id_text))


def part_id_at(place: str, number: int) -> strawberry.ID:
    """Make the id of a part of the message that is spelled so."""
    return _encode("MessagePart", f"{place}:{number}")


def spelled_of(session: str, created_at: datetime, id: str) -> str:
    """Spell the key of a message that is given in its pieces."""
    return f"{session}:{(created_at - _EPOCH) // _MICROSECOND}:{id}"


def _encode(kind: str, rest: str) -> strawberry.ID:
    return b2a_base64(f"{kind}:{rest}".encode(), newline=False).decode()  # type: ignore[return-value]


def microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Return the moment so many microseconds after the start of 1970; ValueError beyond what Acontext can count."""
    if not 0 <= microseconds < _END:
        raise ValueError("no time of Acontext's, which counts nanoseconds in 64 bits")
    return _EPOCH + timedelta(microseconds=microseconds)


def uuid(text: str) -> UUID:
    """Read a UUID as it stands in our ids; ValueError for anything else, and for the nil UUID."""
    return read_uuid(text)


def decode(id: str) -> tuple[str, str]:
    """Split a global id into its kind and what stands behind it; raise ValueError when it is none."""
    if len(id) > _LONGEST:
        raise ValueError("longer than any id of ours")
    return from_base64(id)


def read_session(id: str, name: str) -> UUID:
    """Read the id of a session, global or bare; raise `BadUserInput` naming the argument."""
    return _read(id, name, "Session", uuid, bare=True)


def read_disk(id: str, name: str) -> UUID:
    """Read the id of a disk, global or bare; raise `BadUserInput` naming the argument."""
    return _read(id, name, "Disk", uuid, bare=True)


def read_erasure(id: str, name: str) -> UUID:
    """Read the global id of an erasure; raise `BadUserInput` naming the argument."""
    return _read(id, name, "Erasure", uuid, bare=False)


def read_file(id: str, name: str) -> FileKey:
    """Read the global id of a file; raise `BadUserInput` naming the argument."""
    return _read(id, name, "File", parse_file, bare=False)


def read_message(id: str, name: str) -> MessageKey | UUID:
    """Read the id of a message, global or bare; raise `BadUserInput` naming the argument."""
    try:
        return uuid(id)
    except ValueError:
        return read_placed_message(id, name)


def read_placed_message(id: str, name: str) -> MessageKey:
    """Read the global id of a message, which tells where it stands; raise `BadUserInput` naming the argument."""
    return _read(id, name, "Message", parse_message, bare=False)


def parse_file(text: str) -> FileKey:
    """Read what stands behind `File:`; ValueError when it is malformed."""
    disk, _, path = text.partition(":")
    head, slash, filename = path.rpartition("/")
    # Other programs may have named it otherwise than we would; but these names Acontext never lets there be.
    if not slash or not filename or (head and not head.startswith("/")) or ".." in head:
        raise ValueError("not the whole path of a file")
    return FileKey(uuid(disk), head + "/", filename)


def parse_message(text: str) -> MessageKey:
    """Read what stands behind `Message:`; ValueError when it is malformed."""
    return MessageKey(*_placed(text))


def parse_session_event(text: str) -> SessionEventKey:
    """Read what stands behind `SessionEvent:`; ValueError when it is malformed."""
    return SessionEventKey(*_placed(text))


def _placed(text: str) -> tuple[UUID, datetime, UUID]:
    session, time, id = text.split(":")
    if not (time.isascii() and time.isdigit()):
        raise ValueError("not a time")
    return uuid(session), moment(int(time)), uuid(id)


class _OtherKind(ValueError):
    """It is an id of another kind of thing."""


def _read(id: str, name: str, kind: str, parse: Callable[[str], T], *, bare: bool) -> T:
    try:
        found: T = (_kept if len(id) <= _LONGEST_KEPT else _found)(id, kind, parse, bare)
    except _OtherKind:
        raise BadUserInput(f"{name}: this is the id of another kind of thing; {_a(kind)} is wanted.") from None
    except ValueError:
        raise BadUserInput(f"{name}: this is not an id of {_a(kind)}.") from None
    return found


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"


def _found(id: str, kind: str, parse: Callable[[str], Any], bare: bool) -> Any:
    if bare:
        with suppress(ValueError):
            return parse(id)
    found, rest = decode(id)
    if found != kind:
        raise _OtherKind
    return parse(rest)


_kept = lru_cache(maxsize=4096)(_found)
"""Clients come back with the same ids, above all those of the sessions that are in use."""
