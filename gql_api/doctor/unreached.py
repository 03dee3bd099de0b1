"""Why somebody could not be reached over HTTP, in words, and what to do about it; from what the client raised."""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

_NO_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}
"""What OpenSSL says when what comes is no TLS at all."""
_EXPIRED, _OTHER_NAME = {9, 10}, {62, 64}
"""Its numbers for a certificate that is not valid now, and for one of another host."""
FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""What a request raises that does not come through: ssl.SSLError and TimeoutError are OSErrors."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """What happened, and what to do; `{setting}` in it is where the address is from, `{who}` who should be there."""

    found: str
    advice: str

    def advised(self, *, setting: str, who: str) -> str:
        """Fill in the names."""
        return self.advice.format(setting=setting, who=who)


EXPECTS_TLS = Unreached("TLS is expected there, and none was spoken", "Let {setting} begin with https://.")
HUNG_UP = Unreached(
    "the connection was closed without an answer", "Look at the log of {who}, and at a proxy in between."
)
_NO_TIME = Unreached(
    "no answer in time", "Look whether {who} is overloaded, and whether a firewall or the network keeps it from here."
)
_NO_NAME = Unreached(
    "there is no host of this name", "Look at the spelling of {setting}, and at the DNS of this machine."
)
_REFUSED = Unreached(
    "the connection is refused", "Nobody listens there: look at the port in {setting}, and whether {who} runs."
)
_SPEAKS_NO_TLS = Unreached(
    "no TLS is spoken there", "Look at {setting}: it begins with http:// in that case, or its port is another one."
)
_NO_AUTHORITIES = Unreached(
    "the CA certificates of this machine cannot be read", "Let SSL_CERT_FILE name a file of certificates in PEM."
)


def why(error: Exception) -> Unreached:
    """Read one of `FAILURES`."""
    chain = list(causes(error))
    for cause in chain:
        found = _of(cause)
        if found:
            return found
    if not isinstance(error, httpx.HTTPError):
        return _NO_AUTHORITIES  # all else that a client reads from this machine, when it is made
    numbers = [cause.errno for cause in chain if isinstance(cause, OSError) and cause.errno]
    words = f": {os.strerror(numbers[0]).lower()}" if numbers else ""
    return Unreached(
        f"it cannot be reached{words}", "Look at {setting}, and at the way there: network, firewall, proxy."
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk down to what the operating system said; of several addresses the first one's is as good as any."""
    while error is not None:
        yield error
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        error = inner or error.__cause__ or error.__context__


def _of(cause: BaseException) -> Unreached | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _certificate(cause)
    if isinstance(cause, socket.gaierror | httpx.InvalidURL):
        return _NO_NAME
    if isinstance(cause, ConnectionRefusedError):
        return _REFUSED
    if isinstance(cause, httpx.TimeoutException | TimeoutError):
        return _NO_TIME
    if isinstance(cause, httpx.RemoteProtocolError | httpx.ReadError | ssl.SSLEOFError | ConnectionResetError):
        return HUNG_UP
    return _tls(cause) if isinstance(cause, ssl.SSLError) else None


def _certificate(error: ssl.SSLCertVerificationError) -> Unreached:
    advice = "Let this machine trust its CA, as by a file that SSL_CERT_FILE names."
    if error.verify_code in _EXPIRED:
        advice = "Let it be renewed there, or put the clock of this machine right."
    elif error.verify_code in _OTHER_NAME:
        advice = "Let {setting} name a host that the certificate is for."
    return Unreached(f"its certificate is refused: {error.verify_message.rstrip('.')}", advice)


def _tls(error: ssl.SSLError) -> Unreached | None:
    if error.reason in _NO_TLS:
        return _SPEAKS_NO_TLS
    if error.library != "SSL":
        return None
    words = (error.reason or "").replace("_", " ").lower()
    return Unreached(f"TLS fails: {words}", "Look at the TLS settings of {who}, and of a proxy in between.")


async def expects_tls(url: str, *, seconds: float) -> bool:
    """Tell whether TLS is spoken where the URL leads, whatever the certificate: nothing is sent but the greeting."""
    parts = httpx.URL(url)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(parts.host, parts.port or 80, ssl=context)
    except (OSError, UnicodeError):
        return False
    writer.transport.abort()
    return True
