"""The parts of a message as types, made from Acontext's form: plain attributes, calls and results linked."""

import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from gql_api import model
from gql_api.errors import BadUserInput
from gql_api.formats.media import parse_data_url
from gql_api.loaders import MessageKey
from gql_api.schema import node
from gql_api.schema.context import Info
from gql_api.schema.scalars import Json, Url

_WEB = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
"""What a page may link to; a user may have written any other scheme into a message."""

_OWN_DAY = 24 * 3600
_LONGEST_EXPIRY = 7 * 24 * 3600

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


@strawberry.interface(description="A piece of a message.")
class MessagePart:
    """What all parts have."""

    id: strawberry.ID = strawberry.field(description="The message's and the part's place; stable, opaque.")
    metadata: Json = strawberry.field(description="What else Acontext keeps with the part, as an object.")


@strawberry.type(description="Text.")
class TextPart(MessagePart):
    """A text part."""

    text: str = strawberry.field(description="The text as written.")


@strawberry.type(description="What a model thought before it answered.")
class ThinkingPart(MessagePart):
    """A thinking or redacted_thinking part."""

    text: str = strawberry.field(description="The thought; empty where the provider redacted it.")
    redacted: bool = strawberry.field(description="Whether the provider gave it only in encrypted form.")


@strawberry.type(description="A model's wish to have a tool called.")
class ToolCallPart(MessagePart):
    """A tool-call part."""

    call_id: str = strawberry.field(description="The provider's id of the call; empty when none was given.")
    name: str = strawberry.field(description="The tool's name.")
    arguments: Json | None = strawberry.field(description="The arguments read as JSON; null when they are not JSON.")
    arguments_text: str = strawberry.field(description="The arguments as text: where they came as text, byte for byte.")
    result: "ToolResultPart | None" = strawberry.field(
        default=None, description="Its result; null when it is not among the messages of the page that was read."
    )


@strawberry.type(description="What a tool answered.")
class ToolResultPart(MessagePart):
    """A tool-result part."""

    call_id: str = strawberry.field(description="The id of the call that it answers; empty when none was given.")
    text: str = strawberry.field(description="The answer as text.")
    is_error: bool = strawberry.field(description="Whether the tool failed.")
    call: ToolCallPart | None = strawberry.field(
        default=None, description="The call; null when it is not among the messages of the page that was read."
    )


@strawberry.type(description="A picture, sound, film or file within a message.")
class MediaPart(MessagePart):
    """An image, audio, video or file part."""

    kind: MediaKind = strawberry.field(description="What it is.")
    filename: str | None = strawberry.field(description="The name of the uploaded file; null when none is known.")
    mime_type: str | None = strawberry.field(description="Its media type; null when it is not known.")
    size: int | None = strawberry.field(description="Its size in bytes; null when it is not kept here.")
    sha256: str | None = strawberry.field(description="The hash of its bytes; null when Acontext does not keep them.")
    key: strawberry.Private[MessageKey]
    link: strawberry.Private[str | None]

    @strawberry.field(
        description="Where its bytes can be read: of Acontext's own store, or the address that a user wrote. Null for "
        "media that stand within the message itself."
    )
    async def public_url(self, info: Info, expires_in: MediaExpiresIn = 3600) -> SignedUrl | None:
        seconds = check_expiry(expires_in, _OWN_DAY)
        if self.sha256 is None:
            return SignedUrl(url=Url(self.link), expires_at=None) if self.link else None
        found = await info.context.loaders.media_url(self.key, self.sha256, seconds=seconds)
        return SignedUrl(url=Url(found.url), expires_at=found.expires_at) if found else None


@strawberry.type(description="Structured data of an application.")
class DataPart(MessagePart):
    """A data part."""

    data_type: str = strawberry.field(description="What the application calls this kind of data.")


@strawberry.type(description="A part of a type that this server does not know yet.")
class UnknownPart(MessagePart):
    """A part type of tomorrow; it breaks no client."""

    part_type: str = strawberry.field(description="The type as Acontext names it.")
    raw: Json = strawberry.field(description="The whole part as Acontext gives it.")


PART_TYPES = (TextPart, ThinkingPart, ToolCallPart, ToolResultPart, MediaPart, DataPart, UnknownPart)


def make_part(key: MessageKey, place: int, part: model.JsonObject) -> MessagePart:
    """Make the typed part."""
    make = _MAKERS.get(part.get("type", ""), _unknown)
    return make(key, node.part_id(key, place), part)


def _meta(part: model.JsonObject, *without: str) -> Json:
    return Json({name: value for name, value in (part.get("meta") or {}).items() if name not in without})


def _text(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    return TextPart(id=id, metadata=_meta(part), text=part.get("text") or "")


def _thinking(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    redacted = part["type"] == "redacted_thinking"
    return ThinkingPart(id=id, metadata=_meta(part), text="" if redacted else part.get("text") or "", redacted=redacted)


def _tool_call(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    meta = part.get("meta") or {}
    given = meta.get("arguments")
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    return ToolCallPart(
        id=id,
        metadata=_meta(part, "id", "name", "arguments"),
        call_id=str(meta.get("id") or ""),
        name=str(meta.get("name") or ""),
        arguments=_parsed(text),
        arguments_text=text,
    )


def _parsed(text: str) -> Json | None:
    try:
        return Json(json.loads(text, parse_float=_finite, parse_constant=_finite))
    except (ValueError, RecursionError):
        return None


def _finite(written: str) -> float:
    """Refuse what Python reads and no JSON can hold: NaN, Infinity, and numbers that become it."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("not a number that JSON can hold")
    return number


def _tool_result(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    meta = part.get("meta") or {}
    return ToolResultPart(
        id=id,
        metadata=_meta(part, "tool_call_id", "is_error"),
        call_id=str(meta.get("tool_call_id") or ""),
        text=part.get("text") or "",
        is_error=bool(meta.get("is_error")),
    )


def _media(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    asset, meta = part.get("asset") or {}, part.get("meta") or {}
    link = meta.get("url")
    inline_mime, inline_size = _within(meta)
    mime = asset.get("mime") or meta.get("media_type") or meta.get("mime_type") or inline_mime
    size = asset.get("size_b") if asset else inline_size
    return MediaPart(
        id=id,
        metadata=_meta(part),
        kind=MediaKind(part["type"]),
        filename=part.get("filename") or meta.get("filename"),
        mime_type=mime if isinstance(mime, str) else None,
        size=size if isinstance(size, int) and size < 2**31 else None,
        sha256=asset.get("sha256"),
        key=key,
        link=link if isinstance(link, str) and _WEB.fullmatch(link) else None,
    )


def _within(meta: model.JsonObject) -> tuple[str | None, int | None]:
    """Tell the media type and the size of a medium that stands within the message itself."""
    sound = meta.get("format")
    mime = f"audio/{sound}" if isinstance(sound, str) and sound else None
    for name in ("url", "file_data", "data"):
        text = meta.get(name)
        if isinstance(text, str) and text.startswith("data:"):
            found = parse_data_url(text)
            return (found.mime, _decoded_size(found.data)) if found else (None, None)
        if isinstance(text, str) and text and name != "url":
            return mime, _decoded_size(text)
    return mime, None


def _decoded_size(encoded: str) -> int:
    return len(encoded) * 3 // 4 - encoded.count("=", -2)


def _data(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    return DataPart(id=id, metadata=_meta(part), data_type=str((part.get("meta") or {}).get("data_type") or ""))


def _unknown(key: MessageKey, id: strawberry.ID, part: model.JsonObject) -> MessagePart:
    return UnknownPart(id=id, metadata=_meta(part), part_type=str(part.get("type") or ""), raw=Json(part))


_MAKERS: dict[str, Callable[[MessageKey, strawberry.ID, model.JsonObject], MessagePart]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _thinking,
    "tool-call": _tool_call,
    "tool-result": _tool_result,
    "data": _data,
    **dict.fromkeys(("image", "audio", "video", "file"), _media),
}


def link(parts: list[MessagePart]) -> None:
    """Join tool calls and their results, in the order of the conversation: a result answers the last call of its id."""
    calls: dict[str, ToolCallPart] = {}
    for part in parts:
        if isinstance(part, ToolCallPart) and part.call_id:
            calls[part.call_id] = part
        elif isinstance(part, ToolResultPart) and part.call_id in calls:
            part.call = calls[part.call_id]
            part.call.result = part.call.result or part
