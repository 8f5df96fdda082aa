"""From the declaration to the county's signature: filled, asked once, traced, compared, objected to, kept as it was."""

from __future__ import annotations

import asyncpg
import pytest

from .conftest import COUNTY, FIGURE, TOWN, VILLAGE, Offices, cell_of, form_of, question_of, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINE = """query { formInquiries(filter: { mine: { equals: true }, answered: { equals: false } }) { nodes {
  id question askedOf version } } }"""
REPORTED = "grid(code: $grid) {{ statistics(from: $from, to: $to) {{ {0} suppressed }} }}"
SAVED = """query($g: String!) { grid(code: $g) { statistics(from: "2026-06-01", to: "2026-06-30") {
  returns { cells prefilled asked minutesSaved } } } }"""


async def test_a_return_goes_up_the_line(offices: Offices) -> None:
    """Nobody signs what they filled, nor for a level that is not theirs; signed by all it cannot be changed."""
    id = await offices.filled(form_of("line", cell_of("reported")))
    shown = await offices.show(id)
    assert (shown["state"], shown["signing"], shown["filledBy"]) == ("FILLED", "VILLAGE", "leader")
    for caller, code in (
        ("leader", "CONFLICT_OF_INTEREST"),
        ("grid_leader 610921100", "NOT_FOUND"),
        ("grid_worker 610921101222", "FORBIDDEN"),
    ):
        given = {"formReturn": id, "expectedVersion": shown["version"]}
        answer = await offices.caller(caller).give("signFormReturn", {"idempotencyKey": caller, **given})
        assert [one for one, _ in answer.problems("signFormReturn")] == [code], caller
    await offices.sign(id, "second")
    # The village has signed; its leader is no town.
    given = {"formReturn": id, "expectedVersion": (await offices.show(id))["version"]}
    assert refused(await offices.caller("leader").do("signFormReturn", "formReturn { id }", **given)) == [
        ("FORBIDDEN", ["formReturn"])
    ]
    await offices.sign(id, "town", "chief")
    shown = await offices.show(id)
    assert (shown["state"], shown["signing"]) == ("SIGNED", None)
    assert [(one["act"], one["level"], one["account"]) for one in shown["steps"]] == [
        ("FILLED", None, "leader"), ("SIGNED", "VILLAGE", "second"), ("SIGNED", "TOWN", "town"),
        ("SIGNED", "COUNTY", "chief"),
    ]  # fmt: skip
    assert {one["digest"] for one in shown["steps"][1:]} == {shown["digest"]} and len(shown["digest"]) == 64
    assert (await offices.post("leader", f"/returns/{id}/fill"))[0] == 400
    key = id.partition(":")[2]
    for sql in (
        "update forms.cell set value='7' where form_return_id=$1",
        "delete from forms.cell where form_return_id=$1",
        "update forms.return set digest='x' where id=$1",
        "update forms.return set state='OPEN' where id=$1",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await offices.fetch(sql, key)


async def test_it_is_sent_back_with_a_reason(offices: Offices) -> None:
    """By whoever is to sign; it is filled anew and signed from the first level on."""
    id = await offices.filled(form_of("back", cell_of("completed")))
    await offices.sign(id, "second")
    given = {"formReturn": id, "expectedVersion": (await offices.show(id))["version"], "reason": "口径有误"}
    await offices.done("town", "sendBackFormReturn", "formReturn { id }", **given)
    shown = await offices.show(id)
    assert shown["state"] == "SENT_BACK" and shown["steps"][-1]["reason"] == "口径有误"
    await offices.fill(id)
    await offices.sign(id, "second", "town", "county")
    assert (await offices.show(id))["state"] == "SIGNED"


async def test_a_question_is_asked_once(offices: Offices) -> None:
    """Of the one who holds the role there; two forms wait for one answer, and later ones do not ask."""
    await offices.account("asked", "grid_leader", VILLAGE)
    await offices.account("elsewhere", "grid_leader", "610921100")
    text = question_of("volunteers", "volunteers", "外村志愿者")
    first = await offices.declare(form_of("ask-1", cell_of("under_way"), text))
    second = await offices.done(
        "county", "declareForm", "merged { cell form title }", grid=COUNTY, declaration=form_of("ask-2", text)
    )
    assert second == [{"cell": "volunteers", "form": "报表 ask-1", "title": "外村志愿者"}]
    ids = [await offices.open(first), await offices.open(await offices.declare(form_of("ask-2", text)))]
    told = [await offices.fill(one) for one in ids]
    assert [(one["state"], one["asked"]) for one in told] == [("ASKING", 1), ("ASKING", 1)]
    cells = [(await offices.cells(one))["volunteers"] for one in ids]
    assert cells[0]["inquiry"] == cells[1]["inquiry"] and cells[0]["inquiry"]["askedOf"] == "asked"
    assert len(await offices.fetch("select id from forms.inquiry where code='volunteers'")) == 1
    [asked] = await offices.fetch("select account as name from notices.notice where kind='forms.asked'")
    assert asked["name"] == "asked"
    # Not to be signed before it is answered, and answered by nobody else.
    shown = await offices.show(ids[0])
    assert {one["name"]: one["reason"] for one in shown["actions"]}["signFormReturn"] is not None
    caller = offices.server.as_("grid_leader", grid=VILLAGE, sub="asked")
    [mine] = (await caller.ask(MINE)).data["formInquiries"]["nodes"]
    assert mine["question"]["title"] == "外村志愿者"
    given = {"inquiry": mine["id"], "expectedVersion": mine["version"], "value": 12}
    assert refused(await offices.caller("town").do("answerFormInquiry", "inquiry { id }", **given)) == [
        ("FORBIDDEN", ["inquiry"])
    ]
    wrong = await caller.do("answerFormInquiry", "inquiry { id }", **given | {"value": 101})
    assert refused(wrong) == [("BAD_USER_INPUT", ["value"])] and "≤ 100" in wrong["errors"][0]["message"]
    assert (await caller.do("answerFormInquiry", "inquiry { value }", **given))["inquiry"] == {"value": 12}
    for one in ids:
        shown = await offices.show(one)
        assert shown["state"] == "FILLED"
        assert {each["name"]: each["value"] for each in shown["cells"]}["volunteers"] == 12
    # Filled anew nobody is asked again.
    assert (await offices.fill(ids[0]))["asked"] == 0


async def test_every_number_traces(offices: Offices) -> None:
    """The query it was taken by gives it again, with its parameters, and its formula stands beside it."""
    await offices.fetch("select statistics.rebuild()")
    figure = REPORTED.format("completed")
    settled = FIGURE.format(name="settled", title="办结件数", figure=figure) + 'value = "completed"\n'
    rows = 'rows = "cases(filter: {grid: {within: $grid}, completed: {equals: true}}) { totalCount }"\n'
    text = form_of("trace", settled + rows, level="TOWN", signers='["TOWN"]')
    id = await offices.open(await offices.declare(text, grid=TOWN), TOWN, "town", day="2026-05-01")
    await offices.fill(id, "town")
    cell = (await offices.cells(id))["settled"]
    assert cell["rule"] == "按件计数" and cell["takenAt"] and cell["given"]["from"] == "2026-05-01"
    used = {name: value for name, value in cell["given"].items() if f"${name}:" in cell["source"]}
    again = (await offices.caller("town").ask(cell["source"], **used)).data
    assert again["s0"]["statistics"]["completed"] == cell["value"]
    used = {name: value for name, value in cell["given"].items() if f"${name}:" in cell["listing"]}
    listed = (await offices.caller("town").ask(cell["listing"], **used)).data
    assert listed["s0"]["totalCount"] >= (cell["value"] or 0)


async def test_the_period_before_is_beside_it(offices: Offices) -> None:
    form = await offices.declare(form_of("before", cell_of("arrived")))
    values = []
    for day in ("2026-04-10", "2026-05-10"):
        id = await offices.open(form, day=day)
        await offices.fill(id)
        values.append((await offices.cells(id))["arrived"])
    assert values[0]["before"] is None and values[1]["before"] == values[0]["value"]
    again = await offices.caller("leader").do(
        "openFormReturn", "formReturn { id }", form=form, grid=VILLAGE, day="2026-05-31"
    )
    assert refused(again) == [("DUPLICATE", ["day"])]


async def test_objections_are_decided_by_others(offices: Offices) -> None:
    """While one is open nothing is signed; one to a signed return opens a further round, and the first stays."""
    id = await offices.filled(form_of("wrong", cell_of("seen")))
    given = {"formReturn": id, "cell": "seen", "reason": "与台账不符"}
    made = await offices.done("grid_worker 610921101222", "objectToFormCell", "objection { id }", **given)
    twice = await offices.caller("town").do("objectToFormCell", "objection { id }", **given)
    assert refused(twice) == [("DUPLICATE", ["cell"])]
    shown = await offices.show(id, "second")
    assert {one["name"]: one["reason"] for one in shown["actions"]}["signFormReturn"] == "OPEN_OBJECTION"
    decided = {"objection": made["id"], "expectedVersion": 1, "upheld": False, "grounds": "核对无误"}
    own = await offices.caller("leader").do("decideFormObjection", "objection { id }", **decided)
    assert refused(own) == [("FOUR_EYES", ["objection"])]
    await offices.done("town", "decideFormObjection", "objection { verdict }", **decided)
    await offices.sign(id, "second", "town", "chief")
    before = await offices.show(id)
    made = await offices.done("town", "objectToFormCell", "objection { id }", **given)
    upheld = {"objection": made["id"], "expectedVersion": 1, "upheld": True, "grounds": "漏计"}
    payload = await offices.caller("county").do(
        "decideFormObjection", "objection { verdict } formReturn { id round state }", **upheld
    )
    again = payload["formReturn"]
    assert (again["round"], again["state"]) == (2, "OPEN") and again["id"] != id
    after = await offices.show(id)
    assert (after["state"], after["digest"], after["cells"]) == (before["state"], before["digest"], before["cells"])
    await offices.fill(again["id"])


async def test_periods_open_by_themselves(offices: Offices) -> None:
    """Once a month is over each village owes it, once."""
    await offices.declare(form_of("due", cell_of("owed")))
    offices.server.clock.move(days=2)
    for _ in range(2):
        assert (await offices.server.worker.drain()).failed == []
    villages = await offices.fetch(
        "select count(*)::int as n from grids.grid where kind='VILLAGE' and valid_to is null"
    )
    owed = await offices.fetch("select count(*)::int as n from forms.return where code='due'")
    offices.server.clock.move(days=-2)
    assert owed[0]["n"] == villages[0]["n"]


async def test_what_was_saved_is_counted(offices: Offices) -> None:
    """Beside what is asked of grid workers: cells, those that nobody was asked for, and minutes by standard times."""
    found = (await offices.caller("county").ask(SAVED, g=COUNTY)).data["grid"]["statistics"]["returns"]
    [row] = await offices.fetch(
        "select count(*)::int as n, count(*) filter (where inquiry_id is null)::int as free from forms.cell "
        "where value is not null or withheld"
    )
    assert (found["cells"], found["prefilled"], found["asked"]) == (row["n"], row["free"], 1)
    assert abs(found["minutesSaved"] - 15 * (found["cells"] - 1) / 60) <= 0.05
