"""Answers of every form that HTTP/1.1 knows, and of none, by each way to an Acontext."""

import asyncio
import gzip
import zlib

import pytest

from gql_api.upstream.failures import Fate
from gql_api.upstream.sender import NoAnswer, TooLate
from upstream.raw_server import WAYS, WELL, Scripted, Server, Way, asking, head_from, running, sent


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def packed(coding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        coding.encode(),
        len(body),
        body,
    )


def raw_deflated(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(body) + deflate.flush()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = bytes(range(256)) * 400
ANSWERED: dict[str, tuple[bytes, int, bytes]] = {
    "chunks, one with an extension, and a trailer": (
        CHUNKED + b"2;a=b\r\nab\r\n1\r\nc\r\n0\r\nContent-Type: x/y\r\n\r\n",
        200,
        b"abc",
    ),
    "a body without chunks": (CHUNKED + b"0\r\n\r\n", 200, b""),
    "one that is announced": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Early: 1\r\n\r\n" + WELL,
        200,
        b'{"code": 0}',
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "not modified, with a length that means another answer": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        304,
        b"",
    ),
    "no length but zero": (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, b""),
    "gzip": (packed("gzip", gzip.compress(LARGE)), 200, LARGE),
    "gzip in two members": (packed("GZip", gzip.compress(b"a") + gzip.compress(b"b")), 200, b"ab"),
    "deflate": (packed("deflate", zlib.compress(LARGE)), 200, LARGE),
    "deflate without its frame": (packed("deflate", raw_deflated(LARGE)), 200, LARGE),
    "packed nothing": (packed("gzip", b""), 200, b""),
    "a coding of no name": (packed("x-own", b"abc"), 200, b"abc"),
    "lines that end in a line feed alone": (b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", 200, b"a"),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", 200, b"a"),
}


@pytest.mark.parametrize(("written", "status", "body"), ANSWERED.values(), ids=ANSWERED.keys())
async def test_an_answer_is_read_in_each_of_its_forms(way: Way, written: bytes, status: int, body: bytes) -> None:
    """And the connection is of use again."""
    async with running(Server(lambda number: written)) as server, way(server.url, connections=1) as sender:
        for _ in range(2):
            answer = await sender.send(asking())
            assert (answer.status, answer.body) == (status, body)
            assert answer.headers.get("content-type") != "x/y"
            assert "x-early" not in answer.headers
        assert server.connections == 1


@pytest.mark.parametrize("piece", [1, 7])
async def test_an_answer_may_come_in_any_pieces(way: Way, piece: int) -> None:
    short = [answered for answered in ANSWERED.values() if len(answered[0]) < 300]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer, _, _ in short:
            await head_from(reader)
            for start in range(0, len(answer), piece):
                writer.write(answer[start : start + piece])
                await asyncio.sleep(0)

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        for _, status, body in short:
            answer = await sender.send(asking())
            assert (answer.status, answer.body) == (status, body)
    assert server.connections == 1


@pytest.mark.parametrize(
    "head", ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n"]
)
async def test_the_end_of_the_connection_may_be_the_end_of_the_answer(way: Way, head: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(head.encode() + b"\r\n" + LARGE)
        await writer.drain()

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        for _ in range(2):
            assert (await sender.send(asking())).body == LARGE
        assert server.connections == 2


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close", b"HTTP/1.0 200 OK"])
async def test_a_connection_that_is_said_to_end_is_not_used_again(way: Way, head: bytes) -> None:
    answer = head + b"\r\nContent-Length: 2\r\n\r\n{}"
    async with running(Server(lambda number: answer)) as server, way(server.url, connections=1) as sender:
        for _ in range(2):
            assert (await sender.send(asking())).body == b"{}"
        assert server.connections == 2


async def test_the_answer_to_a_head_has_no_body(way: Way) -> None:
    async with (
        running(Server(lambda number: WELL.partition(b"{")[0])) as server,
        way(server.url, connections=1) as sender,
    ):
        for _ in range(2):
            assert (await sender.send(asking("HEAD"))).body == b""


async def test_headers_are_found_in_lower_case_and_the_first_of_a_name_counts(way: Way) -> None:
    written = b"HTTP/1.1 200 F\xc3\xbcr\r\nRetry-After: 1\r\nRETRY-AFTER: 2\r\nX-Empty:\r\n"
    written += b"X-Odd: \xff\xc3\xa4\r\nContent-Length: 0\r\n\r\n"
    async with running(Server(lambda number: written)) as server:
        answer = await sent(server.url, asking(), way)
    assert [answer.headers.get(name) for name in ("retry-after", "x-empty", "x-odd")] == ["1", "", "\udcffä"]
    assert answer.reason == "Für"


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "half a status": b"HTTP/1.",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Len",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    "half a chunk": CHUNKED + b"5\r\nab",
    "chunks without an end": CHUNKED + b"2\r\nab\r\n",
    "an announcement of nothing": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "no HTTP": b"SSH-2.0\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nabcde",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "no chunk": CHUNKED + b"zz\r\n",
    "a null byte": b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    "too long a header": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 3_000_000,
    "no gzip": packed("gzip", b"abc"),
    "no deflate": packed("deflate", b"\xff\xff\xff"),
    "half of a deflated body": packed("deflate", zlib.compress(LARGE)[:-9]),
    "a coding that was not offered": packed("br", b"abc"),
}


@pytest.mark.parametrize("written", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_whole_answer_is_none(way: Way, written: bytes) -> None:
    """The request may have had its effect; the next one goes another way."""
    connections = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await head_from(reader)
        writer.write(written if connections == 1 else WELL)
        await writer.drain()

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        with pytest.raises(NoAnswer) as caught:
            await sender.send(asking("POST", body=b"x"))
        assert caught.value.fate is Fate.LOST
        assert (await sender.send(asking())).body == b'{"code": 0}'


async def test_half_of_a_gzipped_body_is_no_answer() -> None:
    """aiohttp takes it for a whole one."""
    async with running(Server(lambda number: packed("gzip", gzip.compress(LARGE)[:-9]))) as server:
        with pytest.raises(NoAnswer):
            await sent(server.url, asking())


async def test_a_switch_to_something_else_is_an_answer_and_the_end_of_http(way: Way) -> None:
    written = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nother"
    async with running(Server(lambda number: written)) as server:
        assert (await sent(server.url, asking(), way)).status == 101


@pytest.mark.parametrize("silent_after", [b"", b"HTTP/1.1 200 OK\r\n", CHUNKED, CHUNKED + b"2\r\nab\r\n"])
async def test_silence_is_too_long_whenever_it_begins(way: Way, silent_after: bytes) -> None:
    over = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(silent_after)
        await reader.read()
        over.set()

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        with pytest.raises(TooLate) as caught:
            await sender.send(asking(seconds=0.1))
        assert caught.value.fate is Fate.LATE
        await asyncio.wait_for(over.wait(), 5)


async def test_an_answer_that_trickles_is_not_late(way: Way) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        for start in range(0, len(WELL), 10):
            writer.write(WELL[start : start + 10])
            await asyncio.sleep(0.15)

    async with running(Scripted(script=script)) as server:
        answer = await sent(server.url, asking(seconds=0.7), way)
    assert answer.body == b'{"code": 0}'


async def test_who_gives_up_closes_the_connection(way: Way) -> None:
    came, over = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        came.set()
        assert await reader.read() == b""
        over.set()

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        asked = asyncio.create_task(sender.send(asking()))
        await came.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await asyncio.wait_for(over.wait(), 5)


async def test_a_connection_that_was_closed_meanwhile_is_not_asked(way: Way) -> None:
    """A write is not lost where it can be known before it is sent."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(WELL)

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        for number in range(1, 4):
            assert (await sender.send(asking("POST", body=b"x"))).status == 200
            await asyncio.sleep(0.05)
            assert server.connections == number


async def test_a_large_body_waits_for_who_takes_it(way: Way) -> None:
    taken, body = asyncio.Event(), bytes(8_000_000)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        await taken.wait()
        assert await reader.readexactly(len(body)) == body
        writer.write(WELL)

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        asked = asyncio.create_task(sender.send(asking("PUT", body=body)))
        done, _ = await asyncio.wait({asked}, timeout=0.1)
        assert not done
        taken.set()
        assert (await asked).status == 200


async def test_a_refusal_may_come_before_the_request_is_whole(way: Way) -> None:
    """The rest of the request is not sent, and nothing else on that connection."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await asyncio.sleep(0.3)

    async with running(Scripted(script=script)) as server, way(server.url, connections=1) as sender:
        for number in range(1, 3):
            assert (await sender.send(asking("PUT", body=bytes(8_000_000)))).status == 413
            assert server.connections == number


@pytest.mark.parametrize("bad", ["a\r\nx-key: b", "a\nb", "a\rb", "a\0b"])
async def test_a_header_can_be_no_more_than_itself(way: Way, bad: str) -> None:
    async with running(Server()) as server:
        request = asking()._replace(headers={"host": "acontext.test", "x-request-id": bad})
        with pytest.raises(ValueError):  # noqa: PT011 - of two makers
            await sent(server.url, request, way)
        assert server.requests == []
