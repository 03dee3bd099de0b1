"""Events within one process: told to all listeners at once. Where there is one process only, this is the broker."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gql_api.events.broker import Event

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Listener:
    hear: Callable[[Event], None]
    missed: Callable[[], None]


@dataclass(slots=True)
class LocalBroker:
    """Tells listeners in the order of their coming; one that fails is logged and hinders nobody."""

    _listeners: list[_Listener] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missed: always so in one process."""
        return True

    def publish(self, event: Event) -> None:
        """Tell all listeners."""
        for listener in list(self._listeners):
            _call(lambda listener=listener: listener.hear(event))  # type: ignore[misc]

    def tell_missed(self) -> None:
        """Tell all listeners that events of other processes may have been lost."""
        for listener in list(self._listeners):
            _call(listener.missed)

    @contextmanager
    def listening(self, hear: Callable[[Event], None], *, missed: Callable[[], None]) -> Iterator[None]:
        """Let the block be told of events."""
        listener = _Listener(hear, missed)
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)


def _call(tell: Callable[[], None]) -> None:
    try:
        tell()
    except Exception:  # an event is told after its write, which nothing may make look failed
        _LOG.exception("a listener to events failed")
