"""The character set of a text: what it says of itself, or else what its bytes allow."""

import re

from gql_api.embedded.filetypes.scanning import BLANKS, Cursor

_LOOKED_AT = 1024
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x00\x00\xfe\xff", "utf-32be"),
    (b"\xff\xfe\x00\x00", "utf-32le"),
    (b"\xfe\xff", "utf-16be"),
    (b"\xff\xfe", "utf-16le"),
)
_PLAIN = re.compile(rb"[\x07-\x0d\x1b\x20-\x7e\x85]*")
"""Bytes of plain text; the odd one is the new line of mainframes."""
_LATIN = re.compile(rb"[\x07-\x0d\x1b\x20-\x7e\x85\xa0-\xff]*")
_LAST_CHARACTER = re.compile(rb"[\xc0-\xff][\x80-\xbf]{0,2}\Z")
_XML = b"<?xml"
_META = b"<META"
_BODY = b"<BODY"


def from_mark(data: bytes) -> str:
    """Give the character set whose byte order mark begins the text."""
    return next((charset for mark, charset in _MARKS if data.startswith(mark)), "")


def of_plain(data: bytes) -> str:
    """Give the character set of a text that says nothing of it; none if it can be none.

    The last character never counts for UTF-8, since it may be cut: a text whose only foreign letter comes last is
    taken for Latin-1.
    """
    head = data[:_LOOKED_AT]
    if not head:
        return ""
    return from_mark(head) or _guessed(head)


def _guessed(head: bytes) -> str:
    whole = _LAST_CHARACTER.sub(b"", head)
    if not whole.isascii() and _is_utf8(whole):
        return "utf-8"
    if _PLAIN.fullmatch(head):
        return "utf-8"
    if not _LATIN.fullmatch(head):
        return ""
    return "windows-1252" if b"\x85" in head else "iso-8859-1"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def of_xml(data: bytes) -> str:
    return _declared(data[:_LOOKED_AT]) or of_plain(data)


def _declared(head: bytes) -> str:
    """Give the encoding that an XML declaration names; it need not stand first."""
    cursor = Cursor(head)
    while True:
        cursor.skip()
        at = head.find(_XML, cursor.at)
        if at < 0 or len(head) - cursor.at <= len(_XML):
            return ""
        cursor.at = at + len(_XML)
        more = True
        while more:
            name, value, more = cursor.attribute()
            if name.startswith(b"encoding") and value:
                return _shown(value)


def of_html(data: bytes) -> str:
    head = data[:_LOOKED_AT]
    return from_mark(head) or _from_meta(head) or of_plain(data)


def _from_meta(head: bytes) -> str:
    cursor = Cursor(head)
    while True:
        if cursor.skip_comment():
            continue
        if len(head) - cursor.at <= len(_META) or _is_tag(cursor, _BODY):
            return ""
        if not _is_tag(cursor, _META):
            cursor.at += 1
            continue
        cursor.at += len(_META)
        byte = cursor.pop()
        if byte not in BLANKS + b"/":
            return ""
        charset = _Meta(cursor).charset()
        if charset is not None:
            return charset


def _is_tag(cursor: Cursor, tag: bytes) -> bool:
    return cursor.data[cursor.at : cursor.at + len(tag)].upper() == tag


class _Meta:
    """The attributes of one meta tag; a charset in `content` counts only together with the right `http-equiv`."""

    def __init__(self, cursor: Cursor) -> None:
        self._equivalent = False
        self._found: str | None = None
        self._needs_equivalent = False
        seen: set[bytes] = set()
        more = True
        while more:
            name, value, more = cursor.attribute()
            if name.lower() not in seen:
                self._take(name.lower(), value)
            seen.add(name.lower())

    def charset(self) -> str | None:
        return None if self._needs_equivalent and not self._equivalent else self._found

    def _take(self, name: bytes, value: bytes) -> None:
        if name == b"http-equiv":
            self._equivalent |= value[:12].upper() == b"CONTENT-TYPE"
        if name == b"charset":
            self._found, self._needs_equivalent = _shown(value), False
        if name == b"content":
            self._take_content(value)

    def _take_content(self, value: bytes) -> None:
        charset = _shown(_charset_in(value))
        if charset:
            self._needs_equivalent = True
        if charset or self._found is not None:
            self._found = charset


def _charset_in(value: bytes) -> bytes:
    cursor = Cursor(value)
    while (at := value.find(b"charset", cursor.at)) >= 0:
        cursor.at = at + len(b"charset")
        cursor.skip()
        if cursor.pop() != ord("="):
            continue
        cursor.skip()
        if cursor.peek() in b"\"'" and not cursor.at_end():
            return cursor.until(bytes([cursor.pop()])).strip()
        return cursor.until(b";" + BLANKS).strip()
    return b""


def _shown(name: bytes) -> str:
    return name.decode(errors="replace")
