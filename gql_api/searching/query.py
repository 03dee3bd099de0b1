"""Reads what a user types to search by, of which nothing is ever wrong: words, "phrases", -without, beginnings*."""

import re
import unicodedata
from typing import NamedTuple

from gql_api.searching.lexemes import Lexeme, is_unspaced, lexemes

_ASKED = re.compile(r'(?P<not>-?)"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+)')


class Term(NamedTuple):
    """Lexemes that stand one after the other. `is_start`: of the last of them only the start is given."""

    lexemes: tuple[str, ...]
    is_start: bool = False
    is_unwanted: bool = False


def terms(query: str) -> list[Term]:
    """Give what is asked for: texts have all terms but those that are unwanted. Some may have none to be found."""
    found: dict[Term, None] = {}
    for asked in _ASKED.finditer(unicodedata.normalize("NFC", query)):
        word = asked["word"]
        if word is None:
            term = _term(asked["phrase"], is_unwanted=bool(asked["not"]))
        else:
            term = _term(word.lstrip("-"), is_unwanted=word.startswith("-"), is_start=word.endswith("*"))
        if term:
            found[term] = None
    return [*found] if any(not term.is_unwanted for term in found) else []


def _term(text: str, *, is_unwanted: bool, is_start: bool = False) -> Term | None:
    found = [*lexemes(text)]
    if not found:
        return None
    if is_unspaced(found[-1].text):
        # It is the last of its run alone, which stands alone in texts only where theirs ends too.
        is_start = not _goes_on(found)
        found = found if is_start else found[:-1]
    return Term(tuple(one.text for one in found), is_start, is_unwanted)


def _goes_on(found: list[Lexeme]) -> bool:
    """Tell whether the last character is the end of a pair before it."""
    return len(found) > 1 and found[-2].end == found[-1].end
