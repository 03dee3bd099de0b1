"""Paths of files as this API takes them, and globs as people mean them."""

import re
from fnmatch import fnmatchcase

from gql_api.errors import Invalid, TooLarge
from gql_api.services.rules import Path

LONGEST_PATH = 1024
LONGEST_GLOB = 512
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f"]|[\ud800-\udfff]')


def directory(text: str, path: Path) -> str:
    """Return a directory's path with a slash at both ends; `docs`, `/docs` and `/docs/` name the same one."""
    name = text.strip("/")
    if not name:
        return "/"
    _check(name, path)
    for segment in name.split("/"):
        _check_directory(segment, path)
    return f"/{name}/"


def file(text: str, path: Path) -> tuple[str, str]:
    """Split the whole path of a file into its directory, with a slash at both ends, and its name."""
    if text.endswith("/") or not text.strip("/"):
        raise Invalid("The path of a file ends with the file's name.", path)
    whole = text.lstrip("/") if not text.startswith("//") else text[1:]
    head, _, name = whole.rpartition("/")
    _check(whole, path)
    for segment in head.split("/") if head else []:
        _check_directory(segment, path)
    return f"/{head}/" if head else "/", name


def _check(text: str, path: Path) -> None:
    if len("/" + text) > LONGEST_PATH:
        raise TooLarge(f"A path has at most {LONGEST_PATH} characters.", path)
    if _FORBIDDEN.search(text):
        raise Invalid("A path must not contain control characters or double quotes.", path)
    if "\\" in text:
        raise Invalid("A path is divided by slashes; it must not contain backslashes.", path)
    for segment in text.split("/"):
        if not segment:
            raise Invalid("A path must not contain empty segments.", path)
        if segment != segment.strip():
            raise Invalid("A segment of a path must not begin or end with blanks.", path)
        if segment in (".", ".."):
            raise Invalid("A path must not contain '.' or '..' as a segment.", path)


def _check_directory(segment: str, path: Path) -> None:
    if ".." in segment or not segment.strip("."):
        # As Acontext does; names of files may have such dots.
        raise Invalid("The name of a directory must not contain '..', or be all dots.", path)


def matches(pattern: str, path: str) -> bool:
    """Tell whether a glob matches the whole path; both begin with a slash.

    `*` and `?` stay within a directory, `[abc]` and `[!abc]` are one character of a set, and `**` as a whole segment
    stands for any number of directories: `/docs/**/*.md` finds `/docs/a.md` too, `/docs/**` everything below. Case
    counts. The cost is bounded by the product of the two lengths in segments, whatever the pattern.
    """
    wanted, segments = pattern.split("/")[1:], path.split("/")[1:]
    reached = {0}
    for place, piece in enumerate(wanted):
        if piece == "**":
            least = min(reached, default=len(segments))
            reached = set(range(least + (place == len(wanted) - 1), len(segments) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(segments) and fnmatchcase(segments[at], piece)}
    return len(segments) in reached


def below(pattern: str) -> str:
    """Return the deepest directory that everything matching the pattern lies in."""
    fixed = []
    for piece in pattern.split("/")[1:-1]:
        if any(letter in piece for letter in "*?["):
            break
        fixed.append(piece)
    return "/" + "".join(piece + "/" for piece in fixed)


def absolute_glob(pattern: str, base: str, path: Path) -> str:
    """Return the pattern for whole paths; one that does not begin with a slash counts from the directory `base`."""
    if not pattern or len(pattern) > LONGEST_GLOB:
        raise Invalid(f"A glob has 1 to {LONGEST_GLOB} characters.", path)
    return pattern if pattern.startswith("/") else base + pattern
