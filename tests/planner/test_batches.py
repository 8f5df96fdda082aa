"""Fields that plugins add: those that Python answers in batches, and conditions of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from gongzhi.core.cases.models import Urgency
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import PointInput
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import batch, expression, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_term, compare_text, guard_comparison
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Refusal

from .bench import Bench
from .expected_visibility import Rows
from .sample_county import OTHER_COUNTY
from .sample_plugin import over_core

TEXT = "{ cases(first: 5, orderBy: NUMBER_ASC) { nodes { number extra } } }"


def extended(bench: Bench, field: Any, target: type = Case, plugin: str = "others") -> Bench:
    """The bench with one more field, called `extra`, of a plugin that no county has switched off."""
    return bench.over(over_core([(plugin, extend(target, extra=field))]))


async def test_a_batch_is_called_once(bench: Bench) -> None:
    """For all the rows it is asked on, wherever they hang, with the order kept."""
    calls: list[int] = []

    @batch(needs=("number",), requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[str | None]:
        """More."""
        calls.append(len(rows))
        return [row.number[::-1] for row in rows]

    text = '{ grid(code: "610921") { children { nodes { cases(first: 4) { nodes { number extra } } } } } }'
    made = extended(bench, extra)
    towns = (await made.data(text))["grid"]["children"]["nodes"]
    cases = [case for town in towns for case in town["cases"]["nodes"]]
    assert len(towns) == 2 and calls == [len(cases)] and len(made.seen) == 1
    assert all(case["extra"] == case["number"][::-1] for case in cases)


async def test_a_batch_without_rows_is_not_called(bench: Bench) -> None:
    @batch(requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[str | None]:
        """More."""
        raise AssertionError("there is nothing to ask")

    assert (await extended(bench, extra).data('{ case(number: "0") { extra } }')) == {"case": None}


async def test_a_batch_has_what_it_needs_and_no_more(bench: Bench) -> None:
    """A column it did not ask for is an error of the field, which says nothing of the inside."""

    @batch(needs=("number",), requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[str | None]:
        """More."""
        return [row.title for row in rows]

    said = await extended(bench, extra).ask(TEXT)
    assert [row["extra"] for row in said.data["cases"]["nodes"]] == [None] * 5
    assert all(row["number"] for row in said.data["cases"]["nodes"])
    assert said.codes == ["INTERNAL_SERVER_ERROR"] and "title" not in str(said.errors)
    assert said.errors[0]["locations"] and said.errors[0]["extensions"]["id"]


async def test_columns_arrive_as_python_has_them(bench: Bench) -> None:
    found: list[Any] = []

    @batch(needs=("id", "reported_at", "rating", "place_source", "lead_unit_id", "longitude", "urgency"), requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[int | None]:
        """More."""
        found.extend(rows)
        return [row.rating for row in rows]

    await extended(bench, extra).data("{ cases(first: 100) { nodes { extra } } }", "auditor")
    assert {type(row.id) for row in found} == {UUID} and {row.reported_at.utcoffset() for row in found} == {
        timedelta(0)
    }
    assert {type(row.rating) for row in found} == {int, type(None)}
    assert {type(row.place_source) for row in found} == {dict, type(None)}
    assert {type(row.lead_unit_id) for row in found} == {int, type(None)}
    assert {type(row.longitude) for row in found} == {float, type(None)}
    assert {type(row.urgency) for row in found} == {Urgency}


async def test_the_last_day_is_no_fault(bench: Bench) -> None:
    """What PostgreSQL calls infinity."""

    @batch(needs=("visit_due_on",), requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[bool | None]:
        """More."""
        return [row.visit_due_on == date.max for row in rows]

    found = await extended(bench, extra, Household).data("{ households { nodes { visitDueOn extra } } }")
    assert {(row["visitDueOn"] is None) is row["extra"] for row in found["households"]["nodes"]} == {True}


async def test_a_plugin_that_is_off_sees_no_rows(bench: Bench, rows: Rows) -> None:
    """Its fields are null in the county that switched it off, and Python is not told what lies there."""
    met: set[int] = set()

    @batch(needs=("grid_id",), requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[int | None]:
        """More."""
        met.update(row.grid_id for row in rows)
        return [row.grid_id for row in rows]

    made = extended(bench, extra, plugin="tests")
    found = await made.data("{ cases(first: 100) { nodes { grid { id } extra } } }", "auditor")
    other = {grid.id for grid in rows.kinds["Grid"] if rows.lies_in(grid.id, OTHER_COUNTY)}
    for row in found["cases"]["nodes"]:
        grid = int(row["grid"]["id"].removeprefix("Grid:"))
        assert row["extra"] == (None if grid in other else grid)
    assert met and not met & other and {row.grid_id for row in rows.kinds["Case"]} & other


@pytest.mark.parametrize("values", [[], ["one"], ["too"] * 6])
async def test_values_must_be_one_a_row(bench: Bench, values: list[str | None]) -> None:
    @batch(requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[str | None]:
        """More."""
        return values

    said = await extended(bench, extra).ask(TEXT)
    assert said.codes == ["INTERNAL_SERVER_ERROR"] and said.data["cases"]["nodes"][0]["extra"] is None


async def test_a_refusal_is_told(bench: Bench) -> None:
    @batch(requires=None)
    async def extra(rows: Sequence[Any], info: Any) -> list[str | None]:
        """More."""
        raise Refusal("BAD_USER_INPUT", "Not on Sundays.", "星期日不行。")

    said = await extended(bench, extra).ask(TEXT)
    assert said.messages == ["Not on Sundays."] and said.codes == ["BAD_USER_INPUT"]
    assert len(said.data["cases"]["nodes"]) == 5


async def test_a_hidden_row_stays_hidden(bench: Bench, rows: Rows) -> None:
    """Whatever key Python gives."""
    sealed = next(row.id for row in rows.kinds["Case"] if row.series == "SEALED")

    @batch(requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[Case | None]:
        """More."""
        return [ref(Case, sealed) for _ in rows]

    made = extended(bench, extra)
    text = "{ cases(first: 2) { nodes { extra { number } } } }"
    assert (await made.data(text, "administrator"))["cases"]["nodes"] == [{"extra": None}] * 2
    shown = (await made.data(text, "auditor"))["cases"]["nodes"]
    assert shown[0]["extra"]["number"] and len(made.seen) == 2  # one statement for the rows of all


async def test_batches_nest(bench: Bench) -> None:
    """A row that Python found has fields for Python too."""
    text = "{ cases(first: 100) { nodes { number earlier { age requester { initial } earlier { age } } } } }"
    found = (await bench.data(text, "county"))["cases"]["nodes"]
    assert any(row["earlier"] and row["earlier"]["earlier"] for row in found)
    assert all(row["earlier"]["age"] for row in found if row["earlier"])


async def test_arguments_arrive_as_python_has_them(bench: Bench) -> None:
    given: list[Any] = []

    @batch(requires=None)
    def extra(rows: Sequence[Any], info: Any, how_soon: Urgency, place: PointInput, times: int = 2) -> list[str | None]:
        """More."""
        given.append((how_soon, place.crs, place.longitude, times, info.viewer.account.name))
        return [None for _ in rows]

    text = """query($u: CaseUrgency!, $x: Float!) { cases(first: 1) { nodes {
      extra(howSoon: $u, place: { longitude: $x, latitude: 1, crs: WGS84 }) } } }"""
    await extended(bench, extra).data(text, u="URGENT", x=108.5)
    assert given == [(Urgency.URGENT, "WGS84", 108.5, 2, "admin")]


async def test_lists_and_enums_are_sent(bench: Bench) -> None:
    @batch(needs=("urgency",), requires=None)
    def extra(rows: Sequence[Any], info: Any) -> list[list[Urgency] | None]:
        """More."""
        return [[row.urgency, Urgency.ROUTINE] for row in rows]

    found = await extended(bench, extra).data("{ cases(first: 3) { nodes { urgency extra } } }")
    assert [row["extra"] for row in found["cases"]["nodes"]] == [
        [row["urgency"], "ROUTINE"] for row in found["cases"]["nodes"]
    ]


async def test_a_plugins_lists_are_lists(bench: Bench, rows: Rows) -> None:
    """A connection to a type of its own, in the order of the keys, with totals and cursors."""
    text = """query($c: String) { cases(first: 100) { nodes { id
      supports(first: 1, after: $c) { totalCount nodes { id unit { code } } pageInfo { hasNextPage endCursor } }
    } } }"""
    found = {row["id"]: row["supports"] for row in (await bench.data(text, "county"))["cases"]["nodes"]}
    keys: dict[str, list[str]] = {case: [] for case in found}
    for row in rows.kinds["Support"]:
        keys.get(f"Case:{row.case_id}", []).append(f"Support:{row.id}")
    for case, page in found.items():
        assert page["totalCount"] == len(keys[case]) and page["pageInfo"]["hasNextPage"] is (len(keys[case]) > 1)
        assert [row["id"] for row in page["nodes"]] == sorted(keys[case])[:1]
    case, page = next((case, page) for case, page in found.items() if page["totalCount"] > 1)
    again = {
        row["id"]: row["supports"]
        for row in (await bench.data(text, "county", c=page["pageInfo"]["endCursor"]))["cases"]["nodes"]
    }
    assert [row["id"] for row in again[case]["nodes"]] == sorted(keys[case])[1:2]


async def test_a_plugins_condition_filters(bench: Bench, rows: Rows) -> None:
    found = await bench.data(
        "{ cases(filter: { reopenings: { from: 1 } }) { totalCount nodes { reopenings } } }", "auditor"
    )
    again = [row for row in rows.kinds["Case"] if row.reopenings > 0]
    assert found["cases"]["totalCount"] == len(again) > 0
    assert {row["reopenings"] for row in found["cases"]["nodes"]} == {1}


async def test_a_guarded_condition_is_refused(bench: Bench) -> None:
    """For a condition tells what it looks at, though no field shows it."""
    address = guard_comparison(compare_text("address"), requires="tests.read_names")
    made = bench.over(over_core([("tests", extend(Case, filter={"address": address}))]))
    text = '{ cases(filter: { not: { or: [{ address: { contains: "路" } }] } }) { totalCount } }'
    assert (await made.data(text))["cases"]["totalCount"] > 0
    said = await made.ask(text, "town")
    assert said.refused and said.codes == ["FORBIDDEN"] and not made.seen


async def test_expressions_see_the_viewer(bench: Bench) -> None:
    """The clock and the caller are parameters, not text."""
    extra = expression(
        "More.",
        lambda at: Sql("concat_ws('|',{0},{1},{2})", at.viewer.now, at.viewer.today, at.viewer.account),
        type=str | None,
        requires=None,
    )
    made = extended(bench, extra, Person)
    [row] = (await made.data("{ people(first: 1) { nodes { extra } } }"))["people"]["nodes"]
    assert row["extra"] == "2026-06-30 17:30:00+00|2026-07-01|admin"
    assert "2026" not in made.seen[0][0]


def test_comparisons_need_no_input_of_their_own() -> None:
    assert compare_term(lambda at: at.rows.id).kind is None
