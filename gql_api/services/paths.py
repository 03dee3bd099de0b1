"""Paths of files as this API takes them."""

import re

from gql_api.errors import Invalid, TooLarge
from gql_api.services.rules import Path

LONGEST_PATH = 1024
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
