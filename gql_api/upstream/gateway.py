"""The door to Acontext that loaders and services are given: one method a call, grouped by resource."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gql_api.upstream.counted_calls import Bounds, CountedCalls
from gql_api.upstream.files import FileCalls
from gql_api.upstream.inventory import InventoryCalls
from gql_api.upstream.materials import Materials
from gql_api.upstream.messages import MessageCalls
from gql_api.upstream.session_events import SessionEventCalls
from gql_api.upstream.sessions import SessionCalls

if TYPE_CHECKING:
    from gql_api.upstream.guarded_calls import GuardedCalls


@dataclass(frozen=True, slots=True)
class Gateway:
    """All that this server may ask of Acontext."""

    sessions: SessionCalls
    messages: MessageCalls
    session_events: SessionEventCalls
    files: FileCalls
    inventory: InventoryCalls
    materials: Materials | None
    """What is behind public URLs, where this server shows it; None where clients ask Acontext themselves."""
    calls: "GuardedCalls"
    """What all calls go through: whether it works, and how much waits for it."""

    def counting(self, bounds: Bounds) -> "Gateway":
        """Give the same door to those who read for operations: one request may call so often by it."""
        counted = CountedCalls(self.calls, bounds)
        return replace(
            self,
            sessions=self.sessions.by(counted),
            messages=self.messages.by(counted),
            session_events=self.session_events.by(counted),
            files=self.files.by(counted),
        )
