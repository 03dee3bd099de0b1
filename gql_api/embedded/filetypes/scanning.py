"""A place in bytes that moves forward: lines, and attributes of tags as a browser reads them."""

BLANKS = b"\t\n\x0c\r "
_NOTHING = 0
"""What is read at the end; a NUL in the text is taken for the end too."""


class Cursor:
    """Reads bytes once, from the left."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def peek(self) -> int:
        return self.data[self.at] if self.at < len(self.data) else _NOTHING

    def pop(self) -> int:
        byte = self.peek()
        self.at = min(self.at + 1, len(self.data))
        return byte

    def at_end(self) -> bool:
        return self.at >= len(self.data)

    def skip(self, bytes_to_skip: bytes = BLANKS) -> None:
        while not self.at_end() and self.data[self.at] in bytes_to_skip:
            self.at += 1

    def until(self, stops: bytes) -> bytes:
        """Take what comes before any of the stops, or all that is left."""
        start = self.at
        while not self.at_end() and self.data[self.at] not in stops:
            self.at += 1
        return self.data[start : self.at]

    def line(self) -> bytes:
        """Take a line without its end."""
        line = self.until(b"\n")
        self.at = min(self.at + 1, len(self.data))
        return line.removesuffix(b"\r")

    def skip_comment(self) -> bool:
        """Pass over a comment that begins here; its two ends may share their dashes."""
        if not self.data.startswith(b"<!--", self.at):
            return False
        end = self.data.find(b"-->", self.at + 2)
        if end < 0:
            return False
        self.at = end + 3
        return True

    def attribute(self) -> tuple[bytes, bytes, bool]:
        """Take an attribute of a tag: its name, its value, and whether the tag may go on."""
        self.skip(BLANKS + b"/")
        if self.peek() == ord(">"):
            return b"", b"", False
        start = self.at
        while True:
            name = self.data[start : self.at]
            byte = self.pop()
            if byte == _NOTHING:
                return b"", b"", False
            if byte == ord("=") and name:
                return name, *self._value()
            if byte in b"/>":
                return name, b"", False
            if byte in BLANKS:
                return name, *self._value_after_blanks()

    def _value_after_blanks(self) -> tuple[bytes, bool]:
        self.skip()
        if self.peek() != ord("="):
            return b"", True
        self.at += 1
        return self._value()

    def _value(self) -> tuple[bytes, bool]:
        self.skip()
        start = self.at
        first = self.pop()
        if first in (_NOTHING, ord(">")):
            return b"", False
        if first in b"\"'":
            return self._quoted(first)
        while True:
            end = self.at
            byte = self.pop()
            if byte == _NOTHING:
                return b"", False
            if byte in BLANKS or byte == ord(">"):
                return self.data[start:end], byte != ord(">")

    def _quoted(self, quote: int) -> tuple[bytes, bool]:
        value = self.until(bytes([quote]))
        if self.pop() != quote:
            return b"", False
        return value, self.peek() not in (_NOTHING, ord(">"))
