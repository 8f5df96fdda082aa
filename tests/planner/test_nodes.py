"""Nodes: objects by their ids, several at once, in the order in which they were asked for."""

from __future__ import annotations

import pytest
from gongzhi_server.gateway.limits import Limits

from .bench import LOOKS, Bench
from .expected_visibility import Rows

ASKED = """query($ids: [ID!]!) {
  nodes(ids: $ids) { __typename id ... on Case { number } ... on Person { name residentId } } }"""


def keys(rows: Rows, kind: str, count: int) -> list[str]:
    return [f"{kind}:{row.id}" for row in rows.kinds[kind][:count]]


async def test_in_the_order_asked_for(bench: Bench, rows: Rows) -> None:
    """Of several types in one statement, twice where asked twice, null for what is not there or not visible."""
    cases, grids = keys(rows, "Case", 3), keys(rows, "Grid", 2)
    ids = [
        grids[1],
        cases[2],
        "Case:nothing",
        cases[0],
        "Nothing:1",
        grids[0],
        cases[2],
        cases[1].upper().replace("CASE", "Case"),
    ]
    found = (await bench.data(ASKED, ids=ids))["nodes"]
    expected = [grids[1], cases[2], None, cases[0], None, grids[0], cases[2], cases[1]]
    assert [one and one["id"] for one in found] == expected and len(bench.seen) == 1
    assert [one["__typename"] for one in found if one] == [one.partition(":")[0] for one in expected if one]
    hidden = (await bench.data(ASKED, "stranger", ids=ids))["nodes"]
    assert [one and one["id"] for one in hidden] == [grids[1], None, None, None, None, grids[0], None, None]
    assert (await bench.data(ASKED, ids=[]))["nodes"] == []


async def test_whose_files_are_looked_at(bench: Bench, rows: Rows) -> None:
    """Each person of a list is looked at, and nobody else; nothing of it stays in the answer."""
    people, cases = keys(rows, "Person", 3), keys(rows, "Case", 2)
    LOOKS.clear()
    said = await bench.ask(ASKED, ids=[people[1], cases[0], people[0]])
    assert b"@" not in said.body
    shown = {one["id"] for one in said.data["nodes"] if one and one["__typename"] == "Person"}
    assert {f"Person:{person}" for look in LOOKS for person in look.people} == shown == {people[0], people[1]}


async def test_bounds(bench: Bench, rows: Rows) -> None:
    """A hundred at most, and each counts; the argument is named also where the document is known already."""
    for _ in range(2):
        said = await bench.ask(ASKED, ids=[f"Case:{at}" for at in range(101)])
        assert (said.refused, said.codes) == (True, ["BAD_USER_INPUT"])
        assert said.messages == ["nodes(ids): At most 100 at once."]
        await bench.data(ASKED, ids=[])
    narrow = bench.over(limits=Limits(cost=20))
    assert (await narrow.ask(ASKED, ids=keys(rows, "Case", 10))).errors == []
    assert (await narrow.ask(ASKED, ids=keys(rows, "Case", 30))).codes == ["COST_EXCEEDED"]


@pytest.mark.parametrize("viewer", ["resident", "administrator"])
async def test_who_asks_has_an_id(bench: Bench, viewer: str) -> None:
    me = (await bench.data("{ me { id account } }", viewer))["me"]
    assert me["id"] == f"Me:{me['account']}"
