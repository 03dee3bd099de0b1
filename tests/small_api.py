"""A small API behind the real view and middleware; its resolvers fail and wait as a test tells them to."""

import asyncio
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NewType

import strawberry
import uvicorn
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Scope
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from gql_api import errors
from gql_api.schema.errors import Schema
from gql_api.web.graphql import Answering, GraphQLView
from gql_api.web.headers import headers_of
from gql_api.web.middleware import middleware
from gql_api.web.protocol import JoiningProtocol
from gql_api.web.statuses import Statuses

BODY_LIMIT = 200_000
SECRET = "SELECT * FROM mappings at postgres://root:hunter2@db"  # noqa: S105
FAILURES: dict[str, type[errors.Failure]] = {
    kind.__name__: kind
    for kind in (
        errors.Invalid,
        errors.NotFound,
        errors.Conflict,
        errors.Busy,
        errors.TooLarge,
        errors.PartlyStored,
        errors.BadUserInput,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.UpstreamUnavailable,
        errors.UpstreamTimeout,
        errors.UpstreamRejected,
        errors.DatabaseUnavailable,
        errors.DatabaseTimeout,
    )
}
Json = NewType("Json", object)
Even = NewType("Even", int)


def read_even(value: Any) -> int:
    if value == "crash":
        raise ValueError(SECRET)
    if not isinstance(value, int) or value % 2:
        raise GraphQLError("Even is an even number.")
    return value


def write_even(value: int) -> int:
    if value % 2:
        raise GraphQLError(f"{SECRET} is odd")
    return value


SCALARS: dict[object, Any] = {
    Json: strawberry.scalar(name="JSON", serialize=lambda value: value, parse_value=lambda value: value),
    Even: strawberry.scalar(name="Even", serialize=write_even, parse_value=read_even),
}
ODD_VALUES = {"integer": 2**70, "surrogate": "\ud800", "infinity": float("inf")}


@dataclass
class Signals:
    """What happened in the resolvers, and what they wait for; each event by its name."""

    events: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    crash: RuntimeError = field(default_factory=lambda: RuntimeError(SECRET))

    async def work(self, name: str) -> str:
        """Say `started`, wait for `released`, say how it ended."""
        self.events[f"{name}-started"].set()
        try:
            await self.events[f"{name}-released"].wait()
        except asyncio.CancelledError:
            self.events[f"{name}-cancelled"].set()
            raise
        self.events[f"{name}-finished"].set()
        return name


Info = strawberry.Info[Signals, None]


def fail(kind: str, path: list[str] | None) -> str:
    failure = FAILURES[kind](f"This is {kind}.")
    if isinstance(failure, errors.Correctable):
        failure.path = tuple(path or ())
    raise failure from RuntimeError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello {name}"

    @strawberry.field
    def doubled(self, number: int = 1) -> int:
        return 2 * number

    @strawberry.field
    def even(self, number: Even) -> int:
        return number

    @strawberry.field
    def wrongly_even(self) -> Even | None:
        return Even(3)

    @strawberry.field
    def never_null(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def odd_value(self, name: str) -> Json:
        return Json(ODD_VALUES[name])

    @strawberry.field
    def fails(self, kind: str, path: list[str] | None = None) -> str | None:
        return fail(kind, path)

    @strawberry.field
    async def crashes(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def crashes_in_disguise(self) -> str | None:
        raise GraphQLError(f"Argument '{SECRET}' is wrong")

    @strawberry.field
    async def crashes_alike(self, info: Info) -> str | None:
        raise info.context.crash

    @strawberry.field
    async def coded(self) -> str | None:
        raise GraphQLError("Too much is asked.", extensions={"code": "TOO_COMPLEX", "cost": 7})

    @strawberry.field
    async def waits(self, info: Info, name: str) -> str:
        return await info.context.work(name)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def fails(self, kind: str, path: list[str] | None = None) -> str | None:
        return fail(kind, path)

    @strawberry.mutation
    async def waits(self, info: Info, name: str) -> str:
        return await info.context.work(name)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def counts(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number
        raise RuntimeError(SECRET)


class Gate(SchemaExtension):
    """Stands for an extension of somebody else that refuses, well or badly, before a resolver runs."""

    def on_operation(self) -> Any:
        if self.execution_context.operation_extensions == {"gate": "crash"}:
            raise RuntimeError(SECRET)
        if self.execution_context.operation_extensions == {"gate": "refuse"}:
            raise GraphQLError("The gate is shut.", extensions={"code": "SHUT"})
        if self.execution_context.operation_extensions == {"gate": "mumble"}:
            raise GraphQLError("The gate is stuck.")
        yield

    def get_results(self) -> dict[str, Any]:
        return {"gate": "open"} if self.execution_context.operation_extensions == {"gate": "tell"} else {}


def small_schema() -> Schema:
    return Schema(
        Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=[Gate],
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def create_app(*, with_explorer: bool = True, statuses: Statuses | None = None) -> Starlette:
    """The API at /graphql; /signals/{name} waits for an event by GET, and sends it by POST."""
    signals = Signals()

    async def make_context(scope: Scope) -> Signals:
        kind = headers_of(scope).get(b"x-refuse")
        if kind == "crash":
            raise RuntimeError(SECRET)
        if kind:
            fail(kind, ["header"])
        return signals

    async def signal(request: Request) -> Response:
        event = signals.events[request.path_params["name"]]
        if request.method == "POST":
            event.set()
        await event.wait()
        return Response(status_code=204)

    async def has_happened(request: Request) -> Response:
        return Response(str(signals.events[request.path_params["name"]].is_set()))

    def explorer(request: Request) -> Response:
        return HTMLResponse("<p>The explorer</p>", headers={"referrer-policy": "same-origin", "vary": "Accept"})

    answering = Answering(statuses=statuses) if statuses else Answering()
    view = GraphQLView[Signals](small_schema(), make_context, explorer if with_explorer else None, answering=answering)
    return Starlette(
        routes=[
            Route("/graphql", view),
            Route("/signals/{name}", signal, methods=["GET", "POST"]),
            Route("/happened/{name}", has_happened),
        ],
        middleware=middleware(max_body_size=BODY_LIMIT),
    )


def main() -> None:
    """Serve on a free port, and write its number as the first line."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        sys.stdout.write(f"{bound.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(create_app(), log_level="warning", http=JoiningProtocol)).run(sockets=[bound])


if __name__ == "__main__":
    main()
