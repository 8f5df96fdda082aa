"""Metrics: what Prometheus reads of a process, without anything about people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from gongzhi_server.gateway.operations import Observation
from gongzhi_server.replicas.routing import list_readers

from .backlog import Backlog
from .operation_names import SECONDS, NameBound


class OperationMetrics:
    """Counts operations by name, kind and outcome."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = "operation", "kind", "outcome"
        self.seconds = Histogram(
            "gongzhi_operation_seconds",
            "Time from the prepared document to the answer",
            labels,
            buckets=SECONDS,
            registry=registry,
        )
        self.cost = Counter(
            "gongzhi_operation_cost", "Points that operations were charged", labels[:2], registry=registry
        )
        self._names = NameBound()
        # To look a counter up by its labels takes longer than to count.
        self._known: dict[tuple[str, str, str], tuple[Histogram, Counter]] = {}

    def observe(self, seen: Observation) -> None:
        """Count an operation that has ended."""
        name = self._names.bound(seen.name)
        labels = name, seen.kind, seen.outcome
        known = self._known.get(labels)
        if known is None:
            known = self._known[labels] = self.seconds.labels(*labels), self.cost.labels(name, seen.kind)
        known[0].observe(seen.seconds)
        known[1].inc(seen.cost)


class StateCollector(Collector):
    """Reads how the parts of a process stand at the moment it is asked."""

    def __init__(self, state: Any, backlog: Backlog) -> None:
        self.state, self.backlog = state, backlog

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of this process, and of what waits in the database."""
        guard = self.state.guard
        shares = (*self.state.shares.every, *(one.share for one in list_readers(self.state.replicas)))
        share = ("share",)
        yield make_gauges(
            "gongzhi_share_places", "Places at the database", share, ((one.name, one.size) for one in shares)
        )
        yield make_gauges(
            "gongzhi_share_busy", "Places that are taken", share, ((one.name, one.busy) for one in shares)
        )
        yield make_gauges(
            "gongzhi_share_refused",
            "Requests that found no place in time",
            share,
            ((one.name, one.refused) for one in shares),
        )
        yield make_gauges(
            "gongzhi_share_wait_seconds",
            "How long the first in line has waited",
            share,
            ((one.name, one.waited) for one in shares),
        )
        if guard is not None:
            yield make_gauge(
                "gongzhi_guard_level", "What is refused: 0 nothing, 1 strangers' reads, 2 all reads", guard.level
            )
            yield make_gauge("gongzhi_guard_refused", "Reads refused since the start", guard.refused)
            yield make_gauge("gongzhi_behind_seconds", "How late the event loop or urgent work is", guard.behind)
        yield from self._work_done()
        yield from self._replicas()
        yield make_gauge("gongzhi_looks_waiting", "Looks that wait to be written", self.state.runtime.ledger.waiting)
        yield make_gauges(
            "gongzhi_plugin_failing",
            "Plugins that fail again and again",
            ("plugin",),
            ((name, 1) for name in self.state.health.failing),
        )
        yield from self.backlog.gauges()

    def _replicas(self) -> Iterator[Metric]:
        """Yield where queries are read, and how the replicas are that read them; nothing without replicas."""
        replicas, shares = self.state.replicas, self.state.shares
        if replicas is None:
            return
        reads = CounterMetricFamily("gongzhi_reads", "Statements that read for callers", labels=("server",))
        reads.add_metric(["primary"], shares.accounts.statements + shares.strangers.statements)
        given_up = CounterMetricFamily(
            "gongzhi_replica_given_up", "Reads that the primary answered in a replica's place", labels=("server",)
        )
        for one in replicas.servers:
            reads.add_metric([one.name], sum(reader.statements for reader in one.readers))
            given_up.add_metric([one.name], one.given_up)
        yield reads
        yield given_up
        server = ("server",)
        yield make_gauges(
            "gongzhi_replica_well",
            "1 where it is read from, 0 where it is left alone",
            server,
            ((one.name, one.trouble is None) for one in replicas.servers),
        )
        yield make_gauges(
            "gongzhi_replica_lag_seconds",
            "How far a replica is behind the primary",
            server,
            ((one.name, replicas.age(one)) for one in replicas.servers),
        )

    def _work_done(self) -> Iterator[Metric]:
        """Yield what was waited for and sent to the database, what was prepared, and how long ago it was tidied up."""
        shares, operations, now = self.state.shares, self.state.operations, self.state.now()
        others = list_readers(self.state.replicas)
        every, readers = (*shares.every, *(one.share for one in others)), (*shares.readers, *others)
        yield make_counters(
            "gongzhi_share_waits", "Requests that waited for a place", ((one.name, one.waits) for one in every)
        )
        yield make_counters(
            "gongzhi_share_waiting_seconds",
            "How long they waited together",
            ((one.name, one.waiting_seconds) for one in every),
        )
        statements = SummaryMetricFamily("gongzhi_statement_seconds", "Statements that read", labels=("share",))
        for one in readers:
            statements.add_metric([one.share.name], one.statements, one.seconds)
        yield statements
        yield CounterMetricFamily("gongzhi_documents", "Documents that were asked for", operations.documents_asked)
        yield CounterMetricFamily(
            "gongzhi_documents_prepared", "Those of them that were not kept", operations.documents_prepared
        )
        sequencer = self.state.hub.sequencer
        yield make_gauge("gongzhi_leader", "1 in the process that numbers events", sequencer.leads)
        swept = {"uploads": self.state.archive.swept, "partitions": sequencer.tidied, "answers": sequencer.swept}
        yield make_gauges(
            "gongzhi_sweep_age_seconds",
            "How long ago this process removed what is left over",
            ("sweep",),
            ((name, (now - at).total_seconds()) for name, at in swept.items() if at),
        )


def make_counters(name: str, about: str, values: Iterable[tuple[str, float]]) -> Metric:
    """Return a counter by share."""
    family = CounterMetricFamily(name, about, labels=("share",))
    for label, value in values:
        family.add_metric([label], value)
    return family


def make_gauge(name: str, about: str, value: float) -> Metric:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, about, value=value)


def make_gauges(name: str, about: str, labels: tuple[str, ...], values: Iterable[tuple[str, float]]) -> Metric:
    """Return a gauge with one label."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for label, value in values:
        family.add_metric([label], value)
    return family


def open_registry() -> CollectorRegistry:
    """Return a registry with what the process takes of the machine."""
    registry = CollectorRegistry()
    # Of their own accord they would go into one registry for the whole interpreter.
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry
