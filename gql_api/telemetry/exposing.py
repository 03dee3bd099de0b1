"""Gives the metrics to who asks: those of this process, or the sum of all workers, on a port of its own or as text."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import add
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest, start_http_server
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from gql_api.telemetry.folding import unfolded

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
_LIVE = re.compile(r"gauge_live\w+_(\d+)\.db")
_NOT_ADDED: dict[str, Callable[[float, float], float]] = {"process_start_time_seconds": min, "process_max_fds": max}


class OfProcess(Collector):
    """What this process counted; `sample` first brings the states up to date."""

    def __init__(self, registry: CollectorRegistry, sample: Callable[[], None]) -> None:
        self._registry = registry
        self._sample = sample
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        self._sample()
        yield from self._registry.collect()
        yield from self._process.collect()


class OfWorkers(Collector):
    """What all workers counted, those that are no more included; of states and processes those that are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counted = MultiProcessCollector(None, path=str(folder))  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        with unfolded(self._folder):
            counted = list(self._counted.collect())  # type: ignore[no-untyped-call]
        yield from counted
        yield from self._processes()

    def _processes(self) -> Iterable[Metric]:
        matches = (_LIVE.fullmatch(file.name) for file in self._folder.iterdir())
        summed: dict[str, Metric] = {}
        for pid in sorted({int(match[1]) for match in matches if match}):
            of_one = ProcessCollector(pid=partial(int, pid), registry=None)
            for metric in of_one.collect():
                _add(summed, metric)
        return summed.values()


def _add(summed: dict[str, Metric], metric: Metric) -> None:
    before = summed.setdefault(metric.name, metric)
    if before is not metric:
        [old], [new] = before.samples, metric.samples
        join = _NOT_ADDED.get(metric.name, add)
        before.samples = [Sample(old.name, old.labels, join(old.value, new.value))]  # type: ignore[no-untyped-call]


def exposition(collector: Collector) -> bytes:
    """Write everything in Prometheus' text format."""
    return generate_latest(collector)


@contextmanager
def served(collector: Collector, *, host: str, port: int) -> Iterator[int]:
    """Serve the metrics on a port of their own, in a thread of its own, and give the port; raise `OSError`."""
    server, thread = start_http_server(port, host, registry=collector)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
