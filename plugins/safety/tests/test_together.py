"""What two do at the same moment, and what comes twice or in another order: one of them wins, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from .conftest import COUNTY, ITEMS, PNG, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_two_confirm_at_once(ground: Ground) -> None:
    """One of them closes it; the other is told of that, and the case ends once."""
    id = await ground.hazard("exits", 0)
    await ground.passed(id, ground.worker)
    version = (await ground.see(id))["version"]
    given = {"hazard": id, "expectedVersion": version, "confirmed": True, "text": "照片清楚。"}
    answers = await asyncio.gather(
        *(one.do("confirmSafetyHazard", "hazard { state }", **given) for one in (ground.handler, ground.second))
    )
    found = sorted((refused(one) for one in answers), key=len)
    assert found[0] == [] and found[1] in (
        [("STALE_VERSION", ["expectedVersion"])],
        [("ILLEGAL_TRANSITION", ["hazard"])],
    )
    seen = await ground.see(id)
    assert seen["state"] == "CLOSED" and [one["kind"] for one in seen["steps"]] == ["PASSED", "CONFIRMED"]
    assert seen["case"]["status"] == "CLOSED"


async def test_the_firm_and_the_inspector_at_once(ground: Ground) -> None:
    """Whoever comes first: what somebody of the county saw counts, and what the firm said stands beside it."""
    for at in range(2):
        id = await ground.hazard("wiring", at)
        said = ground.firm(at).do(
            "reportSafetyCorrection", "hazard { state }",
            hazard=id, expectedVersion=1, text="已换线。", photos=[PNG],
        )  # fmt: skip
        look = ground.give(ground.worker, "reinspectSafetyHazard", id, passed=True, photos=[PNG])
        payload, found = await asyncio.gather(said, look)
        assert found == [], "whoever looks again needs no version"
        seen = await ground.see(id)
        assert seen["state"] == "CLOSED" and seen["passedAt"]
        late = refused(payload)
        steps = [one["kind"] for one in seen["steps"]]
        assert steps == (["PASSED"] if late else ["CORRECTED", "PASSED"])
        assert bool(seen["correctedAt"]) == (not late)


async def test_one_code_and_one_edition(ground: Ground) -> None:
    """Of two who register a code or publish a trade at once the second is told of the first."""
    code, trade = f"A-{uuid4().hex[:10]}", f"t-{uuid4().hex[:8]}"
    site = {
        "grid": TOWN, "code": code, "name": "小吃店", "trade": "workshop", "address": "北街 2 号", "unit": UNIT,
    }  # fmt: skip
    listed: dict[str, Any] = {"county": COUNTY, "trade": trade, "name": "小商店", "items": ITEMS}
    for mutation, selection, given, path in (
        ("registerSafetySite", "site { id }", site, "code"),
        ("publishSafetyChecklist", "checklist { id }", listed, "replaces"),
    ):
        callers = [ground.publisher, ground.server.as_("county_dispatcher", grid=COUNTY, sub="another")]
        answers = await asyncio.gather(*(one.do(mutation, selection, **given) for one in callers))
        assert sorted(map(refused, answers)) == [[], [("DUPLICATE", [path])]], mutation


async def test_an_inspection_that_comes_twice_is_one(ground: Ground) -> None:
    """A phone that has no answer sends it again, also at the same moment: one inspection, one hazard, one photo."""
    site = await ground.register(2)
    given = {
        "idempotencyKey": str(uuid4()), "site": site, "checklist": ground.lists["workshop"], "at": ground.ago(days=1),
        "answers": ground.answers("exits", exits={"photos": [PNG]}),
    }  # fmt: skip

    async def send() -> Any:
        return (await ground.worker.do("recordSafetyInspection", "inspection { id }", **given))["inspection"]

    sent = await asyncio.gather(*(send() for _ in range(3)), return_exceptions=True)
    again = await send()
    assert {one["id"] for one in sent if isinstance(one, dict)} <= {again["id"]}
    counted = """select (select count(*) from safety.inspection where site_id=$1),
      (select count(*) from safety.hazard where site_id=$1), (select count(*) from safety.photo where site_id=$1)"""
    [row] = await ground.fetch(counted, site.partition(":")[2])
    assert list(row) == [1, 1, 1]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
async def test_a_queue_in_any_order_ends_alike(ground: Ground, order: tuple[int, ...]) -> None:
    """Three inspections of a week in the mountains: however they arrive, one hazard is open, found by one of them."""
    site = await ground.register(3)
    for at in order:
        await ground.inspect(site, "gear", at=ground.ago(days=6 - at), caller=ground.handler)
    [row] = await ground.fetch(
        "select count(*) as n, max(h.state) as state, max(s.inspected_at)::date as day from safety.hazard h "
        "join safety.site s on s.id=h.site_id where s.id=$1",
        site.partition(":")[2],
    )
    last = ground.ago(days=4)[:10]
    assert (row["n"], row["state"], row["day"].isoformat()) == (1, "OPEN", last)
    listed = """query($id: ID!) { node(id: $id) { ... on SafetySite {
      inspections(first: 9) { nodes { at answers { hazard { id } } } } hazards(first: 9) { nodes { id } } } } }"""
    seen = (await ground.handler.ask(listed, id=site)).data["node"]
    assert [one["at"][:10] for one in seen["inspections"]["nodes"]] == [ground.ago(days=one)[:10] for one in (4, 5, 6)]
    found = {one["hazard"]["id"] for visit in seen["inspections"]["nodes"] for one in visit["answers"] if one["hazard"]}
    assert [{"id": one} for one in found] == seen["hazards"]["nodes"]


async def test_more_time_while_the_job_runs(ground: Ground) -> None:
    """Extended at the moment at which it is late: told of the one or the other, and never late with days left."""
    id = await ground.hazard("exits", 4)
    ground.server.clock.move(days=20)
    given = {"days": 5, "text": "等待配件。"}
    found, _ = await asyncio.gather(ground.give(ground.handler, "extendSafetyDeadline", id, **given), ground.run_jobs())
    assert found in ([], [("STALE_VERSION", ["expectedVersion"])])
    seen = await ground.see(id)
    assert seen["overdue"] is bool(found)


async def test_an_inspection_and_a_look_at_one_hazard(ground: Ground) -> None:
    """Both lock the site first, so none waits for the other in a ring; what was seen last is what holds."""
    site = await ground.register(5)
    id = (await ground.hazards(await ground.inspect(site, "wiring", at=ground.ago(hours=3))))["wiring"]
    proof = {"photos": [PNG]}
    for ago in (120, 90, 60, 30):
        inspecting = ground.inspect(
            site, "wiring", caller=ground.handler, at=ground.ago(minutes=ago),
            answers=ground.answers("wiring", wiring=proof),
        )  # fmt: skip
        looking = ground.give(
            ground.worker, "reinspectSafetyHazard", id, passed=False, at=ground.ago(minutes=ago), **proof
        )
        inspection, found = await asyncio.gather(inspecting, looking)
        assert found == [] and await ground.hazards(inspection) == {"wiring": id}
    seen = await ground.see(id)
    assert seen["state"] == "OPEN" and len(seen["steps"]) == 8
