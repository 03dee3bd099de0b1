"""PostgreSQL's search patterns in ours: its regular expressions, and the glob that upstream makes of LIKE."""

import re
import time

import regex  # type: ignore[import-untyped]

from gql_api.expressions import BadExpression, translate

_SECONDS = 2.0
"""For one search over all files; a pattern that runs longer is refused instead of stopping the server."""
_LEAST_SECONDS = 0.001
_DANGLING = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")


class BadPattern(ValueError):
    """A pattern that PostgreSQL would refuse, or one that is too complex or takes too long."""


class Searcher:
    """A regular expression, made for one search: its time starts with it."""

    def __init__(self, pattern: str) -> None:
        self._deadline = time.monotonic() + _SECONDS
        try:
            translated = translate(pattern)
            flags = regex.DOTALL | (regex.IGNORECASE if translated.ignores_case else 0)
            self._compiled = regex.compile(translated.text, flags, cache_pattern=False)
        except (BadExpression, regex.error, RecursionError) as error:
            raise BadPattern(pattern) from error
        finally:
            regex.purge()  # it remembers what others ask for, uncached patterns too

    def found_in(self, text: str) -> bool:
        left = max(_LEAST_SECONDS, self._deadline - time.monotonic())
        try:
            return self._compiled.search(text, timeout=left, concurrent=True) is not None
        except (TimeoutError, MemoryError) as error:  # how it got there is remembered, in so much memory at most
            raise BadPattern("the pattern takes too much") from error


def like(glob: str) -> str:
    """Give the LIKE pattern (escape: backslash): * and ** any run, ? one character; % and _ are wildcards too."""
    return glob.replace("**", "%").replace("*", "%").replace("?", "_")


def before_dangling_escape(like_pattern: str) -> str | None:
    """Give the pattern of all texts for which PostgreSQL comes to a backslash that escapes nothing, and gives up."""
    return f"{like_pattern[:-1]}_%" if _DANGLING.search(like_pattern) else None
