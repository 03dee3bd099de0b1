"""What is noted of the call at hand by hooks that the SDK knows nothing of."""

from contextvars import ContextVar
from dataclasses import dataclass

from gql_api.request_scope import Room
from gql_api.telemetry import Call


@dataclass(slots=True)
class Exchange:
    """What the SDK does not tell of one call: noted as its tries come and go. `room` is for their answers.

    `is_alone` says that each try has a room of its own.
    """

    room: Room | None = None
    is_alone: bool = False
    retry_after: float | None = None
    route: str | None = None
    tries: int = 0
    current: Call | None = None


exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def room() -> Room | None:
    """Give the room for the answer to the call at hand; None outside of any."""
    told = exchange.get()
    return told.room if told else None
