"""Who is asked: whoever holds the role nearest to the place, anew when they left, and nobody where it is known."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ELSEWHERE, TOWN, VILLAGE, Offices, cell_of, form_of, question_of, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
OTHER_VILLAGE = "610921101221"
LEFT = "update accounts.holding set until=$2 where account_id=(select id from accounts.account where name=$1)"
SUSPENDED = "update accounts.account set suspended_at='2026-01-01' where name=$1"
FALLBACK = """
[[cells]]
name = "{name}"
title = "{name} 名称"
fact = "{fact}"
question = {{ code = "{name}-name", type = "TEXT", role = "town_dispatcher" }}
"""


async def asked_of(offices: Offices, id: str, name: str) -> str | None:
    account: str | None = (await offices.cells(id))[name]["inquiry"]["askedOf"]
    return account


async def test_the_nearest_is_asked(offices: Offices) -> None:
    """Of the village rather than of the town, whoever has held the role longest; nobody who is suspended."""
    await offices.account("far", "grid_leader", TOWN)
    form = await offices.declare(form_of("near", question_of("near", "near")))
    id = await offices.open(form)
    await offices.fill(id)
    assert await asked_of(offices, id, "near") == "far"
    await offices.account("gone", "grid_leader", VILLAGE)
    await offices.fetch(SUSPENDED, "gone")
    await offices.fill(id)
    assert await asked_of(offices, id, "near") == "far"
    await offices.account("close", "grid_leader", VILLAGE)
    await offices.fill(id)
    assert await asked_of(offices, id, "near") == "close"
    # Who leaves is asked no more, and what they were asked goes to another.
    await offices.fetch(LEFT, "close", offices.server.clock())
    await offices.fill(id)
    assert await asked_of(offices, id, "near") == "far"
    inquiries = await offices.fetch("select count(*)::int as n from forms.inquiry where code='near'")
    assert inquiries[0]["n"] == 1
    notices = await offices.fetch("select account from notices.notice where kind='forms.asked' order by id")
    assert {one["account"] for one in notices} == {"far", "close"}


async def test_each_place_and_period_has_a_question_of_its_own(offices: Offices) -> None:
    form = await offices.declare(form_of("each", question_of("each", "each")))
    ids = [
        await offices.open(form),
        await offices.open(form, day="2026-05-15"),
        await offices.open(form, OTHER_VILLAGE, f"grid_leader {OTHER_VILLAGE}"),
    ]
    for id, caller in zip(ids, ("leader", "leader", f"grid_leader {OTHER_VILLAGE}"), strict=True):
        await offices.fill(id, caller)
    found = {(await offices.cells(id))["each"]["inquiry"]["id"] for id in ids}
    assert len(found) == 3


async def test_where_nobody_holds_the_role_anybody_may_answer(offices: Offices) -> None:
    """Who may answer there, and nobody elsewhere; it is asked of no account."""
    text = question_of("open", "open").replace("grid_leader", "county_leader")
    id = await offices.filled(form_of("open", text))
    cell = (await offices.cells(id))["open"]
    assert cell["inquiry"]["askedOf"] is None
    given = {"inquiry": cell["inquiry"]["id"], "expectedVersion": 1, "value": 5}
    other = await offices.caller(f"grid_leader {ELSEWHERE}").do("answerFormInquiry", "inquiry { id }", **given)
    assert refused(other) == [("NOT_FOUND", ["inquiry"])]
    await offices.done(f"grid_worker {VILLAGE}", "answerFormInquiry", "inquiry { id }", **given)
    # Until a return with it is signed it may be put right.
    await offices.done("town", "answerFormInquiry", "inquiry { id }", **given | {"expectedVersion": 2, "value": 6})
    assert (await offices.cells(id))["open"]["value"] == 6
    await offices.sign(id, "second", "town", "chief")
    late = await offices.caller("town").do("answerFormInquiry", "inquiry { id }", **given | {"expectedVersion": 3})
    assert refused(late) == [("ILLEGAL_TRANSITION", ["inquiry"])]


@pytest.mark.parametrize(
    "name, fact, asked",
    [
        ("known", "grid(code: $grid) { name }", False),
        ("blank", "grid(code: $grid) { boundaryNote }", None),
        ("hidden", "person(id: \\\\\"Person:0\\\\\") { name }", True),
    ],
)  # fmt: skip
async def test_what_is_on_file_is_not_asked(offices: Offices, name: str, fact: str, asked: bool | None) -> None:
    """A question beside a fact is asked only where the fact knows nothing; a fact that leads to a person never does."""
    text = form_of(name, FALLBACK.format(name=name, fact=fact.replace('\\\\"', '\\"')))
    id = await offices.filled(text)
    cell = (await offices.cells(id))[name]
    on_file = cell["value"] is not None
    assert (cell["inquiry"] is None) is on_file
    if asked is not None:
        assert on_file is not asked
    assert cell["kind"] == "FACT" and cell["source"].startswith("query FormReturn")


async def test_a_return_waits_for_all_its_answers(offices: Offices) -> None:
    """One of two answers leaves it as it is; the other one tells that it is filled."""
    id = await offices.filled(form_of("two", question_of("one", "two-1"), question_of("other", "two-2")))
    cells = await offices.cells(id)
    for at, (name, state) in enumerate((("one", "ASKING"), ("other", "FILLED"))):
        inquiry = cells[name]["inquiry"]
        given = {"inquiry": inquiry["id"], "expectedVersion": inquiry["version"], "value": at}
        caller = "leader" if inquiry["askedOf"] is None else inquiry["askedOf"]
        one = offices.server.as_("grid_leader", grid=VILLAGE, sub=caller)
        assert (await one.do("answerFormInquiry", "inquiry { id }", **given))["errors"] == []
        assert (await offices.show(id))["state"] == state
    found = await offices.fetch(
        "select count(*)::int as n from events.outbox where type='forms.filled' and data->>'formReturn'=$1",
        id.partition(":")[2],
    )
    assert found[0]["n"] == 2


async def test_answers_keep_to_their_type(offices: Offices) -> None:
    """Each type takes what it is, and says what it is to those who send something else."""
    kinds: dict[str, tuple[str, Any, Any, str]] = {
        "whole": ('type = "WHOLE", least = 1, most = 9', 9, 10, "a whole number ≥ 1 ≤ 9"),
        "decimal": ('type = "DECIMAL", most = 1', 0.5, "0.5", "a number ≤ 1"),
        "text": ('type = "TEXT"', "有", " ", "a text of 200 characters"),
        "yes": ('type = "YES_NO"', False, 0, "true or false"),
        "choice": ('type = "CHOICE", choices = ["甲", "乙"]', "乙", "丙", "甲、乙"),
    }
    cells = [
        f'[[cells]]\nname = "{name}"\ntitle = "类型 {name}"\n'
        f'question = {{ code = "type-{name}", role = "auditor", {kind} }}\n'
        for name, (kind, *_) in kinds.items()
    ]
    id = await offices.filled(form_of("types", *cells))
    found = await offices.cells(id)
    for name, (_, good, bad, said) in kinds.items():
        given = {"inquiry": found[name]["inquiry"]["id"], "expectedVersion": 1}
        wrong = await offices.caller("leader").do("answerFormInquiry", "inquiry { id }", **given, value=bad)
        assert refused(wrong) == [("BAD_USER_INPUT", ["value"])] and said in wrong["errors"][0]["message"], name
        await offices.done("leader", "answerFormInquiry", "inquiry { id }", **given, value=good)
    values = {name: cell["value"] for name, cell in (await offices.cells(id)).items()}
    assert values == {name: good for name, (_, good, *_) in kinds.items()}


async def test_a_new_version_takes_the_place_of_the_last(offices: Offices) -> None:
    """Once it was tried; returns of the earlier one go on as they are, and both are one history."""
    first = await offices.declare(form_of("anew", cell_of("anew")))
    id = await offices.open(first)
    second = await offices.declare(form_of("anew", cell_of("anew"), cell_of("added")), tried=False)
    asked = 'query { forms(filter: { code: { equals: "anew" } }) { nodes { id number inForce retiredAt } } }'
    before = (await offices.caller("county").ask(asked)).data["forms"]["nodes"]
    assert {one["number"]: one["inForce"] for one in before} == {1: True, 2: False}
    status, _ = await offices.post("county", f"/forms/{second}/try", grid=VILLAGE, day="2026-06-01")
    assert status == 200
    after = (await offices.caller("county").ask(asked)).data["forms"]["nodes"]
    assert {one["number"]: one["inForce"] for one in after} == {1: False, 2: True}
    assert (await offices.fill(id))["cells"] == 1
    given = {"form": first, "grid": VILLAGE, "day": "2026-05-01"}
    late = await offices.caller("leader").do("openFormReturn", "formReturn { id }", **given)
    assert refused(late) == [("ILLEGAL_TRANSITION", ["form"])]
    assert (await offices.fill(await offices.open(second, day="2026-05-01")))["cells"] == 2
