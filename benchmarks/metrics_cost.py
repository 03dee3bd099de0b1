"""What metrics and traces cost a request: the same requests with and without, in turn, in one process.

    python benchmarks/metrics_cost.py [ROUNDS]

Prints the median time of a request of each kind, and the ratio to that without. Nothing is sent anywhere.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path

import httpx

from gql_api.app import create_app
from gql_api.observing import Observers, observers
from gql_api.settings import read_settings
from gql_api.stopping import Stop
from gql_api.telemetry import Listener
from gql_api.web.recording import Observing

_TOKEN = "a-token-of-some-length"  # noqa: S105 - of no use anywhere
_NOWHERE = "http://127.0.0.1:9"
QUERIES = {
    "one field": "query One { __typename }",
    "20 sessions, 20 calls": "query Page { viewer { sessions(first: 20) { nodes { id title configs disk { id } } } } }",
}
_EACH = 20


async def main(rounds: int) -> None:
    """Ask each query in turn with nobody, with metrics, and with metrics and traces."""
    listening: list[Listener] = []
    async with _served(listening) as (client, metrics, traces):
        kinds = {"without": [], "metrics": [metrics], "metrics and traces": [metrics, traces]}
        for name, query in QUERIES.items():
            times: dict[str, list[float]] = {kind: [] for kind in kinds}
            for kind, listeners in [*kinds.items()] * rounds:
                listening[:] = listeners
                times[kind] += [await _seconds(client, query) for _ in range(_EACH)]
            medians = {kind: statistics.median(found) * 1000 for kind, found in times.items()}
            for kind, median in medians.items():
                sys.stdout.write(f"{name:<24}{kind:<20}{median:8.2f} ms  x{median / medians['without']:.3f}\n")


class _Switched(Observers):
    """Tells those who are in a list at the moment."""

    def __init__(self, made: Observers, listening: list[Listener]) -> None:
        super().__init__(**{part.name: getattr(made, part.name) for part in fields(made)})
        self._listening = listening

    @property
    def observing(self) -> Observing:
        return Observing(listeners=self._listening)


@asynccontextmanager
async def _served(listening: list[Listener]) -> AsyncIterator[tuple[httpx.AsyncClient, Listener, Listener]]:
    with tempfile.TemporaryDirectory() as folder:
        given = {"GQL_API_METRICS_TOKEN": _TOKEN, "OTEL_EXPORTER_OTLP_ENDPOINT": _NOWHERE}
        settings = read_settings(GQL_API_DATA_DIR=Path(folder), _env_file=None, **given)
        watched_by = observers(settings, Stop())
        metrics, traces = watched_by.listeners
        app = create_app(settings, watched_by=_Switched(watched_by, listening))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            for number in range(20):
                create = f'mutation {{ createSession(input: {{title: "{number}"}}) {{ session {{ id }} }} }}'
                (await client.post("/graphql", json={"query": create})).raise_for_status()
            yield client, metrics, traces


async def _seconds(client: httpx.AsyncClient, query: str) -> float:
    began = time.perf_counter()
    (await client.post("/graphql", json={"query": query})).raise_for_status()
    return time.perf_counter() - began


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
