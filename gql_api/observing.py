"""Puts together who listens to the server's work, as the settings say; libraries nobody asked for are not loaded."""

import asyncio
import importlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gql_api import __version__
from gql_api.settings import Settings
from gql_api.settings.operations import split_pairs
from gql_api.stopping import Stop
from gql_api.telemetry import Listener
from gql_api.telemetry.logs import pseudonyms
from gql_api.telemetry.names import Names
from gql_api.web.recording import Observing

WORKERS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that makes the metrics library count in files there, which all workers have in common."""
SAMPLE_SECONDS = 1.0
_FLUSH_SECONDS = 5.0


@dataclass(slots=True)
class Observers:
    """Who listens in this process. The libraries come late, so their parts are of any type here."""

    stop: Stop
    pseudonym: Callable[[str], str]
    metrics: Any = None
    traces: Any = None
    collector: Any = None
    exposing: Any = None

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Those who are told of all work."""
        return tuple(listener for listener in (self.metrics, self.traces) if listener)

    @property
    def observing(self) -> Observing:
        """What the middleware has to know of them."""
        return Observing(listeners=self.listeners, pseudonym=self.pseudonym, stop=self.stop)

    def exposition(self) -> bytes:
        """Write the metrics as text."""
        text: bytes = self.exposing.exposition(self.collector)
        return text

    @asynccontextmanager
    async def watch(self, sources: Mapping[str, Callable[[], float]]) -> AsyncIterator[None]:
        """Let the metrics ask these sources to the end of the block, and send the last traces then."""
        sampling = None
        if self.metrics:
            self.metrics.watch(sources)
            if workers_folder():
                sampling = asyncio.create_task(_sample(self.metrics.sample))
        try:
            yield
        finally:
            if self.metrics:
                self.metrics.watch({})
            if sampling:
                sampling.cancel()
            if self.traces:
                await asyncio.to_thread(self.traces.end, 0 if self.stop.is_forced else _FLUSH_SECONDS)


def observers(settings: Settings, stop: Stop) -> Observers:
    """Make those whom the settings ask for."""
    key = settings.log_user_key
    made = Observers(stop, pseudonyms(key.get_secret_value().encode() if key else secrets.token_bytes(32)))
    if settings.is_measured:
        _measure(made)
    if settings.otlp_endpoint:
        headers = settings.otlp_headers
        made.traces = importlib.import_module("gql_api.telemetry.traces").Traces(
            endpoint=settings.otlp_endpoint,
            headers=dict(split_pairs(headers.get_secret_value())) if headers else None,
            service=settings.otel_service_name,
            version=__version__,
        )
    return made


def _measure(made: Observers) -> None:
    library = importlib.import_module("prometheus_client")
    made.exposing = importlib.import_module("gql_api.telemetry.exposing")
    library.disable_created_metrics()  # the time of each series' first sample would double the answer
    registry, folder = library.CollectorRegistry(), workers_folder()
    names = Names(folder / "operations" if folder else None)
    made.metrics = importlib.import_module("gql_api.telemetry.metrics").Metrics(registry, __version__, names)
    made.collector = (
        made.exposing.OfWorkers(folder) if folder else made.exposing.OfProcess(registry, made.metrics.sample)
    )


def workers_folder() -> Path | None:
    """Give the folder that the workers count in; None where this process is the only one."""
    folder = os.environ.get(WORKERS_FOLDER)
    return Path(folder) if folder else None


async def _sample(sample: Callable[[], None]) -> None:
    """Keep the states of this worker up to date for the others, who cannot ask it."""
    while True:
        sample()
        await asyncio.sleep(SAMPLE_SECONDS)
