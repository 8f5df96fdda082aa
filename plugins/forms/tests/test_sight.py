"""Who sees what of forms: by place and by office, in lists, by id, by workbook and by events; and headcounts."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, published_events, settings_for_tests

from .conftest import COUNTY, ELSEWHERE, TOWN, VILLAGE, Offices, cell_of, form_of, question_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
LISTED = (
    "query { formReturns(first: 50) { nodes { id } } formInquiries(first: 50) { nodes { id } } forms { totalCount } }"
)
HEADS = "query($g: String!, $of: HeadcountKind!) { grid(code: $g) { headcounts(of: $of) { value count suppressed } } }"
PLACE = "grid_id=any(array(select b.id from grids.grid b join grids.grid a on b.path<@a.path where a.code=$1))"
PEOPLE = f"""select p.residence as value, count(*)::int as n from people.person p
where p.died_on is null and p.erased_at is null and p.{PLACE} group by 1"""
HOUSEHOLDS = f"select p.tier as value, count(*)::int as n from people.household p where p.{PLACE} group by 1"
READERS = (
    "leader",
    "town",
    "county",
    "chief",
    f"grid_worker {VILLAGE}",
    f"auditor {COUNTY}",
    f"administrator {COUNTY}",
)


async def listed(offices: Offices, caller: str) -> dict[str, Any]:
    body = (await offices.caller(caller).ask(LISTED)).data
    return {
        "returns": {one["id"] for one in body["formReturns"]["nodes"]},
        "inquiries": {one["id"] for one in body["formInquiries"]["nodes"]},
        "forms": body["forms"]["totalCount"],
    }


async def test_returns_are_seen_where_one_serves(offices: Offices) -> None:
    """By staff of the place and above; not by those of another place, by residents or without an account."""
    id = await offices.filled(form_of("sight", cell_of("sight"), question_of("sight_asked", "sight-asked")))
    inquiry = (await offices.cells(id))["sight_asked"]["inquiry"]["id"]
    for caller in READERS:
        found = await listed(offices, caller)
        assert id in found["returns"] and inquiry in found["inquiries"] and found["forms"] >= 1, caller
        assert (await offices.show(id, caller))["cells"], caller
    for caller in (f"grid_leader {ELSEWHERE}", f"grid_worker {ELSEWHERE}"):
        found = await listed(offices, caller)
        assert (found["returns"], found["inquiries"]) == (set(), set()), caller
        assert await offices.show(id, caller) is None, caller
    for caller in ("stranger", f"resident {VILLAGE}", f"integrator {COUNTY}"):
        assert await listed(offices, caller) == {"returns": set(), "inquiries": set(), "forms": 0}, caller
        assert await offices.show(id, caller) is None, caller


async def test_whoever_is_asked_sees_the_question_alone(offices: Offices) -> None:
    """Wherever they serve: a question is theirs without the return that it is for."""
    await offices.account("expert", "data_protection_officer", COUNTY)
    text = question_of("expert", "expert").replace("grid_leader", "data_protection_officer")
    id = await offices.filled(form_of("expert", text))
    cell = (await offices.cells(id))["expert"]
    assert cell["inquiry"]["askedOf"] == "expert"
    caller = offices.server.as_("data_protection_officer", grid=COUNTY, sub="expert")
    body = (await caller.ask(LISTED)).data
    assert [one["id"] for one in body["formInquiries"]["nodes"]] == [cell["inquiry"]["id"]]
    assert body["formReturns"]["nodes"] == []
    given = {"inquiry": cell["inquiry"]["id"], "expectedVersion": 1, "value": 1}
    assert (await caller.do("answerFormInquiry", "inquiry { value }", **given))["inquiry"] == {"value": 1}


async def test_lists_are_filtered_by_state_place_and_term(offices: Offices) -> None:
    id = await offices.filled(form_of("listed", cell_of("listed")), day="2026-01-15")
    conditions = {
        'code: { equals: "listed" }': True,
        'code: { equals: "other" }': False,
        "state: { equals: FILLED }": True,
        "state: { equals: SIGNED }": False,
        f'grid: {{ within: "{TOWN}" }}': True,
        f'grid: {{ within: "{ELSEWHERE}" }}': False,
        "overdue: { equals: true }": True,
        "overdue: { equals: false }": False,
        'dueOn: { before: "2026-02-11" }': True,
        'beginsOn: { from: "2026-01-02" }': False,
    }
    for condition, inside in conditions.items():
        asked = f"query {{ formReturns(filter: {{ {condition} }}, first: 50) {{ nodes {{ id }} }} }}"
        nodes = (await offices.caller("county").ask(asked)).data["formReturns"]["nodes"]
        assert (id in {one["id"] for one in nodes}) is inside, condition
    asked = f'query {{ grid(code: "{VILLAGE}") {{ formReturns(first: 50) {{ nodes {{ id }} totalCount }} }} }}'
    inside = (await offices.caller("town").ask(asked)).data["grid"]["formReturns"]
    assert id in {one["id"] for one in inside["nodes"]} and inside["totalCount"] == len(inside["nodes"])


async def test_headcounts_are_those_on_file(offices: Offices) -> None:
    """As the tables have them from ten on, and zero; what is smaller, or would tell it, is withheld."""
    for grid, caller in ((VILLAGE, "leader"), (TOWN, "town"), (COUNTY, "county")):
        for of, sql in (("RESIDENCE", PEOPLE), ("SERVICE_TIER", HOUSEHOLDS)):
            rows = (await offices.caller(caller).ask(HEADS, g=grid, of=of)).data["grid"]["headcounts"]
            known = {one["value"]: one["n"] for one in await offices.fetch(sql, grid)}
            total, *each = rows
            assert total["value"] == "TOTAL"
            for one, number in [(total, sum(known.values())), *((one, known.get(one["value"], 0)) for one in each)]:
                assert one["suppressed"] is (one["count"] is None)
                assert one["count"] in (number, None)
                # A small number is never told.
                assert one["suppressed"] or number == 0 or number >= 10, (grid, one)
            hidden = [one for one in each if one["suppressed"]]
            assert len(hidden) != 1, "one alone follows from the total"
    ages = (await offices.caller("county").ask(HEADS, g=COUNTY, of="AGE")).data["grid"]["headcounts"]
    assert [one["value"] for one in ages] == ["TOTAL", "UNDER_16", "16_TO_59", "60_AND_ABOVE", "UNKNOWN"]
    assert ages[0]["count"] >= sum(one["count"] or 0 for one in ages[1:])


async def test_headcounts_are_for_who_fills(offices: Offices) -> None:
    """Who may not fill returns, or not there, reads none."""
    for caller in ("stranger", f"grid_worker {VILLAGE}", f"resident {VILLAGE}"):
        answer = await offices.caller(caller).ask(HEADS, g=VILLAGE, of="RESIDENCE")
        assert answer.codes == ["FORBIDDEN"], caller
    answer = await offices.caller(f"grid_leader {ELSEWHERE}").ask(HEADS, g=VILLAGE, of="RESIDENCE")
    grid = (answer.body["data"] or {}).get("grid")
    assert grid is None or grid["headcounts"] is None


async def test_events_name_the_return(offices: Offices) -> None:
    """Ids and codes, and no value of it."""
    id = await offices.filled(form_of("told", cell_of("told")))
    await offices.sign(id, "second")
    given = {"formReturn": id, "expectedVersion": (await offices.show(id))["version"], "reason": "请核对"}
    await offices.done("town", "sendBackFormReturn", "formReturn { id }", **given)
    key = id.partition(":")[2]
    told = [one for one in await published_events(offices.dsn) if one.data.get("formReturn") == key]
    assert [one.type for one in told] == ["forms.filled", "forms.signed", "forms.sent_back"]
    assert [one.data for one in told] == [
        {"formReturn": key, "form": "told"},
        {"formReturn": key, "form": "told", "level": "VILLAGE"},
        {"formReturn": key, "form": "told"},
    ]


async def test_what_was_signed_is_verified(offices: Offices, plugins: Any, tmp_path: Any) -> None:
    """A value that somebody changes past the triggers is found by the digest."""
    id = await offices.filled(form_of("proved", cell_of("proved")))
    await offices.sign(id, "second", "town", "chief")
    [verify] = [one for one in plugins.errands["forms"] if one.name == "verify"]

    async def run() -> int:
        chosen = settings_for_tests(offices.dsn, tmp_path)
        return await run_errand(chosen, offices.dsn, "forms", verify, {}, lambda: TODAY)

    assert await run() == 0
    key = id.partition(":")[2]
    change = "update forms.cell set value='4711', withheld=false where form_return_id=$1"
    with pytest.raises(asyncpg.CheckViolationError):
        await offices.fetch(change, key)
    await offices.fetch("alter table forms.cell disable trigger keep_cells")
    await offices.fetch(change, key)
    await offices.fetch("alter table forms.cell enable trigger keep_cells")
    assert await run() == 1
