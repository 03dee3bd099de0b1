"""How PostgreSQL is connected to: its pool, its time limits, its TLS, and what a pooler in between does not bear."""

import ssl
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from gql_api.store.url import CertificatesUnusable, parse

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_LATER = 1.0
"""Seconds after the server's own limit at which a statement is given up here, should the server be silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """What an operator may say of it. `pooled`: there is a pooler in transaction mode, such as PgBouncer, in between.

    Such a pooler gives each transaction another session, and refuses to open one with settings that it does not know:
    then no statement is prepared for later, and the server keeps no time; whoever asks does.
    """

    pool_min: int = 1
    pool_max: int = 10
    statement_seconds: float = 30.0
    connect_seconds: float = 10.0
    application_name: str = "gql_api"
    ssl_mode: str | None = None
    ssl_root_cert: str | None = None
    pooled: bool = False


def credentials(found: dict[str, Any], options: ConnectionOptions, *, patient: bool) -> dict[str, Any]:
    """Return all that Tortoise connects with: what the URL says, which goes first, and the rest.

    `patient` is for migrations, which may take long. Raises `CertificatesUnusable`.
    """
    kept = {name: value for name, value in found.items() if name not in {"ssl_mode", "ssl_root_cert"}}
    kept |= {
        "minsize": options.pool_min,
        "maxsize": options.pool_max,
        "timeout": options.connect_seconds,
        "application_name": options.application_name,
        # Without it asyncpg sends RESET ALL after each statement; nothing here changes a session.
        "reset": _leave_as_it_is,
    }
    mode = found.get("ssl_mode") or options.ssl_mode
    if mode:
        in_url = found.get("ssl_root_cert")
        kept["ssl"] = _tls(mode, in_url or options.ssl_root_cert, in_url=bool(in_url))
    if options.pooled:
        kept["statement_cache_size"] = 0
    return kept if patient else kept | _limits(options)


async def connect_directly(
    url: str, options: ConnectionOptions, *, role: str = "events", patient: bool = True
) -> asyncpg.Connection:
    """Open one connection that is nobody's but the caller's, past any pool; raises what the driver does."""
    known = credentials(parse(url).credentials, options, patient=patient)
    told = {**known.pop("server_settings", {}), "application_name": f"{known.pop('application_name')}-{role}"}
    kept = {key: value for key, value in known.items() if key not in {"minsize", "maxsize", "reset"}}
    return await asyncpg.connect(**kept, server_settings=told)


def _limits(options: ConnectionOptions) -> dict[str, Any]:
    seconds = options.statement_seconds
    if options.pooled:
        return {"command_timeout": seconds}
    # As text of whole milliseconds: 0 would be no limit.
    limit = str(max(1, round(seconds * 1000)))
    return {"command_timeout": seconds + _LATER, "server_settings": {"statement_timeout": limit}}


def _tls(mode: str, root_cert: str | None, *, in_url: bool) -> ssl.SSLContext | str:
    """Return what asyncpg takes; where the server is to be verified and no file is named, by the system's CAs."""
    if mode in SSL_MODES[:3]:
        return mode
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    if mode == "require" and not root_cert:
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        if root_cert:
            context.load_verify_locations(cafile=root_cert)
        else:
            context.load_default_certs()
    except OSError:  # ssl.SSLError is one, for a file that holds no certificate
        message = f"The file of CA certificates cannot be used: {root_cert}"
        raise CertificatesUnusable(message, in_url=in_url) from None
    return context


async def _leave_as_it_is(_: Any) -> None:
    """Do nothing; asyncpg itself ends a transaction that was left open."""
