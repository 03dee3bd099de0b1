"""The values that go in and out of every format; how they are made is each format's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


class FormatError(ValueError):
    """A message that cannot be stored as it is; `message` is for the client, `path` names the field in it."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


@dataclass(frozen=True, slots=True)
class Source:
    """A stored message; `meta` holds Acontext's own keys (original_role, name, source_format), not the caller's."""

    id: str
    role: str
    parts: Sequence[Mapping[str, Any]]
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InlineMedia:
    """The bytes of an asset, as base64 text."""

    data: str
    mime: str


@dataclass(frozen=True, slots=True)
class LinkedMedia:
    """A URL that gives the bytes of an asset for a while; an item that holds one is never stable."""

    url: str
    mime: str


Media = Mapping[str, InlineMedia | LinkedMedia]
"""By SHA-256 of the asset."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a conversion left out or changed.

    `code` is MEDIA_OMITTED, CALL_WITHOUT_RESULT, RESULT_WITHOUT_CALL or PART_DROPPED.
    """

    code: str
    message_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Formatted:
    """Messages as a provider's SDK takes them.

    `message_ids[i]` are the sources of `messages[i]` (none for a line that we had to add).
    The first `stable_count` messages stay byte for byte the same when messages are appended.
    """

    system: Any | None
    messages: list[JsonObject]
    message_ids: list[list[str]]
    stable_count: int
    warnings: list[Notice]
