"""Traces: OpenTelemetry's, of operations, their plans and statements, and of handlers, jobs and what they send.

What is sampled and where it goes is said by OpenTelemetry's own variables (`OTEL_TRACES_SAMPLER`,
`OTEL_EXPORTER_OTLP_ENDPOINT` …). Its packages come with `gongzhi-server[otel]`.

A trace takes as much of a processor as a small operation does. So one request in fifty is traced if no variable says
otherwise, and which one is decided here: OpenTelemetry's samplers are asked for each span, also of what is left out.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from typing import Any

from gongzhi.runtime.tracing import TRACER

from gongzhi_server.errors import Problem

from .requests import REQUEST

SHARE = 0.02
"""Of how many requests that come without a `traceparent` there is a trace, if nobody says."""


class Tracing:
    """The traces of one process. `tracer` is OpenTelemetry's; without a `share` its sampler decides alone."""

    def __init__(self, tracer: Any, share: float | None = None) -> None:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.tracer, self._context, self._propagator = tracer, context, TraceContextTextMapPropagator()
        self.share = share

    def begin(self, headers: Mapping[bytes, bytes]) -> None:
        """Have what is done from now on for a request belong to the trace that its `traceparent` names."""
        parent = headers.get(b"traceparent")
        if self.share is not None and not self.is_chosen(parent, self.share):
            TRACER.set(None)
            return
        TRACER.set(self.tracer)
        if parent is not None:
            given = {name: headers[name.encode()].decode("latin-1") for name in KEPT if name.encode() in headers}
            self._context.attach(self._propagator.extract(given))

    @staticmethod
    def is_chosen(parent: bytes | None, share: float) -> bool:
        """Return whether a request is traced: as whoever sent it traces it, or by chance if nobody does."""
        if parent is None:
            return random.random() < share
        return parent[-1:] in b"13579bdf"  # the last bit of its flags: whether it is recorded there


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
    tracing = Tracing(provider.get_tracer("gongzhi"), None if os.environ.get("OTEL_TRACES_SAMPLER") else SHARE)
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
