"""Traces: OpenTelemetry's, of operations, their plans and statements, and of handlers, jobs and what they send.

What is sampled and where it goes is said by OpenTelemetry's own variables (`OTEL_TRACES_SAMPLER`,
`OTEL_EXPORTER_OTLP_ENDPOINT` …). Its packages come with `gongzhi-server[otel]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from typing import Any

from gongzhi.runtime.tracing import TRACER

from gongzhi_server.errors import Problem

from .requests import REQUEST


class Tracing:
    """The traces of one process. `tracer` is OpenTelemetry's."""

    def __init__(self, tracer: Any) -> None:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.tracer, self._context, self._propagator = tracer, context, TraceContextTextMapPropagator()

    def begin(self, headers: Mapping[bytes, bytes]) -> None:
        """Have what is done from now on for a request belong to the trace that its `traceparent` names."""
        TRACER.set(self.tracer)
        if b"traceparent" in headers:
            given = {name: headers[name.encode()].decode("latin-1") for name in KEPT if name.encode() in headers}
            self._context.attach(self._propagator.extract(given))


KEPT = ("traceparent", "tracestate")


@contextmanager
def open_tracing(wanted: bool) -> Iterator[Tracing | None]:
    """Send traces for as long as the block lasts, if they are wanted. Raises Problem without OpenTelemetry."""
    if not wanted:
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise Problem("GONGZHI_TRACES needs OpenTelemetry: pip install 'gongzhi-server[otel]'") from None
    # A name that OTEL_SERVICE_NAME says goes before ours.
    provider = TracerProvider(resource=Resource.create({"service.name": "gongzhi"}))
    # In a thread of its own and in batches, so that nobody waits for a collector that is slow or away.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracing = Tracing(provider.get_tracer("gongzhi"))
    before = TRACER.set(tracing.tracer)  # for what goes on in the background
    try:
        yield tracing
    finally:
        TRACER.reset(before)
        provider.shutdown()


def carry_request(into: Context) -> Context:
    """Have a context know which request is under way, and the span that its own belong to."""
    into.run(REQUEST.set, REQUEST.get())
    if TRACER.get() is not None:
        from opentelemetry import context

        into.run(TRACER.set, TRACER.get())
        into.run(context.attach, context.get_current())
    return into
