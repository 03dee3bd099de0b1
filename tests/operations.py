"""The table of metrics on the page on operations: made here from the metrics themselves, compared by a test."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from gql_api.telemetry.metrics import STATES, Metrics
from gql_api.telemetry.names import Names

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
_BEGIN, _END = "<!-- metrics -->\n", "<!-- /metrics -->"


def page() -> str:
    """Return the page with the table as it must be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    return before + _BEGIN + _table() + _END + rest.partition(_END)[2]


def _table() -> str:
    registry = CollectorRegistry()
    Metrics(registry, "", Names()).watch({name: float for name in STATES})
    rows = []
    for metric in registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        rows.append(f"| `{name}` | {metric.type} | {metric.documentation} |\n")
    return "| Metric | Type | What it is |\n| --- | --- | --- |\n" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
