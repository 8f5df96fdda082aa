"""Who sees what of safety: checklists, sites, inspections, hazards and photos, by every kind of caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, PNG, TOWN, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODE = "query($id: ID!) { node(id: $id) { id } }"
PARTS = """query($id: ID!) { node(id: $id) { ... on SafetyHazard { id
  site { id person { name phone } } item { id checklist { id } } inspection { id answers { id photos { id } } }
  steps { id photos { id url } } case { number } } } }"""
LOOKS = "{ me { accessLog(first: 50) { nodes { fields reader { role } } } } }"
CALLERS = (
    "stranger",
    "firm",
    "another firm",
    "worker",
    "worker elsewhere",
    "handler",
    "handler elsewhere",
    "town_dispatcher",
    "county_dispatcher",
    "county_leader",
    "auditor",
    "administrator",
    "deputy",
    "data_protection_officer",
)
EVERYBODY = set(CALLERS)
CONCERNED = {
    "firm",
    "worker",
    "handler",
    "town_dispatcher",
    "county_dispatcher",
    "county_leader",
    "auditor",
    "administrator",
}


@dataclass
class Callers:
    """Callers by what they are."""

    ground: Ground

    def __getitem__(self, name: str) -> Server:
        as_ = self.ground.server.as_
        match name:
            case "stranger":
                return self.ground.server
            case "firm":
                return self.ground.firm(0)
            case "another firm":
                return self.ground.firm(1)
            case "worker":
                return self.ground.worker
            case "worker elsewhere":
                return as_("grid_worker", grid=ELSEWHERE)
            case "handler":
                return self.ground.handler
            case "handler elsewhere":
                return as_("department_handler", unit=OTHER_UNIT)
            case "town_dispatcher":
                return as_(name, grid=TOWN)
        return as_(name, grid=COUNTY)


@dataclass
class Seen:
    """A hazard with all that belongs to it, and everybody who may or may not see it."""

    ground: Ground
    callers: Callers
    hazard: str

    async def who(self, id: str) -> set[str]:
        """The callers who see an object by its id."""
        answers = {name: await self.callers[name].ask(NODE, id=id) for name in CALLERS}
        return {name for name, answer in answers.items() if answer.body["data"]["node"] is not None}

    async def parts(self, caller: str = "handler") -> Any:
        return (await self.callers[caller].ask(PARTS, id=self.hazard)).data["node"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(ground: Ground) -> Seen:
    """A major hazard with photos by an inspector and by the firm; another firm has one, too."""
    await ground.hazard("wiring", 1)
    site = await ground.register(0)
    shown = ground.answers("exits", exits={"photos": [PNG], "note": "后门上锁"})
    id = (await ground.hazards(await ground.inspect(site, "exits", answers=shown)))["exits"]
    await ground.correct(id, 0)
    return Seen(ground, Callers(ground), id)


async def test_checklists_are_for_everybody(seen: Seen) -> None:
    """What is looked at is law: a firm reads it before anybody comes."""
    item = (await seen.parts())["item"]
    for one in (item["id"], item["checklist"]["id"]):
        assert await seen.who(one) == EVERYBODY, one


async def test_the_rest_is_for_those_whom_it_concerns(seen: Seen) -> None:
    """The firm, who works in the grid, the unit, and who watches over all; no other firm, and no other town."""
    parts = await seen.parts()
    [answer] = [one for one in parts["inspection"]["answers"] if one["photos"]]
    ids = (
        seen.hazard,
        parts["site"]["id"],
        parts["inspection"]["id"],
        answer["id"],
        answer["photos"][0]["id"],
        parts["steps"][0]["id"],
        parts["steps"][0]["photos"][0]["id"],
    )
    for one in ids:
        assert await seen.who(one) == CONCERNED, one


async def test_lists_have_what_one_sees(seen: Seen) -> None:
    """Root lists, those of a grid, and one's own have the same rows as the objects themselves."""
    site = (await seen.parts())["site"]["id"]
    asked = """query($grid: String!) {
      safetyHazards(first: 50) { nodes { id } } safetySites(first: 50) { nodes { id } }
      grid(code: $grid) { safetyHazards(first: 50) { nodes { id } } safetySites(first: 50) { nodes { id } } }
      me { safetySites(first: 50) { nodes { id } } } }"""
    for name in CALLERS[1:]:
        found = (await seen.callers[name].ask(asked, grid=TOWN)).data
        lists = [found["safetyHazards"], found["safetySites"]]
        lists += [found["grid"][one] for one in ("safetyHazards", "safetySites")]
        for one, id in zip(lists, (seen.hazard, site) * 2, strict=True):
            assert ({"id": id} in one["nodes"]) == (name in CONCERNED), name
        assert ({"id": site} in found["me"]["safetySites"]["nodes"]) == (name == "firm"), name
        assert len(found["safetyHazards"]["nodes"]) == {"firm": 1, "another firm": 1}.get(
            name, 2 if name in CONCERNED else 0
        )


async def test_lists_are_asked_by_place_unit_and_state(seen: Seen) -> None:
    asked = """query($u: String!, $g: String!) {
      safetyHazards(first: 50, filter: { unit: { equals: $u }, grid: { within: $g }, level: { equals: MAJOR },
        state: { in: [CORRECTED] } }) { nodes { id } }
      safetySites(first: 50, filter: { unit: { equals: $u }, grid: { within: $g }, trade: { equals: "workshop" },
        closed: { equals: false } }) { totalCount } }"""
    found = (await seen.callers["handler"].ask(asked, u=UNIT, g=TOWN)).data
    assert found["safetyHazards"]["nodes"] == [{"id": seen.hazard}] and found["safetySites"]["totalCount"] == 2
    for given in ({"u": OTHER_UNIT, "g": TOWN}, {"u": UNIT, "g": ELSEWHERE}):
        none = (await seen.callers["county_leader"].ask(asked, **given)).data
        assert none == {"safetyHazards": {"nodes": []}, "safetySites": {"totalCount": 0}}, given


async def test_who_answers_is_masked(seen: Seen) -> None:
    """The person is shown to those who see their file, with a mask; to the unit there is nobody."""
    assert (await seen.parts("handler"))["site"]["person"] is None
    own = (await seen.parts("firm"))["site"]["person"]
    by_worker = (await seen.parts("worker"))["site"]["person"]
    assert own["name"] == by_worker["name"] == seen.ground.people[0]["name"]
    assert by_worker["phone"] is None or "*" in by_worker["phone"]


async def test_opening_a_photo_is_a_look(seen: Seen) -> None:
    """Whoever opens a picture is in the log of who answers for the site; whoever reads that there is one is not."""
    names = "query($id: ID!) { node(id: $id) { ... on SafetyHazard { steps { kind text photos { number at } } } } }"
    auditor = seen.callers["auditor"]
    await auditor.ask(names, id=seen.hazard)
    assert await pictures_seen(seen.ground) == 0
    await seen.parts("auditor")
    assert await pictures_seen(seen.ground) == 1


async def pictures_seen(ground: Ground) -> int:
    """How often the firm's person reads in their log that an auditor saw a picture."""
    found = (await ground.firm(0).ask(LOOKS)).data["me"]["accessLog"]["nodes"]
    return sum("SafetyPhoto.url" in one["fields"] for one in found if one["reader"]["role"] == "auditor")


async def test_the_case_leads_on_for_those_who_may(seen: Seen) -> None:
    """A grid worker of the place finds the hazard by its case; what a photo shows lies sealed in the table."""
    number = (await seen.parts())["case"]["number"]
    asked = "query($n: String!) { case(number: $n) { safetyHazard { id } } }"
    assert (await seen.callers["worker"].ask(asked, n=number)).data["case"] == {"safetyHazard": {"id": seen.hazard}}
    assert (await seen.callers["firm"].ask(asked, n=number)).data["case"] is None, "the case is the county's"
    rows = await seen.ground.fetch("select content, data_key from safety.photo")
    assert rows and all(b"PNG" not in one["content"] and one["data_key"] for one in rows)


async def test_a_stream_tells_those_who_see(seen: Seen) -> None:
    """Events have ids and levels alone, and lie where the hazard does."""
    found = await seen.ground.fetch(
        "select type, data::text from events.outbox where data->>'hazard'=$1 order by seq",
        seen.hazard.partition(":")[2],
    )
    assert [one["type"] for one in found] == ["safety.hazard_found", "safety.hazard_corrected"]
    assert all("上锁" not in one["data"] for one in found)


async def test_the_desk_asks_what_is_there(seen: Seen) -> None:
    """Each view answers a supervisor by its document; the unit's handler is offered no lists to publish."""
    parts = await seen.parts()
    ids = {
        "SafetyHazard": seen.hazard,
        "SafetySite": parts["site"]["id"],
        "SafetyInspection": parts["inspection"]["id"],
        "SafetyChecklist": parts["item"]["checklist"]["id"],
    }
    asked = "{ views { name kind type document forms { mutation } } }"
    offered = {}
    for name in ("handler", "county_dispatcher"):
        found = (await seen.callers[name].ask(asked)).data["views"]
        offered[name] = {one["name"]: one for one in found if one["name"].startswith("safety.")}
    assert set(offered["county_dispatcher"]) - set(offered["handler"]) == {"safety.checklists", "safety.checklist"}
    for one in offered["county_dispatcher"].values():
        given = {"DETAIL": {"id": ids.get(one["type"])}, "LIST": {"first": 9}, "COUNTER": {"grid": COUNTY}}[one["kind"]]
        answer = (await seen.callers["county_dispatcher"].ask(one["document"], **given)).data
        assert answer and answer.get("node", answer), one["name"]
    rows = (await seen.ground.handler.ask(offered["handler"]["safety.hazards"]["document"], first=9)).data
    assert {one["site"]["name"] for one in rows["safetyHazards"]["nodes"]} == {"平安木器坊"}
    assert [one["mutation"] for one in offered["handler"]["safety.sites"]["forms"]] == ["registerSafetySite"]
