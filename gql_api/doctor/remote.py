"""What else others have to answer: the issuer of tokens, the collector of traces."""

import asyncio
from urllib.parse import urlsplit

import httpx

from gql_api.doctor.finding import Finding
from gql_api.doctor.unreached import FAILURES, why
from gql_api.identity import UnfitKey
from gql_api.identity.fetching import NoKeys, fetch
from gql_api.identity.keys import read_set
from gql_api.loopback import is_loopback
from gql_api.refusal import Refusal
from gql_api.running import verifier_of
from gql_api.settings import Settings

_SECONDS = 5.0
_KEYS_URL = "GQL_API_JWT_JWKS_URL"


async def identity_findings(settings: Settings) -> list[Finding]:
    """See whether callers can be told apart."""
    if settings.auth == "none":
        return [_believing(settings)]
    if settings.jwt_jwks_url is not None:
        return [await _issuer(settings.jwt_jwks_url, set(settings.jwt_algorithms or ()))]
    try:
        verifier_of(settings)
    except Refusal as error:
        return [Finding("fault", "identity", str(error), "Put the key right.")]
    return [Finding("ok", "identity", "tokens are checked with the key that is given")]


async def _issuer(url: str, algorithms: set[str]) -> Finding:
    try:
        async with httpx.AsyncClient() as http:
            keys = read_set(await fetch(http, url), algorithms)
    except FAILURES as error:
        unreached = why(error)
        return _no_keys(unreached.found, unreached.advised(setting=_KEYS_URL, who="the issuer"))
    except (NoKeys, UnfitKey) as error:
        return _no_keys(str(error))
    except ValueError:
        return _no_keys("what answers is no JSON")
    if not keys:
        return _no_keys("no key in it fits GQL_API_JWT_ALGORITHMS")
    return Finding("ok", "identity", f"the issuer has {len(keys)} key(s) that fit")


def _no_keys(reason: str, advice: str = f"Look at {_KEYS_URL}.") -> Finding:
    return Finding("fault", "identity", f"the issuer's keys: {reason}", advice)


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
