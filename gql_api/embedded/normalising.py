"""A message from the form it was sent in to the form that is kept; the formats do the work, refusals are upstream's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gql_api import tokens
from gql_api.embedded import gojson
from gql_api.embedded.envelope import bad_parameter
from gql_api.formats import FormatError, acontext, anthropic, gemini, openai

DEFAULT_FORMAT = "openai"
USER_META = "__user_meta__"

_READERS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "acontext": acontext.to_acontext,
    "anthropic": anthropic.to_acontext,
    "gemini": gemini.to_acontext,
    "openai": openai.to_acontext,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be stored."""

    role: str
    parts: list[dict[str, Any]]
    meta: dict[str, Any]
    tokens: int
    answers_in_order: bool
    """Its tool results belong to the oldest calls of the session that wait for an answer."""


def known_format(name: str) -> bool:
    return name in _READERS


def draft(blob: Any, *, message_format: str) -> Draft:
    """Read a message and count its tokens. Slow when it is large."""
    try:
        read = _READERS[message_format](gojson.as_floats(blob))
    except FormatError as error:
        raise bad_parameter(f"failed to normalize {message_format} message") from error
    return Draft(
        role=read["role"],
        parts=read["parts"],
        meta=read["meta"],
        tokens=tokens.count_message(read["parts"]),
        answers_in_order=message_format == "gemini",
    )
