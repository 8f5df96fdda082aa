"""Tracing: spans of what is done for a request, where the operator wants traces; elsewhere they cost nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

TRACER: ContextVar[Any] = ContextVar("TRACER", default=None)
"""OpenTelemetry's tracer while there is one. Nothing else of OpenTelemetry is needed, or imported, here."""
NOTHING = nullcontext()


def span(name: str, /, **attributes: str | int | float) -> AbstractContextManager[Any]:
    """Measure a block as a part of the trace of what it is done for. Attributes say nothing about people."""
    tracer = TRACER.get()
    # One object for all while nobody traces: making a generator for each statement would cost more than the question.
    return NOTHING if tracer is None else tracer.start_as_current_span(name, attributes=attributes)
