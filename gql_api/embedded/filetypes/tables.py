"""Tells comma- and tab-separated tables from text: several records, all with as many fields as the first."""

from collections.abc import Iterator

from gql_api.embedded.filetypes.rule import LOOKED_AT

_LEAST = 2
"""Of fields, and of records."""

_ENOUGH = 10
_COMMENT = b"#"


def is_table(data: bytes, *, delimiter: bytes) -> bool:
    """Look at the first ten records; an incomplete last line does not count."""
    if len(data) >= LOOKED_AT:
        end = data.rfind(b"\n", 1)
        data = data if end < 0 else data[:end]
    widths = _widths(data, delimiter)
    first = next(widths, 0)
    if first < _LEAST:
        return False
    records = 1
    for width in widths:
        records += 1
        if width != first:
            return False
        if records >= _ENOUGH:
            return True
    return records >= _LEAST


def _widths(data: bytes, delimiter: bytes) -> Iterator[int]:
    """Give the number of fields of each record; quotes need not be closed, and text may follow them."""
    lines = _Lines(data)
    while (line := lines.next_record()) is not None:
        width = 0
        more = True
        while more:
            width += 1
            if line.startswith(b'"'):
                line, more = _after_quoted(line[1:], lines, delimiter)
            else:
                _, found, line = line.partition(delimiter)
                more = bool(found)
        yield width


def _after_quoted(line: bytes, lines: "_Lines", delimiter: bytes) -> tuple[bytes, bool]:
    """Pass over a quoted field, which may go on over lines; tell what follows, and whether a field does."""
    while True:
        _, found, rest = line.partition(b'"')
        if not found:
            if not line and not lines.cut_short:
                return b"", False
            line = lines.next_line()
        elif rest.startswith(b'"'):
            line = rest[1:]
        elif rest.startswith(delimiter):
            return rest[1:], True
        elif rest in (b"", b"\n"):
            return b"", False
        else:
            line = rest


class _Lines:
    """The lines of a table; one that ended in CR LF comes without both, which `cut_short` tells."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.cut_short = False

    def next_line(self) -> bytes:
        end = self._data.find(b"\n", self._at) + 1 or len(self._data)
        line = self._data[self._at : end]
        self._at = end
        self.cut_short = line.endswith(b"\r\n")
        return line[:-2] if self.cut_short else line.removesuffix(b"\r")

    def next_record(self) -> bytes | None:
        """Give the first line of a record; none at the end. Empty lines and comments are passed over."""
        while self._at < len(self._data):
            line = self.next_line()
            if line not in (b"", b"\n") and not line.startswith(_COMMENT):
                return line
        return None
