"""What others have to answer: the database, Acontext, the issuer of tokens, the collector of traces."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from gql_api.doctor.finding import Finding
from gql_api.identity import UnfitKey
from gql_api.identity.fetching import NoKeys, fetch
from gql_api.identity.keys import read_set
from gql_api.loopback import is_loopback
from gql_api.refusal import Refusal
from gql_api.running import connection_options, verifier_of
from gql_api.settings import Settings
from gql_api.store import database
from gql_api.store.facts import facts
from gql_api.store.url import InvalidDatabaseUrl, sqlite_file
from gql_api.upstream.probe import Found, Probe, probe

_SECONDS = 5.0
_CLOCKS_APART = 2.0
_CROWDED = 0.8
_MIGRATE = "Run gql-api migrate."
_REACH = "Look at host, port, user and password in DATABASE_URL, and whether the database runs."
_ADVICE: dict[Found, str] = {
    "well": "",
    "no answer": "Look at ACONTEXT_BASE_URL, and whether Acontext runs and can be reached from here.",
    "bad certificate": "The certificate of ACONTEXT_BASE_URL is not trusted here: add its CA, or set SSL_CERT_FILE.",
    "no entry": "Look at ACONTEXT_API_KEY: it is another project's, or not valid any more.",
    "not Acontext": "Something else answers there: ACONTEXT_BASE_URL ends with /api/v1 in most installations.",
    "failing": "Look at Acontext's own log.",
}


async def database_findings(settings: Settings) -> list[Finding]:
    """Open the database as a server would, and look at its tables, its room and its clock."""
    try:
        file = sqlite_file(settings.mappings_url) if settings.database_url or settings.data_dir.exists() else Path()
        if file is not None:
            return [await _sqlite(settings, file)]
        found = await _postgres(settings)
        if settings.database_direct_url:
            found.append(await _direct(settings, settings.database_direct_url))
    except InvalidDatabaseUrl as error:
        return [Finding("fault", "database", str(error), "Put DATABASE_URL right.")]
    return found


async def _sqlite(settings: Settings, file: Path) -> Finding:
    if not await asyncio.to_thread(file.is_file):
        return Finding("ok", "database", "SQLite; the first start makes the file")
    try:
        async with database.open_database(settings.mappings_url, migrate=False):
            return Finding("ok", "database", f"SQLite in {file}, tables up to date")
    except database.SchemaOutdated:
        return Finding("ok", "database", f"SQLite in {file}; the next start brings its tables up to date")
    except database.DatabaseUnreachable as error:
        return Finding("fault", "database", str(error), f"Look at the file {file}.")


async def _postgres(settings: Settings) -> list[Finding]:
    try:
        options = replace(connection_options(settings), pool_min=1, pool_max=1, connect_seconds=_SECONDS)
        async with database.open_database(settings.mappings_url, migrate=False, options=options) as opened:
            told = await facts(opened)
            ahead = (told.now - datetime.now(UTC)).total_seconds()
    except database.SchemaOutdated as error:
        return [Finding("fault", "database", str(error).partition(";")[0] + ".", _MIGRATE)]
    except database.DatabaseUnreachable as error:
        return [Finding("fault", "database", str(error), _REACH)]
    return [
        Finding("ok", "database", f"PostgreSQL {told.version}, tables up to date"),
        _room(settings.database_pool_max * settings.workers, told.room),
        _clock("database clock", ahead),
    ]


def _room(wanted: int, room: int) -> Finding:
    found = f"this server takes up to {wanted} of {room}"
    if wanted > room:
        return Finding("fault", "connections", found, "Lower DATABASE_POOL_MAX, or raise max_connections.")
    if wanted > room * _CROWDED:
        return Finding("warning", "connections", found, "Another server finds no room: lower DATABASE_POOL_MAX.")
    return Finding("ok", "connections", found)


def _clock(subject: str, ahead: float) -> Finding:
    if abs(ahead) < _CLOCKS_APART:
        return Finding("ok", subject, f"within {_CLOCKS_APART:g} s of this machine's")
    found = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    return Finding("warning", subject, found, "Let both follow a time server (NTP).")


async def _direct(settings: Settings, url: str) -> Finding:
    options = replace(connection_options(settings), pooled=False, pool_min=1, pool_max=1, connect_seconds=_SECONDS)
    try:
        async with database.open_database(url, migrate=False, options=options):
            return Finding("ok", "direct database", "reached, tables up to date")
    except database.SchemaOutdated:
        return Finding("fault", "direct database", "reached; its tables are not up to date", _MIGRATE)
    except (database.DatabaseUnreachable, InvalidDatabaseUrl) as error:
        return Finding("fault", "direct database", str(error), _REACH.replace("DATABASE_URL", "DATABASE_DIRECT_URL"))


async def acontext_findings(settings: Settings) -> list[Finding]:
    """Ask Acontext for nothing, with the key."""
    if settings.acontext_base_url is None or settings.acontext_api_key is None:
        return [Finding("ok", "Acontext", "embedded, in the data folder")]
    key = settings.acontext_api_key.get_secret_value()
    found = await probe(settings.acontext_base_url, key, seconds=_SECONDS)
    findings = [Finding("ok" if found.found == "well" else "fault", "Acontext", _told(found), _ADVICE[found.found])]
    if found.ahead is not None:
        findings.append(_clock("Acontext clock", found.ahead))
    return findings


def _told(found: Probe) -> str:
    if found.status is None:
        return "its certificate is refused" if found.found == "bad certificate" else "no answer"
    words = {"well": "takes the key", "no entry": "refuses the key", "failing": "fails"}
    said = words.get(found.found, "what answers is not Acontext")
    server = f", by {found.server}" if found.server else ""
    return f"{said}, status {found.status} in {found.seconds * 1000:.0f} ms{server}"


async def identity_findings(settings: Settings) -> list[Finding]:
    """See whether callers can be told apart."""
    if settings.auth == "none":
        return [_believing(settings)]
    if settings.jwt_jwks_url is None:
        try:
            verifier_of(settings)
        except Refusal as error:
            return [Finding("fault", "identity", str(error), "Put the key right.")]
        return [Finding("ok", "identity", "tokens are checked with the key that is given")]
    reason = ""
    try:
        async with httpx.AsyncClient() as http:
            keys = read_set(await fetch(http, settings.jwt_jwks_url), set(settings.jwt_algorithms or ()))
        if keys:
            return [Finding("ok", "identity", f"the issuer has {len(keys)} key(s) that fit")]
        reason = "no key in it fits GQL_API_JWT_ALGORITHMS"
    except (NoKeys, UnfitKey) as error:
        reason = str(error)
    except (httpx.HTTPError, TimeoutError, ValueError) as error:
        reason = type(error).__name__
    return [Finding("fault", "identity", f"the issuer's keys: {reason}", "Look at GQL_API_JWT_JWKS_URL.")]


def _believing(settings: Settings) -> Finding:
    if is_loopback(settings.host):
        return Finding("ok", "identity", "callers are believed; only this machine reaches the server")
    return Finding(
        "warning",
        "identity",
        f"callers are believed, and {settings.host} may be reached by others",
        "Set GQL_API_AUTH=jwt, unless whoever reaches the server may be any user.",
    )


async def traces_findings(settings: Settings) -> list[Finding]:
    """See whether somebody listens where traces are sent."""
    if settings.otlp_endpoint is None:
        return []
    parts = urlsplit(settings.otlp_endpoint)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except (OSError, TimeoutError):
        return [Finding("warning", "traces", "nobody listens there", "Look at OTEL_EXPORTER_OTLP_ENDPOINT.")]
    return [Finding("ok", "traces", "somebody listens there")]
