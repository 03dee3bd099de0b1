"""What is noted of the call at hand by hooks that the SDK knows nothing of."""

from contextvars import ContextVar
from dataclasses import dataclass

from gql_api.telemetry import Call


@dataclass(slots=True)
class Exchange:
    """What the SDK does not tell of one call: noted as its tries come and go."""

    retry_after: float | None = None
    route: str | None = None
    tries: int = 0
    current: Call | None = None


exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
