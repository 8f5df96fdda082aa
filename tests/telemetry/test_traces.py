"""Traces: an operation, its plan and its statements are one, and belong to the trace that the caller names."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest
from gongzhi.runtime.tracing import NOTHING, TRACER, span
from gongzhi_server.errors import Problem
from gongzhi_server.telemetry.traces import Tracing, carry_request, open_tracing
from gongzhi_server.testing import Server
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CASE = {
    "kind": "HELP",
    "channel": "WEB",
    "category": "roads.lighting",
    "title": "路灯不亮",
    "description": "村口路灯不亮",
    "grid": "610921101222-020202",
}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.shutdown()


@pytest.fixture
def traced(server: Server, spans: InMemorySpanExporter) -> Server:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app: Any = server.client._transport.app  # type: ignore[attr-defined]
    app.tracing = Tracing(provider.get_tracer("gongzhi"))
    return server


async def ask(server: Server, document: str, **variables: Any) -> None:
    reply = await server.client.post(
        "/graphql",
        json={"query": document, "operationName": "Named", "variables": variables},
        headers={**server.as_("administrator").headers, "traceparent": f"00-{TRACE}-{PARENT}-01"},
    )
    assert "errors" not in reply.json()


def parents(spans: InMemorySpanExporter) -> dict[str, str | None]:
    """Each span with the one that it belongs to; all of the caller's trace."""
    found = spans.get_finished_spans()
    names = {one.context.span_id: one.name for one in found if one.context}
    assert {f"{one.context.trace_id:032x}" for one in found if one.context} == {TRACE}
    return {one.name: names.get(one.parent.span_id) if one.parent else None for one in found}


async def test_query_its_plan_and_its_statement(traced: Server, spans: InMemorySpanExporter) -> None:
    # A task of its own, as each request has of the server, so that nothing of it stays here.
    await asyncio.create_task(ask(traced, 'query Named { grid(code: "610921") { name } }'))
    assert parents(spans) == {"graphql query": None, "plan": "graphql query", "sql": "graphql query"}
    [operation] = [one for one in spans.get_finished_spans() if one.name == "graphql query"]
    assert operation.attributes == {"graphql.operation.name": "Named"}
    assert operation.parent and f"{operation.parent.span_id:016x}" == PARENT


async def test_command_in_its_own_task(traced: Server, spans: InMemorySpanExporter) -> None:
    document = "mutation Named($input: ReportCaseInput!) { reportCase(input: $input) { errors { code } } }"
    given = {"idempotencyKey": "0199aaaa-0000-7000-8000-000000000001", **CASE}
    await asyncio.create_task(ask(traced, document, input=given))
    assert parents(spans)["command"] == "graphql mutation"


def test_nothing_is_made_while_nobody_traces() -> None:
    assert TRACER.get() is None and span("sql", share="accounts") is NOTHING
    with open_tracing(False) as tracing:
        assert tracing is None
    assert carry_request(copy_context()).get(TRACER) is None


def test_few_requests_are_traced_if_nobody_says() -> None:
    """As whoever sent them traces them, and by chance where nobody does; the others cost no span."""
    tracer = TracerProvider().get_tracer("gongzhi")

    def count(share: float | None, **headers: bytes) -> int:
        tracing = Tracing(tracer, share)
        return sum(copy_context().run(begin, tracing, headers) for _ in range(100))

    def begin(tracing: Tracing, headers: dict[str, bytes]) -> bool:
        tracing.begin({name.encode(): value for name, value in headers.items()})
        return TRACER.get() is not None

    parent = f"00-{TRACE}-{PARENT}-".encode()
    assert (count(0, traceparent=parent + b"01"), count(1, traceparent=parent + b"00")) == (100, 0)
    assert (count(0), count(1), count(None), count(None, traceparent=parent + b"00")) == (0, 100, 100, 100)
    assert 20 < count(0.5) < 80


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(Problem, match=r"gongzhi-server\[otel\]"), open_tracing(True):
        pass


def test_background_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")  # where nobody listens
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with open_tracing(True) as tracing:
        assert tracing and TRACER.get() is tracing.tracer and tracing.share is None
        with span("handler", handler="a.hears"):
            pass
    assert TRACER.get() is None
