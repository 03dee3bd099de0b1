"""Who asks over a socket: what comes with its handshake and with connection_init; what proves it is left to others."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from starlette.requests import Request

from gql_api.web.closing import BAD_REQUEST, Closing
from gql_api.web.recording import SocketRecord

C = TypeVar("C")
_CARRIED = ("authorization", "x-user")


def _nobody() -> Any:
    raise RuntimeError("nothing is asked before it is known who asks")


@dataclass(slots=True)
class Connection(Generic[C]):
    """One socket. Strawberry fills in `connection_params`; who asks is known once they were looked at."""

    request: Request
    record: SocketRecord
    connection_params: Mapping[str, Any] = field(default_factory=dict)
    new_context: Callable[[], C] = _nobody
    user: str | None = None
    until: float | None = None
    """When what proves who asks ends, by the event loop's clock."""


@dataclass(frozen=True, slots=True)
class Asker(Generic[C]):
    """Who asks, what makes the context of each operation, and until when that holds, by the event loop's clock."""

    user: str
    new_context: Callable[[], C]
    until: float | None


Connect = Callable[[Request], Awaitable[Asker[C]]]


def as_request(connection: Connection[Any]) -> Request:
    """Put what connection_init brings in the place of the handshake's headers, which browsers cannot choose."""
    given = {name.lower(): value for name, value in connection.connection_params.items()}
    brought = {name: given[name] for name in _CARRIED if given.get(name) is not None}
    if not all(isinstance(value, str) and value.isprintable() for value in brought.values()):
        raise Closing(BAD_REQUEST, "connection_init: Authorization and X-User must be text")
    sent = connection.request.scope["headers"]
    kept = [(name, value) for name, value in sent if name.decode("latin-1") not in brought]
    headers = [*kept, *((name.encode(), value.encode()) for name, value in brought.items())]
    return Request({**connection.request.scope, "headers": headers})
