"""Connections that come at once are taken by many in a turn of the event loop, and do not wait in the kernel."""

import asyncio
import os
import socket
from contextlib import ExitStack

import uvloop

from gql_api.serving import listening_sockets

MANY, TURNS = 64, 10


async def turns_until_all_are_taken(listening: list[socket.socket]) -> int:
    """Let clients connect first, then look how many turns it takes to notice all of them."""
    loop, taken = asyncio.get_running_loop(), 0

    class Counting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal taken
            taken += 1
            transport.close()

    with ExitStack() as stack:
        address = listening[0].getsockname()
        for _ in range(MANY):
            stack.enter_context(socket.create_connection(address))
        servers = [await loop.create_server(Counting, sock=one, backlog=MANY) for one in listening]
        turns = 0
        while taken < MANY:
            turns += 1
            await asyncio.sleep(0)
        for server in servers:
            server.close()
    return turns


def test_many_connections_are_taken_in_one_turn() -> None:
    bound = socket.create_server(("127.0.0.1", 0), backlog=MANY)
    assert uvloop.run(turns_until_all_are_taken(listening_sockets(bound))) <= TURNS


def test_no_process_lets_another_wait_for_a_connection() -> None:
    """Whether one waits is the same for all processes that share the socket; a copy that was sent does not know."""
    with ExitStack() as stack:
        bound = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=MANY))
        bound.setblocking(False)
        sent = socket.socket(fileno=os.dup(bound.fileno()))
        assert sent.gettimeout() is None
        for one in listening_sockets(sent):
            assert not os.get_blocking(stack.enter_context(one).fileno())
        assert not os.get_blocking(bound.fileno())
