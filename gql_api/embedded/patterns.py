"""PostgreSQL's search patterns in ours: its regular expressions, and the glob that upstream makes of LIKE."""

import re
import time

import regex  # type: ignore[import-untyped]

_SECONDS = 2.0
"""For one search over all files; a pattern that runs longer is refused instead of stopping the server."""
_LEAST_SECONDS = 0.001
_ESCAPES = {
    "A": r"\A",
    "Z": r"\Z",
    "m": r"\b(?=\w)",
    "M": r"\b(?<=\w)",
    "y": r"\b",
    "Y": r"\B",
    "b": r"\x08",
    "B": r"\\",
}
_PIECE = re.compile(r"\\(?s:.)|\[\^?\]?(?:\[[:.=][^\]]*[:.=]\]|\\(?s:.)|[^\]\\])*\]|\$|\(\?[a-z]+\)|(?s:.)")
_OPTIONS = re.compile(r"\A\(\?[a-z]+\)")


class BadPattern(ValueError):
    """A pattern that PostgreSQL would refuse, or one that takes too long."""


class Searcher:
    """A regular expression that ignores case, whose dot takes newlines and whose ends are the text's.

    It is made for one search, and its time starts with it.
    """

    def __init__(self, pattern: str) -> None:
        self._deadline = time.monotonic() + _SECONDS
        try:
            self._compiled = regex.compile(_translate(pattern), regex.IGNORECASE | regex.DOTALL)
        except regex.error as error:
            raise BadPattern(pattern) from error

    def found_in(self, text: str) -> bool:
        left = max(_LEAST_SECONDS, self._deadline - time.monotonic())
        try:
            return self._compiled.search(text, timeout=left, concurrent=True) is not None
        except TimeoutError as error:
            raise BadPattern("the pattern takes too long") from error


def like(glob: str) -> str:
    """Give the LIKE pattern (escape: backslash): * and ** any run, ? one character; % and _ are wildcards too."""
    pattern = glob.replace("**", "%").replace("*", "%").replace("?", "_")
    if re.search(r"(?<!\\)(?:\\\\)*\\\Z", pattern):
        raise BadPattern(glob)
    return pattern


def _translate(pattern: str) -> str:
    """Rewrite what PostgreSQL means otherwise: its word ends, its $, its leading options."""
    plain = _OPTIONS.sub("", pattern.removeprefix("***:"))
    return "".join(_translated(piece) for piece in _PIECE.findall(plain))


def _translated(piece: str) -> str:
    if piece == "$":
        return r"\Z"
    if piece.startswith("\\") and piece[1] in _ESCAPES:
        return _ESCAPES[piece[1]]
    return piece
