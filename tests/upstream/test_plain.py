"""Connections of our own: how many there are, which is taken, and when one is of no more use."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import pytest
from yarl import URL

from gql_api.upstream.failures import Fate
from gql_api.upstream.network import reaching
from gql_api.upstream.plain import Plain, plainly
from gql_api.upstream.sender import Answer, NoAnswer, NotConnected, Unreached
from upstream.raw_server import WELL, Scripted, Server, asking, drain, head_from, running


@asynccontextmanager
async def connected(server: Server, *, connections: int = 1, kept_seconds: float = 5) -> AsyncIterator[Plain]:
    port = URL(server.url).port or 0
    async with plainly("127.0.0.1", port, connections=connections, kept_seconds=kept_seconds) as sender:
        yield sender


class Holding(Scripted):
    """Answers only when it is let, and counts who waits."""

    def __init__(self) -> None:
        super().__init__(script=self.hold)
        self.let = asyncio.Event()
        self.held = asyncio.Semaphore(0)
        self.now = self.most = 0

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await head_from(reader):
            self.now += 1
            self.most = max(self.most, self.now)
            self.held.release()
            await self.let.wait()
            self.now -= 1
            writer.write(WELL)


async def test_there_are_no_more_connections_than_said() -> None:
    async with running(Holding()) as server, connected(server, connections=3) as sender:
        assert isinstance(server, Holding)
        asked = [asyncio.create_task(sender.send(asking())) for _ in range(10)]
        for _ in range(3):
            await server.held.acquire()
        with pytest.raises(NotConnected) as caught:
            await sender.send(asking(seconds=0.05))
        assert caught.value.fate is Fate.UNSENT
        server.let.set()
        assert [answer.status for answer in await asyncio.gather(*asked)] == [200] * 10
        assert (server.connections, server.most) == (3, 3)


async def test_many_at_once_are_answered_each_with_its_own() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await head_from(reader):
            target = head.split()[1]
            await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

    async with running(Scripted(script=script)) as server, connected(server, connections=20) as sender:
        for _ in range(3):
            answers = await asyncio.gather(*(sender.send(asking(target=f"/{number}")) for number in range(200)))
            assert [answer.body for answer in answers] == [b"/%d" % number for number in range(200)]
        assert server.connections == 20


async def test_who_gives_up_waiting_takes_no_turn_along() -> None:
    async with running(Holding()) as server, connected(server) as sender:
        assert isinstance(server, Holding)
        first = asyncio.create_task(sender.send(asking()))
        await server.held.acquire()
        waiting = asyncio.create_task(sender.send(asking()))
        await asyncio.sleep(0)
        waiting.cancel()
        server.let.set()
        await first
        assert (await asyncio.wait_for(sender.send(asking()), 5)).status == 200


async def test_the_connection_that_was_used_last_is_taken_first_and_the_others_go() -> None:
    taken: list[int] = []
    gone: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = server.connections
        while await head_from(reader):
            taken.append(number)
            await asyncio.sleep(0.02 * number)
            writer.write(WELL)
        gone.append(number)

    async with running(Scripted(script=script)) as server, connected(server, connections=3, kept_seconds=0.3) as sender:
        await asyncio.gather(*(sender.send(asking()) for _ in range(3)))
        for _ in range(8):
            await sender.send(asking())
            await asyncio.sleep(0.05)
        assert taken[3:] == [3] * 8
        assert sorted(gone) == [1, 2]
        await asyncio.sleep(0.5)
        assert sorted(gone) == [1, 2, 3]
        await sender.send(asking())
        assert server.connections == 4


async def test_what_comes_with_an_answer_and_is_none_of_it_ends_the_connection() -> None:
    """An answer too many must never be the next request's."""
    other = WELL.replace(b"0", b"9")
    for more in (other, b"garbage\r\n\r\n", b"H"):
        async with running(Server(lambda number, more=more: WELL + more)) as server, connected(server) as sender:  # type: ignore[misc]
            for number in range(1, 3):
                assert (await sender.send(asking())).body == b'{"code": 0}'
                assert server.connections == number


async def test_a_head_that_does_not_end_is_not_read_for_ever() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        while not writer.is_closing():
            writer.write(b"a" * 10_000)
            await writer.drain()

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        with pytest.raises(NoAnswer) as caught:
            await asyncio.wait_for(sender.send(asking()), 10)
    assert str(caught.value.__cause__) == "the head of an answer does not end"


async def test_what_comes_though_nobody_asked_ends_the_connection() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(WELL)
        await asyncio.sleep(0.05)
        writer.write(WELL.replace(b"0", b"9"))
        await reader.read()

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        for number in range(1, 3):
            assert (await sender.send(asking())).body == b'{"code": 0}'
            assert server.connections == number
            await asyncio.sleep(0.15)


@contextmanager
def deaf() -> Iterator[int]:
    """Give a port whose queue of those who want to connect is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as callers:
        port = listening.getsockname()[1]
        for _ in range(4):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        yield port


async def test_a_server_that_takes_no_more_is_not_connected_in_time() -> None:
    with deaf() as port:
        async with plainly("127.0.0.1", port, connections=1) as sender:
            with pytest.raises(NotConnected) as caught:
                await sender.send(asking(seconds=0.2))
    assert caught.value.fate is Fate.UNSENT


async def test_a_server_that_hangs_up_at_once_has_no_answer() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        for _ in range(3):
            with pytest.raises(NoAnswer):
                await sender.send(asking("POST", body=b"x"))


async def test_a_name_is_looked_up_and_one_that_nobody_has_is_unreached() -> None:
    async with running(Server()) as server:
        port = URL(server.url).port
        async with reaching(f"http://localhost:{port}", connections=5) as sender:
            answers = await asyncio.gather(*(sender.send(asking()) for _ in range(5)))
            assert [answer.status for answer in answers] == [200] * 5
    async with reaching("http://acontext.invalid", connections=5) as sender:
        for _ in range(2):
            found = await asyncio.gather(*(sender.send(asking()) for _ in range(3)), return_exceptions=True)
            assert [type(failure) for failure in found] == [Unreached] * 3


async def test_all_share_one_look_up_and_after_a_failed_one_another_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, found = asyncio.get_running_loop(), asyncio.Event()
    asked = 0

    async def getaddrinfo(host: str, port: int, **options: object) -> list[tuple[object, ...]]:
        nonlocal asked
        asked += 1
        await found.wait()
        if asked == 1:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    async with running(Server()) as server:
        url = server.url.replace("127.0.0.1", "acontext.invalid")
        async with reaching(url, connections=5) as sender:
            sent = [asyncio.create_task(sender.send(asking())) for _ in range(4)]
            await asyncio.sleep(0)
            sent[0].cancel()
            await asyncio.sleep(0)
            found.set()
            ends = await asyncio.gather(*sent, return_exceptions=True)
            assert [type(end) for end in ends] == [asyncio.CancelledError, Unreached, Unreached, Unreached]
            answers = await asyncio.gather(*(sender.send(asking()) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    assert asked == 2


@pytest.mark.parametrize(("host", "listens"), [("localhost", "127.0.0.1"), ("localhost", "::1"), ("[::1]", "::1")])
async def test_of_several_addresses_one_that_answers_is_enough(host: str, listens: str) -> None:
    """Here a name stands for the addresses of both families, of which one is listened to."""
    known = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), 0)
    if listens not in {address[4][0] for address in known}:
        pytest.skip("this machine has no such name")
    try:
        listening = await asyncio.start_server(Server().serve, listens, 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = listening.sockets[0].getsockname()[1]
    async with listening, reaching(f"http://{host}:{port}", connections=1) as sender:
        assert (await sender.send(asking())).status == 200


async def test_the_end_closes_what_is_kept_and_what_is_under_way() -> None:
    async with running(Holding()) as server:
        assert isinstance(server, Holding)
        async with connected(server, connections=2) as sender:
            asked = asyncio.create_task(sender.send(asking()))
            await server.held.acquire()
        with pytest.raises(NoAnswer):
            await asked
        with pytest.raises(NoAnswer):
            await sender.send(asking())


async def test_a_large_body_is_not_copied_while_nobody_takes_it() -> None:
    body = bytes(32_000_000)
    came, taken = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        came.set()
        await taken.wait()
        await drain(reader, len(body))
        writer.write(WELL)

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        tracemalloc.start()
        try:
            asked: asyncio.Task[Answer] = asyncio.create_task(sender.send(asking("PUT", body=body)))
            await came.wait()
            await asyncio.sleep(0.05)
            assert tracemalloc.get_traced_memory()[1] < 4_000_000
        finally:
            tracemalloc.stop()
        taken.set()
        assert (await asked).status == 200
