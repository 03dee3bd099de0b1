"""Cuts texts into lexemes: what search compares, the same whichever database keeps them.

A word is a lexeme, without regard to case, to accents, and to how its characters are written. Scripts that set no
spaces between words are cut into pairs of neighbours, and the last character of such a run stands alone once more: so
whatever is asked for is found as a run of neighbours, wherever in the run it stands.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby
from operator import add
from typing import NamedTuple

LONGEST = 64
"""Characters of a lexeme; of longer words only the start counts."""
_MARKS = (range(0x300, 0x1F000), range(0xE0100, 0xE01F0))
"""Where combining marks are, which belong to the letter before them."""
_ACCENTS = re.compile("[\u0300-\u036f]+")
"""Those of Latin, Greek and Cyrillic; marks of other scripts are as good as letters."""
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # Chinese and Japanese
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uff66-\uffdc"  # Korean, whose particles follow without one
)
_ASCII_WORD = re.compile(r"[^\W_]+", re.ASCII)
_VOICED = "\uff9e\uff9f"
"""Half-width marks of kana, which are letters to Unicode."""


class Lexeme(NamedTuple):
    """A lexeme, and from where to where it is in the text."""

    text: str
    start: int
    end: int


class _Patterns(NamedTuple):
    word: re.Pattern[str]
    piece: re.Pattern[str]
    letter: re.Pattern[str]


def lexemes(text: str) -> Iterator[Lexeme]:
    """Cut a text; it is to be in NFC."""
    for word in _patterns().word.finditer(text):
        found, start = word.group(), word.start()
        if found.isascii():
            yield Lexeme(found.lower()[:LONGEST], start, word.end())
        else:
            yield from _of_word(found, start)


def cut(text: str) -> Iterable[str]:
    """Cut a text as `lexemes` does, without saying where they are: much faster where it is ASCII, as most are."""
    if text.isascii():
        words: list[str] = _ASCII_WORD.findall(text.lower())
        return words if max(map(len, words), default=0) <= LONGEST else [word[:LONGEST] for word in words]
    return (lexeme.text for lexeme in lexemes(text))


def _of_word(word: str, at: int) -> Iterator[Lexeme]:
    for piece in _patterns().piece.finditer(word):
        if piece.group(1):
            yield from _pairs(piece.group(1), at + piece.start())
        elif lexeme := folded(piece.group()):
            yield Lexeme(lexeme, at + piece.start(), at + piece.end())


def _pairs(run: str, at: int) -> Iterator[Lexeme]:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    if _is_plain(run):
        letters += run
        starts, ends = [*range(at, at + len(run))], [*range(at + 1, at + len(run) + 1)]
        run = ""
    for found in _patterns().letter.finditer(run):
        for letter in folded(found.group()):
            letters.append(letter)
            starts.append(at + found.start())
            ends.append(at + found.end())
    yield from map(Lexeme, map(add, letters, letters[1:]), starts, ends[1:])
    if letters:
        yield Lexeme(letters[-1], starts[-1], ends[-1])


def _is_plain(run: str) -> bool:
    """Tell whether each character of a run is a letter as it is, which takes no time compared to looking at each."""
    return unicodedata.is_normalized("NFKC", run) and run.casefold() == run and _marks().isdisjoint(run)


@lru_cache(maxsize=20_000)
def folded(word: str) -> str:
    """Give what a word is compared by; empty where nothing of it is a letter or a number."""
    unfolded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unfolded))
    # Some characters stand for others with punctuation between them.
    return "".join(_patterns().word.findall(plain))[:LONGEST]


def is_unspaced(lexeme: str) -> bool:
    """Tell whether a lexeme is of a script that sets no spaces between words."""
    piece = _patterns().piece.match(lexeme)
    return piece is not None and piece.group(1) is not None


@cache
def _marks() -> frozenset[str]:
    codes = (chr(code) for codes in _MARKS for code in codes)
    return frozenset(letter for letter in codes if unicodedata.category(letter)[0] == "M")


@cache
def _patterns() -> _Patterns:
    # By ranges, and not where ASCII follows: all those beyond the first plane would be tried at each place.
    marks = "".join(f"{first}-{last}" for first, last in _ranges(sorted(_marks())))
    return _Patterns(
        word=re.compile(rf"[^\W_]+(?:(?=[^\0-\x7f])[{marks}]+[^\W_]*)*"),
        piece=re.compile(rf"([{_UNSPACED}][{_UNSPACED}{marks}]*)|[^{_UNSPACED}]+"),
        letter=re.compile(f".[{marks}{_VOICED}]*", re.DOTALL),
    )


def _ranges(letters: list[str]) -> Iterator[tuple[str, str]]:
    for _, run in groupby(enumerate(letters), lambda found: ord(found[1]) - found[0]):
        found = [letter for _, letter in run]
        yield found[0], found[-1]
