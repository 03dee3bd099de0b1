"""Walks the schema for every place where a client may name a thing, and writes an operation that does so there.

A place is an argument, or a field of an input however deep within one, of a field that the root leads to.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)
from graphql.type import get_nullable_type

SESSION, DISK, FILE = ("session", "bare session"), ("disk", "bare disk"), ("file",)
MESSAGE = ("message", "own session's message", "bare message")
NODES = ("session", "disk", "file", "message", "own session's message", "event", "part", "user", "erasure")
OF_A_LIST = {"session cursor", "hit cursor"}
"""What leads into a list of one's own, whoever it was given to."""
OF_ONE_SESSION = {"message cursor", "edited cursor", "event cursor", "resume cursor"}
"""What fits no other session, so that nothing is asked about any."""
INSIDE = {"own session's message", "bare message", "forged cursor", "forged edited cursor"}
"""What goes along with a read of Bob's own conversation, as the place of a message or as a pin."""
KINDS: dict[str, tuple[str, ...]] = {
    "Query.node(id)": NODES,
    "Query.nodes(ids)": NODES,
    "Query.session(id)": SESSION,
    "Query.disk(id)": DISK,
    "Query.erasure(id)": ("erasure",),
    "Query.sessions(after)": ("session cursor",),
    "Query.sessions(before)": ("session cursor",),
    "Query.searchMessages(after)": ("hit cursor",),
    "User.sessions(after)": ("session cursor",),
    "User.sessions(before)": ("session cursor",),
    "Session.messages(after)": ("message cursor", "forged cursor"),
    "Session.messages(before)": ("message cursor", "forged cursor"),
    "Session.messages(after) edited": ("edited cursor", "forged edited cursor"),
    "Session.messages(before) edited": ("edited cursor", "forged edited cursor"),
    "Session.messages(pinAtMessageId)": MESSAGE,
    "Session.events(after)": ("event cursor",),
    "Session.files(after)": ("file cursor",),
    "Disk.files(after)": ("file cursor",),
    "Directory.files(after)": ("file cursor",),
    "UpdateSessionInput.id": SESSION,
    "DeleteSessionInput.id": SESSION,
    "UpdateSessionsInput.ids": SESSION,
    "DeleteSessionsInput.ids": SESSION,
    "GetOrCreateSessionInput.id": SESSION,
    "ForkSessionInput.sessionId": SESSION,
    "ForkSessionInput.atMessageId": MESSAGE,
    "StoreMessageInput.sessionId": SESSION,
    "StoreMessagesInput.sessionId": SESSION,
    "StoreMessageInput.expectedLastMessageId": MESSAGE,
    "StoreMessagesInput.expectedLastMessageId": MESSAGE,
    "UpdateMessageMetadataInput.messageId": ("message",),
    "UploadFileInput.sessionId": SESSION,
    "FilePathInput.sessionId": SESSION,
    "FileRefInput.id": FILE,
    "AttachmentInput.fileId": FILE,
    "Subscription.messageStored(sessionId)": SESSION,
    "Subscription.messageStored(after)": ("message cursor", "resume cursor"),
}
"""What may stand in each place; `edited` is the same place beside edit strategies."""
TELLING = {"CreateSessionInput.acontextId", "GetOrCreateSessionInput.diskId"}
"""Here the caller chooses an id of Acontext's, which one session alone may have: a taken one is said to be so."""
NAMES_NOTHING = {
    "Subscription.sessionListChanged(user)",
    *("Query.user(identifier)", "Query.sessions(user)", "Query.searchMessages(user)"),
    *("CreateSessionInput.user", "GetOrCreateSessionInput.user"),
    *("ImportSessionInput.user", "ImportSessionInput.archive"),
    *("Query.erasure(user)", "DeleteUserInput.user", "DeleteUserInput.idempotencyKey"),
    *(f"{name}SessionInput.title" for name in ("Create", "GetOrCreate", "Update", "Fork")),
    *("CreateSessionInput.configs", "GetOrCreateSessionInput.configs", "UpdateSessionInput.configs"),
    *("CreateSessionInput.idempotencyKey", "GetOrCreateSessionInput.idempotencyKey"),
    *("StoreMessageInput.idempotencyKey", "StoreMessagesInput.idempotencyKey", "ForkSessionInput.idempotencyKey"),
    *("SessionFilter.tags", "UpdateSessionInput.tags", "UpdateSessionsInput.addTags", "UpdateSessionsInput.removeTags"),
    *("Query.searchMessages(query)", "SessionFilter.titleContains", "RemoveToolResultInput.toolResultPlaceholder"),
    *("RemoveToolResultInput.keepTools", "RemoveToolCallParamsInput.keepTools"),
    *("StoreMessageInput.metadata", "StoreMessagesItemInput.metadata", "UploadFileInput.metadata"),
    *("UpdateFileMetadataInput.metadata", "UpdateMessageMetadataInput.metadata"),
    *("MessageInput.openai", "MessageInput.anthropic", "MessageInput.gemini", "MessageInput.acontext"),
    *("ChatMessageInput.content", "ChatMessageInput.toolCallId"),
    *("ToolCallInput.callId", "ToolCallInput.name", "ToolCallInput.arguments"),
    *("Session.files(path)", "Session.files(glob)", "Session.file(path)"),
    *("Disk.files(path)", "Disk.files(glob)", "Disk.file(path)", "Disk.grep(pattern)"),
    *("UploadFileInput.path", "FilePathInput.path", "FileContentInput.text", "FileContentInput.base64"),
    *("FileContentInput.upload", "AttachmentInput.upload", "AttachmentInput.url"),
    *("Base64Input.data", "Base64Input.filename", "Base64Input.mimeType"),
}
"""Texts that are kept, searched for, or read within a thing that was found to be the viewer's; users have rights.

A key is one of its user's, or of a session of theirs.
"""
SHOWS_OWN = {"AttachmentInput.fileId"}
"""Where it is refused, the payload has the session that was to be written to, which is the caller's own."""
CHECKED_ELSEWHERE = {"Int", "Float", "Boolean", "DateTime"}
OWN = "<own session>"
"""Stands for a session of the caller's own."""
FILL = {
    "StoreMessageInput.sessionId": f'"{OWN}"',
    "StoreMessagesInput.sessionId": f'"{OWN}"',
    "ForkSessionInput.sessionId": f'"{OWN}"',
    "StoreMessageInput.message": '{chat: {role: USER, content: "hello"}}',
    "StoreMessagesInput.messages": '[{message: {chat: {role: USER, content: "hello"}}}]',
    "StoreMessagesItemInput.message": '{chat: {role: USER, content: "hello"}}',
    "ChatMessageInput.role": "USER",
    "UploadFileInput.path": '"/a.txt"',
    "UploadFileInput.content": '{text: "x"}',
    "FilePathInput.path": '"/a.txt"',
    "UpdateFileMetadataInput.metadata": "{stolen: true}",
    "UpdateMessageMetadataInput.metadata": "{stolen: true}",
}
"""What is required beside an id."""
EDITING = "editStrategy: {tokenLimit: {limitTokens: 2}}"
BESIDE = {
    "Query.searchMessages(after)": 'query: "hello"',
    "Session.messages(pinAtMessageId)": EDITING,
    "Session.messages(after) edited": EDITING,
    "Session.messages(before) edited": EDITING,
    "UpdateSessionInput.id": 'title: "stolen", configs: {a: 1}, tags: ["stolen"], archived: true, pinned: true',
    "UpdateSessionsInput.ids": 'addTags: ["stolen"], archived: true',
    "GetOrCreateSessionInput.id": 'title: "mine"',
    "Subscription.messageStored(after)": f'sessionId: "{OWN}"',
}
"""What is given along, so that there would be something to tell or to change."""
_FRESH = {"ID", "UUID", "DateTime", "URL"}
_REMEMBERED = {"SignedUrl"}
"""What is asked of Acontext once and given again: a second answer costs less than the first."""
_DEEPEST = 2
_ON = "... on "


@dataclass(frozen=True)
class Place:
    """Where an id stands: the fields that lead there, the field with the argument, and the names down to the id."""

    name: str
    way: tuple[str, ...]
    field: str
    path: tuple[tuple[str, GraphQLInputObjectType | None], ...]
    is_list: bool


def places(schema: GraphQLSchema) -> Iterator[Place]:
    """Find every place of a scalar that is not plainly a number, a time or a choice."""
    for kind, way in _ways(schema).items():
        for name, field in kind.fields.items():
            for argument, taken in field.args.items():
                yield from _within(f"{kind.name}.{name}({argument})", taken.type, way, name, ((argument, None),))


def _within(name: str, taken: Any, way: tuple[str, ...], field: str, path: tuple[Any, ...]) -> Iterator[Place]:
    kind = get_named_type(taken)
    if isinstance(kind, GraphQLInputObjectType):
        for inner, of in kind.fields.items():
            yield from _within(f"{kind.name}.{inner}", of.type, way, field, (*path, (inner, kind)))
    elif isinstance(kind, GraphQLScalarType) and kind.name not in CHECKED_ELSEWHERE:
        is_list = is_list_type(get_nullable_type(taken))
        yield Place(name, way, field, path, is_list)
        if field == "messages" and name in ("Session.messages(after)", "Session.messages(before)"):
            yield Place(f"{name} edited", way, field, path, is_list)


def _ways(schema: GraphQLSchema) -> dict[GraphQLObjectType, tuple[str, ...]]:
    """Give for each type that has fields the shortest way to it that needs no argument, the root's name first."""
    roots = [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]
    ways: dict[GraphQLObjectType, tuple[str, ...]] = {root: (root.name,) for root in roots}
    waiting = deque(roots)
    while waiting:
        kind = waiting.popleft()
        for found, steps in _steps(schema, kind):
            if found not in ways:
                ways[found] = (*ways[kind], *steps)
                waiting.append(found)
    return ways


def _steps(schema: GraphQLSchema, kind: GraphQLObjectType) -> Iterator[tuple[GraphQLObjectType, tuple[str, ...]]]:
    for name, field in kind.fields.items():
        found = get_named_type(field.type)
        if any(is_required_argument(taken) for taken in field.args.values()):
            continue
        if isinstance(found, GraphQLObjectType):
            yield found, (name,)
        elif isinstance(found, GraphQLInterfaceType | GraphQLUnionType):
            yield from ((one, (name, f"{_ON}{one.name}")) for one in schema.get_possible_types(found))


def unreached(schema: GraphQLSchema) -> set[str]:
    """Name the types that take arguments and that no way leads to."""
    ways = _ways(schema)
    kinds = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType) and kind not in ways]
    taking = [kind.name for kind in kinds if any(field.args for field in kind.fields.values())]
    return {name for name in taking if not name.startswith("__")}


def document(schema: GraphQLSchema, place: Place) -> str:
    """Write an operation with `$id` in this place."""
    root, *way = place.way
    kind: Any = schema.type_map[root]
    for step in way:
        on = step.removeprefix(_ON) if step.startswith(_ON) else get_named_type(kind.fields[step].type).name
        kind = schema.type_map[on]
    field = kind.fields[place.field]
    given = f"{place.path[0][0]}: {_value(place, 1)}"
    if len(place.path) == 1:
        given = ", ".join(filter(None, (given, BESIDE.get(place.name))))
    is_writing = root == "Mutation"
    inner = f"{place.field}({given}) {{ {_selection(get_named_type(field.type), _DEEPEST, whole=not is_writing)} }}"
    for step in reversed(way):
        inner = f"{step} {{ {inner} }}"
    kind_of_id = "String" if "cursor" in KINDS[place.name][0] else "ID"
    return f"{root.lower()} ($id: {kind_of_id}!) {{ {inner} }}"


def _value(place: Place, depth: int) -> str:
    if depth == len(place.path):
        return "[$id, $id]" if place.is_list else "$id"
    name, kind = place.path[depth]
    assert kind is not None
    beside = [
        f"{other}: {FILL[f'{kind.name}.{other}']}"
        for other, field in kind.fields.items()
        if other != name and is_required_input_field(field)
    ]
    more = BESIDE.get(place.name) if depth == len(place.path) - 1 else None
    return f"{{{', '.join(filter(None, [f'{name}: {_value(place, depth + 1)}', *beside, more]))}}}"


def _selection(kind: GraphQLNamedType, depth: int, *, whole: bool) -> str:
    """Select all that needs no argument; of what was made just now not what is never the same: ids, times, cursors."""
    chosen = ["__typename"]
    fields = kind.fields.items() if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else ()
    for name, field in fields:
        found = get_named_type(field.type)
        if found.name in _REMEMBERED or any(is_required_argument(taken) for taken in field.args.values()):
            continue
        if isinstance(found, GraphQLScalarType | GraphQLEnumType):
            if whole or (found.name not in _FRESH and "cursor" not in name.lower()):
                chosen.append(name)
        elif depth > 1:
            chosen.append(f"{name} {{ {_selection(found, depth - 1, whole=whole)} }}")
    return " ".join(chosen)
