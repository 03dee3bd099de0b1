"""Whether the database is there, is the right one, and has its tables, and what hinders it."""

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gql_api.doctor.finding import Finding, clock
from gql_api.doctor.unreached import causes
from gql_api.errors import DatabaseFailure
from gql_api.running import connection_options, setting_at_fault
from gql_api.settings import Settings
from gql_api.store import database
from gql_api.store.facts import Facts, facts
from gql_api.store.sameness import is_same_database
from gql_api.store.url import CertificatesUnusable, FolderMissing, InvalidDatabaseUrl, sqlite_file

_SECONDS = 5.0
_FOR_EVENTS = 1
"""Connections of each worker beside its pool: one to hear of what the others do."""
_CROWDED = 0.8
_MIGRATE = "Run gql-api migrate."
_URL, _DIRECT_URL = "DATABASE_URL", "DATABASE_DIRECT_URL"
_UNREACHED = (database.DatabaseUnreachable, DatabaseFailure)
_ELSEWHERE = Finding(
    "fault",
    "direct database",
    f"{_DIRECT_URL} leads to another database than {_URL}",
    "Look at host, port and name of the database in both: they are to lead to one, with a pooler in between or not.",
)


async def database_findings(settings: Settings) -> list[Finding]:
    """Open the database as a server would, and look at its tables, its room and its clock."""
    try:
        file = sqlite_file(settings.mappings_url) if settings.database_url or settings.data_dir.exists() else Path()
        if file is not None:
            return [await _sqlite(settings, file)]
        found = await _postgres(settings)
    except FolderMissing as error:
        advice = f"Make it, or name another in {_URL}." if settings.database_url else "Put GQL_API_DATA_DIR right."
        return [Finding("fault", "database", str(error), advice)]
    except InvalidDatabaseUrl as error:
        found = [Finding("fault", "database", str(error), _spelling(error, _URL))]
    if settings.database_direct_url:
        found += [await _direct(settings, settings.database_direct_url)]
        if found[-1] == _ELSEWHERE and found[0].advice == _MIGRATE:
            found[0] = replace(found[0], advice=f"Put {_URL} and {_DIRECT_URL} right first, then run gql-api migrate.")
    return found


async def _sqlite(settings: Settings, file: Path) -> Finding:
    if not await asyncio.to_thread(file.is_file):
        return Finding("ok", "database", "SQLite; the first start makes the file")
    try:
        async with database.open_database(settings.mappings_url, migrate=False):
            return Finding("ok", "database", f"SQLite in {file}, tables up to date")
    except database.SchemaOutdated:
        return Finding("ok", "database", f"SQLite in {file}; the next start brings its tables up to date")
    except _UNREACHED as error:
        return Finding("fault", "database", str(error), f"Look at the file {file}.")


async def _postgres(settings: Settings) -> list[Finding]:
    try:
        options = _options(settings)
        async with database.open_database(settings.mappings_url, migrate=False, options=options) as opened:
            told = await facts(opened)
            ahead = (told.now - datetime.now(UTC)).total_seconds()
    except database.SchemaOutdated as error:
        return [Finding("fault", "database", str(error).partition(";")[0] + ".", _MIGRATE)]
    except _UNREACHED as error:
        return [Finding("fault", "database", str(error), _way(error, _URL))]
    return [
        _found(told),
        _room((settings.database_pool_max + _FOR_EVENTS) * settings.workers, told.room),
        clock("database clock", ahead),
    ]


def _found(told: Facts) -> Finding:
    if told.only_reads:
        found = f"PostgreSQL {told.version} takes no writes: a standby, or default_transaction_read_only"
        return Finding("fault", "database", found, f"Let {_URL} lead to the primary.")
    return Finding("ok", "database", f"PostgreSQL {told.version}, tables up to date")


def _options(settings: Settings) -> database.ConnectionOptions:
    return replace(
        connection_options(settings), pool_min=1, pool_max=1, connect_seconds=_SECONDS, statement_seconds=_SECONDS
    )


def _room(wanted: int, room: int) -> Finding:
    found = f"this server takes up to {wanted} of {room}"
    if wanted > room:
        return Finding("fault", "connections", found, "Lower DATABASE_POOL_MAX, or raise max_connections.")
    if wanted > room * _CROWDED:
        return Finding("warning", "connections", found, "Another server finds no room: lower DATABASE_POOL_MAX.")
    return Finding("ok", "connections", found)


async def _direct(settings: Settings, url: str) -> Finding:
    options = replace(_options(settings), pooled=False)
    found = Finding("ok", "direct database", "reached, tables up to date")
    try:
        async with database.open_database(url, migrate=False, options=options):
            pass
    except database.SchemaOutdated:
        found = Finding("fault", "direct database", "reached; its tables are not up to date", _MIGRATE)
    except InvalidDatabaseUrl as error:
        return Finding("fault", "direct database", str(error), _spelling(error, _DIRECT_URL))
    except _UNREACHED as error:
        return Finding("fault", "direct database", str(error), _way(error, _DIRECT_URL))
    try:
        return found if await is_same_database(settings.mappings_url, url, options) else _ELSEWHERE
    except (InvalidDatabaseUrl, DatabaseFailure):
        return found  # why the other one cannot be asked is a finding of its own


def _spelling(error: InvalidDatabaseUrl, url: str) -> str:
    """Say what to do about a URL, or what goes with it, that cannot be used at all."""
    if not isinstance(error, CertificatesUnusable):
        return f"Put {url} right."
    name = f"sslrootcert in {url}" if error.in_url else setting_at_fault(error, url)
    return f"Let {name} name a file that can be read here, of certificates in PEM."


def _way(error: Exception, url: str) -> str:
    """Say what to do where nothing was reached."""
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error)):
        return f"Let DATABASE_SSL_ROOT_CERT name the file of its CA, and {url} a host that the certificate is for."
    if "rejected SSL upgrade" in str(error):
        return f"It speaks no TLS: look at DATABASE_SSL_MODE, and at sslmode in {url}."
    return f"Look at host, port, user and password in {url}, and whether the database runs."
