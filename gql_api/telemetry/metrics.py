"""Counts and times work for Prometheus; how they are asked for is in `exposing`."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gql_api.telemetry.names import Names
from gql_api.telemetry.work import Batch, Call, Event, Finishing, Operation, Stream, Wait, Work

OTHER, ANONYMOUS, NONE = "(other)", "(anonymous)", "(none)"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
STATES: dict[str, tuple[str, Literal["livesum", "livemax"]]] = {
    "upstream_waiting": ("Calls of Acontext that wait for their turn.", "livesum"),
    "upstream_breaker_open": ("Whether Acontext is left alone for a while after too many failures: 1 or 0.", "livemax"),
    "sessions_followed": ("Sessions that are read for their subscribers.", "livesum"),
    "erasures_open": (
        "Erasures of users that are not finished, by the last look of the server that goes on with them; 0 elsewhere.",
        "livesum",
    ),
    "erasures_oldest_seconds": ("For how long the oldest of them has been open; 0 where none is.", "livemax"),
    "database_connections": ("Connections to PostgreSQL that are open.", "livesum"),
    "database_connections_idle": ("Connections to PostgreSQL that nobody uses just now.", "livesum"),
    "database_connections_max": ("Connections to PostgreSQL that may be open.", "livesum"),
}
M = TypeVar("M", Counter, Histogram)
Sources = Mapping[str, Callable[[], float]]
_MOST_KEPT = 1024
"""Series of a metric that are kept at hand: more than there are, as long as nobody invents names."""


class Metrics:
    """A listener. What is a state and no event, it asks of its sources each time that somebody looks."""

    def __init__(self, registry: CollectorRegistry, version: str, names: Names) -> None:
        self._sources: Sources = {}
        self._flying = 0
        self._names = names
        self._make_events(registry)
        self._make_subscriptions(registry)
        self._registry = registry
        self._endings: Mapping[type[Work], Callable[[Any], None]] = {
            Call: self._called,
            Batch: self._loaded,
            Operation: self._answered,
            Finishing: self._swept,
            Wait: self._waited,
            Event: self._told,
            Stream: self._streamed,
        }
        self._gauges: dict[str, Gauge] = {}
        # An Info is nothing that the library can add up over several processes.
        Gauge(
            "gql_api_build_info", "This server; always 1.", ["version"], registry=registry, multiprocess_mode="livemax"
        ).labels(version).set(1)

    def _make_events(self, registry: CollectorRegistry) -> None:
        self._in_flight = Gauge(
            "gql_api_operations_in_flight",
            "GraphQL requests that are worked on.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._operations = _series(
            Counter(
                "gql_api_operations",
                "GraphQL requests by operation and outcome: ok, partial, refused, failed, or gone: nobody waited any "
                "more; not begun: overloaded, where the server had enough to do, and rate_limited, where a user had.",
                ["operation", "outcome"],
                registry=registry,
            )
        )
        self._seconds = _series(
            _times("gql_api_operation_duration_seconds", "Seconds of a GraphQL request.", ["operation"], registry)
        )
        self._make_calls(registry)

    def _make_calls(self, registry: CollectorRegistry) -> None:
        self._calls = _series(
            Counter(
                "gql_api_upstream_calls",
                "Tries to call Acontext by route and outcome: ok, refused, unavailable, timeout, cancelled, or "
                "circuit_open: not made, since too many before had failed.",
                ["route", "outcome"],
                registry=registry,
            )
        )
        self._call_seconds = _series(
            _times("gql_api_upstream_call_duration_seconds", "Seconds of a try to call Acontext.", ["route"], registry)
        )
        self._retries = _series(
            Counter(
                "gql_api_upstream_retries", "Failed tries that were followed by another.", ["route"], registry=registry
            )
        )
        self._batches = _series(
            Histogram(
                "gql_api_loader_batch_size", "Keys of a loader's batch.", ["loader"], buckets=_SIZES, registry=registry
            )
        )
        self._waits = _times("gql_api_session_wait_seconds", "Seconds that a write waited for others.", [], registry)
        self._finished = _series(
            Counter(
                "gql_api_sweep_sessions",
                "Half made (creating) and half deleted (deleting) sessions that the sweep came to, by outcome: ok, or "
                "put_off: Acontext or the database did not let it yet.",
                ["state", "outcome"],
                registry=registry,
            )
        )

    def _make_subscriptions(self, registry: CollectorRegistry) -> None:
        self._subscribed = Gauge(
            "gql_api_subscriptions_open", "Subscriptions now.", registry=registry, multiprocess_mode="livesum"
        )
        self._subscriptions = _series(
            Counter(
                "gql_api_subscriptions",
                "Subscriptions that ended, by operation and outcome: ok, gone: the client went, failed, slow, "
                "expired: its token did, or stopped: the server did.",
                ["operation", "outcome"],
                registry=registry,
            )
        )
        self._events = _series(
            Counter(
                "gql_api_subscription_events", "Events that subscribers were told.", ["operation"], registry=registry
            )
        )

    def watch(self, sources: Sources) -> None:
        """Ask these functions for the states of their names, from now on."""
        self._sources = sources
        for name in [name for name in sources if name not in self._gauges]:
            told, mode = STATES[name]
            self._gauges[name] = Gauge(f"gql_api_{name}", told, registry=self._registry, multiprocess_mode=mode)

    def sample(self) -> None:
        """Ask the sources, and tell how much is under way."""
        self._in_flight.set(self._flying)
        for name, ask in self._sources.items():
            self._gauges[name].set(ask())

    def began(self, work: Work) -> None:
        if work.__class__ is Operation:
            self._flying += 1
        elif work.__class__ is Stream:
            self._subscribed.inc()

    def ended(self, work: Work) -> None:
        self._endings[work.__class__](work)

    def _loaded(self, batch: Batch) -> None:
        self._batches(batch.loader).observe(batch.size)

    def _waited(self, wait: Wait) -> None:
        self._waits.observe(wait.seconds)

    def _swept(self, finishing: Finishing) -> None:
        self._finished(finishing.state, finishing.outcome).inc()

    def _told(self, event: Event) -> None:
        self._events(self._name(event.stream.operation)).inc()

    def _streamed(self, stream: Stream) -> None:
        self._subscribed.dec()
        self._subscriptions(self._name(stream.operation), stream.outcome).inc()

    def _called(self, call: Call) -> None:
        self._calls(call.route or NONE, call.outcome).inc()
        if call.route:
            self._call_seconds(call.route).observe(call.seconds)

    def _answered(self, operation: Operation) -> None:
        self._flying -= 1
        if operation.type == "subscription" and operation.outcome == "ok":
            return  # it is counted as one when it ends
        name = self._name(operation)
        self._operations(name, operation.outcome).inc()
        self._seconds(name).observe(operation.seconds)

    def retried(self, route: str | None) -> None:
        self._retries(route or NONE).inc()

    def _name(self, operation: Operation) -> str:
        if operation.type is None:
            return NONE  # it was refused before it was known
        if operation.name is None:
            return ANONYMOUS
        return operation.name if self._names.admit(operation.name) else OTHER


def _series(metric: M) -> Callable[..., M]:
    """Give what finds the series of given labels; the library looks for one under a lock, each time anew."""
    return lru_cache(maxsize=_MOST_KEPT)(metric.labels)


def _times(name: str, told: str, labels: list[str], registry: CollectorRegistry) -> Histogram:
    return Histogram(name, told, labels, buckets=_SECONDS, registry=registry)
