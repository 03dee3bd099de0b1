"""Shows where a text has what was searched for: a short piece of it, cut where the matches begin and end."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gql_api.searching.lexemes import Lexeme, lexemes
from gql_api.searching.query import Term

LONGEST = 160
"""Characters of the text that a snippet shows, but for a longer match at its start."""
_BEFORE = 40
"""Of them, at most so many before the first match."""
_CUT = "…"
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Piece(NamedTuple):
    """A part of a snippet, and whether it is what was searched for."""

    text: str
    is_match: bool


class _Match(NamedTuple):
    start: int
    end: int
    term: Term


def snippet(text: str, terms: Sequence[Term]) -> list[Piece]:
    """Cut a text around the place where most of the terms stand close together."""
    matches = sorted(_matches([*lexemes(text)], [term for term in terms if not term.is_unwanted]))
    start = _start(text, _best(matches))
    end = max(_end(text, start), *(one.end for one in matches if one.start == start), 0)
    pieces = [Piece(_CUT, False)] if start else []
    at = start
    for one in matches:
        if at <= one.start and one.end <= end:
            pieces += [Piece(text[at : one.start], False), Piece(text[one.start : one.end], True)]
            at = one.end
    pieces.append(Piece(text[at:end].rstrip() + (_CUT if end < len(text) else ""), False))
    return [Piece(shown, piece.is_match) for piece in pieces if (shown := _BLANKS.sub(" ", piece.text))]


def _matches(found: Sequence[Lexeme], terms: Sequence[Term]) -> Iterator[_Match]:
    texts = [one.text for one in found]
    for term in terms:
        size = len(term.lexemes)
        for at in _places(texts, term):
            yield _Match(found[at].start, found[at + size - 1].end, term)


def _places(texts: list[str], term: Term) -> Iterator[int]:
    """Give where a term stands among the lexemes of a text."""
    *first, last = term.lexemes
    before = len(first)
    for at, text in enumerate(texts[before:]):
        if (text.startswith(last) if term.is_start else text == last) and texts[at : at + before] == first:
            yield at


def _best(matches: list[_Match]) -> int:
    """Give where the first match is from which on most of the terms come within a snippet."""
    best, most = 0, 0
    for number, one in enumerate(matches):
        beyond = bisect_left(matches, one.start + LONGEST - _BEFORE, number, key=lambda match: match.start)
        terms = len({match.term for match in matches[number:beyond]})
        if terms > most:
            best, most = one.start, terms
    return best


def _start(text: str, match: int) -> int:
    """Give where a snippet begins: at a word, or else at the match itself."""
    if match <= _BEFORE:
        return 0
    space = text.find(" ", match - _BEFORE, match)
    return space + 1 if space >= 0 else match


def _end(text: str, start: int) -> int:
    end = start + LONGEST
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", start + LONGEST * 3 // 4, end)
    return space if space >= 0 else end
