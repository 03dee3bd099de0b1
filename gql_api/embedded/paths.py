"""Upstream's rules for paths and file names of a disk."""

import posixpath

from gql_api.embedded.envelope import Refusal, bad_parameter

_BLANKS = "".join(map(chr, (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)))
_BLANKS += "\u202f\u205f\u3000"
"""What Go trims; Python would take some control characters too."""


def split(file_path: str) -> tuple[str, str]:
    """Cut a path at its last slash into a directory, which starts and ends with one, and a name, which may be empty."""
    trimmed = file_path.strip(_BLANKS)
    if not trimmed.startswith("/"):
        trimmed = f"/{trimmed}"
    directory, slash, name = trimmed.rpartition("/")
    return require_valid(directory + slash), name


def require_valid(directory: str) -> str:
    """Refuse a directory that could lead out of the disk: two dots anywhere, a segment of dots, a NUL."""
    dots = any(len(segment) > 1 and not segment.strip(".") for segment in directory.split("/"))
    if dots or ".." in directory or "\0" in directory:
        raise bad_parameter("invalid path")
    return directory


def require_directory(path: str) -> str:
    """Take a directory to list; empty is the root."""
    if not path:
        return "/"
    if not (path.startswith("/") and path.endswith("/")):
        raise Refusal(400, "both ends of the path must be '/'")
    return require_valid(path)


def base_name(filename: str) -> str:
    """Give the last element of an uploaded file's name."""
    return posixpath.basename(filename.rstrip("/")) or "/"


def extension(filename: str) -> str:
    """Give what follows the last dot of a name, with the dot, in lower case; the whole of `.env`, and `.` of `a.`."""
    _, dot, rest = filename.rpartition("/")[2].rpartition(".")
    return f"{dot}{rest}".lower() if dot else ""


def children(directory: str, paths: list[str]) -> list[str]:
    """Give the names of the direct subdirectories, sorted; `paths` are the directories of files."""
    below = (path[len(directory) :] for path in paths if path.startswith(directory))
    return sorted({rest.partition("/")[0] for rest in below} - {""})
