"""A small server that ends as the product's does: `/waits` answers when `/release` was asked, the rest at once."""

import asyncio
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gql_api.stopping import Stop, StoppableServer
from gql_api.web.middleware import middleware
from gql_api.web.probes import Readiness, probes
from gql_api.web.protocol import JoiningProtocol
from gql_api.web.recording import Observing


def create_app(stop: Stop) -> Starlette:
    came, released = asyncio.Event(), asyncio.Event()

    async def waits(_: Request) -> Response:
        came.set()
        await released.wait()
        return PlainTextResponse("finished")

    async def has_come(_: Request) -> Response:
        await came.wait()
        return PlainTextResponse("come")

    async def release(_: Request) -> Response:
        released.set()
        return PlainTextResponse("released")

    readiness = Readiness({"nothing": lambda: asyncio.sleep(0)})
    return Starlette(
        routes=[
            Route("/waits", waits),
            Route("/come", has_come),
            Route("/release", release),
            *probes(lambda _: readiness, stop),
        ],
        middleware=middleware(max_body_size=100, observing=Observing(stop=stop)),
    )


def main(drain: float, seconds: int) -> None:
    """Serve on a free port, write its number as the first line, and `forced` as the last if that was so."""
    stop = Stop()
    options: dict[str, Any] = {"log_level": "critical", "lifespan": "off", "http": JoiningProtocol}
    config = uvicorn.Config(create_app(stop), timeout_graceful_shutdown=seconds, **options)
    server = StoppableServer(config, stop=stop, drain=drain)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        sys.stdout.write(f"{bound.getsockname()[1]}\n")
        sys.stdout.flush()
        server.run(sockets=[bound])
    sys.stdout.write("forced\n" if server.was_forced else "in order\n")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
