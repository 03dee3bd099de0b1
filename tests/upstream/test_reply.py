"""The reader of answers alone: whatever comes, in whatever pieces, is an answer or malformed."""

import gzip
import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.request_scope import Exceeded, Room
from gql_api.upstream.reply import Malformed, Reply
from gql_api.upstream.sender import Answer

WRITTEN = [
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"code": 0}',
    b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nab\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"abc"),
    b"HTTP/1.1 204 None\r\n\r\n",
]


def read(pieces: list[bytes]) -> tuple[Answer | None, bool]:
    reply = Reply()
    reply.begin("GET")
    try:
        for piece in pieces:
            reply.feed(piece)
        keeps = reply.keeps
        reply.end()
        return (reply.answer() if reply.is_whole else None), keeps
    except Malformed:
        return None, False


@given(st.sampled_from(WRITTEN), st.lists(st.integers(0, 200)))
def test_an_answer_is_the_same_in_any_pieces(written: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(written)) for cut in cuts), len(written)]
    pieces = [written[start:end] for start, end in itertools.pairwise(edges) if start < end]
    assert read(pieces) == read([written])
    assert read([written])[0] is not None


@given(st.sampled_from(WRITTEN), st.lists(st.tuples(st.integers(0, 150), st.binary(max_size=3)), max_size=4))
def test_whatever_comes_is_an_answer_or_malformed(written: bytes, spoilt: list[tuple[int, bytes]]) -> None:
    for place, text in spoilt:
        written = written[:place] + text + written[place + 1 :]
    read([written])


def test_the_parser_takes_the_leniencies_that_are_asked_of_it() -> None:
    """A version without one of them would be strict without a word."""
    reply = Reply()
    reply.begin("GET")
    reply.feed(b"HTTP/1.1 200 OK\nX-Bell: a\x07b\nTransfer-Encoding: chunked\n\n1 \r\na\r\n0\r\n\r\n")
    assert reply.answer() == Answer(200, "OK", {"x-bell": "a\x07b", "transfer-encoding": "chunked"}, b"a")


MIB = 1024 * 1024


def packed(size: int) -> bytes:
    body = gzip.compress(bytes(size))
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_a_packed_answer_is_unpacked_no_further_than_there_is_room() -> None:
    """64 KiB become 64 MiB: what callers store may be as alike, and a proxy before Acontext may pack what it sends."""
    reply, written = Reply(), packed(64 * MIB)
    reply.begin("GET", Room(MIB))
    reply.feed(written)
    tracemalloc.start()
    try:
        with pytest.raises(Exceeded):
            reply.answer()
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_a_packed_answer_takes_as_much_room_as_it_is_long(size: int) -> None:
    reply = Reply()
    reply.begin("GET", Room(max(size, 50)))
    reply.feed(packed(size))
    assert reply.answer().body == bytes(size)
    if size > MIB:
        reply.begin("GET", Room(size - 1))
        reply.feed(packed(size))
        with pytest.raises(Exceeded):
            reply.answer()
