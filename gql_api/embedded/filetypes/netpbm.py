"""The pictures of the Netpbm programs, whose heads are text."""

import re

from gql_api.embedded.filetypes.rule import Rule
from gql_api.embedded.filetypes.scanning import BLANKS, Cursor

_MOST_LINES = 128
_SIZE = re.compile(rb"\+?0*[1-9]\d{0,18}")
_LARGEST = 2**63
_NEEDED = (b"WIDTH ", b"HEIGHT ", b"DEPTH ", b"MAXVAL ")


def is_picture(*signatures: bytes) -> Rule:
    """Make a rule: it begins so, and width and height come next."""

    def applies(data: bytes) -> bool:
        if not data.startswith(signatures):
            return False
        cursor = Cursor(data)
        cursor.at = len(signatures[0])
        line = Cursor(_first_line(cursor))
        width = line.until(BLANKS)
        line.skip()
        return _is_size(width) and _is_size(line.until(BLANKS))

    return applies


def _first_line(cursor: Cursor) -> bytes:
    """Give the first line that is neither empty nor a comment, without leading blanks."""
    line = b""
    for _ in range(_MOST_LINES):
        line = cursor.line()
        if line.startswith(b"#"):
            continue
        line = line.lstrip(BLANKS)
        if line or cursor.at_end():
            break
    return line


def _is_size(text: bytes) -> bool:
    return _SIZE.fullmatch(text) is not None and int(text) < _LARGEST


def is_arbitrary_map(data: bytes) -> bool:
    if not data.startswith(b"P7\n"):
        return False
    cursor = Cursor(data)
    found: set[bytes] = set()
    for _ in range(_MOST_LINES):
        line = cursor.line()
        if line.startswith(b"ENDHDR"):
            return len(found) == len(_NEEDED)
        if (not line or line.startswith(b"#")) and cursor.at_end():
            return False
        found.update(name for name in _NEEDED if line.startswith(name))
    return False
