"""Reads answers of HTTP/1.1 from the bytes of one connection; of connections it knows nothing."""

import zlib
from collections.abc import Callable, Iterator

import httptools

from gql_api.request_scope import Exceeded, Room
from gql_api.upstream.sender import Answer

_LONGEST_FIELD = 100 * 1024
_MOST_FIELDS = 128
_LONGEST_HEAD = 1024 * 1024
_SWITCHED, _FINAL, _NOT_MODIFIED = 101, 200, 304
_DEFLATE = 8
_RAW_DEFLATE = -zlib.MAX_WBITS
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 1024 * 1024
"""Bytes that are unpacked before they are counted."""


class Malformed(Exception):
    """What came is no answer of HTTP/1.1, or one without measure."""


class Reply:
    """Reads one answer after the other, each to its end; those that only announce another are passed over.

    The methods `on_…` are the parser's to call.
    """

    __slots__ = (
        "_body", "_feed", "_fields", "_has_head", "_headers", "_is_head", "_keeps", "_parser", "_reason", "_room",
        "_size", "_status", "is_whole",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser = parser = httptools.HttpResponseParser(self)
        # As browsers are, and aiohttp: what some servers write and nobody takes for something else.
        parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._feed: Callable[[bytes], None] = parser.feed_data
        self._keeps = True
        self.begin("")

    def begin(self, method: str, room: Room | None = None) -> None:
        """Expect the answer to a request with this method; its body must find room, as it comes and unpacked."""
        self._is_head = method == "HEAD"
        self._room = room
        self.is_whole = self._has_head = False
        self._size = 0

    def _begin(self) -> None:
        self._has_head = False
        self._reason = b""
        self._fields = 0
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    @property
    def keeps(self) -> bool:
        """Whether the connection may carry another request: it said nothing else, and nothing too much."""
        return self.is_whole and self._keeps

    def feed(self, data: bytes) -> None:
        """Read on; raise `Malformed` or `Exceeded`."""
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._keeps = False
            if isinstance(error.__context__, Exceeded):  # the parser calls, and hides what it is told
                raise error.__context__ from None
            if not self.is_whole:
                raise Malformed(str(error)) from error
        if not self._has_head:
            self._size += len(data)
            if self._size > _LONGEST_HEAD:
                raise Malformed("the head of an answer does not end")

    def end(self) -> None:
        """Take notice that the other side sends no more; an answer without a length of its own is whole by that."""
        self._keeps = False
        if self._has_head and self._headers.keys().isdisjoint(("content-length", "transfer-encoding")):
            self.is_whole = True

    def answer(self) -> Answer:
        """Give the answer that is whole; raise `Malformed` where its body is packed otherwise than it says.

        Raises `Exceeded` where it does not find room.
        """
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        coding = self._headers.get("content-encoding")
        if coding is not None and body:
            body = _unpacked(body, coding.strip().lower(), self._room)
        reason = self._reason.decode("utf-8", "surrogateescape")
        return tuple.__new__(Answer, (self._status, reason, self._headers, body))

    def on_message_begin(self) -> None:
        if self.is_whole:
            raise Malformed("more than was asked for")
        self._begin()

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:
            return  # of a trailer
        self._fields += 1
        if len(value) > _LONGEST_FIELD or self._fields > _MOST_FIELDS or b"\0" in value:
            raise Malformed("a header that is too long, one too many, or none")
        self._headers.setdefault(
            name.decode("utf-8", "surrogateescape").lower(), value.decode("utf-8", "surrogateescape")
        )

    def on_headers_complete(self) -> None:
        self._has_head = True
        self._status = self._parser.get_status_code()
        if self._is_head and self._status >= _FINAL:
            self._keeps, self.is_whole = False, True  # the parser would wait for a body
        elif self._room and self._headers.get("content-length", "").isdigit() and self._status != _NOT_MODIFIED:
            self._room.expect(int(self._headers["content-length"]))

    def on_body(self, piece: bytes) -> None:
        if self._room:
            self._room.take(len(piece))
        self._body.append(piece)

    def on_message_complete(self) -> None:
        if self._status >= _FINAL:
            self._keeps = self._keeps and self._parser.should_keep_alive()
            self.is_whole = True
        elif self._status == _SWITCHED:
            self._keeps, self.is_whole = False, True
        else:
            self._begin()  # so that no end makes an answer of it


def _unpacked(body: bytes, coding: str, room: Room | None) -> bytes:
    """Unpack as aiohttp does: several members of gzip, deflate with and without its frame; what is unknown stays."""
    if coding in {"br", "zstd"}:
        raise Malformed("a coding that was not offered")
    if coding == "gzip":
        return _inflated(body, _GZIP, room)
    if coding == "deflate":
        return _inflated(body, zlib.MAX_WBITS if body[0] & 0xF == _DEFLATE else _RAW_DEFLATE, room)
    return body


def _inflated(body: bytes, wbits: int, room: Room | None) -> bytes:
    """Unpack piece by piece: a thousandth of what comes of it may be all that was received."""
    pieces = []
    counted = len(body)
    try:
        for piece in _pieces(body, wbits):
            pieces.append(piece)
            counted -= len(piece)
            if room and counted < 0:
                room.take(-counted)
                counted = 0
    except zlib.error as error:
        raise Malformed(str(error)) from error
    return b"".join(pieces)


def _pieces(body: bytes, wbits: int) -> Iterator[bytes]:
    """Give what is packed in one member after the other."""
    while body:
        inflate = zlib.decompressobj(wbits)
        while not inflate.eof:
            piece = inflate.decompress(body, _PIECE)
            body = inflate.unconsumed_tail
            if not (piece or body or inflate.eof):
                raise Malformed("a packed body that is cut off")
            yield piece
        body = inflate.unused_data
