"""Tells who follows lists that something was said in a session: at once, and then now and then while more is said.

What is told is written down already, so whoever reads the list then finds it in its place.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Self
from uuid import UUID

from gql_api.events import Broker, ListChange, ListChanged, owner_key
from gql_api.later import Later

_REST = 1.0
_STEP = 0.1


class Activity:
    """Publishes; what moves within `rest` seconds after it was told is told once, when they are over."""

    def __init__(self, events: Broker, *, rest: float = _REST) -> None:
        self._events = events
        self._rest = rest
        self._later = Later(min(_STEP, rest))
        self._resting: dict[UUID, str | None] = {}
        """Sessions that were told of just now; with whose they are where more has been said since."""

    def tell(self, user: str, session_id: UUID) -> None:
        """Tell that a session of this user is active."""
        if session_id in self._resting:
            self._resting[session_id] = user
            return
        self._publish(user, session_id)
        self._resting[session_id] = None
        self._later.put(asyncio.get_running_loop(), self._rest, partial(self._rested, session_id))

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Tell at the end of the block what was still to be told."""
        try:
            yield self
        finally:
            for session_id, user in self._resting.items():
                if user is not None:
                    self._publish(user, session_id)
            self._resting = dict.fromkeys(self._resting)

    def _rested(self, session_id: UUID) -> None:
        user = self._resting.pop(session_id)
        if user is not None:
            self.tell(user, session_id)

    def _publish(self, user: str, session_id: UUID) -> None:
        self._events.publish(ListChanged(ListChange.ACTIVE, owner_key(user), session_id))
