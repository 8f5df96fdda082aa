"""From a site on the register to a hazard that is gone: found, corrected, looked at again; and what goes wrong."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import OTHER_UNIT, PNG, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_from_the_inspection_to_the_end(ground: Ground) -> None:
    """An ordinary hazard has its working days; the firm shows what it did, somebody looks again, and it is gone."""
    site = await ground.register(0)
    firm = ground.firm(0)
    assert await ground.told(firm, "responsible", site)
    noted = {"wiring": {"note": "插座焦黑", "photos": [PNG]}}
    inspection = await ground.inspect(site, "wiring", answers=ground.answers("wiring", **noted), remark="通风良好")
    seen = await ground.look(inspection, firm)
    assert seen["account"] == "worker" and seen["remark"] == "通风良好" and seen["checklist"] == {"edition": 1}
    [unmet] = [one for one in seen["answers"] if one["finding"] == "NOT_MET"]
    assert unmet["note"] == "插座焦黑" and unmet["photos"][0]["url"].startswith("data:image/png;base64,")
    id = unmet["hazard"]["id"]
    hazard = await ground.see(id, firm)
    # 30 June 2026 is a Tuesday: ten working days from the next day on.
    assert (hazard["state"], hazard["level"], hazard["case"]) == ("OPEN", "ORDINARY", None)
    assert hazard["dueAt"].startswith("2026-07-14") and not hazard["overdue"]
    [body] = await ground.told(firm, "inspected", inspection)
    assert "2026-07-14" in body and "插座" not in body, "a notice has codes and days alone"

    await ground.correct(id)
    assert (await ground.see(id))["state"] == "CORRECTED"
    for caller in (ground.handler, ground.worker):
        assert await ground.told(caller, "corrected", id)
    failed = {"passed": False, "text": "仍有私拉电线。"}
    assert await ground.give(ground.worker, "reinspectSafetyHazard", id, **failed) == []
    assert await ground.told(firm, "failed", id)
    again = await ground.see(id, firm)
    assert (again["state"], again["correctedAt"]) == ("OPEN", None) and again["dueAt"] == hazard["dueAt"]
    await ground.correct(id)
    await ground.passed(id, ground.handler)
    gone = await ground.see(id, firm)
    assert gone["state"] == "CLOSED" and gone["closedAt"] and await ground.told(firm, "closed", id)
    steps = [(one["kind"], one["account"], len(one["photos"])) for one in gone["steps"]]
    assert steps == [
        ("CORRECTED", None, 1), ("FAILED", "worker", 0), ("CORRECTED", None, 1), ("PASSED", "handler", 1),
    ]  # fmt: skip
    mine = "{ me { safetySites(first: 50) { nodes { id hazards(first: 5) { nodes { id } } } } } }"
    found = (await firm.ask(mine)).data["me"]["safetySites"]["nodes"]
    assert {"id": site, "hazards": {"nodes": [{"id": id}]}} in found


async def test_a_major_hazard_is_a_case_at_once(ground: Ground) -> None:
    """Its unit has it, due with the hazard; nobody ends it beside; two persons close it, and the case follows."""
    id = await ground.hazard("exits", 1)
    seen = await ground.see(id)
    case = seen["case"]
    assert (case["status"], case["urgency"], case["leadUnit"]) == ("HANDLING", "URGENT", {"code": UNIT})
    assert case["dueAt"] == seen["dueAt"] and case["safetyHazard"] == {"id": id}
    assert await ground.told(ground.handler, "found", id)
    asked = "query($n: String!) { case(number: $n) { version title description timeline { type } } }"
    shown = (await ground.handler.ask(asked, n=case["number"])).data["case"]
    assert "木器" not in shown["title"] + shown["description"], "all who work in the grid see the case"
    reply = {"number": case["number"], "expectedVersion": shown["version"], "text": "已办。"}
    refusal = await ground.handler.do("replyToCase", "case { status }", **reply)
    assert [one["code"] for one in refusal["errors"]] == ["HAZARD_OPEN"]

    await ground.correct(id, 1)
    await ground.passed(id, ground.handler)
    assert (await ground.see(id))["state"] == "PASSED" and await ground.told(ground.second, "passed", id)
    own = await ground.give(ground.handler, "confirmSafetyHazard", id, confirmed=True)
    assert own == [("FOUR_EYES", ["hazard"])]
    assert await ground.give(ground.second, "confirmSafetyHazard", id, confirmed=False) == []
    assert (await ground.see(id))["state"] == "OPEN", "what the second person does not believe goes on"
    await ground.passed(id, ground.handler)
    assert await ground.give(ground.second, "confirmSafetyHazard", id, confirmed=True) == []
    done = await ground.see(id)
    assert (done["state"], done["case"]["status"]) == ("CLOSED", "CLOSED")
    types = {one["type"] for one in (await ground.handler.ask(asked, n=case["number"])).data["case"]["timeline"]}
    assert {"safety.hazard_found", "safety.hazard_passed", "safety.hazard_failed", "safety.hazard_closed"} <= types


async def test_one_persons_accounts_are_one_person(ground: Ground) -> None:
    """Another account of whoever looked again is no second person, and a firm does nothing for the county."""
    id = await ground.hazard("exits", 2)
    both = [
        ground.server.as_("department_handler", unit=UNIT, sub=sub, person=str(ground.people[3]["id"]))
        for sub in ("one account", "another account")
    ]
    await ground.fetch(
        "insert into accounts.account (id, name, kind, created_at, created_by, version, person_id) "
        "values (gen_random_uuid(), 'one account', 'PERSON', now(), 'console', 1, $1)",
        ground.people[3]["id"],
    )
    await ground.passed(id, both[0])
    assert await ground.give(both[1], "confirmSafetyHazard", id, confirmed=True) == [("FOUR_EYES", ["hazard"])]
    firm = ground.server.as_("department_handler", unit=UNIT, sub="firm", person=str(ground.people[2]["id"]))
    conflict = [("CONFLICT_OF_INTEREST", ["hazard"])]
    assert await ground.give(firm, "confirmSafetyHazard", id, confirmed=True) == conflict
    assert await ground.give(firm, "extendSafetyDeadline", id, days=5) == conflict
    other = await ground.hazard("wiring", 2)
    given = {"passed": True, "photos": [PNG]}
    assert await ground.give(firm, "reinspectSafetyHazard", other, **given) == conflict
    seen = (await ground.see(other))["site"]["id"]
    asked = {"site": seen, "checklist": ground.lists["workshop"], "at": ground.ago(), "answers": ground.answers()}
    payload = await firm.do("recordSafetyInspection", "inspection { id }", **asked)
    assert refused(payload) == [("CONFLICT_OF_INTEREST", ["site"])]


async def test_an_objection_is_decided_by_somebody_else(ground: Ground) -> None:
    """Whoever found it does not decide; what is upheld is no hazard, and counts for nothing."""
    id = await ground.hazard("exits", 5)
    firm = ground.firm(5)
    assert await ground.give(firm, "objectToSafetyHazard", id, text="该门为消防队要求常闭。") == []
    twice = await ground.give(firm, "objectToSafetyHazard", id)
    assert twice == [("ILLEGAL_TRANSITION", ["hazard"])]
    assert await ground.told(ground.handler, "objected", id)
    waiting = "{ safetyHazards(first: 50, filter: { objected: { equals: true } }) { nodes { id } } }"
    assert {"id": id} in (await ground.handler.ask(waiting)).data["safetyHazards"]["nodes"]
    finder = ground.server.as_("town_dispatcher", grid=TOWN, sub="worker")
    assert await ground.give(finder, "decideSafetyObjection", id, upheld=True) == [("FOUR_EYES", ["hazard"])]
    assert await ground.give(ground.handler, "decideSafetyObjection", id, upheld=True, text="确为常闭防火门。") == []
    seen = await ground.see(id, firm)
    assert seen["state"] == "REVOKED" and await ground.told(firm, "decided", id)
    assert (await ground.see(id))["case"]["status"] == "CLOSED"
    assert seen["steps"][-1]["text"] == "确为常闭防火门。"
    assert seen["steps"][0]["account"] is None, "the firm is told by what it is, and not by an account"

    other = await ground.hazard("wiring", 5)
    assert await ground.give(firm, "objectToSafetyHazard", other) == []
    assert await ground.give(ground.handler, "decideSafetyObjection", other, upheld=False) == []
    assert (await ground.see(other))["state"] == "OPEN", "one that is not right changes nothing"


async def test_what_was_written_offline_comes_late(ground: Ground) -> None:
    """An old inspection has its own moment, and undoes nothing that somebody has seen since; days run from now."""
    site = await ground.register(6)
    before = ground.ago(days=6)
    id = (await ground.hazards(await ground.inspect(site, "wiring", at=ground.ago(days=3))))["wiring"]
    assert (await ground.see(id))["dueAt"] > ground.now.isoformat(), "nobody is late by what lay in a phone"
    await ground.passed(id)
    late = await ground.inspect(site, "wiring", at=before, caller=ground.handler)
    seen = await ground.look(late)
    assert seen["at"][:10] == before[:10] and seen["recordedAt"][:10] == ground.now.isoformat()[:10]
    assert (await ground.hazards(late)) == {"wiring": id} and (await ground.see(id))["state"] == "CLOSED"
    assert seen["site"]["inspectedAt"] > before, "the last one is not the one that came last"
    new = (await ground.hazards(await ground.inspect(site, "wiring", at=ground.ago())))["wiring"]
    assert new != id
    older = {"at": ground.ago(hours=1), "passed": True, "photos": [PNG]}
    assert await ground.give(ground.worker, "reinspectSafetyHazard", new, **older) == [("SEEN_SINCE", ["at"])]


async def test_what_is_found_again_is_one_hazard(ground: Ground) -> None:
    """It stays one with its deadline; what the firm had said of it is not so."""
    site = await ground.register(7)
    id = (await ground.hazards(await ground.inspect(site, "gear")))["gear"]
    due = (await ground.see(id))["dueAt"]
    await ground.correct(id, 7)
    again = await ground.inspect(site, "gear", "wiring", caller=ground.handler, at=ground.ago())
    found = await ground.hazards(again)
    assert found["gear"] == id and set(found) == {"gear", "wiring"}
    seen = await ground.see(id)
    assert (seen["state"], seen["dueAt"], seen["correctedAt"]) == ("OPEN", due, None)
    assert [one["kind"] for one in seen["steps"]] == ["CORRECTED", "FOUND_AGAIN"]


async def test_two_at_once_open_one(ground: Ground) -> None:
    """Of two who inspect at the same moment the second finds the hazard of the first."""
    site = await ground.register(8)
    made = await asyncio.gather(*(ground.inspect(site, "exits", caller=one) for one in (ground.worker, ground.handler)))
    found = [(await ground.hazards(one))["exits"] for one in made]
    assert found[0] == found[1]
    assert await ground.give(ground.worker, "closeSafetySite", site) == [("HAZARD_OPEN", ["site"])]


async def test_a_site_changes_hands_and_closes(ground: Ground) -> None:
    """The new unit has its open hazards, the new person is told; its code is free once it is closed."""
    site = await ground.register(10, code="91610921MA70000001")
    id = (await ground.hazards(await ground.inspect(site, "gear")))["gear"]
    other = ground.server.as_("department_handler", unit=OTHER_UNIT, sub="other")
    assert await ground.see(id, other) is None
    changed = {"unit": OTHER_UNIT, "person": ground.person(11), "name": "平安家具坊"}
    assert await ground.give(ground.worker, "editSafetySite", site, **changed) == []
    assert (await ground.see(id, other))["state"] == "OPEN" and await ground.see(id, ground.firm(10)) is None
    assert await ground.told(ground.firm(11), "responsible", site)
    await ground.passed(id)
    assert await ground.give(ground.worker, "closeSafetySite", site) == []
    asked = {"site": site, "checklist": ground.lists["workshop"], "at": ground.ago(), "answers": ground.answers()}
    late = await ground.worker.do("recordSafetyInspection", "inspection { id }", **asked)
    assert refused(late) == [("ILLEGAL_TRANSITION", ["site"])]
    assert await ground.register(None, code="91610921MA70000001") != site
