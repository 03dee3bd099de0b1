"""The composition root: puts the routes, the middleware and the opened parts together as one ASGI application."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gql_api.documents import trusted
from gql_api.identity import Verifier
from gql_api.loaders import Loaders
from gql_api.model import Viewer
from gql_api.observing import Observers, observers
from gql_api.refusal import Refusal
from gql_api.running import Front, Running, run, verifier_of
from gql_api.schema import build_schema
from gql_api.schema.context import Context
from gql_api.schema.cost import Budgets
from gql_api.schema.errors import Schema
from gql_api.schema.known import KnownSizes
from gql_api.schema.persisted import Learned
from gql_api.schema.shape import DocumentLimits
from gql_api.settings import Settings, read_settings
from gql_api.stopping import Stop
from gql_api.telemetry import notes
from gql_api.web.admission import Admission, SocketLimits, exports_bound
from gql_api.web.admission import Limits as AdmissionLimits
from gql_api.web.auth import Identify, by_header, by_token
from gql_api.web.explorer import explorer_page, explorer_routes
from gql_api.web.exports import ExportView
from gql_api.web.graphql import Answering, GraphQLView
from gql_api.web.handshake import Asker
from gql_api.web.headers import headers_of
from gql_api.web.middleware import Site, middleware
from gql_api.web.probes import Readiness, metrics_route, probes
from gql_api.web.recording import Recorder
from gql_api.web.socket import SocketView
from gql_api.web.statuses import Audited, September2026, Statuses

TIDYING_SECONDS = 5.0
"""How long requests that were cut at the end may take to tidy up."""

_STATUSES: dict[str, type[Statuses]] = {"audited": Audited, "2026-09": September2026}


def create_app(
    settings: Settings | None = None,
    *,
    front: Front | None = None,
    keyless: httpx.AsyncBaseTransport | None = None,
    watched_by: Observers | None = None,
    schema: Schema | None = None,
) -> Starlette:
    """Make the application; without settings they are read from the environment.

    `front` wraps the sender to Acontext, whichever it is: the place to count, delay or break its calls.
    `keyless` stands for the network where files are fetched for public URLs. `schema` is one that was built to be
    executed in another way.
    """
    settings = settings or read_settings()
    verifier = verifier_of(settings)
    observed = watched_by or observers(settings, Stop())
    running = partial(run, settings, front=front, keyless=keyless, listeners=observed.listeners)
    archives = ExportView(exports_bound(settings.max_exports, everybody=_everybody(settings)))
    view, sockets = _endpoints(prepared_schema(settings, schema), settings, verifier, observed)
    return _Application(
        routes=[
            Route("/graphql", view),
            WebSocketRoute("/graphql", sockets),
            Route("/", lambda _: RedirectResponse("graphql")),
            Route("/api/v1/material/{token}", _Material()),
            Route("/api/v1/exports/{token}", archives),
            *(explorer_routes() if settings.has_explorer else []),
            *probes(lambda request: request.app.state.readiness, observed.stop),
            *_metrics(settings, observed),
        ],
        middleware=middleware(
            max_body_size=settings.max_body_size,
            max_upload_size=settings.max_upload_size,
            site=Site(settings.served_hosts, settings.cors_origins or (), settings.hsts_seconds),
            observing=observed.observing,
            straight={"/graphql": view},
        ),
        lifespan=lambda app: _lifespan(app, running, verifier, observed, archives),
    )


class _Application(Starlette):
    """Starlette without its own answers to crashes: all that is here is within `RequestRecord`, which has them."""

    def build_middleware_stack(self) -> ASGIApp:
        stack = super().build_middleware_stack()
        return stack.app if isinstance(stack, ServerErrorMiddleware) else stack


@asynccontextmanager
async def _lifespan(
    app: Starlette,
    run: Callable[[], AbstractAsyncContextManager[Running]],
    verifier: Verifier | None,
    observed: Observers,
    archives: ExportView,
) -> AsyncIterator[None]:
    """Keep the parts open while the application runs."""
    async with AsyncExitStack() as stack:
        if verifier:
            await stack.enter_async_context(verifier.open())
        running = await stack.enter_async_context(run())
        app.state.running = running
        app.state.readiness = Readiness(running.checks() | ({"identity": verifier.ping} if verifier else {}))
        await stack.enter_async_context(observed.watch(running.sources()))
        stack.push_async_callback(observed.stop.until_idle, TIDYING_SECONDS)
        for end in (running.following.end, archives.end):
            stack.enter_context(observed.stop.closing(end))
        yield


def prepared_schema(settings: Settings, schema: Schema | None = None) -> Schema:
    """Give the schema, told which documents are run, and how much one may ask for; raise `Refusal`."""
    schema = schema or build_schema()
    schema.documents.is_private = settings.production
    if settings.documents:
        texts = _trusted(settings.documents, schema)
        schema.documents.trusted = frozenset(texts.values())
        schema.persisted.trust(texts, alone=settings.only_trusted_documents)
    if settings.persisted_queries:
        schema.persisted.learned = Learned(most=settings.persisted_queries, most_bytes=settings.persisted_query_memory)
    schema.documents.limits = DocumentLimits(
        characters=settings.max_document_characters,
        tokens=settings.max_document_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        fields=settings.max_fields,
        root_fields=settings.max_root_fields,
        mutations=settings.max_mutations,
        directives=settings.max_directives,
        cost=settings.max_cost,
        variables_depth=settings.max_variables_depth,
        variables=settings.max_variables,
    )
    return schema


def _trusted(path: Path, schema: Schema) -> dict[str, str]:
    try:
        return trusted(path, partial(schema.documents.validated, schema._schema))
    except Refusal as error:
        raise Refusal(f"GQL_API_DOCUMENTS: {error}") from None


def _endpoints(
    schema: Schema, settings: Settings, verifier: Verifier | None, observed: Observers
) -> tuple[GraphQLView[Context], SocketView]:
    """Make the endpoint for requests and the one for sockets, of one schema."""
    identify = _identify(settings, verifier)
    budgets = Budgets(settings.max_cost_per_minute, everybody=_everybody(settings))
    make = partial(_context, settings, budgets, KnownSizes())

    async def make_context(scope: Scope) -> Context:
        viewer = await identify(headers_of(scope))
        noted = notes()
        if noted:
            noted.user = viewer.user
        return make(scope["app"].state.running, viewer)

    async def connect(request: Request) -> Asker[Context]:
        viewer = await identify(headers_of(request.scope))
        left = None if viewer.until is None else viewer.until - time.time()
        until = None if left is None else asyncio.get_running_loop().time() + left
        return Asker(viewer.user, lambda: make(request.app.state.running, viewer), until)

    admission = _admission(settings)
    view = GraphQLView[Context](
        schema,
        make_context=make_context,
        explorer=_explorer(settings, verifier),
        admission=admission,
        answering=_answering(settings, observed.stop),
    )
    sockets = SocketView(
        schema,
        connect,
        origins=settings.cors_origins or (),
        limits=_socket_limits(settings),
        admission=admission,
        recorder=Recorder(observed.observing),
    )
    return view, sockets


def _answering(settings: Settings, stop: Stop) -> Answering:
    statuses = _STATUSES[settings.http_edition]()
    return Answering(settings.request_timeout, settings.gzip, lambda: stop.is_closing, statuses)


def _explorer(settings: Settings, verifier: Verifier | None) -> Callable[[Request], Response] | None:
    example = {"Authorization": "Bearer <token>"} if verifier else {"X-User": settings.default_user}
    return partial(explorer_page, headers=example) if settings.has_explorer else None


def _socket_limits(settings: Settings) -> SocketLimits:
    return SocketLimits(
        sockets=settings.max_subscriptions,
        operations=settings.max_subscriptions_per_connection,
        seconds=settings.request_timeout,
    )


def _admission(settings: Settings) -> Admission:
    limits = AdmissionLimits(
        operations=settings.max_operations,
        operations_of_user=settings.max_operations_per_user,
        bodies=settings.body_memory,
        body=settings.max_body_size,
        uploads=settings.upload_spool,
        upload=settings.max_upload_size,
        files=settings.max_upload_files,
        file=settings.max_upload_file_size,
        archive=settings.max_archive_size,
        sockets_of_user=settings.max_connections_per_user,
    )
    return Admission(limits, user_of=lambda context: context.viewer.user, everybody=_everybody(settings))


def _everybody(settings: Settings) -> str | None:
    """Name the user that callers are who do not say who they are, where nobody has to: they may be anybody."""
    return settings.default_user if settings.auth == "none" else None


def _identify(settings: Settings, verifier: Verifier | None) -> Identify:
    reserved = settings.disk_owner_prefix
    if verifier:
        return by_token(verifier, act_as_scope=settings.act_as_scope, reserved_users=reserved)
    return by_header(default_user=settings.default_user, reserved_users=reserved)


def _context(settings: Settings, budgets: Budgets, sizes: KnownSizes, running: Running, viewer: Viewer) -> Context:
    return Context(
        viewer=viewer,
        new_loaders=lambda: Loaders(running.reading, running.urls, running.places, running.counter),
        services=running.services,
        media=running.media,
        exports=running.exports,
        following=running.following,
        seconds=settings.request_timeout,
        reserved_users=settings.disk_owner_prefix,
        budgets=budgets,
        sizes=sizes,
    )


def _metrics(settings: Settings, observed: Observers) -> list[Route]:
    token = settings.metrics_token
    if token is None:
        return []
    return [metrics_route(token.get_secret_value(), observed.exposition, observed.exposing.CONTENT_TYPE)]


class _Material:
    """Serves public URLs, where any point here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        running: Running = scope["app"].state.running
        material = running.material or PlainTextResponse("Not Found", 404)
        await material(scope, receive, send)
