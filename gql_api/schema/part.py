"""The parts of a message as types: each holds Acontext's form, and reads from it what is selected."""

import asyncio
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Annotated, Any

import strawberry

from gql_api import model
from gql_api.errors import BadUserInput
from gql_api.loaders import Loaders, MessageKey, Shown
from gql_api.schema import node, stored_part
from gql_api.schema.computed import computed
from gql_api.schema.context import Info
from gql_api.schema.scalars import Json, Url

_OWN_DAY = 24 * 3600
_LONGEST_EXPIRY = 7 * 24 * 3600
METADATA = "What else Acontext keeps with the part, as an object."
Place = tuple[str, int]
"""Of a part: the message's id, and its number within the message."""

ExpiresIn = Annotated[
    int, strawberry.argument(description="How many seconds the URL shall work: 1 to 604800 (a week).")
]
MediaExpiresIn = Annotated[
    int,
    strawberry.argument(
        description="How many seconds the URL shall work at least: 1 to 86400. Acontext makes it work for a day, "
        "whatever is asked; expiresAt tells until when."
    ),
]


def check_expiry(seconds: int, longest: int = _LONGEST_EXPIRY) -> int:
    """Refuse lifetimes out of bounds; 0 would mean for ever to Acontext."""
    if not 1 <= seconds <= longest:
        raise BadUserInput(f"expiresIn: 1 to {longest} seconds.")
    return seconds


@strawberry.enum(description="What kind of medium a part holds.")
class MediaKind(Enum):
    """Acontext's media part types."""

    IMAGE = strawberry.enum_value("image", description="A picture.")
    AUDIO = strawberry.enum_value("audio", description="Sound.")
    VIDEO = strawberry.enum_value("video", description="A film.")
    FILE = strawberry.enum_value("file", description="A document or any other file.")


@strawberry.type(description="A URL that anybody who has it can read from.")
class SignedUrl:
    """A URL and its end."""

    url: Url = strawberry.field(description="The address. Of Acontext's files: answered as a download.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it works; null where that is not known here: a URL of others that a user wrote."
    )


class Together:
    """Messages of a session that were read together.

    A result answers the last call of its id before it, and no other page's.
    """

    def __init__(self, messages: list[model.Message]) -> None:
        self._messages = messages
        self._session = str(messages[0].session_id) if messages else ""
        self._tokens: dict[str, int | BaseException | None] = {}

    def spelled(self, message: model.Message) -> str:
        """Spell the key of one of these messages."""
        return node.spelled_of(self._session, message.created_at, message.id_text)

    async def count(self, loaders: Loaders) -> int:
        """Count the tokens of each of these messages, for `tokens_of`; tell how many they have together."""
        loads = [loaders.token_count.load(Shown(message)) for message in self._messages]
        counts = await asyncio.gather(*loads, return_exceptions=True)
        self._tokens = {message.id_text: found for message, found in zip(self._messages, counts, strict=True)}
        return sum(found for found in counts if isinstance(found, int))

    def tokens_of(self, message: model.Message) -> int | None:
        """Give the count of a message, None where time was over; raise what was in the way of it."""
        found = self._tokens[message.id_text]
        if isinstance(found, BaseException):
            raise found
        return found

    @cached_property
    def linked(self) -> tuple[dict[Place, Place], dict[Place, Place]]:
        """Tell the place of each call's first result, and that of each result's call."""
        calls: dict[str, Place] = {}
        results: dict[Place, Place] = {}
        answered: dict[Place, Place] = {}
        for message in self._messages:
            for number, raw in enumerate(message.parts):
                kind, here = _CLASSES.get(raw.get("type", "")), (message.id_text, number)
                if kind is ToolCallPart and stored_part.call_id(raw, "id"):
                    calls[stored_part.call_id(raw, "id")] = here
                elif kind is ToolResultPart and stored_part.call_id(raw, "tool_call_id") in calls:
                    results[here] = calls[stored_part.call_id(raw, "tool_call_id")]
                    answered.setdefault(results[here], here)
        return answered, results

    def part(self, place: Place | None) -> Any:
        """Make the part at a place."""
        found = place and self._by_id[place[0]]
        return make_parts(found, self)[place[1]] if place and found else None

    @cached_property
    def _by_id(self) -> dict[str, model.Message]:
        return {message.id_text: message for message in self._messages}


def key_of(message: model.Message) -> MessageKey:
    """Give what a message is found by."""
    return MessageKey(message.session_id, message.created_at, message.id)


@strawberry.interface(description="A piece of a message.")
class MessagePart:
    """What all parts have."""

    id: strawberry.ID = computed(
        "The message's and the part's place; stable, opaque.",
        lambda self: node.part_id_at(self.together.spelled(self.message), self.number),
    )
    metadata: Json = computed(METADATA, lambda self: stored_part.meta(self.stored))
    message: strawberry.Private[model.Message]
    number: strawberry.Private[int]
    stored: strawberry.Private[model.JsonObject]
    together: strawberry.Private[Together]


@strawberry.type(description="Text.")
class TextPart(MessagePart):
    """A text part."""

    text: str = computed("The text as written.", lambda self: self.stored.get("text") or "")


@strawberry.type(description="What a model thought before it answered.")
class ThinkingPart(MessagePart):
    """A thinking or redacted_thinking part."""

    text: str = computed(
        "The thought; empty where the provider redacted it.",
        lambda self: "" if self.redacted else self.stored.get("text") or "",
    )
    redacted: bool = computed(
        "Whether the provider gave it only in encrypted form.", lambda self: self.stored["type"] == "redacted_thinking"
    )


@strawberry.type(description="A model's wish to have a tool called.")
class ToolCallPart(MessagePart):
    """A tool-call part."""

    metadata: Json = computed(METADATA, lambda self: stored_part.meta(self.stored, "id", "name", "arguments"))
    call_id: str = computed(
        "The provider's id of the call; empty when none was given.", lambda self: stored_part.call_id(self.stored, "id")
    )
    name: str = computed("The tool's name.", lambda self: str((self.stored.get("meta") or {}).get("name") or ""))
    arguments: Json | None = computed(
        "The arguments read as JSON; null when they are not JSON.",
        lambda self: stored_part.parsed(stored_part.arguments(self.stored)),
    )
    arguments_text: str = computed(
        "The arguments as text: where they came as text, byte for byte.",
        lambda self: stored_part.arguments(self.stored),
    )
    result: "ToolResultPart | None" = computed(
        "Its result; null when it is not among the messages of the page that was read.",
        lambda self: self.together.part(self.together.linked[0].get((self.message.id_text, self.number))),
    )


@strawberry.type(description="What a tool answered.")
class ToolResultPart(MessagePart):
    """A tool-result part."""

    metadata: Json = computed(METADATA, lambda self: stored_part.meta(self.stored, "tool_call_id", "is_error"))
    call_id: str = computed(
        "The id of the call that it answers; empty when none was given.",
        lambda self: stored_part.call_id(self.stored, "tool_call_id"),
    )
    text: str = computed("The answer as text.", lambda self: self.stored.get("text") or "")
    is_error: bool = computed(
        "Whether the tool failed.", lambda self: bool((self.stored.get("meta") or {}).get("is_error"))
    )
    call: ToolCallPart | None = computed(
        "The call; null when it is not among the messages of the page that was read.",
        lambda self: self.together.part(self.together.linked[1].get((self.message.id_text, self.number))),
    )


@strawberry.type(description="A picture, sound, film or file within a message.")
class MediaPart(MessagePart):
    """An image, audio, video or file part."""

    kind: MediaKind = computed("What it is.", lambda self: MediaKind(self.stored["type"]))
    filename: str | None = computed(
        "The name of the uploaded file; null when none is known.",
        lambda self: self.stored.get("filename") or (self.stored.get("meta") or {}).get("filename"),
    )
    mime_type: str | None = computed(
        "Its media type; null when it is not known.", lambda self: stored_part.mime(self.stored)
    )
    size: int | None = computed(
        "Its size in bytes; null when it is not kept here.", lambda self: stored_part.size(self.stored)
    )
    sha256: str | None = computed(
        "The hash of its bytes; null when Acontext does not keep them.",
        lambda self: (self.stored.get("asset") or {}).get("sha256"),
    )

    @strawberry.field(
        description="Where its bytes can be read: of Acontext's own store, or the address that a user wrote. Null for "
        "media that stand within the message itself."
    )
    async def public_url(self, info: Info, expires_in: MediaExpiresIn = 3600) -> SignedUrl | None:
        seconds = check_expiry(expires_in, _OWN_DAY)
        if self.sha256 is None:
            link = stored_part.link(self.stored)
            return SignedUrl(url=Url(link), expires_at=None) if link else None
        found = await info.context.loaders.media_url(key_of(self.message), self.sha256, seconds=seconds)
        return SignedUrl(url=Url(found.url), expires_at=found.expires_at) if found else None


@strawberry.type(description="Structured data of an application.")
class DataPart(MessagePart):
    """A data part."""

    data_type: str = computed(
        "What the application calls this kind of data.",
        lambda self: str((self.stored.get("meta") or {}).get("data_type") or ""),
    )


@strawberry.type(description="A part of a type that this server does not know yet.")
class UnknownPart(MessagePart):
    """A part type of tomorrow; it breaks no client."""

    part_type: str = computed("The type as Acontext names it.", lambda self: str(self.stored.get("type") or ""))
    raw: Json = computed("The whole part as Acontext gives it.", lambda self: self.stored)


PART_TYPES = (TextPart, ThinkingPart, ToolCallPart, ToolResultPart, MediaPart, DataPart, UnknownPart)
_CLASSES: dict[str, type[MessagePart]] = {
    "text": TextPart,
    "thinking": ThinkingPart,
    "redacted_thinking": ThinkingPart,
    "tool-call": ToolCallPart,
    "tool-result": ToolResultPart,
    "data": DataPart,
    **dict.fromkeys(("image", "audio", "video", "file"), MediaPart),
}


def make_parts(message: model.Message, together: Together) -> list[MessagePart]:
    """Make the typed parts of a message."""
    made: list[MessagePart] = []
    # There are very many, for which a comprehension and the classes' own way to be made take three times as long.
    for number, stored in enumerate(message.parts):
        part = object.__new__(_CLASSES.get(stored.get("type", ""), UnknownPart))
        part.message = message
        part.number = number
        part.stored = stored
        part.together = together
        made.append(part)
    return made
