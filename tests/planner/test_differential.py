"""Generated operations, answered by the planner and the plain way, must be answered alike."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from .bench import Bench, bench
from .expected_visibility import Rows
from .random_operations import YEARS, Operation, Queries, askable
from .reference_engine import FIELDS, ReferenceEngine
from .reference_lists import snake
from .sample_county import INSTANTS, VIEWERS
from .sample_plugin import schema
from .seeded_operations import seeded

EXAMPLES = int(os.environ.get("GONGZHI_EXAMPLES", "0"))
CLOSE = 1e-9
"""Relative; of a sine, the last digit is the library's."""


class Trial:
    """Two ways to answer, side by side."""

    def __init__(self, bench: Bench, naive: ReferenceEngine) -> None:
        self.bench, self.naive = bench, naive
        self.made = self.mixed = self.together = 0

    async def run(self, operation: Operation, seed: int) -> None:
        """One document, two viewers, two sets of variables, in an order that would show a statement of another's."""
        names = Random(seed).sample(list(VIEWERS), 2)
        for name, at in ((names[0], 0), (names[1], 1), (names[0], 1), (names[1], 0), (names[0], 0)):
            await self.compare(operation, at, name)
        if seed % 3 == 0:  # it takes longer than all the rest
            for alone, together in await self.bench.together():
                assert alone == together, f"not the same for several\n{operation.text}"
                self.together += 1
        statements = self.bench.engine.prepare(operation.text, None).statements
        self.mixed += any(one.shape.live for one in statements)
        self.made += 1

    async def compare(self, operation: Operation, at: int, name: str) -> None:
        variables, viewer = operation.sets[at], VIEWERS[name]
        said = await self.bench.send(operation.text, variables, viewer)
        plain = self.naive.ask(operation.text, variables, viewer)
        told = {error.message for error in plain.errors or ()}
        where = f"{name} asks\n{operation.text}\nwith {variables}"
        assert not said.refused, f"refused: {said.errors}\n{where}"
        assert not (found := smallest(said.data, plain.data)), f"{found}\n{where}\n{told} {said.errors}"
        assert told <= set(said.messages), f"{told} is not in {said.errors}\n{where}"
        assert set(said.codes) <= {"FORBIDDEN"}, f"{said.errors}\n{where}"


def smallest(ours: Any, plain: Any) -> str:
    """The shortest path at which two answers differ."""
    return min(differences(ours, plain, "data"), key=len, default="")


def differences(ours: Any, plain: Any, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(plain, dict) and list(ours) == list(plain):
        for key, value in ours.items():
            yield from differences(value, plain[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(plain, list) and len(ours) == len(plain):
        for at, value in enumerate(ours):
            yield from differences(value, plain[at], f"{path}[{at}]")
    elif isinstance(ours, float) and isinstance(plain, float):
        if abs(ours - plain) > CLOSE * max(abs(ours), abs(plain)):
            yield f"{path}: {ours} is not {plain}"
    elif ours != plain or isinstance(ours, bool) != isinstance(plain, bool):
        yield f"{path}: {ours!r} is not {plain!r}"


@pytest.fixture(scope="module")
def naive(rows: Rows) -> ReferenceEngine:
    return ReferenceEngine(schema().as_str(), rows)


def test_the_plain_way_knows_every_field(naive: ReferenceEngine) -> None:
    """Whoever adds a field says there, too, how it is answered."""
    missing = []
    for name, kind in naive.schema.type_map.items():
        if name != "Query" and "Node" not in {one.name for one in getattr(kind, "interfaces", ())}:
            continue
        assert isinstance(kind, GraphQLObjectType)
        row = next(iter(naive.rows.kinds.get(name, ())), None)
        known = {"id", *vars(row), *(column.removesuffix("_id") for column in vars(row))} if row else set()
        missing += [
            f"{name}.{field}" for field in kind.fields if not {f"{name}.{field}", snake(field)} & {*FIELDS, *known}
        ]
    assert not missing


NAMES = "{ households { nodes { number headName head { name } members { nodes { name personId person { name } } } } } }"


async def test_names_in_households_agree(world: str, naive: ReferenceEngine) -> None:
    """Everybody is told the names that the rule in words tells them, the named helper of a household among them."""
    async with bench(world) as found:
        trial = Trial(found, naive)
        for name in VIEWERS:
            await trial.compare(Operation(NAMES, ({}, {})), 0, name)
    helped = naive.ask(NAMES, {}, VIEWERS["helper"]).data["households"]["nodes"]
    members = [one for home in helped for one in home["members"]["nodes"]]
    assert any(one["name"] and not one["person"] for one in members)


async def differ(world: str, naive: ReferenceEngine, seeds: range) -> Trial:
    async with bench(world) as found:
        trial = Trial(found, naive)
        for seed in seeds:
            await trial.run(Queries(found.schema._schema, naive.rows, seed).make(), seed)
        return trial


async def test_generated_operations_agree(world: str, naive: ReferenceEngine) -> None:
    """Our own: everything that the language has."""
    trial = await differ(world, naive, range(EXAMPLES or 60))
    assert trial.made / 5 < trial.mixed < trial.made  # Python takes part in some
    assert trial.together > trial.made / 10


@pytest.mark.slow
async def test_many_operations_agree(world: str, naive: ReferenceEngine) -> None:
    await differ(world, naive, range(10_000, 10_000 + (EXAMPLES or 1_000)))


def strategy(schema: GraphQLSchema) -> st.SearchStrategy[str]:
    """Documents by hypothesis-graphql, on our SDL."""
    moments = st.sampled_from([nodes.String(one.isoformat()) for one in filter(askable, INSTANTS)])
    days = st.dates(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)).map(lambda one: nodes.String(one.isoformat()))
    return queries(schema, custom_scalars={"Date": days, "DateTime": moments}, allow_x00=False)


def hypothesised(world: str, naive: ReferenceEngine, examples: int) -> None:
    with asyncio.Runner() as runner:
        entered = bench(world)
        trial = Trial(runner.run(entered.__aenter__()), naive)
        types = trial.bench.schema._schema

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy(naive.schema), st.integers(0, 2**32))
        def agree(text: str, seed: int) -> None:
            runner.run(trial.run(seeded(text, Queries(types, naive.rows, seed)), seed))

        try:
            agree()
        finally:
            runner.run(entered.__aexit__(None, None, None))


def test_hypothetical_operations_agree(world: str, naive: ReferenceEngine) -> None:
    """Those of hypothesis-graphql, with real codes, ids, numbers and cursors put in."""
    hypothesised(world, naive, EXAMPLES or 25)


@pytest.mark.slow
def test_many_hypothetical_operations_agree(world: str, naive: ReferenceEngine) -> None:
    hypothesised(world, naive, EXAMPLES or 1_000)
