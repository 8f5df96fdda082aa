"""What planning costs, counted in lines of Python that run: time would tell of the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import pytest

from .bench import Bench
from .sample_county import VIEWERS

VIEWER = VIEWERS["administrator"]


def lines(work: Callable[[], object]) -> int:
    """How many lines run."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def conditions(count: int, **comparison: Any) -> Mapping[str, Any]:
    """A filter with so many alternatives."""
    return {"filter": {"or": [{"title": comparison or {"contains": f"{at:04}"}} for at in range(count)]}}


def planning(bench: Bench, fields: int, variables: Mapping[str, Any]) -> int:
    """The lines that run to plan a document with the same filter on so many fields, which is new each time."""
    asked = " ".join(f"a{at}: cases(filter: $filter) {{ totalCount nodes {{ number }} }}" for at in range(fields))
    document = bench.engine.documents.prepare_document(
        bench.engine.limits, f"query($filter: CaseFilter) {{ {asked} }}", None
    )
    coerced = bench.engine.coerce_variables(document, dict(variables))
    return lines(lambda: bench.engine.planner.query(document, coerced, VIEWER))


@pytest.mark.parametrize(("first", "second"), [((1, 40), (1, 160)), ((2, 20), (8, 20))], ids=["conditions", "fields"])
async def test_planning_is_linear(bench: Bench, first: tuple[int, int], second: tuple[int, int]) -> None:
    planning(bench, 1, conditions(1))  # what is made once is made now
    few, many = (planning(bench, fields, conditions(count)) for fields, count in (first, second))
    assert many < 4.2 * few


async def test_conditions_are_written_once(bench: Bench) -> None:
    """However many ways lead somebody to the rows, each condition is written out once for all of them."""
    planning(bench, 1, conditions(1))
    few, many = (planning(bench, 1, conditions(count)) for count in (50, 100))
    assert (many - few) / 50 < 650
