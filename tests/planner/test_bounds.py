"""What one operation may take: each limit refuses with its name, by counted work, before anything is sent."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from threading import current_thread
from typing import Any

import pytest
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.planner import Document, Planner

from .bench import ROOMY, Bench
from .sample_county import NOW, VIEWERS

STRANGER = Viewer(ViewerAccount(grants=VIEWERS["administrator"].account.grants), NOW)
"""Somebody without an account who may see much; a name is all that the administrator has besides."""
USUAL = replace(Limits(), cost=10**9)


def words(count: int) -> dict[str, Any]:
    """A filter with so many conditions."""
    return {"or": [{"title": {"contains": f"{at:04}"}} for at in range(count)]}


def nest(depth: int, name: str = "not") -> dict[str, Any]:
    """A condition so many levels deep."""
    return {"number": {"equals": "1"}} if not depth else {name: nest(depth - 1, name)}


def aliases(count: int) -> str:
    asked = " ".join(f"a{at}: cases(filter: $filter) {{ totalCount nodes {{ number }} }}" for at in range(count))
    return f"query($filter: CaseFilter) {{ {asked} }}"


def queries(count: int, fields: int) -> str:
    """Lists with so many fields each."""
    asked = " ".join(f"f{at}: number" for at in range(fields))
    return "{" + " ".join(f"a{at}: cases(first: 1) {{ nodes {{ {asked} }} }}" for at in range(count)) + "}"


async def refusal(bench: Bench, text: str, given: Any, viewer: Viewer, **limits: int) -> Mapping[str, Any]:
    """The extensions of the one error; nothing reached the database."""
    bench = bench.over(limits=replace(USUAL, **limits))
    said = await bench.send(text, {"filter": given}, viewer)
    assert said.refused and not bench.seen
    [error] = said.errors
    assert error["extensions"]["limit"] in error["message"]
    return error["extensions"]  # type: ignore[no-any-return]


SIGNED = VIEWERS["administrator"]


@pytest.mark.parametrize(
    ("limit", "viewer", "fields", "given"),
    [
        ("stranger_conditions", STRANGER, 15, words(3)),
        ("conditions", SIGNED, 15, words(14)),
        ("filters", STRANGER, 1, nest(9)),
        ("filters", SIGNED, 1, nest(9, "and")),
        ("filters", SIGNED, 1, nest(9, "or")),
        ("search", SIGNED, 1, {"title": {"contains": "共" * 67}}),
        ("stranger_choices", STRANGER, 3, {"number": {"in": ["1"] * 400}}),
        ("choices", SIGNED, 15, {"number": {"in": ["1"] * 700}}),
    ],
)
async def test_each_limit_refuses(bench: Bench, limit: str, viewer: Viewer, fields: int, given: Any) -> None:
    said = await refusal(bench, aliases(fields), given, viewer)
    assert (said["code"], said["limit"]) == ("LIMIT_EXCEEDED", f"limits.{limit}")
    assert said["allowed"] == getattr(USUAL, limit)
    assert said.get("field", "cases") == "cases"


async def test_parameters_and_planning_are_bounded(bench: Bench) -> None:
    roomy = {"conditions": 10**6, "stranger_conditions": 10**6}
    for viewer, limit in ((STRANGER, "stranger_parameters"), (SIGNED, "parameters")):
        said = await refusal(bench, aliases(15), words(150), viewer, planning=10**6, stranger_planning=10**6, **roomy)
        assert said["limit"] == f"limits.{limit}"
        said = await refusal(bench, aliases(15), words(900), viewer, parameters=10**6, **roomy)
        assert said["limit"] in ("limits.stranger_planning", "limits.planning")


async def test_lists_of_any_length_share_a_statement(bench: Bench) -> None:
    text = aliases(2)
    for length in (1, 2, 50, 400):
        await bench.data(
            text, filter={"number": {"in": [f"{at}" for at in range(length)]}, "title": {"contains": "ab"}}
        )
    assert len(bench.engine.prepare(text, None).statements) == 1


async def test_a_long_list_is_counted_where_the_statement_is_kept(bench: Bench) -> None:
    bench = bench.over(limits=USUAL)
    short, long = ({"filter": {"number": {"in": ["1"] * count}}} for count in (1, 700))
    assert not (await bench.send(aliases(2), short, STRANGER)).refused
    said = await bench.send(aliases(2), long, STRANGER)
    assert said.refused and said.errors[0]["extensions"]["limit"] == "limits.stranger_choices"


async def test_conditions_cost(bench: Bench) -> None:
    async def cost(given: Any) -> int:
        document = bench.engine.prepare(aliases(2), None)
        return bench.engine.planner.query(
            document, bench.engine.coerce_variables(document, {"filter": given}), SIGNED
        ).cost

    none = await cost({})
    assert await cost({"number": {"equals": "1"}}) == none + 2
    assert await cost({"title": {"contains": "ab"}}) == none + 20


async def test_a_flood_of_shapes_leaves_the_plans_of_others(bench: Bench) -> None:
    """Strangers fill what is theirs; signed-in callers' statements for the very same text stay."""
    engine = bench.over(limits=replace(USUAL, stranger_cache=2_000_000)).engine
    text = aliases(1)

    def plan(given: Any, viewer: Viewer) -> Document:
        document = engine.prepare(text, None, stranger=viewer is STRANGER)
        engine.planner.query(document, engine.coerce_variables(document, {"filter": given}), viewer)
        return document

    mine = plan({"open": {"equals": True}}, SIGNED)
    honest = plan({"number": {"equals": "1"}}, STRANGER)
    [kept] = honest.statements
    plan({"number": {"equals": "2"}}, STRANGER)  # asked for again
    for at in range(120):
        plan({"and": [{"or": [{"open": {"equals": True}}] * (at % 30 + 1)}, {"number": {"equals": "1"}}]}, STRANGER)
    assert engine.documents.kept[False, True].kept.bytes <= 2_000_000
    assert kept in honest.statements
    assert len(mine.statements) == 1


DOCUMENTS: list[tuple[str, Any]] = [
    (aliases(1), words(1)),
    (aliases(1), words(100)),
    (aliases(10), words(20)),
    ("{ cases { nodes { %s } } }" % ("number " * 250), None),
    ("{ cases(filter: {number: {in: [%s]}}) { totalCount } }" % ('"12345678" ' * 900), None),
    ('{ cases(filter: {number: {equals: "%s"}}) { totalCount } }' % ("a" * 40_000), None),
    ("{ cases { nodes { requester { name } grid { parent { name } } timeline(last: 2) { at } } } }", None),
]


@pytest.mark.parametrize(("text", "given"), DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_bytes_are_estimated_within_a_factor_of_two(bench: Bench, text: str, given: Any) -> None:
    engine = GraphQLEngine(bench.schema, bench.fetch, bench.at_hand, ROOMY)

    def make(at: int) -> Document:
        document = engine.documents.prepare_document(ROOMY, text + " " * at, None, most=10**9)
        engine.planner.query(document, engine.coerce_variables(document, {"filter": given} if given else {}), SIGNED)
        return document

    make(9)  # what is made once is made now
    gc.collect()
    tracemalloc.start()
    try:
        made = [make(at) for at in range(4)]
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    estimate = sum(one.size for one in made)
    assert taken / 2 < estimate < taken * 2


async def test_long_planning_is_done_in_a_thread(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop takes the first thousand steps, and is free for the others while a thread begins anew."""
    bench = bench.over(limits=replace(ROOMY, planning=4_000))
    done: list[tuple[str, int]] = []

    def planned(self: Planner, *given: Any) -> Any:
        try:
            return query(self, *given)
        finally:
            done.append((current_thread().name.rpartition("_")[0], self.limits.planning))

    query = Planner.query
    monkeypatch.setattr(Planner, "query", planned)
    text = queries(12, 100)
    assert not (await bench.send(text, {}, SIGNED)).errors
    assert done == [("", 1_000), ("planning", 4_000)]
    assert not (await bench.send(text, {}, SIGNED)).errors
    assert done[2:] == [("", 1_000)]
    said = await bench.send(queries(15, 300), {}, SIGNED)
    assert [error["extensions"]["allowed"] for error in said.errors] == [4_000]
    assert done[3:] == [("", 1_000), ("planning", 4_000)]
