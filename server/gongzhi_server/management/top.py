"""Top: which operations take the time of a deployment, read from the metrics of its processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gongzhi_server.errors import Problem

from .operation_names import FAILED

PATIENCE = 15.0
"""Seconds that a process may take to answer; its checks may take some."""


@dataclass
class OperationFigures:
    """What processes have counted of one operation since they started."""

    name: str
    kind: str
    count: float = 0.0
    failed: float = 0.0
    """How many ended in a fault, a timeout or without the database."""
    seconds: float = 0.0
    cost: float = 0.0
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))

    def quantile(self, share: float) -> float:
        """Return the time within which this share of them ended, as Prometheus' `histogram_quantile` has it."""
        bounds = sorted(self.buckets.items())
        wanted = share * (bounds[-1][1] if bounds else 0.0)
        for (lower, before), (upper, reached) in pairwise([(0.0, 0.0), *bounds]):
            if reached >= wanted and reached > before:
                # Of what took longer than the last bound nothing more is known.
                return lower if upper == inf else lower + (upper - lower) * (wanted - before) / (reached - before)
        return 0.0


def read_metrics(address: str) -> str:
    """Read the metrics of the process that answers machines at an address. Raises Problem if none does."""
    try:
        # Without the environment, which may name a proxy: processes are asked directly.
        return httpx.get(f"http://{address}/metrics", timeout=PATIENCE, trust_env=False).raise_for_status().text
    except httpx.HTTPError as error:
        raise Problem(f"no process answers at {address} ({type(error).__name__}); see GONGZHI_MANAGEMENT") from None


def sum_operations(texts: Iterable[str]) -> list[OperationFigures]:
    """Sum up what processes have counted, those first that took the most time together."""
    found: dict[tuple[str, str], OperationFigures] = {}
    for text in texts:
        for name, labels, value in read_samples(text):
            key = labels["operation"], labels["kind"]
            figures = found.setdefault(key, OperationFigures(*key))
            match name:
                case "gongzhi_operation_seconds_bucket":
                    figures.buckets[float(labels["le"])] += value
                case "gongzhi_operation_seconds_sum":
                    figures.seconds += value
                case "gongzhi_operation_cost_total":
                    figures.cost += value
                case "gongzhi_operation_seconds_count":
                    figures.count += value
                    figures.failed += value if labels["outcome"] in FAILED else 0
    return sorted(found.values(), key=lambda one: -one.seconds)


def read_samples(text: str) -> Iterator[tuple[str, dict[str, Any], float]]:
    """Yield the samples about operations in the metrics of one process."""
    for family in text_string_to_metric_families(text):
        if family.name.startswith("gongzhi_operation_"):
            yield from ((one.name, one.labels, one.value) for one in family.samples)


def format_top(operations: Iterable[OperationFigures]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"{'count':>9} {'failed':>7} {'p50 s':>8} {'p95 s':>8} {'p99 s':>8} {'total s':>9} {'cost':>10}  operation"
    for one in operations:
        times = " ".join(f"{one.quantile(share):8.3f}" for share in (0.5, 0.95, 0.99))
        amounts = f"{one.count:9.0f} {one.failed:7.0f} {times} {one.seconds:9.1f} {one.cost:10.0f}"
        yield f"{amounts}  {one.kind} {one.name}"
