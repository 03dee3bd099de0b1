"""How a user opened a conversation, short enough to name it by; where that is kept is the store's business."""

import unicodedata
from collections.abc import Iterable

from gql_api import model

LONGEST = 80
"""Characters of an opening."""
_LOOKED_AT = 10_000
"""Characters of a text that are looked through for a line that is not empty."""
_LEAST = 40
_JOINING = ("Mn", "Me", "Cf", "Sk")
"""Marks, joiners and skin tones, which belong to the character before them."""


def opening_of(messages: Iterable[model.Message]) -> tuple[str, model.Message] | None:
    """Give how the first of these messages in which the user says something begins, and that message."""
    for message in messages:
        if message.role == "user" and message.meta.get("original_role") not in ("system", "developer"):
            text = _short("\n".join(part.get("text") or "" for part in message.parts if part.get("type") == "text"))
            if text:
                return text, message
    return None


def _short(text: str) -> str:
    """Give the first line that is not empty, without control characters, cut at a word where it is too long."""
    lines = (_plain(line) for line in text[:_LOOKED_AT].splitlines())
    line = next(filter(None, lines), "")
    if len(line) <= LONGEST:
        return line
    end = LONGEST - 1
    space = line.rfind(" ", 0, end + 1)
    if space >= _LEAST:
        return line[:space].rstrip() + "…"
    while end > _LEAST and unicodedata.category(line[end]) in _JOINING:
        end -= 1
    return line[:end].rstrip() + "…"


def _plain(line: str) -> str:
    if line.isprintable():  # as most are; this takes no time compared to looking at each character
        return " ".join(line.split())
    kept = (" " if letter.isspace() else letter for letter in line if not _is_control(letter))
    return " ".join("".join(kept).split())


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs") and not letter.isspace()
