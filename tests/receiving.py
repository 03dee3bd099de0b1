"""A receiver of traces: OTLP over HTTP on loopback, as a collector is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopback import served


@dataclass(frozen=True)
class Span:
    """A span that came."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    has_failed: bool


@dataclass
class Received:
    """What came so far."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    seconds: float = 0.0
    """How long it takes to take anything."""

    def take(self, body: bytes) -> None:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(_values(of_resource.resource.attributes))
            self.spans += [_span(span) for scope in of_resource.scope_spans for span in scope.spans]


def _span(span: Any) -> Span:
    trace, id, parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    return Span(span.name, span.kind, trace, id, parent, _values(span.attributes), span.status.code == 2)


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def receiver() -> Iterator[Received]:
    """Receive to the end of the block."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(received.seconds)
            if received.status == 200:
                received.take(body)
            self.send_response(received.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with served(Handler) as received.url:
        yield received
