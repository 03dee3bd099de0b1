"""Opens the parts of the server and hands each what it needs; which of them answers what is put together in `app`."""

import importlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import httpx
from stamina.instrumentation import set_on_retry_hooks
from starlette.types import ASGIApp

from gql_api import assembling
from gql_api.events import Broker
from gql_api.events.local import LocalBroker
from gql_api.events.postgres import PostgresBroker
from gql_api.folder import claim, claim_database
from gql_api.identity import Expected, GivenKey, IssuerKeys, UnfitKey, Verifier
from gql_api.loaders.counter import TokenCounter
from gql_api.loaders.media import MediaCache
from gql_api.refusal import Refusal
from gql_api.schema.context import Services
from gql_api.services.activity import Activity
from gql_api.services.archive.carrying import Exports
from gql_api.services.following import Following
from gql_api.settings import Settings
from gql_api.store.clock import keeping_time
from gql_api.store.connection_options import connect_directly
from gql_api.store.database import ConnectionOptions, Database, open_database
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.store.text_keeper import TextKeeper
from gql_api.store.url import CertificatesUnusable, sqlite_file
from gql_api.telemetry import Listener, listening
from gql_api.upstream.connect import connect
from gql_api.upstream.counted_calls import Bounds
from gql_api.upstream.direct import Direct
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import Limits
from gql_api.upstream.measuring import note_retry
from gql_api.upstream.network import reaching
from gql_api.upstream.sender import Sender
from gql_api.upstream.urls import UrlCache
from gql_api.web.material import MaterialView

if TYPE_CHECKING:
    from gql_api.embedded import EmbeddedAcontext

START_SECONDS = 10.0
Front = Callable[[Sender], Sender]
_EMBEDDED_URL = "http://embedded.invalid/api/v1"


@dataclass(slots=True)
class Running:
    """What is open while the application runs."""

    gateway: Gateway
    reading: Gateway
    """The same for loaders, counted."""
    services: Services
    urls: UrlCache
    media: MediaCache
    material: ASGIApp | None
    """What is behind public URLs that point at this server; None where none do."""
    database: Database
    following: Following
    events: Broker
    places: PlaceKeeper
    counter: TokenCounter
    exports: Exports

    def checks(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Name what a server needs to be of use, each with a way to ask whether it is there; they raise if not."""
        return {"database": self.database.ready, "acontext": self.gateway.calls.ping}

    def sources(self) -> dict[str, Callable[[], float]]:
        """Name the states that metrics show, each with a way to ask for it."""
        calls, connections = self.gateway.calls, self.database.connections()
        states: dict[str, Callable[[], float]] = {
            "upstream_waiting": lambda: calls.waiting,
            "upstream_breaker_open": lambda: calls.is_open,
            "sessions_followed": lambda: self.following.sessions,
            "erasures_open": lambda: self.services.erasing.seen_open,
            "erasures_oldest_seconds": lambda: self.services.erasing.oldest_seconds,
        }
        if connections:
            states |= {
                "database_connections": connections.pool.get_size,
                "database_connections_idle": connections.idle,
                "database_connections_max": connections.pool.get_max_size,
            }
        return states


class OpenGateway(NamedTuple):
    """The way to Acontext, what is behind an embedded one's URLs, and what all servers of the same one know."""

    gateway: Gateway
    material: ASGIApp | None
    secret: bytes


@asynccontextmanager
async def run(
    settings: Settings,
    *,
    front: Front | None = None,
    keyless: httpx.AsyncBaseTransport | None = None,
    listeners: Sequence[Listener] = (),
) -> AsyncIterator[Running]:
    """Open database and Acontext, finish what an earlier process left open, and sweep from then on."""
    set_on_retry_hooks([note_retry])
    async with AsyncExitStack() as stack:
        stack.enter_context(claimed(settings))
        database = await stack.enter_async_context(
            open_database(settings.mappings_url, migrate=settings.is_sqlite, options=connection_options(settings))
        )
        gateway, material, secret = await open_gateway(stack, settings, front, keyless)
        if gateway.materials:
            material = MaterialView(gateway.materials)
        events = await _events(stack, settings)
        places = await _places(stack, settings, events)
        locks = await stack.enter_async_context(assembling.locks(settings).open())
        clock = await stack.enter_async_context(keeping_time(database))
        assembled = assembling.services(gateway, settings, locks, events, places, clock)
        # Calls of an embedded Acontext end with the process that made them.
        await assembled.reconciler.start(
            alone=settings.is_single, patience=START_SECONDS, is_silent=settings.is_embedded
        )
        with listening(listeners):
            await stack.enter_async_context(assembled.background(every=settings.sweep_seconds))
            following = assembling.following(gateway, events, places, settings, clock)
        await stack.enter_async_context(following.open())
        bounds = Bounds(settings.max_calls_per_operation, settings.max_read_size, settings.max_download_size)
        reading = gateway.counting(bounds)
        urls, media, counter = UrlCache(clock), MediaCache(), TokenCounter()
        stack.callback(counter.close)
        services, exports = assembled.services, assembling.exports(gateway, settings, secret, clock)
        yield Running(
            gateway, reading, services, urls, media, material, database, following, events, places, counter, exports
        )


def connection_options(settings: Settings) -> ConnectionOptions:
    """Say how PostgreSQL is connected to; a direct URL beside it says that there is a pooler in between."""
    return ConnectionOptions(
        pool_min=settings.database_pool_min,
        pool_max=settings.database_pool_max,
        statement_seconds=settings.database_statement_timeout,
        connect_seconds=settings.database_connect_timeout,
        application_name=settings.database_application_name,
        ssl_mode=settings.database_ssl_mode,
        ssl_root_cert=settings.database_ssl_root_cert,
        pooled=settings.database_direct_url is not None,
    )


def setting_at_fault(error: Exception, url: str) -> str:
    """Name the setting to put right where a database cannot be opened; `url` is the one with its URL."""
    is_option = isinstance(error, CertificatesUnusable) and not error.in_url
    return "DATABASE_SSL_ROOT_CERT" if is_option else url


def verifier_of(settings: Settings) -> Verifier | None:
    """Make what checks the callers' tokens; None where callers are believed. Raises `Refusal` for an unfit key."""
    if settings.auth == "none":
        return None
    algorithms = frozenset(settings.jwt_algorithms or ())
    expected = Expected(
        algorithms=algorithms,
        issuer=settings.jwt_issuer or "",
        audiences=settings.jwt_audience or (),
        user_claim=settings.jwt_user_claim,
        leeway=settings.jwt_leeway,
    )
    if settings.jwt_key is None:
        return Verifier(expected, IssuerKeys(settings.jwt_jwks_url or "", algorithms))
    try:
        return Verifier(expected, GivenKey(settings.jwt_key.get_secret_value(), algorithms))
    except UnfitKey as error:
        raise Refusal(f"GQL_API_JWT_KEY: {error}") from None


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


async def open_gateway(
    stack: AsyncExitStack,
    settings: Settings,
    front: Front | None = None,
    keyless: httpx.AsyncBaseTransport | None = None,
) -> OpenGateway:
    """Open the Acontext of the settings till the end of the stack."""
    sender: Sender | None = None
    material = None
    base_url, key = settings.acontext_base_url, settings.acontext_api_key
    api_key = key.get_secret_value() if key else secrets.token_hex(16)
    secret = api_key.encode()
    if base_url is None:
        open_acontext = importlib.import_module("gql_api.embedded").open_acontext  # beside a real one it is not loaded
        acontext: EmbeddedAcontext = await stack.enter_async_context(
            open_acontext(settings.data_dir / "acontext", api_key=api_key, public_url=settings.shown_at)
        )
        base_url, material, secret = _EMBEDDED_URL, acontext.material, acontext.secret
        sender = Direct(acontext.app)
    if sender is None:
        connections = settings.upstream_concurrency + 1  # one more, to ask whether it is there
        sender = await stack.enter_async_context(reaching(base_url, connections=connections))
    gateway = await stack.enter_async_context(
        connect(
            base_url=base_url,
            api_key=api_key,
            limits=Limits(
                concurrency=settings.upstream_concurrency,
                seconds=settings.upstream_timeout,
                transfer_seconds=settings.upstream_transfer_timeout,
                answer=settings.max_answer_size,
            ),
            sender=front(sender) if front else sender,
            shown_at=settings.public_url if settings.serve_public_urls and not settings.is_embedded else None,
            keyless=keyless,
        )
    )
    return OpenGateway(gateway, material, secret)


async def _events(stack: AsyncExitStack, settings: Settings) -> Broker:
    """Open what carries events: within this process where it is the only one, else by the database."""
    if settings.is_sqlite:
        return LocalBroker()
    url = settings.database_direct_url or settings.mappings_url
    broker = PostgresBroker(partial(connect_directly, url, replace(connection_options(settings), pooled=False)))
    await stack.enter_async_context(broker.open(patience=settings.database_connect_timeout))
    return broker


async def _places(stack: AsyncExitStack, settings: Settings, events: Broker) -> PlaceKeeper:
    """Open what keeps what is learnt of conversations, and tells when one goes on."""
    activity = stack.enter_context(Activity(events).open())
    keeper = PlaceKeeper(texts=TextKeeper() if settings.search else None, tell_active=activity.tell)
    return await stack.enter_async_context(keeper.open())
