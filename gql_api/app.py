"""The composition root: opens the parts, hands each what it needs, and puts them together as one ASGI application."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gql_api.embedded import open_acontext
from gql_api.folder import claim, claim_database
from gql_api.loaders import Loaders
from gql_api.loaders.media import MediaCache
from gql_api.schema import build_schema
from gql_api.schema.context import Context, Services
from gql_api.services.adoption import Adoption
from gql_api.services.creation import Creation
from gql_api.services.files import Files
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Messages
from gql_api.services.reconcile import Reconciler
from gql_api.services.sessions import Sessions
from gql_api.settings import Settings, read_settings
from gql_api.store.database import open_database
from gql_api.store.url import sqlite_file
from gql_api.upstream.connect import connect
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.urls import UrlCache
from gql_api.web.auth import viewer_by_header
from gql_api.web.explorer import explorer_page, explorer_routes
from gql_api.web.graphql import GraphQLView
from gql_api.web.middleware import middleware

START_SECONDS = 10.0
SWEEP_SECONDS = 30.0
Front = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
_EMBEDDED_URL = "http://embedded.invalid/api/v1"


@dataclass(slots=True)
class Running:
    """What is open while the application runs."""

    gateway: Gateway
    services: Services
    urls: UrlCache
    media: MediaCache
    material: ASGIApp | None


def create_app(settings: Settings | None = None, *, front: Front | None = None) -> Starlette:
    """Make the application; without settings they are read from the environment.

    `front` wraps the transport to Acontext, whichever it is: the place to count, delay or break its calls.
    """
    settings = settings or read_settings()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with run(settings, front=front) as running:
            app.state.running = running
            yield

    viewer = viewer_by_header(default_user=settings.default_user, reserved_users=settings.disk_owner_prefix)

    def make_context(request: Request) -> Context:
        running: Running = request.app.state.running
        return Context(
            viewer=viewer(request),
            new_loaders=lambda: Loaders(running.gateway, running.urls),
            services=running.services,
            media=running.media,
            reserved_users=settings.disk_owner_prefix,
        )

    view = GraphQLView(
        build_schema(),
        make_context=make_context,
        explorer=partial(explorer_page, headers={"X-User": settings.default_user}),
    )
    return Starlette(
        routes=[
            Route("/graphql", view),
            Route("/", lambda _: RedirectResponse("graphql")),
            Route("/api/v1/material/{token}", _Material()),
            *explorer_routes(),
        ],
        middleware=middleware(max_body_size=settings.max_body_size),
        lifespan=lifespan,
    )


class _Material:
    """Serves the public URLs of the embedded Acontext; with another one there are none here."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        material = scope["app"].state.running.material or PlainTextResponse("Not Found", 404)
        await material(scope, receive, send)


@asynccontextmanager
async def run(settings: Settings, *, front: Front | None = None) -> AsyncIterator[Running]:
    """Open database and Acontext, finish what an earlier process left open, and sweep from then on."""
    async with AsyncExitStack() as stack:
        stack.enter_context(claimed(settings))
        await stack.enter_async_context(open_database(settings.mappings_url, migrate=settings.is_sqlite))
        gateway, material = await _open_acontext(stack, settings, front)
        services, reconciler = _services(gateway, settings)
        await reconciler.start(alone=settings.is_single, patience=START_SECONDS)
        await stack.enter_async_context(_background(reconciler))
        yield Running(gateway, services, UrlCache(_now), MediaCache(), material)


@contextmanager
def claimed(settings: Settings) -> Iterator[None]:
    """Hold the data folder and the SQLite file, where no second process may work on them; raise `FolderTaken`."""
    with ExitStack() as stack:
        if settings.is_single:
            stack.enter_context(claim(settings.data_dir))
        file = sqlite_file(settings.mappings_url)
        if file:
            stack.enter_context(claim_database(file))
        yield


async def _open_acontext(
    stack: AsyncExitStack, settings: Settings, front: Front | None
) -> tuple[Gateway, ASGIApp | None]:
    transport: httpx.AsyncBaseTransport | None = None
    material = None
    base_url, key = settings.acontext_base_url, settings.acontext_api_key
    secret = key.get_secret_value() if key else secrets.token_hex(16)
    if base_url is None:
        public_url = settings.public_url or f"http://{settings.host}:{settings.port}"
        acontext = await stack.enter_async_context(
            open_acontext(settings.data_dir / "acontext", api_key=secret, public_url=public_url)
        )
        base_url, material = _EMBEDDED_URL, acontext.material
        transport = httpx.ASGITransport(acontext.app, raise_app_exceptions=False)
    gateway = await stack.enter_async_context(
        connect(
            base_url=base_url,
            api_key=secret,
            concurrency=settings.upstream_concurrency,
            call_seconds=settings.upstream_timeout,
            transport=front(transport or httpx.AsyncHTTPTransport()) if front else transport,
        )
    )
    return gateway, material


def _services(gateway: Gateway, settings: Settings) -> tuple[Services, Reconciler]:
    locks = SessionLocks(patience=settings.lock_patience)
    creation = Creation(gateway, disk_owner_prefix=settings.disk_owner_prefix, clock=_now)
    reconciler = Reconciler(gateway, creation=creation, clock=_now)
    sessions = Sessions(
        gateway,
        locks=locks,
        creation=creation,
        adoption=Adoption(gateway, creation=creation, adopt_unowned=settings.adopt_unowned),
        reconciler=reconciler,
    )
    return Services(sessions, Messages(gateway, locks), Files(gateway, locks)), reconciler


@asynccontextmanager
async def _background(reconciler: Reconciler) -> AsyncIterator[None]:
    task = asyncio.create_task(reconciler.run(every=SWEEP_SECONDS))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _now() -> datetime:
    return datetime.now(UTC)
