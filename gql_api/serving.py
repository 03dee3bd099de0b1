"""Runs the application under uvicorn, and the database's migrations: what the commands need and `--help` does not."""

import asyncio
import os
import socket
import sys
from contextlib import closing
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from gql_api import embedded
from gql_api.app import claimed, create_app
from gql_api.refusal import Refusal
from gql_api.settings import Settings
from gql_api.stopping import StoppableServer
from gql_api.store import database
from gql_api.store.url import sqlite_file
from gql_api.telemetry import RequestIdFilter
from gql_api.web.explorer import STATIC, read_manifest

_GRACE = 10
"""Seconds that open requests have to end when the server is told to stop."""
_UNREADY = (database.InvalidDatabaseUrl, database.SchemaOutdated, database.DatabaseUnreachable)

_GREETING = """
  {served:<26} {url}/graphql
  Mappings                   {mappings}
  Acontext                   {acontext}

  Paste this into the explorer:
    mutation {{ createSession(input: {{title: "Hello"}}) {{ session {{ id title createdAt disk {{ id }} }} }} }}

  Or ask from a shell:
    curl {url}/graphql -H 'content-type: application/json' \\
      -d '{{"query": "mutation {{ createSession(input: {{}}) {{ session {{ id createdAt disk {{ id }} }} }} }}"}}'

"""


class _Server(StoppableServer):
    """Tells where to go once the server answers."""

    greeting = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(self.greeting)
            sys.stdout.flush()


def serve(settings: Settings) -> None:
    """Serve until told to stop; raise `Refusal` when the server cannot start."""
    with closing(_bind(settings.host, settings.port)) as bound:
        settings = settings.bound_to(*bound.getsockname()[:2])
        asyncio.run(_check(settings))
        if settings.workers > 1:
            # The workers are processes of their own: they read the settings from the environment.
            os.environ["GQL_API_PUBLIC_URL"] = settings.public_url or ""
            config = _config("gql_api.app:create_app", settings)
            sys.stdout.write(_greeting(settings))
            sys.stdout.flush()
            Multiprocess(config, sockets=[bound]).run()
            return
        server = _Server(_config(create_app(settings), settings))
        server.greeting = _greeting(settings)
        server.run(sockets=[bound])


def migrate(settings: Settings) -> list[str]:
    """Apply the missing migrations and name them; raise `Refusal` when the database does not let us."""
    try:
        return asyncio.run(database.migrate(settings.mappings_url))
    except _UNREADY as error:
        raise Refusal(f"DATABASE_URL: {error}") from None


def _config(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=isinstance(app, str),
        workers=settings.workers,
        lifespan="on",
        log_config=_logging(settings.log_level),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        ws="none",
    )


def _logging(level: str) -> dict[str, Any]:
    """Describe the log to uvicorn, which sets it up in each of its processes: one line an event, to stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"}},
        "filters": {"request": {"()": RequestIdFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
        "root": {"level": level, "handlers": ["stderr"]},
        # It would log the address of every call of Acontext.
        "loggers": {"httpx": {"level": "WARNING"}},
    }


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise Refusal(f"GQL_API_HOST, GQL_API_PORT: cannot listen on {host}:{port}: {error}") from None


async def _check(settings: Settings) -> None:
    """Open everything once before anything is served, so that what is wrong with it is told in one line."""
    try:
        with claimed(settings):
            _require_free_acontext(settings)
            async with database.open_database(settings.mappings_url, migrate=settings.is_sqlite):
                return
    except _UNREADY as error:
        raise Refusal(f"DATABASE_URL: {error}") from None


def _require_free_acontext(settings: Settings) -> None:
    """Refuse an embedded Acontext that runs alone elsewhere."""
    if not settings.is_embedded:
        return
    folder = settings.data_dir / "acontext"
    try:
        with embedded.claimed(folder):
            return
    except embedded.FolderInUse as error:
        raise Refusal(f"GQL_API_DATA_DIR: the folder {folder} cannot be used: {error}.") from None


def _greeting(settings: Settings) -> str:
    file = sqlite_file(settings.mappings_url)
    embedded = f"embedded, in {settings.data_dir.resolve() / 'acontext'}"
    is_built = read_manifest(STATIC) is not None
    return _GREETING.format(
        served="GraphQL API and explorer" if is_built else "GraphQL API (no explorer: make explorer)",
        url=settings.public_url,
        mappings=f"SQLite in {file}" if file else "PostgreSQL",
        acontext=embedded if settings.is_embedded else "the one of ACONTEXT_BASE_URL",
    )
