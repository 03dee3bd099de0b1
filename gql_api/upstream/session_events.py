"""Calls about the events of a session: what programs noted beside its messages."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from gql_api import model
from gql_api.upstream import cursor
from gql_api.upstream.kinds import READ
from gql_api.upstream.messages import ANOTHERS
from gql_api.upstream.refusal import checked

if TYPE_CHECKING:
    from gql_api.upstream.counted_calls import CountedCalls
    from gql_api.upstream.guarded_calls import GuardedCalls

MOST_EVENTS = 200
"""Events that one call gives at most."""


class SessionEventCalls:
    """One method a call; ids are checked before the SDK sees them."""

    def __init__(self, call: "GuardedCalls | CountedCalls") -> None:
        self._call = call

    def by(self, call: "CountedCalls") -> "SessionEventCalls":
        """Give the same calls, made by another."""
        return SessionEventCalls(call)

    async def read(self, session_id: UUID, *, limit: int, after: str | None) -> model.SessionEventPage:
        """Read events, oldest first, from a cursor on; an unknown session is `Refused`."""
        spelled = checked(session_id)
        path = f"/session/{spelled}/events"
        params = {"limit": limit, **({} if after is None else {"cursor": after})}
        # The SDK's own method fails where one of them has no data, which Acontext takes.
        return await self._call.reading(
            READ, lambda sdk: sdk.request("GET", path, params=params), lambda answer: _page(session_id, spelled, answer)
        )


def _page(session_id: UUID, spelled: str, answer: Any) -> model.SessionEventPage:
    events = [_event(session_id, spelled, item) for item in answer["items"]]
    return model.SessionEventPage(events, bool(answer["has_more"]))


def _event(session_id: UUID, spelled: str, item: model.JsonObject) -> model.SessionEvent:
    if item["session_id"] != spelled:
        raise ValueError(ANOTHERS)
    return model.SessionEvent(
        id_text=str(UUID(item["id"])),
        session_id=session_id,
        type=str(item["type"]),
        data=item["data"],
        created_at=cursor.moment(item["created_at"]),
        created_text=item["created_at"],
    )
