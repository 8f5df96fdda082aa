"""Random documents with filters, within the limits and around them: work stays in proportion to the charge.

The quick form counts steps of planning. The slow one measures the time of planning and of the statement, too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.gateway.limits import Limits
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_required_argument,
    print_type,
)

from .bench import Bench
from .sample_county import VIEWERS
from .test_bounds import SIGNED, STRANGER

USUAL = Limits()
CALLERS = (STRANGER, SIGNED, VIEWERS["town"])
VALUES: dict[str, Any] = {
    "Boolean": [True, False],
    "Int": [0, 3, -1],
    "Float": [0.5, 108.5],
    "Decimal": ["1.50"],
    "Date": ["2026-01-31"],
    "DateTime": ["2026-01-31T08:00:00+08:00"],
    "ID": ["Case:018f0000-0000-7000-8000-000000000000", "Grid:3"],
    "String": ["", "水", "610921", "%_", "路灯坏了" * 9, "x" * 190],
}
OBJECTS = 100
"""Objects in the cost of an operation for which a caller is charged a point, besides one for the operation."""


@dataclass(frozen=True)
class Asked:
    """A document with its variables."""

    text: str
    variables: dict[str, Any]


class Filters:
    """Makes documents from the filters that the schema has."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self.schema, self.random = schema, random
        assert schema.query_type
        self.lists = [
            (name, of)
            for name, of in schema.query_type.fields.items()
            if "filter" in of.args and not any(map(is_required_argument, of.args.values()))
        ]

    def document(self) -> Asked:
        """One filter in a variable, on a list under any number of aliases."""
        random = self.random
        name, of = random.choice(self.lists)
        kind: Any = get_nullable_type(of.args["filter"].type)
        self.left = random.choice((1, 5, 40, 200, 1_000, 3_000))
        given = self.filter(kind, random.choice((1, 2, 8, 12)))
        inside = "nodes { __typename } totalCount" if "nodes" in get_named_type(of.type).fields else "__typename"
        fields = " ".join(f"a{at}: {name}(filter: $f) {{ {inside} }}" for at in range(random.choice((1, 2, 5, 15))))
        return Asked(f"query($f: {kind.name}) {{ {fields} }}", {"f": given})

    def filter(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        """An object of conditions; wide or deep, as long as there are values left."""
        random, made = self.random, dict[str, Any]()
        names = random.sample(sorted(kind.fields), min(len(kind.fields), random.choice((1, 1, 2, 4))))
        for name in names:
            of: Any = get_nullable_type(kind.fields[name].type)
            if self.left <= 0:
                break
            self.left -= 1
            if name in ("and", "or"):
                most = random.choice((1, 3, 30, 400))
                made[name] = []
                while depth and self.left > 0 and len(made[name]) < most:
                    made[name].append(self.filter(kind, depth - 1))
                    self.left -= 1
            elif name == "not":
                made[name] = self.filter(kind, depth - 1) if depth else {}
            elif isinstance(of, GraphQLInputObjectType):
                made[name] = self.comparison(of)
        return made

    def comparison(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        way = self.random.choice(sorted(kind.fields))
        of: Any = get_nullable_type(kind.fields[way].type)
        values = self.values(get_named_type(of))
        if not isinstance(of, GraphQLList):
            return {way: self.random.choice(values)}
        count = min(self.random.choice((0, 1, 30, 900)), max(self.left, 0))
        self.left -= count
        return {way: self.random.choices(values, k=count)}

    def values(self, kind: Any) -> list[Any]:
        if isinstance(kind, GraphQLEnumType):
            return list(kind.values)
        assert kind.name in VALUES, print_type(kind)
        found: list[Any] = VALUES[kind.name]
        return found


def points(cost: int) -> float:
    """What is charged for an operation of this cost."""
    return 1 + cost / OBJECTS


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)]


async def test_steps_are_in_proportion(bench: Bench) -> None:
    """Whatever is planned takes at most the steps allowed, and few for a point; the rest is refused with its limit."""
    bench = bench.over(limits=USUAL)
    engine, filters = bench.engine, Filters(bench.schema._schema, Random(17))
    planned, refused, ratios = 0, 0, list[float]()
    for at in range(400):
        asked, viewer = filters.document(), CALLERS[at % len(CALLERS)]
        document = engine.documents.prepare_document(USUAL, asked.text, None)
        coerced = engine.coerce_variables(document, asked.variables)
        try:
            statement = engine.planner.query(document, coerced, viewer)
        except Exception as problem:
            said = getattr(problem, "extensions", None) or {"code": getattr(problem, "code", "")}
            assert said["code"] in ("LIMIT_EXCEEDED", "BAD_USER_INPUT", "FORBIDDEN"), problem
            refused += said["code"] == "LIMIT_EXCEEDED"
            continue
        planned += 1
        _, most = USUAL.setting("planning", viewer is STRANGER)
        assert statement.steps <= most
        assert len(statement.values) <= USUAL.parameters
        ratios.append(statement.steps / points(statement.cost))
    assert planned > 200 and refused > 30
    assert percentile(ratios, 0.99) < 300


@pytest.mark.slow
async def test_time_is_in_proportion(bench: Bench) -> None:
    """Ten thousand documents: the processor's time of planning, and the database's, for a point that is charged."""
    bench = bench.over(limits=replace(USUAL, cost=10**9))
    engine, filters = bench.engine, Filters(bench.schema._schema, Random(29))
    planning, running = list[float](), list[float]()
    for at in range(10_000):
        asked, viewer = filters.document(), CALLERS[at % len(CALLERS)]
        document = engine.documents.prepare_document(USUAL, asked.text, None)
        cost = 0
        began = time.process_time()
        try:
            cost = engine.planner.query(document, engine.coerce_variables(document, asked.variables), viewer).cost
        except Exception as problem:
            assert getattr(problem, "extensions", None) or getattr(problem, "code", ""), problem
        planning.append((time.process_time() - began) / points(cost))
        if cost:
            began = time.perf_counter()
            try:
                await engine.run(document, asked.variables, viewer)
            except RequestRefused as refused:
                assert all((one.extensions or {}).get("code") for one in refused.errors)
            running.append((time.perf_counter() - began) / points(cost))
    found = {name: percentile(each, 0.99) for name, each in (("planning", planning), ("running", running))}
    print(found, len(running))
    assert found["planning"] < 0.1 and found["running"] < 0.5
