"""Runs the application under uvicorn, and the database's migrations: what the commands need and `--help` does not."""

import asyncio
import gc
import importlib
import logging.config
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from gql_api.app import create_app, prepared_schema
from gql_api.folder import make_folder
from gql_api.observing import WORKERS_FOLDER, Observers, observers
from gql_api.refusal import Refusal
from gql_api.running import claimed, connection_options, setting_at_fault, verifier_of
from gql_api.settings import Settings
from gql_api.stopping import Stop, StoppableServer
from gql_api.store import database
from gql_api.store.url import sqlite_file
from gql_api.telemetry.logs import log_config
from gql_api.web.explorer import STATIC, read_manifest
from gql_api.web.protocol import JoiningProtocol
from gql_api.workers import Supervisor

MOST_OF_MESSAGE = 1024 * 1024
"""Bytes of a message over a socket."""
_TAKEN_AT_ONCE = 16
"""Connections that one turn of the event loop takes at most."""
_GARBAGE = 50_000
"""Objects that are made before the collector looks for circles among them; one answer may have as many."""

_GREETING = """
  {served:<26} {url}/graphql
  Mappings                   {mappings}
  Acontext                   {acontext}{metrics}

{pasted}  Ask from a shell:
    curl {url}/graphql -H 'content-type: application/json' \\
      -d '{{"query": "mutation {{ createSession(input: {{}}) {{ session {{ id createdAt disk {{ id }} }} }} }}"}}'

"""

_PASTED = """  Paste this into the explorer:
    mutation { createSession(input: {title: "Hello"}) { session { id title createdAt disk { id } } } }

"""


class _Server(StoppableServer):
    """Tells where to go once the server answers."""

    greeting = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _settle()
            sys.stdout.write(self.greeting)
            sys.stdout.flush()


def _settle() -> None:
    """Let the garbage collector look at what requests make, and not at all that was there before, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)


def serve(settings: Settings) -> None:
    """Serve until told to stop; raise `Refusal` when the server cannot start, and exit with 1 when it was cut short."""
    with closing(_bind(settings.host, settings.port)) as bound:
        settings = settings.bound_to(*bound.getsockname()[:2])
        asyncio.run(_check(settings))
        run = _serve_by_workers if settings.workers > 1 else _serve_alone
        if run(settings, bound):
            sys.exit(1)


def _serve_alone(settings: Settings, bound: socket.socket) -> bool:
    """Serve in this process; tell whether work was left undone."""
    stop = Stop()
    watched_by = observers(settings, stop)
    with _metrics_port(settings, watched_by.collector) as metrics:
        server = _server(settings, stop, watched_by)
        server.greeting = _greeting(settings, metrics)
        server.run(sockets=listening_sockets(bound))
    return server.was_forced


def _serve_by_workers(settings: Settings, bound: socket.socket) -> bool:
    """Serve in processes of their own, which count their metrics in files that only they and this one use."""
    if settings.documents:
        prepared_schema(settings)  # what is wrong with them is told once, and not by each worker
    logging.config.dictConfig(log_config(settings.log_level, settings.log_format))
    with ExitStack() as stack:
        forget, collector = _forget_nothing, None
        if settings.is_measured:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gql-api-metrics-"))
            os.environ[WORKERS_FOLDER] = folder  # the library knows no other way to be told
            stack.callback(os.environ.pop, WORKERS_FOLDER)
            folding = importlib.import_module("gql_api.telemetry.folding")
            forget = partial(folding.forget, folder=Path(folder))
            collector = importlib.import_module("gql_api.telemetry.exposing").OfWorkers(Path(folder))
        metrics = stack.enter_context(_metrics_port(settings, collector))
        sys.stdout.write(_greeting(settings, metrics))
        sys.stdout.flush()
        work = partial(_work, settings, bound)
        # As long as it is open here, connections are taken that no worker answers.
        return Supervisor(work, settings.workers, forget=forget, stopping=bound.close).run() != 0


def _work(settings: Settings, bound: socket.socket) -> None:
    """Be one of several workers."""
    stop = Stop()
    server = _server(settings, stop, observers(settings, stop), is_supervised=True)
    server.run(sockets=listening_sockets(bound))
    if server.was_forced:
        sys.exit(1)


def _forget_nothing(pid: int) -> None:
    """There are no metrics."""


def _server(settings: Settings, stop: Stop, watched_by: Observers, *, is_supervised: bool = False) -> _Server:
    config = _config(create_app(settings, watched_by=watched_by), settings)
    return _Server(config, stop=stop, drain=settings.drain_seconds, is_supervised=is_supervised)


@contextmanager
def _metrics_port(settings: Settings, collector: Any) -> Iterator[str | None]:
    """Serve metrics on a port of their own where the settings say so; give the address."""
    if settings.metrics_port is None:
        yield None
        return
    host, port = settings.metrics_host, settings.metrics_port
    exposing = importlib.import_module("gql_api.telemetry.exposing")
    with ExitStack() as stack:
        try:
            bound = stack.enter_context(exposing.served(collector, host=host, port=port))
        except OSError as error:
            names = "GQL_API_METRICS_HOST, GQL_API_METRICS_PORT"
            raise Refusal(f"{names}: cannot listen on {host}:{port}: {error}") from None
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}/metrics"


def migrate(settings: Settings) -> list[str]:
    """Apply the missing migrations and name them; raise `Refusal` when the database does not let us."""
    direct = settings.database_direct_url
    name, url = ("DATABASE_DIRECT_URL", direct) if direct else ("DATABASE_URL", settings.mappings_url)
    if not (direct or settings.database_url):
        make_folder(settings.data_dir)
    try:
        return asyncio.run(database.migrate(url, replace(connection_options(settings), pooled=False)))
    except database.UNREADY as error:
        raise Refusal(f"{setting_at_fault(error, name)}: {error}") from None


def _config(app: Starlette, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=log_config(settings.log_level, settings.log_format),
        access_log=False,
        server_header=False,
        proxy_headers=False,  # no header of a proxy is believed, and nothing asks who connected
        timeout_graceful_shutdown=settings.shutdown_seconds,
        http=JoiningProtocol,
        ws="websockets-sansio",
        ws_max_size=MOST_OF_MESSAGE,
        # It costs more than it saves: memory for each idle socket, and work for each subscriber of an event.
        ws_per_message_deflate=False,
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise Refusal(f"GQL_API_HOST, GQL_API_PORT: cannot listen on {host}:{port}: {error}") from None
    # What is taken from it has it too: else a second piece of an answer waits until the first was confirmed.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def listening_sockets(bound: socket.socket) -> list[socket.socket]:
    """Give the same socket several times over: of each the event loop takes one connection in a turn.

    By one alone they would wait in the kernel while a busy loop takes long turns, where nobody refuses or answers them.
    None may wait to take one, not even for a moment: other processes listen on the same socket, and that it does not
    wait is said of the socket and not of its copies. One that was waited for would hold up all that its process does.
    """
    bound.setblocking(False)
    return [bound, *(bound.dup() for _ in range(_TAKEN_AT_ONCE - 1))]


async def _check(settings: Settings) -> None:
    """Open everything once before anything is served, so that what is wrong with it is told in one line."""
    verifier_of(settings)
    try:
        with claimed(settings):
            _require_free_acontext(settings)
            async with database.open_database(
                settings.mappings_url, migrate=settings.is_sqlite, options=connection_options(settings)
            ):
                return
    except database.UNREADY as error:
        raise Refusal(f"{setting_at_fault(error, 'DATABASE_URL')}: {error}") from None


def _require_free_acontext(settings: Settings) -> None:
    """Refuse an embedded Acontext that runs alone elsewhere."""
    if not settings.is_embedded:
        return
    embedded = importlib.import_module("gql_api.embedded")
    folder = settings.data_dir / "acontext"
    try:
        with embedded.claimed(folder):
            return
    except embedded.FolderInUse as error:
        raise Refusal(f"GQL_API_DATA_DIR: the folder {folder} cannot be used: {error}.") from None


def _greeting(settings: Settings, metrics: str | None) -> str:
    file = sqlite_file(settings.mappings_url)
    embedded = f"embedded, in {settings.data_dir.resolve() / 'acontext'}"
    is_built = read_manifest(STATIC) is not None
    unbuilt = "GraphQL API (no explorer: make explorer)" if settings.has_explorer else "GraphQL API"
    is_shown = is_built and settings.has_explorer
    return _GREETING.format(
        served="GraphQL API and explorer" if is_shown else unbuilt,
        pasted=_PASTED if is_shown else "",
        url=settings.public_url,
        mappings=f"SQLite in {file}" if file else "PostgreSQL",
        acontext=embedded if settings.is_embedded else "the one of ACONTEXT_BASE_URL",
        metrics=f"\n  Metrics                    {metrics}" if metrics else "",
    )
