"""What the clock does: hazards that are late, more time for them, and editions that end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from .conftest import COUNTY, ITEMS, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_is_late_is_told_once(ground: Ground) -> None:
    """Once for each deadline, to all whom it concerns; what the firm has corrected is not late while it waits."""
    late, corrected = await ground.hazard("exits", 4), await ground.hazard("wiring", 4)
    await ground.correct(corrected, 4)
    ground.server.clock.move(days=20)
    await ground.run_jobs()
    dispatcher = ground.server.as_("county_dispatcher", grid=COUNTY)
    for caller in (ground.firm(4), ground.handler, ground.worker, dispatcher):
        assert len(await ground.told(caller, "overdue", late)) == 1
        assert await ground.told(caller, "overdue", corrected) == []
    seen = await ground.see(late)
    assert seen["overdue"] and not (await ground.see(corrected))["overdue"]
    listed = "{ safetyHazards(first: 50, filter: { overdue: { equals: true } }) { nodes { id } } }"
    found = (await ground.handler.ask(listed)).data["safetyHazards"]["nodes"]
    assert {"id": late} in found and {"id": corrected} not in found
    ground.server.clock.move(hours=1)
    await ground.run_jobs()
    assert len(await ground.told(ground.firm(4), "overdue", late)) == 1

    given = {"days": 2, "text": "配件未到，已断电。"}
    assert await ground.give(ground.handler, "extendSafetyDeadline", late, **given) == []
    longer = await ground.see(late, ground.firm(4))
    assert not longer["overdue"] and longer["dueAt"] > seen["dueAt"]
    assert longer["steps"][-1]["dueAt"] == longer["dueAt"] and longer["steps"][-1]["text"] == given["text"]
    assert (await ground.see(late))["case"]["dueAt"] == longer["dueAt"]
    [body] = await ground.told(ground.firm(4), "extended", late)
    assert longer["dueAt"][:10] in body
    # Beyond the longest holiday, whichever story moved the clock before.
    ground.server.clock.move(days=20)
    await ground.run_jobs()
    assert len(await ground.told(ground.firm(4), "overdue", late)) == 2


async def test_a_new_edition_ends_the_old(ground: Ground) -> None:
    """What was inspected by the old one stays; a site is inspected by the one in force, days by the inspector."""
    first = await ground.publish("bakery")
    site = await ground.register(9, trade="bakery")
    old = await ground.inspect(site, "gear", trade="bakery")
    asked: dict[str, Any] = {"county": COUNTY, "trade": "bakery", "name": "烘焙坊", "items": ITEMS[:1]}
    unread = await ground.publisher.do("publishSafetyChecklist", "checklist { id }", **asked)
    assert refused(unread) == [("DUPLICATE", ["replaces"])]
    second = await ground.publish("bakery", replaces=first, items=ITEMS[:1])
    listed = """{ safetyChecklists(first: 5, filter: { trade: { equals: "bakery" }, inForce: { equals: true } })
      { nodes { id edition items { code } } } }"""
    found = (await ground.server.ask(listed)).data["safetyChecklists"]["nodes"]
    assert found == [{"id": second, "edition": 2, "items": [{"code": "wiring"}]}], "strangers read what is looked at"
    assert (await ground.look(old))["checklist"] == {"edition": 1}
    answers = [{"code": "wiring", "finding": "NOT_MET", "days": 1}]
    ground.server.clock.move(days=2)
    given = {"site": site, "at": ground.ago(), "answers": ground.answers()}
    ended = await ground.worker.do("recordSafetyInspection", "inspection { id }", checklist=first, **given)
    assert refused(ended) == [("BAD_USER_INPUT", ["checklist"])]
    new = await ground.inspect(site, trade="bakery", answers=answers)
    due = (await ground.see((await ground.hazards(new))["wiring"]))["dueAt"]
    usual = await ground.see(
        (await ground.hazards(await ground.inspect(site, trade="bakery", answers=answers)))["wiring"]
    )
    assert usual["dueAt"] == due, "found again, it keeps its deadline"
    assert timedelta(0) < datetime.fromisoformat(due) - ground.now < timedelta(days=6), "one working day, and not ten"


async def test_where_it_is_off_nothing_is_there(ground: Ground) -> None:
    """No list, no hazard, no job; switched on again all is as it was."""
    id = await ground.hazard("wiring", 4)
    switch = {"plugin": "safety", "county": COUNTY}
    administrator = ground.server.as_("administrator", grid=COUNTY)
    await ground.done(administrator, "setPluginActivation", "activation { active }", active=False, **switch)
    listed = "{ safetyChecklists(first: 5) { nodes { id } } }"
    assert not ((await ground.server.ask(listed)).body["data"]["safetyChecklists"] or {}).get("nodes")
    assert await ground.see(id) is None
    payload = await ground.firm(4).do(
        "objectToSafetyHazard", "hazard { id }", hazard=id, expectedVersion=1, text="无此隐患。"
    )
    assert [one["code"] for one in payload["errors"]] == ["PLUGIN_INACTIVE"]
    ground.server.clock.move(days=30)
    await ground.run_jobs()
    [row] = await ground.fetch("select overdue_at from safety.hazard where id=$1", id.partition(":")[2])
    assert row["overdue_at"] is None
    # Signed in anew, for a month is over.
    administrator = ground.server.as_("administrator", grid=COUNTY)
    await ground.done(administrator, "setPluginActivation", "activation { active }", active=True, **switch)
    ground.server.clock.move(hours=1)
    await ground.run_jobs()
    assert (await ground.see(id))["overdue"] and await ground.told(ground.firm(4), "overdue", id)


@pytest.mark.parametrize("waited", [0, 40])
async def test_more_time_is_counted_from_the_later(ground: Ground, waited: int) -> None:
    """From the deadline while it lies ahead, and from today once it is over; the case of a major one goes along."""
    id = await ground.hazard("exits", 6)
    before = await ground.see(id)
    ground.server.clock.move(days=waited)
    begins = max(datetime.fromisoformat(before["dueAt"]), ground.now)
    for days in (1, 1):
        assert await ground.give(ground.second, "extendSafetyDeadline", id, days=days, text="等待配件。") == []
    seen = await ground.see(id)
    # Two working days, over a weekend or a holiday at most.
    assert timedelta(days=1) <= datetime.fromisoformat(seen["dueAt"]) - begins <= timedelta(days=11)
    assert seen["case"]["dueAt"] == seen["dueAt"] and not seen["overdue"]
    assert [one["kind"] for one in seen["steps"]] == ["EXTENDED", "EXTENDED"]
    assert [one["account"] for one in seen["steps"]] == ["second", "second"]
    await ground.passed(id, ground.handler)
    late = await ground.give(ground.second, "extendSafetyDeadline", id, days=1)
    assert late == [("ILLEGAL_TRANSITION", ["hazard"])], "what waits for a second person has no deadline to move"
