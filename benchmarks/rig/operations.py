"""The operations that are measured, in the same words for all who are asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rig.content import LISTED, OWNER
from rig.ids import session_id

_FILES = "files { nodes { path mimeType size } }"
_SHORT = "nodes { id role text createdAt }"
_ONE = f"id title createdAt {_FILES} messages(first: 20) {{ {_SHORT} }} tokenCounts {{ total }}"
_PARTS = """parts { __typename
  ... on TextPart { text } ... on ToolCallPart { callId name argumentsText }
  ... on ToolResultPart { callId text isError } }"""
_PAGE = f"id title createdAt {_FILES} messages(%s: 5) {{ {_SHORT} }} tokenCounts {{ total }}"
STORING = 64
TOKEN_LIMIT = 70_000


@dataclass(frozen=True)
class Operation:
    """One operation; `variables` are those of the n-th request, `calls` what it needs of Acontext, all at once.

    Who makes sessions is another `asker`: they are not to be among those that are listed.
    """

    name: str
    title: str
    query: str
    calls: int
    variables: Callable[[int], dict[str, Any]] = lambda number: {}
    light: bool = False
    asker: str = OWNER

    def body(self, number: int) -> bytes:
        """Give the body of the n-th request."""
        asked = {"operationName": self.name, "query": self.query, "variables": self.variables(number)}
        return json.dumps(asked).encode()


def _any(number: int) -> dict[str, Any]:
    return {"id": session_id(number % LISTED)}


def _of(messages: int) -> Callable[[int], dict[str, Any]]:
    return lambda number: {"id": session_id(number % 4, messages=messages)}


def _stored(number: int) -> dict[str, Any]:
    return {"id": session_id(1000 + number % STORING), "text": f"Message {number} of a user who asks for something."}


def whole(messages: int) -> Operation:
    """Read all messages of a conversation with their parts."""
    query = f"query S6($id: ID!) {{ session(id: $id) {{ id messages {{ nodes {{ id role createdAt {_PARTS} }} }} }} }}"
    return Operation("S6", f"{messages} messages with parts", query, 1, _of(messages))


def newest(messages: int) -> Operation:
    """Read the newest 20 of a conversation."""
    end = "pageInfo { hasPreviousPage startCursor }"
    query = f"query S8($id: ID!) {{ session(id: $id) {{ id messages(last: 20) {{ {_SHORT} {end} }} }} }}"
    return Operation("S8", f"newest 20 of {messages} messages", query, 1, _of(messages), light=True)


def edited(messages: int) -> Operation:
    """Read what a token limit leaves of a conversation."""
    strategy = f"editStrategy: [{{tokenLimit: {{limitTokens: {TOKEN_LIMIT}}}}}]"
    view = f"messages({strategy}) {{ {_SHORT} tokenCount editAtMessageId }}"
    query = f"query S9($id: ID!) {{ session(id: $id) {{ id {view} }} }}"
    return Operation("S9", f"edited history of {messages} messages", query, 1, _of(messages))


def files(count: int) -> Operation:
    """Read a page of 50 files of a disk."""
    query = f"query Files($id: ID!) {{ session(id: $id) {{ id {_FILES.replace('files', 'files(first: 50)', 1)} }} }}"
    return Operation(
        "Files",
        f"50 of {count} files",
        query,
        1,
        lambda number: {"id": session_id(number % 4, files=count)},
        light=True,
    )


_STORE = """mutation S3($id: ID!, $text: String!) {
  storeMessage(input: {sessionId: $id, message: {chat: {role: USER, content: $text}}}) {
    message { id role text createdAt } } }"""
_CREATE = """mutation S4 { createSession(input: {title: "made by a benchmark"}) {
  session { id title createdAt disk { id } } } }"""
_ALIASES = " ".join(f"{alias}: session(id: $id) {{ {_ONE} }}" for alias in "abc")

OPERATIONS = (
    Operation("S1", "one session", f"query S1($id: ID!) {{ session(id: $id) {{ {_ONE} }} }}", 3, _any, light=True),
    Operation("S2", "page of 20, last 5", f"query S2 {{ sessions(first: 20) {{ nodes {{ {_PAGE % 'last'} }} }} }}", 60),
    Operation(
        "S2F", "page of 20, first 5", f"query S2F {{ sessions(first: 20) {{ nodes {{ {_PAGE % 'first'} }} }} }}", 60
    ),
    Operation("S3", "store a message", _STORE, 1, _stored, light=True),
    Operation("S4", "make a session", _CREATE, 2, light=True, asker="maker"),
    Operation("S5", "__typename", "query S5 { __typename }", 0, light=True),
    whole(500),
    Operation("S7", "S1 three times", f"query S7($id: ID!) {{ {_ALIASES} }}", 3, _any, light=True),
    newest(5000),
    edited(2000),
)
