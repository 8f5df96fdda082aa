"""Lists: every row once, in order, from either end; sizes, cursors and searches."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from gongzhi.core.cases.types import Case, CaseEvent
from gongzhi.declare.entity import many
from gongzhi.declare.extend import extend
from graphql import GraphQLEnumType, GraphQLObjectType

from .bench import Bench
from .expected_visibility import Rows
from .reference_lists import lower
from .sample_plugin import over_core, schema

CONNECTIONS = {
    "grids": "{}",
    "units": "{}",
    "people": "{}",
    "households": "{}",
    "cases": "{}",
    "categories": "{}",
    "channels": "{}",
    "children": 'grid(code: "610921100201-010100") {{ {} }}',
    "visits": 'grid(code: "610921") {{ {} }}',
    "officers": 'grid(code: "610921100201") {{ {} }}',
    "members": 'household(number: "H-0") {{ {} }}',
    "liaisons": 'household(number: "H-0") {{ {} }}',
    "tierDecisions": 'household(number: "H-0") {{ {} }}',
}
"""Where each connection is found."""


def orders() -> Iterator[tuple[str, str]]:
    """Every connection with every order it has, and none."""
    query = schema()._schema.type_map["Query"]
    assert isinstance(query, GraphQLObjectType)
    for name in CONNECTIONS:
        yield name, ""
        of = query.fields.get(name)
        order = of.args["orderBy"].type if of else None
        for value in order.values if isinstance(order, GraphQLEnumType) else ("SINCE_ASC", "SINCE_DESC"):
            if of or name in ("officers", "members", "liaisons"):
                yield name, value


async def walked(bench: Bench, name: str, order: str, back: bool, viewer: str) -> list[str]:
    """The ids met on a walk in steps of two, in the order of the list."""
    size, cursor = ("last", "before") if back else ("first", "after")
    by = f", orderBy: {order}" if order else ""
    field = f"{name}({size}: 2, {cursor}: $c{by}) {{ edges {{ cursor node {{ id }} }} nodes {{ id }} {PAGE} }}"
    text = f"query($c: String) {{ {CONNECTIONS[name].format(field)} }}"
    found: list[str] = []
    at = None
    while True:
        data = await bench.data(text, viewer, c=at)
        page = data[name] if name in data else next(iter(data.values()))[name]
        ids = [row["id"] for row in page["nodes"]]
        assert ids == [edge["node"]["id"] for edge in page["edges"]]
        info = page["pageInfo"]
        assert ids == [] or info["startCursor"] == page["edges"][0]["cursor"]
        assert ids == [] or info["endCursor"] == page["edges"][-1]["cursor"]
        found = ids + found if back else found + ids
        at = info["startCursor" if back else "endCursor"]
        if not info["hasPreviousPage" if back else "hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found


PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@pytest.mark.parametrize("viewer", ["administrator", "overlapping"])
@pytest.mark.parametrize("name, order", list(orders()))
async def test_a_walk_meets_every_row_once(bench: Bench, name: str, order: str, viewer: str) -> None:
    """Forwards and backwards alike, with ties, under any order, by one branch or several."""
    forth = await walked(bench, name, order, back=False, viewer=viewer)
    assert forth == await walked(bench, name, order, back=True, viewer=viewer)
    assert len(set(forth)) == len(forth)
    if viewer == "administrator":
        assert len(forth) > 1
        turned = {"_ASC": "_DESC", "_DESC": "_ASC"}.get(order[order.rfind("_") :], "")
        if turned:
            other = order[: order.rfind("_")] + turned
            assert forth == (await walked(bench, name, other, back=False, viewer=viewer))[::-1]


async def test_pages_say_what_surrounds_them(bench: Bench) -> None:
    """The end that was cut off is told exactly; at the other, the cursor tells."""
    text = "{{ grids({}) {{ nodes {{ code }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"

    async def page(arguments: str) -> tuple[int, bool, bool]:
        found = (await bench.data(text.format(arguments)))["grids"]
        return len(found["nodes"]), found["pageInfo"]["hasNextPage"], found["pageInfo"]["hasPreviousPage"]

    assert await page("first: 16") == (16, True, False)
    assert await page("first: 17") == (17, False, False)
    assert await page("last: 16") == (16, False, True)
    assert await page("last: 17") == (17, False, False)
    assert await page("first: 0") == (0, True, False)
    [edge] = (await bench.data("{ grids(first: 1) { edges { cursor } } }"))["grids"]["edges"]
    assert await page(f'first: 16, after: "{edge["cursor"]}"') == (16, False, True)
    assert await page(f'last: 1, before: "{edge["cursor"]}"') == (0, True, False)


async def test_lists_are_cut_to_their_cap(bench: Bench) -> None:
    """Where nobody says how many: the cap, if it is less than the usual fifty."""
    first = many("The first steps.", on="case", order="at", cap=2, type=list[CaseEvent] | None, requires=None)
    made = bench.over(over_core([("tests", extend(Case, first=first))]))
    rows = (await made.data("{ cases { nodes { first { id } timeline { id } } } }"))["cases"]["nodes"]
    found = [row for row in rows if row["first"] is not None]  # where the plugin is on
    assert max(len(row["timeline"]) for row in found) > 2
    assert all(row["first"] == row["timeline"][:2] for row in found)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{ cases(first: 1, last: 1) { totalCount } }", "cases(last): Ask for the first or the last, not both."),
        ("{ cases(first: 101) { totalCount } }", "cases(first): It must be between 0 and 100."),
        ("{ cases(last: 101) { totalCount } }", "cases(last): It must be between 0 and 100."),
        ("{ cases(first: -1) { totalCount } }", "cases(first): It must be between 0 and 100."),
        ("{ people { nodes { phones(first: 6) { id } } } }", "phones(first): It must be between 0 and 5."),
        ('{ grid(code: "61") { path(last: 9) { id } } }', "path(last): It must be between 0 and 8."),
    ],
)
async def test_impossible_pages_are_refused(bench: Bench, text: str, message: str) -> None:
    said = await bench.ask(text)
    assert said.refused and said.messages == [message] and said.errors[0]["locations"] and not bench.seen


async def test_a_size_in_a_variable_is_checked_each_time(bench: Bench) -> None:
    text = "query($n: Int) { cases(first: $n) { nodes { id } } }"
    assert len((await bench.data(text, n=2))["cases"]["nodes"]) == 2
    assert (await bench.ask(text, n=101)).messages == ["cases(first): It must be between 0 and 100."]
    assert len((await bench.data(text, n=100))["cases"]["nodes"]) == 39
    assert len((await bench.data(text))["cases"]["nodes"]) == 39


def cursor(*values: Any) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


KEY = "0b9df0d5-6a49-4b27-a3b6-c7a9ac6b1b0f"


@pytest.mark.parametrize(
    "garbage",
    [
        "", "x", "é", "AAAA", cursor(), cursor("2026-06-30T00:00:00Z"), cursor(None, None), cursor("2026-06-30", None),
        cursor("yesterday", KEY), cursor("2026-06-30T00:00:00Z", "no key"), cursor("2026-06-30T00:00:00Z", 5),
        cursor(10**30, KEY), cursor([], KEY), cursor({}, {}), cursor("0001-01-01T00:00:00+08:00", KEY),
        cursor("2026-06-30T00:00:00Z", KEY, 1), base64.b64encode(b"{}").decode(), "W10",
        cursor("2026-06-30", KEY) + "!",
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", ["after", "before"])
async def test_garbage_is_no_cursor(bench: Bench, garbage: str, way: str) -> None:
    for said in (
        await bench.ask(f"query($c: String) {{ cases({way}: $c) {{ nodes {{ id }} }} }}", c=garbage),
        await bench.ask(f"{{ cases({way}: {json.dumps(garbage)}) {{ nodes {{ id }} }} }}"),
        await bench.ask(f"query($c: String) {{ cases({way}: $c) {{ totalCount }} }}", c=garbage),
    ):
        assert said.refused and said.codes == ["BAD_USER_INPUT"]
        assert said.messages == [f"cases({way}): That is not a cursor of this list."] and not bench.seen
        assert said.errors[0]["extensions"]["path"] == [way] and said.errors[0]["locations"]


async def test_a_cursor_of_no_grid_is_refused(bench: Bench) -> None:
    """A key too large for the column is refused too, where it is found out."""
    for values in (("61", 10**12), ("6\0", 1)):
        said = await bench.ask("query($c: String) { grids(after: $c) { nodes { id } } }", c=cursor(*values))
        assert said.refused and said.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "part",
    [
        "路",
        "路灯",
        "水管漏",
        "%",
        "_",
        "\\",
        "100%",
        "0_",
        "k\\s",
        "B",
        "bro",
        "BROKEN",
        "“",
        "'",
        "{0}",
        "\t",
        "😀",
        "e\u0301",
        "",
        " ",
    ],
)
async def test_contains_is_meant_literally(bench: Bench, rows: Rows, part: str) -> None:
    """With one character, with two, which have an index, with more; without regard to case.

    What stands in place of a title that is not there is found by nothing.
    """
    text = "query($t: String) { cases(first: 100, filter: { title: { contains: $t } }) { nodes { title needsTitle } } }"
    found = [row["title"] for row in (await bench.data(text, "auditor", t=part))["cases"]["nodes"]]
    seen = (await bench.data(text, "auditor", t=""))["cases"]["nodes"]
    written = [(row["title"], "" if row["needsTitle"] else row["title"]) for row in seen]
    assert sorted(found) == sorted(shown for shown, title in written if lower(part) in lower(title))
    literal = json.dumps(part, ensure_ascii=False)
    spelled = await bench.data(
        f"{{ cases(first: 100, filter: {{ title: {{ contains: {literal} }} }}) {{ nodes {{ title }} }} }}", "auditor"
    )
    assert [row["title"] for row in spelled["cases"]["nodes"]] == found


async def test_nothing_is_everything_but_an_empty_choice(bench: Bench) -> None:
    """What is null is no condition; one of nothing is met by nobody."""

    async def total(where: str) -> int:
        found: int = (await bench.data(f"{{ cases(filter: {where}) {{ totalCount }} }}"))["cases"]["totalCount"]
        return found

    for where in (
        "{}",
        "null",
        "{ status: null }",
        "{ status: { equals: null } }",
        "{ and: [] }",
        "{ or: [{}] }",
        "{ not: {} }",
    ):
        assert await total(where) == 39
    for where in ("{ or: [] }", "{ status: { in: [] } }", "{ and: [{ or: [] }] }"):
        assert await total(where) == 0
    assert await total("{ not: { or: [] } }") == 39


async def test_not_takes_what_is_unknown(bench: Bench) -> None:
    """A case without a rating is not rated three."""

    async def total(where: str) -> int:
        found: int = (await bench.data(f"{{ cases(filter: {where}) {{ totalCount }} }}"))["cases"]["totalCount"]
        return found

    three, others = await total("{ rating: { equals: 3 } }"), await total("{ not: { rating: { equals: 3 } } }")
    assert three + others == 39 and others > await total("{ rating: { in: [1, 5] } }")
    assert await total("{ not: { not: { rating: { equals: 3 } } } }") == three
