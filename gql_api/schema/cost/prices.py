"""What each field costs that asks Acontext or the database for something, or lists what one has any number of.

All other fields are at hand where their object is, and cost nothing. A test holds the table against the schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gql_api.schema.connection import DEFAULT_PAGE, MOST

CALL = 10
"""Points of one call of Acontext, to one for each session, message or file that may be shown."""
SEARCH = 50 * CALL
"""Points of a search through the texts of a disk, of which nobody knows beforehand how much there is."""
COUNT = 2
"""Points of counting the tokens of one message, guessed low: what it comes to is a point for so many tokens."""
TOKENS_A_POINT = 10
UNCOUNTED_MESSAGES = 1000
"""How many messages a conversation is taken to have that was not counted yet."""
_FILES = 20
_DIRECTORIES = 3
"""How many are guessed: trees of directories are asked for level by level, and most are small."""

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Price:
    """Points for the field itself, and where it is a list, how many entries it has, at so many points each.

    `size` is told from the arguments as a client names them; None: the whole conversation, of the session around it or
    that the arguments name. `is_of_all`: it is as long
    as the connection that it is a field of, each of whose entries it may name.
    """

    points: int = 0
    size: Callable[[Arguments], int | None] | None = None
    each: int = 1
    is_of_all: bool = False


def _bounded(size: Any, otherwise: int) -> int:
    """Read a page's size; one beyond the limit is refused where it is read."""
    return min(max(size, 0), MOST) if isinstance(size, int) else otherwise


def _page(arguments: Arguments) -> int:
    return _bounded(arguments.get("first"), _bounded(arguments.get("last"), DEFAULT_PAGE))


def _messages(arguments: Arguments) -> int | None:
    """Tell how many are read: for an edited page the whole conversation is."""
    if arguments.get("editStrategy") or not is_paged(arguments):
        return None
    return _page(arguments)


def _length(given: Any) -> int:
    """Tell how many a list has; a single value may stand for a list of one."""
    return len(given) if isinstance(given, list) else 1


def _stored(arguments: Arguments) -> int:
    given = arguments.get("input")
    return _length(given.get("messages")) if isinstance(given, Mapping) else 1


def _named(arguments: Arguments) -> int:
    given = arguments.get("input")
    return min(_length(given.get("ids")), MOST) if isinstance(given, Mapping) else 1


def is_paged(arguments: Arguments) -> bool:
    """Tell whether a page is asked for, and not the whole."""
    return isinstance(arguments.get("first"), int) or isinstance(arguments.get("last"), int)


_SESSIONS = Price(1, _page)
_LISTED_FILES = Price(CALL, lambda arguments: _bounded(arguments.get("first"), _FILES))
_ONE = Price(CALL)

PRICES: dict[str, Price] = {
    "Query.node": _ONE,
    "Query.nodes": Price(0, lambda arguments: min(_length(arguments.get("ids")), MOST), each=CALL),
    "Query.session": Price(1),
    "Query.disk": Price(1),
    "Query.sessions": _SESSIONS,
    "Query.erasure": Price(2),
    "User.sessions": _SESSIONS,
    "Query.searchMessages": Price(CALL, _page),
    "MessageHit.message": Price(CALL + 1),
    "SessionConnection.totalCount": _ONE,
    "MessageHitConnection.totalCount": _ONE,
    "Session.displayTitle": _ONE,
    "Session.lastMessage": Price(CALL + 1),
    "Session.tags": Price(1),
    "Session.forkedFrom": Price(1),
    "Session.configs": _ONE,
    "Session.messages": Price(CALL, _messages),
    "Session.files": _LISTED_FILES,
    "Session.file": _ONE,
    "Session.exportUrl": Price(1),
    "User.exportUrl": Price(1),
    "Session.events": Price(CALL, _page),
    "Session.tokenCounts": _ONE,
    "SessionEventConnection.totalCount": _ONE,
    "MessageConnection.editAtMessageId": Price(1),
    "MessageConnection.totalCount": _ONE,
    "MessageConnection.tokenCount": _ONE,
    "MessageConnection.formatted": _ONE,
    "MessageConnection.edits": Price(CALL, is_of_all=True),
    "Message.tokenCount": Price(COUNT),
    "MediaPart.publicUrl": Price(1),
    "Disk.files": _LISTED_FILES,
    "Disk.file": _ONE,
    "Disk.grep": Price(SEARCH, lambda arguments: _bounded(arguments.get("first"), _FILES)),
    "Directory.files": _LISTED_FILES,
    "FileConnection.directories": Price(0, lambda _: _DIRECTORIES),
    "File.publicUrl": _ONE,
    "File.textContent": _ONE,
    "Mutation.createSession": Price(2 * CALL),
    "Mutation.getOrCreateSession": Price(3 * CALL),
    "Mutation.updateSession": Price(2 * CALL),
    "Mutation.deleteSession": Price(5 * CALL),
    "Mutation.updateSessions": Price(0, _named),
    "Mutation.deleteSessions": Price(0, _named, each=5 * CALL),
    "Mutation.deleteUser": Price(50 * CALL),
    "Mutation.forkSession": Price(8 * CALL, lambda _: None, each=4),
    "Mutation.importSession": Price(50 * CALL),
    "Mutation.storeMessage": _ONE,
    "Mutation.storeMessages": Price(0, _stored, each=CALL),
    "Mutation.updateMessageMetadata": Price(2 * CALL),
    "Mutation.uploadFile": Price(2 * CALL),
    "Mutation.updateFileMetadata": Price(2 * CALL),
    "Mutation.deleteFile": _ONE,
    "Subscription.messageStored": Price(2 * CALL),
    "Subscription.sessionListChanged": _ONE,
}
"""By type and field. Sizes of connections hold for their `nodes` and `edges`, and are counted once."""

ENTRIES = {"nodes", "edges"}
"""The fields of a connection that show as many entries as the connection has."""
ALL_NAMED = {"UpdateSessionsPayload.sessions"}
"""The fields of a payload that show as many as were named."""
EXPLICIT_LISTS: dict[str, Callable[[Arguments], int]] = {
    "Query.nodes": lambda arguments: _length(arguments.get("ids")),
    "Mutation.updateSessions": _named,
    **dict.fromkeys(
        ("Query.sessions", "Query.searchMessages", "User.sessions"),
        lambda arguments: _page(arguments) if is_paged(arguments) else 1,
    ),
}
"""How many sessions a list asks for; where it does not say, it is known only once they are read."""
