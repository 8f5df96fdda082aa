"""What the planner promises of every answer, one promise at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.values import codes
from gongzhi.values.codes import Kind
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.testing import ESSENTIAL

from .bench import ROOMY, Bench, context
from .expected_visibility import Rows
from .reference_lists import CLOSED
from .sample_county import COUNTY, GRID_3, NOW, SECRET, VIEWERS, VILLAGE, account
from .sample_plugin import READ_LOG, READ_NAMES, schema

held = ESSENTIAL.held

HOSTILE = ("'; drop table cases.case; --", "\\' or true --", '"$1"', "%(x)s {0} $1", "\\", "共治'😀\"")
INVISIBLE = "town"
"""Sees the ordinary cases of a town, and no tip-off."""


async def body(bench: Bench, text: str, viewer: str, **variables: Any) -> bytes:
    """The answer as it goes over the wire."""
    return (await bench.engine.run(bench.engine.prepare(text, None), variables, VIEWERS[viewer])).body


def statements(bench: Bench, text: str) -> int:
    return len(bench.engine.prepare(text, None).statements)


# --- one statement ---


async def test_everything_is_one_statement(bench: Bench) -> None:
    found = await bench.data(
        """{
          cases(first: 3) { totalCount nodes { requester { name } grid { parent { name } } timeline(last: 2) { at } } }
          grid(code: "610921") { children { nodes { cases(first: 2) { edges { cursor node { number } } } } } }
          node(id: "Grid:3") { ... on Grid { openCases } }
          motto
        }"""
    )
    assert found["cases"]["totalCount"] == 39 and found["grid"]["children"]["nodes"] and found["motto"]
    assert len(bench.seen) == 1


async def test_planned_answers_leave_as_they_came() -> None:
    """The bytes of the database are those of the answer; nobody reads them on the way."""
    sent = b'{"cases":   not even JSON }'

    async def fetch(sql: str, *values: Any) -> Any:
        return [[sent]]

    engine = GraphQLEngine(schema(), fetch, context)
    answer = await engine.run(engine.prepare("{ cases { totalCount } }", None), {}, VIEWERS["administrator"])
    assert answer.body == b'{"data":' + sent + b"}"


async def test_introspection_stands_beside_planned_fields(bench: Bench) -> None:
    found = await bench.data(
        '{ __type(name: "Case") { name } cases(first: 1) { nodes { age } } n: __typename motto }', "county"
    )
    assert found["__type"] == {"name": "Case"} and found["n"] == "Query"
    assert found["cases"]["nodes"][0]["age"] and found["motto"] == "共治 "


async def test_keys_come_in_the_order_asked(bench: Bench) -> None:
    sent = await body(
        bench, "{ b: motto grids(first: 1) { totalCount nodes { name code } } a: __typename }", "stranger"
    )
    assert sent.startswith(b'{"data":{"b":') and sent.index(b'"name"') < sent.index(b'"code"') < sent.index(b'"a"')


# --- shared statements, bound values ---


async def test_viewers_of_one_shape_share_a_statement(bench: Bench) -> None:
    """Two towns, two people, two numbers: the text is one, the rows are each one's own."""
    text = "query($n: String) { cases(filter: { number: { equals: $n } }) { totalCount nodes { number } } }"
    grants = [
        ViewerGrant("any", frozenset({"cases.view"}), VIEWERS["town"].account.grants[0].kind, town) for town in (5, 6)
    ]
    viewers = [Viewer(account(f"v{grant.grid}", grant), NOW) for grant in grants]
    totals = [(await bench.data(text, viewer))["cases"]["totalCount"] for viewer in viewers]
    assert totals[0] > 0 and totals[1] > 0 and totals[0] != totals[1]
    assert statements(bench, text) == 1
    await bench.data(text, viewers[0], n="x")
    await bench.data(text, viewers[0], n="y")
    assert statements(bench, text) == 2  # once without the filter, once with it, whatever it is
    await bench.data(text, "administrator", n="y")
    assert statements(bench, text) == 3


async def test_sharing_gives_nobody_the_rows_of_another(bench: Bench) -> None:
    """Each asks after each other one, with a statement that the other's question made or did not make."""
    text = "{ cases { totalCount nodes { number events { totalCount } requester { name } } } people { totalCount } }"
    alone = {name: await bench.data(text, name) for name in VIEWERS}
    fresh = bench.over()
    assert {name: await fresh.data(text, name) for name in reversed(VIEWERS)} == alone
    assert len({json.dumps(found) for found in alone.values()}) > 5


async def test_what_is_skipped_is_decided_anew(bench: Bench) -> None:
    text = (
        "query($on: Boolean!) { motto @include(if: $on) rules @skip(if: $on) { ...F } } fragment F on Reason { rule }"
    )
    for on in (True, False, True):
        assert set(await bench.data(text, on=on)) == {"motto" if on else "rules"}


async def test_values_inside_literals_are_read_anew(bench: Bench) -> None:
    """A variable in a list, or in an object that is bound as a whole, is a variable still."""
    text = """query($code: String!, $x: Float!) {
      grids(filter: { code: { in: ["61", $code] } }) { nodes { code } }
      gridAt(point: { longitude: $x, latitude: 32.7, crs: CGCS2000 }) { code }
    }"""
    one, two = await bench.data(text, code="6109", x=108.7), await bench.data(text, code="610921", x=110.0)
    assert [row["code"] for row in one["grids"]["nodes"]] == ["61", "6109"] and one["gridAt"] == {"code": "610921"}
    assert [row["code"] for row in two["grids"]["nodes"]] == ["61", "610921"] and two["gridAt"] is None
    assert statements(bench, text) == 1


def hostile() -> Iterator[tuple[str, str, str]]:
    """Places that take a text, with the argument and its type."""
    yield "case(number: {}) {{ id }}", "String!", ""
    yield "household(number: {}) {{ id }}", "String!", ""
    yield "grid(code: {}) {{ id }}", "String!", ""
    yield "node(id: {}) {{ id }}", "ID!", ""
    yield "node(id: {}) {{ id }}", "ID!", "Case:"
    yield "person(id: {}) {{ id }}", "ID!", ""
    yield "caseByReceipt(number: {0}, receiptCode: {0}) {{ id }}", "String!", ""
    yield "cases(filter: {{ title: {{ contains: {} }} }}) {{ totalCount nodes {{ id }} }}", "String", ""
    yield "cases(filter: {{ not: {{ or: [{{ title: {{ in: [{}] }} }}] }} }}) {{ nodes {{ id }} }}", "String!", ""
    yield "cases(filter: {{ leadUnit: {{ equals: {} }} }}) {{ nodes {{ id }} }}", "String", ""
    yield "cases(filter: {{ grid: {{ equals: {} }} }}) {{ nodes {{ id }} }}", "String", ""
    yield "cases(first: 1) {{ nodes {{ label(suffix: {}) }} }}", "String", ""


@pytest.mark.parametrize("hostile_text", HOSTILE)
@pytest.mark.parametrize("place, kind, prefix", list(hostile()))
async def test_a_value_never_reaches_the_text(
    bench: Bench, place: str, kind: str, prefix: str, hostile_text: str
) -> None:
    value = prefix + hostile_text
    literal = json.dumps(value, ensure_ascii=False)
    bound = await bench.data(f"query($v: {kind}) {{ {place.format('$v')} }}", v=value)
    [(sql, values)] = bench.seen
    assert hostile_text not in sql
    assert await bench.data(f"{{ {place.format(literal)} }}") == bound
    [(written, _)] = bench.seen
    assert hostile_text not in written and "drop table" not in written
    assert (await bench.data("{ cases { totalCount } }"))["cases"]["totalCount"] == 39


@pytest.mark.parametrize("hostile_text", HOSTILE)
async def test_a_cursor_never_reaches_the_text(bench: Bench, hostile_text: str) -> None:
    place = base64.b64encode(orjson.dumps([hostile_text, 1])).decode()
    found = await bench.data("query($c: String) { grids(after: $c, orderBy: NAME_ASC) { nodes { id } } }", c=place)
    [(sql, values)] = bench.seen
    assert hostile_text in values and hostile_text not in sql and "nodes" in found["grids"]


# --- what is withheld ---


async def test_denied_fields_are_null_with_one_error(bench: Bench) -> None:
    text = "{ cases(first: 3) { nodes { number secret log(first: 1) { totalCount } } } }"
    said = await bench.ask(text, "town")
    assert [(row["secret"], row["log"]) for row in said.data["cases"]["nodes"]] == [(None, None)] * 3
    assert [one["extensions"] for one in said.errors] == [
        {"code": "FORBIDDEN", "field": "Case.secret", "permission": READ_NAMES},
        {"code": "FORBIDDEN", "field": "Case.log", "permission": READ_LOG},
    ]
    assert said.errors[0]["locations"] == [{"line": 1, "column": 36}]


async def test_denied_batches_are_not_called(bench: Bench) -> None:
    said = await bench.ask("{ cases(first: 2) { nodes { units { code } } } }", "town")
    assert said.data["cases"]["nodes"] == [{"units": None}] * 2
    assert said.codes == ["FORBIDDEN"] and len(bench.seen) == 1


async def test_masked_fields_show_their_mask(bench: Bench) -> None:
    text = '{ cases(first: 1, orderBy: NUMBER_ASC) { nodes { number label(suffix: "!") } } }'
    [shown] = (await bench.data(text))["cases"]["nodes"]
    [masked] = (await bench.data(text, "town"))["cases"]["nodes"]
    assert shown["label"] == shown["number"] + "!" and masked["label"] == masked["number"][:6]


@pytest.fixture
def sealed(rows: Rows) -> Any:
    """A tip-off in the town, with a requester and something that may be read of it."""
    town = {row.id for row in rows.kinds["Grid"] if rows.lies_in(row.id, 5)}
    events = {row.case_id for row in rows.kinds["CaseEvent"] if row.audience == "PUBLIC"}
    return next(
        row
        for row in rows.kinds["Case"]
        if row.series == "SEALED" and row.grid_id in town and row.requester_id and row.id in events
    )


async def test_hidden_rows_cannot_be_found(bench: Bench, rows: Rows, sealed: Any) -> None:
    """By whatever way: number, id, list, what belongs to it, what points to it."""
    event = next(row for row in rows.kinds["CaseEvent"] if row.case_id == sealed.id and row.audience == "PUBLIC")
    text = """query($n: String!, $id: ID!, $event: ID!, $person: ID!) {
      case(number: $n) { number }
      node(id: $id) { id }
      event: node(id: $event) { id }
      cases(filter: { number: { equals: $n } }) { totalCount nodes { id } pageInfo { startCursor } }
      person(id: $person) { cases(filter: { number: { equals: $n } }) { totalCount nodes { id } } }
    }"""
    asked = {"n": sealed.number, "id": f"Case:{sealed.id}", "event": f"CaseEvent:{event.id}"}
    asked["person"] = f"Person:{sealed.requester_id}"
    seen = await bench.data(text, "county", **asked)
    assert seen["case"] and seen["node"] and seen["event"] and seen["cases"]["totalCount"] == 1
    hidden = await bench.data(text, INVISIBLE, **asked)
    assert hidden["case"] is hidden["node"] is hidden["event"] is None
    assert hidden["cases"] == {"totalCount": 0, "nodes": [], "pageInfo": {"startCursor": None}}
    assert not hidden["person"] or hidden["person"]["cases"] == {"totalCount": 0, "nodes": []}


async def test_aggregates_count_visible_rows_alone(bench: Bench, rows: Rows) -> None:
    text = '{ openCases grid(code: "610921100") { openCases cases { totalCount } } cases { totalCount } }'
    inside = [row for row in rows.kinds["Case"] if rows.lies_in(row.grid_id, 5)]
    ordinary = [row for row in inside if row.series == "ORDINARY"]
    still = sum(row.status not in CLOSED for row in ordinary)
    found = await bench.data(text, "town")
    assert found == {
        "openCases": still,
        "grid": {"openCases": still, "cases": {"totalCount": len(ordinary)}},
        "cases": {"totalCount": len(ordinary)},
    }
    assert len(ordinary) < len(inside) < len(rows.kinds["Case"])


async def test_a_worker_sees_one_grid(bench: Bench, rows: Rows) -> None:
    """Returned, counted and aggregated: the worker's own rows, though the county is asked for."""
    worker = Viewer(account("one grid", ViewerGrant("grid_worker", held("grid_worker"), Kind.GRID_3, GRID_3)), NOW)
    text = """{
      people { totalCount nodes { grid { code } } }
      grid(code: "610921") {
        people { totalCount } households { totalCount } openCases cases { totalCount nodes { id } }
      }
    }"""
    found = await bench.data(text, worker)
    mine = {
        kind: [row for row in rows.kinds[kind] if row.grid_id == GRID_3] for kind in ("Person", "Household", "Case")
    }
    mine["Person"] = [row for row in mine["Person"] if row.restricted_at is None]
    cases = [row for row in mine["Case"] if row.series == "ORDINARY"]
    assert {row["grid"]["code"] for row in found["people"]["nodes"]} == {"610921100201-010101"}
    assert found["people"]["totalCount"] == found["grid"]["people"]["totalCount"] == len(mine["Person"])
    assert found["grid"]["households"]["totalCount"] == len(mine["Household"])
    assert found["grid"]["cases"]["totalCount"] == len(found["grid"]["cases"]["nodes"]) == len(cases)
    assert found["grid"]["openCases"] == sum(row.status not in CLOSED for row in cases) > 0


async def test_a_hidden_row_is_null_where_it_is_pointed_to(bench: Bench, rows: Rows) -> None:
    """The handler sees who asks for what the unit is at work on, but for restricted people, and nobody else."""
    text = "{ cases { nodes { number requester { id name } } } people { nodes { id } } }"
    unit = 3
    handler = Viewer(
        account("of a unit", ViewerGrant("department_handler", held("department_handler"), unit=unit)), NOW
    )
    said = await bench.data(text, handler)
    found = {row["number"]: row for row in said["cases"]["nodes"]}
    cases = [row for row in rows.kinds["Case"] if row.number in found and row.requester_id]
    at_work = {"DISPATCHED", "HANDLING", "SUSPENDED", "REPLIED"}
    asking = {
        f"Person:{row.requester_id}"
        for row in rows.kinds["Case"]
        if row.lead_unit_id == unit and row.series == "ORDINARY" and row.status in at_work and row.requester_id
        if rows.keys["Person"][row.requester_id].restricted_at is None
    }
    assert asking == {row["id"] for row in said["people"]["nodes"]}
    shown = {row.number for row in cases if f"Person:{row.requester_id}" in asking}
    assert shown and shown < {row.number for row in cases}
    assert {number for number, row in found.items() if row["requester"]} == shown


async def test_the_accused_see_nothing_by_another_office(bench: Bench, rows: Rows) -> None:
    """Who works for the unit, or for a part of it, does not see what was told about it, wherever else they serve."""
    against = {one: {row.number for row in rows.kinds["Case"] if row.accused_unit_id == one} for one in (1, 2, 3)}
    [(part, whole)] = [(row.id, row.parent_id) for row in rows.kinds["Unit"] if row.parent_id][:1]
    county = ViewerGrant("county_dispatcher", held("county_dispatcher"), Kind.COUNTY, COUNTY)
    text = "{ cases(first: 100) { nodes { number } totalCount } }"
    everything = await bench.data(text, Viewer(account("county", county), NOW))
    employed = Viewer(account("both", county, ViewerGrant("clerk", frozenset({"people.view"}), unit=part)), NOW)
    found = await bench.data(text, employed)
    hidden = against.get(part, set()) | against.get(whole, set())
    numbers = {row["number"] for row in everything["cases"]["nodes"]}
    assert numbers & hidden
    assert {row["number"] for row in found["cases"]["nodes"]} == numbers - hidden
    assert found["cases"]["totalCount"] == len(numbers - hidden)


async def test_staff_notes_stay_in_their_scope(bench: Bench, rows: Rows) -> None:
    """Who works in one village and asked for something in another reads what any requester reads."""
    noted = {row.case_id for row in rows.kinds["CaseEvent"] if row.audience == "STAFF"}
    case = next(
        row
        for row in rows.kinds["Case"]
        if row.id in noted and row.requester_id and row.series == "ORDINARY" and not rows.lies_in(row.grid_id, 8)
    )
    worker = ViewerGrant("grid_leader", held("grid_leader"), Kind.VILLAGE, 8)
    asks = Viewer(ViewerAccount("asks", case.requester_id, (worker,)), NOW)
    text = "query($n: String!) { case(number: $n) { timeline { audience } events { totalCount } } }"
    found = (await bench.data(text, asks, n=case.number))["case"]
    public = sum(row.case_id == case.id and row.audience == "PUBLIC" for row in rows.kinds["CaseEvent"])
    assert {event["audience"] for event in found["timeline"]} <= {"PUBLIC"}
    assert found["events"]["totalCount"] == public
    staff = (await bench.data(text, n=case.number))["case"]
    assert "STAFF" in {event["audience"] for event in staff["timeline"]}


async def test_a_field_shows_itself_where_its_permission_is_held(bench: Bench, rows: Rows) -> None:
    """Two grants: cases of the county, names in one village of it; Python fields and filters too."""
    wide = ViewerGrant("auditor", held("auditor"), Kind.COUNTY, COUNTY)
    narrow = ViewerGrant("reader", frozenset({"tests.read_names"}), Kind.VILLAGE, VILLAGE)
    text = "{ cases(first: 100) { nodes { number secret label units { code } } } }"
    found = (await bench.data(text, Viewer(account("two", wide, narrow), NOW)))["cases"]["nodes"]
    kept = {row.number: row for row in rows.kinds["Case"]}
    inside = {number: rows.lies_in(row.grid_id, VILLAGE) for number, row in kept.items()}
    assert {inside[row["number"]] for row in found} == {True, False}
    for row in found:
        shown, number = inside[row["number"]], row["number"]
        assert row["secret"] == (kept[number].account if shown else None)
        assert row["label"] == (number if shown else number[:6])
        assert shown or row["units"] is None


@pytest.mark.parametrize(
    "text, hidden, missing",
    [
        (
            "query($v: String!) { case(number: $v) { id title events { totalCount } } }",
            "number",
            "610921202606010099991",
        ),
        ("query($v: ID!) { node(id: $v) { id __typename } }", "id", "Case:00000000-0000-4000-8000-000000000000"),
        ("query($v: ID!) { node(id: $v) { id __typename } }", "id", "Case:no key"),
        ("query($v: String!) { cases(filter: {number: {equals: $v}}) { totalCount nodes { id } } }", "number", "0"),
    ],
)
async def test_not_yours_is_not_found(bench: Bench, sealed: Any, text: str, hidden: str, missing: str) -> None:
    """Byte for byte."""
    value = sealed.number if hidden == "number" else f"Case:{sealed.id}"
    assert await body(bench, text, INVISIBLE, v=value) == await body(bench, text, INVISIBLE, v=missing)
    assert await body(bench, text, "county", v=value) != await body(bench, text, "county", v=missing)


async def test_receipts_open_one_case_to_strangers(bench: Bench, sealed: Any) -> None:
    text = """query($n: String!, $c: String!) { caseByReceipt(number: $n, receiptCode: $c) {
      number requester { name } timeline { audience } previous { number } } case(number: $n) { number } }"""
    found = await bench.data(text, "stranger", n=sealed.number, c=codes.receipt_code(SECRET, sealed.number))
    assert found["caseByReceipt"]["number"] == sealed.number and found["case"] is None
    assert found["caseByReceipt"]["requester"] is None and found["caseByReceipt"]["previous"] is None
    assert {event["audience"] for event in found["caseByReceipt"]["timeline"]} == {"PUBLIC"}
    assert (await bench.data(text, "stranger", n=sealed.number, c="A" * 10))["caseByReceipt"] is None


# --- cost and keys ---


@pytest.mark.parametrize(
    "selection, cost",
    [
        ("motto", 2),
        ("cases(first: 10) { nodes { number } }", 11),
        ("cases(last: 10) { edges { node { number } } }", 11),
        ("cases { nodes { number } }", 51),
        ("cases(first: 10) { totalCount }", 1),
        ("cases(first: 10) { nodes { grid { code } } }", 21),
        ("cases(first: 10) { nodes { events(first: 5) { nodes { at } } place { longitude } } }", 71),
        ("cases(first: 10) { nodes { age } }", 21),
        ("cases(first: 10) { nodes { earlier { number } } }", 21),
        ("cases(first: 10) { nodes { earlier { timeline(first: 9) { at } } } }", 111),
        ('grid(code: "61") { path { code } }', 10),
    ],
)
async def test_cost_is_the_objects_that_may_come(bench: Bench, selection: str, cost: int) -> None:
    """And over the budget nothing is sent to the database."""
    text = f"{{ {selection} }}"
    within = bench.over(limits=limited(cost))
    assert not (await within.ask(text)).refused
    beyond = bench.over(limits=limited(cost - 1))
    said = await beyond.ask(text)
    assert said.refused and not beyond.seen
    [one] = said.errors
    assert one["extensions"]["code"] == "COST_EXCEEDED"
    assert (one["extensions"]["cost"], one["extensions"]["limit"]) == (cost, cost - 1)
    assert str(cost) in one["message"] and str(cost - 1) in one["message"]


def limited(cost: int) -> Limits:
    return replace(ROOMY, cost=cost)


async def test_cost_follows_the_variables(bench: Bench) -> None:
    text = "query($n: Int, $all: Boolean!) { cases(first: $n) { nodes { grid @include(if: $all) { code } } } }"
    within = bench.over(limits=limited(21))
    assert not (await within.ask(text, n=10, all=True)).refused
    assert (await within.ask(text, n=11, all=True)).codes == ["COST_EXCEEDED"]
    assert not (await within.ask(text, n=20, all=False)).refused


LONG = "k" * 64


@pytest.mark.parametrize(
    "text",
    [
        "{{ {}: motto }}",
        "{{ cases {{ {}: totalCount }} }}",
        "{{ cases {{ edges {{ {}: cursor }} }} }}",
        "{{ cases {{ pageInfo {{ {}: hasNextPage }} }} }}",
        "{{ rules {{ {}: rule }} }}",
        "{{ cases {{ nodes {{ place {{ {}: longitude }} }} }} }}",
    ],
)
async def test_keys_too_long_for_postgres_are_refused(bench: Bench, text: str) -> None:
    """It would cut them off, and two that are cut alike would be one."""
    said = await bench.ask(text.format(LONG))
    field = text.split("{}: ")[1].split()[0]
    assert said.refused and said.messages == [f"The alias of {field} is longer than 63 characters."]
    assert LONG[:63].encode() in (await bench.ask(text.format(LONG[:63]))).body


# --- faults ---


@pytest.mark.parametrize(
    "text, value",
    [
        (
            "query($v: DateTime) { cases(filter: { reportedAt: { from: $v } }) { totalCount } }",
            "0001-01-01T00:00:00+08:00",
        ),
        ("query($v: DateTime) { cases(filter: { reportedAt: { from: $v } }) { totalCount } }", "2026-06-30T12:00:00"),
        ("query($v: String!) { case(number: $v) { id } }", "a\0b"),
        ("query($v: String!) { cases(filter: { grid: { within: $v } }) { totalCount } }", "6109210"),
    ],
)
async def test_values_of_no_use_are_the_callers_fault(bench: Bench, text: str, value: str) -> None:
    """A moment before the first year in UTC, one without a zone, a character no text holds, a code of no shape."""
    said = await bench.ask(text, v=value)
    assert said.refused and said.codes == ["BAD_USER_INPUT"] and value not in said.messages[0]


async def test_faults_of_the_database_are_not_the_callers(bench: Bench) -> None:
    async def fetch(sql: str, *values: Any) -> Any:
        return await bench.fetch("select 1/(length($1::text)-1)", "a")

    engine = GraphQLEngine(bench.schema, fetch, context)
    with pytest.raises(Exception, match="division by zero"):
        await engine.run(engine.prepare("{ motto }", None), {}, VIEWERS["administrator"])


async def test_null_within_an_object_is_null(bench: Bench) -> None:
    """A rule without a published card has none, rather than one whose fields are all null."""
    text = "{ reviews { nodes { decision { rule { card { version limits inputs } } } } } }"
    found = (await bench.data(text, "overseer"))["reviews"]["nodes"]
    cards = [one["decision"]["rule"]["card"] for one in found if one["decision"]]
    assert None in cards and all(None not in card.values() for card in cards if card)
