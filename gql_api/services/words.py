"""Runs of like characters in what is stored: the tokens of a long one take Acontext a time that grows with its square.

Its tokenizer cuts texts into letters with their accents, signs, and blanks, and merges each piece as a whole; digits it
cuts by threes. It goes on where nobody waits any more, and begins again with every read of the conversation.
"""

import re
import sys
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import Any

from orjson import JSONEncodeError, dumps

from gql_api.errors import TooLarge
from gql_api.services.rules import Path

LONGEST_RUN = 8000
_TOLD = "More than {} letters, signs or blanks follow each other without any other character."


def no_endless_run(value: Any, path: Path, *, longest: int) -> None:
    """Raise `TooLarge` where a text in this JSON has a longer run than that of letters, signs or blanks."""
    if _is_short(value, longest):
        return
    waiting = [[value]]
    for items in waiting:  # it grows meanwhile
        for item in items:
            kind = item.__class__
            if kind is str and (len(item) <= longest or not _has_run(item, longest)):
                continue
            if kind is str:
                raise TooLarge(_TOLD.format(longest), path)
            if kind is dict:
                waiting.append(item.values())
            elif kind is list:
                waiting.append(item)


def _is_short(value: Any, longest: int) -> bool:
    """Tell whether all of this together is not longer than a run may be, as most of what is stored."""
    try:
        return len(dumps(value)) <= longest
    except JSONEncodeError:  # a large number, or half a character
        return False


def _has_run(text: str, longest: int) -> bool:
    """Look at every so many characters how far the run goes on both sides: linear in the text, whatever is in it."""
    kinds = _kinds(is_ascii=text.isascii())
    places = range(longest, len(text), longest)
    return any(_length(kind, text, place, longest) > longest for place in places for kind in kinds)


def _length(kind: re.Pattern[str], text: str, place: int, longest: int) -> int:
    """Count the characters of this kind around a place, no further than matters."""
    behind = kind.match(text, place, place + longest + 1)
    if not behind:
        return 0
    before = kind.match(text[place - longest : place][::-1])
    return behind.end() - place + (before.end() if before else 0)


@lru_cache(maxsize=2)
def _kinds(*, is_ascii: bool) -> tuple[re.Pattern[str], ...]:
    if is_ascii:
        kinds = ("[A-Za-z]+", r"[!-/:-@\[-`{-~]+", r"[\s\x00-\x1f\x7f]+")
    else:
        marks = _marks()
        kinds = (rf"(?:[^\W\d_]|[{marks}])+", rf"(?:[^\w\s{marks}]|_)+", r"\s+")
    return tuple(map(re.compile, kinds))


@lru_cache(maxsize=1)
def _marks() -> str:
    """Write the class of all accents that are characters of their own."""
    points = [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point))[0] == "M"]
    runs = [[point for _, point in run] for _, run in groupby(enumerate(points), lambda pair: pair[1] - pair[0])]
    return "".join(f"{re.escape(chr(run[0]))}-{re.escape(chr(run[-1]))}" for run in runs)
