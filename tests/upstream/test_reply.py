"""The reader of answers alone: whatever comes, in whatever pieces, is an answer or malformed."""

import gzip
import itertools

from hypothesis import given
from hypothesis import strategies as st

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
