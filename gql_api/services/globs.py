"""Globs as people mean them: which files one finds, in counted steps, and letting others' work pass between them."""

import asyncio
from collections.abc import Callable, Sequence
from fnmatch import translate
from glob import escape

import regex  # type: ignore[import-untyped]

from gql_api.errors import CostLimitExceeded, Invalid
from gql_api.model import File
from gql_api.services.rules import Path

LONGEST = 512
MOST_STEPS = 5_000_000
"""Steps of one operation: a second or two for the worst of patterns, a tenth of that for others."""
MAKING = 500
"""Steps for a character of a pattern that is made."""
_LETTERS = 100
"""Pairs of letters, of the pattern and of the path, that are compared in a step."""
_AT_A_TIME = 50_000
"""Steps after which others have their turn."""

_Piece = str | Callable[[str], object] | None


class Glob:
    """A pattern for whole paths, made for one search; both begin with a slash.

    `*` and `?` stay within a directory, `[abc]` and `[!abc]` are one character of a set, and `**` as a whole segment
    stands for any number of directories: `/docs/**/*.md` finds `/docs/a.md` too, `/docs/**` everything below. Case
    counts.
    """

    def __init__(self, pattern: str) -> None:
        self._length = len(pattern)
        texts = pattern.split("/")[1:]
        made = {text: _piece(text) for text in set(texts)}
        self._pieces = [made[text] for text in texts]
        regex.purge()  # it remembers what others ask for, uncached patterns too

    def steps(self, path: str) -> int:
        """Tell in how many steps at most it is seen whether a path matches."""
        return len(self._pieces) * path.count("/") + self._length * len(path) // _LETTERS

    def matches(self, path: str) -> bool:
        """Tell whether it matches the whole path."""
        segments = path.split("/")[1:]
        places: dict[str, int] = {}
        for at, segment in enumerate(segments):
            places[segment] = places.get(segment, 0) | 1 << at
        reached = 1  # bits: before which segments one may stand
        last = len(self._pieces) - 1
        for number, piece in enumerate(self._pieces):
            if piece is None:
                first = (reached & -reached) << (number == last)
                reached = -first & ((2 << len(segments)) - 1)
            else:
                reached = (reached & _where(piece, places, reached)) << 1
            if not reached:
                return False
        return bool(reached >> len(segments))


def _piece(text: str) -> _Piece:
    """Give a segment as it is, or what tells whether another matches it; None for any number of them."""
    if text == "**":
        return None
    if not any(letter in text for letter in "*?["):
        return text
    # What stands between two stars is looked for once, never again (3.11 on), so that no path takes long. To `regex`
    # alone a bracket and a colon in a set would begin a class.
    matching: Callable[[str], object] = regex.compile(translate(text).replace("[:", r"[\:"), cache_pattern=False).match
    return matching


def _where(piece: str | Callable[[str], object], places: dict[str, int], reached: int) -> int:
    """Tell at which of the places that were reached a piece matches, and maybe at others."""
    if isinstance(piece, str):
        return places.get(piece, 0)
    found = 0
    for segment, at in places.items():
        if at & reached and piece(segment):
            found |= at
    return found


class Globs:
    """What one operation looks for: each pattern is made once, and all that is compared is counted."""

    def __init__(self) -> None:
        self._made: dict[str, Glob] = {}
        self._left = MOST_STEPS

    async def found(self, pattern: str, files: Sequence[File]) -> list[File]:
        """Give the files whose whole path matches, in their order; raise `CostLimitExceeded` where that is too much."""
        glob = self._made.get(pattern) or await self._make(pattern)
        matching, under_way = [], 0
        for file in files:
            steps = glob.steps(file.path)
            self._take(steps)
            under_way += steps
            if under_way > _AT_A_TIME:
                await asyncio.sleep(0)
                under_way = steps
            if glob.matches(file.path):
                matching.append(file)
        return matching

    async def _make(self, pattern: str) -> Glob:
        self._take(len(pattern) * MAKING)
        await asyncio.sleep(0)
        glob = self._made[pattern] = Glob(pattern)
        return glob

    def _take(self, steps: int) -> None:
        if steps > self._left:
            raise CostLimitExceeded(
                "glob: this is more than one operation compares: ask for fewer globs, shorter ones, or those of a "
                "directory further down."
            )
        self._left -= steps


def below(pattern: str) -> str:
    """Return the deepest directory that everything matching the pattern lies in."""
    fixed = []
    for piece in pattern.split("/")[1:-1]:
        if any(letter in piece for letter in "*?["):
            break
        fixed.append(piece)
    return "/" + "".join(piece + "/" for piece in fixed)


def absolute(pattern: str, base: str, path: Path) -> str:
    """Return the pattern for whole paths; one that does not begin with a slash counts from the directory `base`."""
    if not pattern or len(pattern) > LONGEST:
        raise Invalid(f"A glob has 1 to {LONGEST} characters.", path)
    return pattern if pattern.startswith("/") else escape(base) + pattern
