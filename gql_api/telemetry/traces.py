"""Spans by OpenTelemetry, sent by OTLP in the background: one for each operation, loader batch and call of Acontext."""

import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gql_api.telemetry.request import notes
from gql_api.telemetry.work import Batch, Call, Event, Finishing, Operation, Stream, Wait, Work

_W3C = TraceContextTextMapPropagator()
_EXPORT_SECONDS = 5.0
_BAD = {"failed", "unavailable", "timeout", "circuit_open", "refused", "overloaded", "rate_limited"}
_CLIENT_ERROR = 400
_KINDS = {Operation: trace.SpanKind.SERVER, Stream: trace.SpanKind.SERVER, Call: trace.SpanKind.CLIENT}
Attributes = dict[str, str | int]


class Traces:
    """A listener. A trace that the client began is continued."""

    def __init__(self, *, endpoint: str, headers: Mapping[str, str] | None, service: str, version: str) -> None:
        exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", headers=headers, timeout=_EXPORT_SECONDS)
        resource = Resource.create({"service.name": service, "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("gql_api", version)

    def began(self, work: Work) -> None:
        if isinstance(work, Wait | Event | Finishing):
            return
        kind = _KINDS.get(type(work), trace.SpanKind.INTERNAL)
        work.span = _Span(self._tracer.start_span(_name(work), context=_parent(work), kind=kind))

    def ended(self, work: Work) -> None:
        if work.span is None:
            return
        span = work.span.span
        span.update_name(_name(work))
        span.set_attributes(_attributes(work))
        if work.outcome in _BAD:
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    def retried(self, route: str | None) -> None:
        """Each try has a span of its own."""

    def end(self, seconds: float) -> None:
        """Send what is left, for so many seconds at most; a collector that is away keeps nobody longer."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(seconds)


class _Span:
    """A span, and the headers that continue it elsewhere."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span

    def headers(self) -> dict[str, str]:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(self.span, contexts.Context()))
        return carrier


def _parent(work: Work) -> contexts.Context:
    above = work.parent
    while above is not None and above.span is None:
        above = above.parent
    if above is not None:
        return trace.set_span_in_context(above.span.span, contexts.Context())
    noted = notes()
    return _W3C.extract(noted.trace if noted else {}, contexts.Context())


def _name(work: Work) -> str:
    operation = work.operation if isinstance(work, Stream) else work
    if isinstance(operation, Operation):
        return " ".join(filter(None, (operation.type, operation.name))) or "GraphQL Operation"
    if isinstance(work, Call):
        return work.route or "Acontext"
    return f"batch {work.loader}" if isinstance(work, Batch) else type(work).__name__


def _attributes(work: Work) -> Attributes:
    given: dict[str, Any] = {"gql_api.outcome": work.outcome}
    if isinstance(work, Operation):
        error = work.codes[0] if work.codes and work.outcome in _BAD else None
        given |= {"graphql.operation.type": work.type, "graphql.operation.name": work.name, "error.type": error}
    elif isinstance(work, Stream):
        operation = work.operation
        given |= {"graphql.operation.type": operation.type, "graphql.operation.name": operation.name}
        given |= {"gql_api.events": work.events}
    elif isinstance(work, Batch):
        given |= {"gql_api.loader.name": work.loader, "gql_api.loader.size": work.size}
    elif isinstance(work, Call):
        given |= _of_call(work)
    return {name: value for name, value in given.items() if value is not None}


def _of_call(call: Call) -> dict[str, Any]:
    method, _, template = (call.route or "").partition(" ")
    has_failed = call.status is None or call.status >= _CLIENT_ERROR
    return {
        "http.request.method": method or None,
        "url.template": template or None,
        "server.address": call.host,
        "server.port": call.port,
        "http.response.status_code": call.status,
        "http.request.resend_count": call.resent or None,
        "error.type": str(call.status or call.outcome) if has_failed and call.outcome != "ok" else None,
    }
