"""How long the other side may be silent: on a connection that is kept, each exchange has its own limit."""

import asyncio
from typing import Any

import pytest

from gql_api.upstream.sender import TooLate
from upstream.raw_server import WELL, Scripted, Server, asking, drain, head_from, running
from upstream.test_plain import connected

SOON = 0.05
ENOUGH = 20


async def test_a_shorter_limit_after_a_longer_one_counts() -> None:
    async with running(Server(lambda number: WELL if number == 1 else b"")) as server, connected(server) as sender:
        await sender.send(asking(seconds=600))
        with pytest.raises(TooLate):
            await asyncio.wait_for(sender.send(asking(seconds=SOON)), ENOUGH)
        assert server.connections == 1


async def test_a_longer_limit_after_a_shorter_one_counts() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(WELL)
        await head_from(reader)
        await asyncio.sleep(4 * SOON)
        writer.write(WELL)
        await reader.read(-1)

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        for seconds in (SOON, ENOUGH):
            assert (await sender.send(asking(seconds=seconds))).status == 200
        with pytest.raises(TooLate):
            await asyncio.wait_for(sender.send(asking(seconds=SOON)), ENOUGH)
        assert server.connections == 1


async def test_who_is_heard_is_not_cut() -> None:
    """It takes longer than it may be silent."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await head_from(reader):
            for part in range(0, len(WELL), 20):
                await asyncio.sleep(0.2)
                writer.write(WELL[part : part + 20])

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        assert len(WELL) / 20 * 0.2 > 0.7
        assert (await sender.send(asking(seconds=0.7))).status == 200


async def test_a_body_that_is_taken_slowly_is_not_cut_by_the_limit_of_the_exchange_before() -> None:
    body, over = bytes(32_000_000), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_from(reader)
        writer.write(WELL)
        await head_from(reader)
        await over.wait()
        await drain(reader, len(body))
        writer.write(WELL)

    async with running(Scripted(script=script)) as server, connected(server) as sender:
        await sender.send(asking(seconds=2 * SOON))
        asyncio.get_running_loop().call_later(6 * SOON, over.set)
        assert (await sender.send(asking("PUT", body=body, seconds=ENOUGH))).status == 200
        assert server.connections == 1


async def test_a_connection_that_idles_longer_than_it_might_be_silent_is_kept() -> None:
    loop, told = asyncio.get_running_loop(), []

    def tell(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        told.append(context)

    loop.set_exception_handler(tell)
    async with running(Server()) as server, connected(server) as sender:
        for _ in range(3):
            assert (await sender.send(asking(seconds=SOON))).status == 200
            await asyncio.sleep(3 * SOON)
        assert server.connections == 1
    assert told == []
