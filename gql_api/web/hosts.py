"""The Host header: which names this server answers for; without it any web page could ask, by a name of its own.

A page whose name is made to lead to this machine (DNS rebinding) is of the same origin as what it reaches: only the
name that the browser sends tells it from the pages of this server.
"""

import re
from collections.abc import Awaitable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from gql_api.loopback import is_loopback
from gql_api.web.answers import Refused, refuse
from gql_api.web.headers import headers_of
from gql_api.web.probes import PROBES

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{0,5})?", re.ASCII | re.IGNORECASE)


class HostCheck:
    """Refuses requests for other hosts than these and loopback, probes excepted; ports do not matter."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        refused = None if scope["type"] == "lifespan" or scope["path"] in PROBES else self._refusal(scope)
        return _refuse(refused, scope, receive, send) if refused else self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refused | None:
        """Tell why a request is refused: 400 for what is no request (RFC 9112, 3.2), 421 for one to somebody else.

        421 is the status for an authority that a server does not answer for (RFC 9110, 15.5.20).
        """
        given = headers_of(scope).all(b"host")
        match = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        if match is None:
            return Refused(400, "The Host header must be there once, with a host and maybe a port in it.")
        name = match[1].lower().removesuffix(".")
        if name in self._hosts or is_loopback(match[1].removeprefix("[").removesuffix("]")):
            return None
        return Refused(421, "This server does not answer for this host; GQL_API_ALLOWED_HOSTS names those it does.")


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refuse(refused, scope)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})
