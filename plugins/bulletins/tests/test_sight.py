"""Who sees what of bulletins and ledgers, what a copy holds of them, and that where it is off nothing is there."""

from __future__ import annotations

import pytest
import pytest_asyncio
from gongzhi_bulletins.registers import HOLDINGS
from gongzhi_server.testing import Server

from .conftest import COUNTY, ELSEWHERE, PDF, TOWN, VILLAGE, Village, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

BULLETIN = """query($id: ID!) { node(id: $id) { ... on Bulletin {
  text attachments { id name } revisions { id reason } disclosure { id figures { id } } } } }"""
PART = "query($id: ID!) { node(id: $id) { id } }"
ACTIONS = "query($id: ID!) { node(id: $id) { ... on %s { actions { name allowed reason } } } }"
CALLERS = (
    "stranger",
    "resident",
    "outsider",
    "grid_worker",
    "grid_leader",
    "grid_leader elsewhere",
    "village_supervisor",
    "town_dispatcher",
    "county_dispatcher",
    "auditor",
    "administrator",
)


class People:
    """Callers by what they are."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.residents: dict[str, Server] = {}

    async def fill(self) -> None:
        self.residents = {"resident": await self.village.resident(), "outsider": await self.village.stranger()}

    def __getitem__(self, name: str) -> Server:
        if name in self.residents:
            return self.residents[name]
        if name == "stranger":
            return self.village.server
        role, _, place = name.partition(" ")
        places = {"town_dispatcher": TOWN, "county_dispatcher": COUNTY, "auditor": COUNTY, "administrator": COUNTY}
        return self.village.server.as_(role, grid=ELSEWHERE if place else places.get(role, VILLAGE), sub=name)


@pytest_asyncio.fixture(loop_scope="module")
async def people(village: Village) -> People:
    made = People(village)
    await made.fill()
    return made


async def who_sees(people: People, id: str) -> set[str]:
    """The callers who see an object by its id."""
    answers = {name: await people[name].ask(PART, id=id) for name in CALLERS}
    return {name for name, answer in answers.items() if answer.body["data"]["node"] is not None}


OFFICES = {"grid_leader", "town_dispatcher", "county_dispatcher"}
EVERYBODY = set(CALLERS)


async def test_parts_are_seen_with_their_bulletin(village: Village, people: People) -> None:
    """Files and earlier wordings of what is for residents are theirs; of what is withdrawn, the offices'."""
    ours = await village.publish(audience="RESIDENTS", attachments=[{"name": "通知.pdf", "content": PDF}])
    changed = {"bulletin": ours, "expectedVersion": 1, "title": "停电通知", "reason": "有误"}
    await village.done(village.leader, "correctBulletin", "bulletin { id }", **changed)
    shown = (await village.leader.ask(BULLETIN, id=ours)).data["node"]
    parts = [ours, shown["attachments"][0]["id"], shown["revisions"][0]["id"]]
    for one in parts:
        assert await who_sees(people, one) == OFFICES | {"resident"}, one
    gone = {"bulletin": ours, "expectedVersion": 2, "reason": "误发"}
    await village.done(village.leader, "withdrawBulletin", "bulletin { id }", **gone)
    for one in parts:
        assert await who_sees(people, one) == OFFICES, one


async def test_drafts_are_for_offices(village: Village, people: People) -> None:
    """What a village has yet to publish is seen by who keeps and supervises the ledger, with its table; then by all."""
    given = {"grid": VILLAGE, "kind": "MAJOR", "title": "集体林地发包", "since": "2026-06-29"}
    affair = (await village.done(village.leader, "declareAffair", "affair { id }", **given))["id"]
    rows = "query($id: ID!) { node(id: $id) { ... on VillageAffair { disclosures { nodes { id figures { id } } } } } }"
    [row] = (await village.leader.ask(rows, id=affair)).data["node"]["disclosures"]["nodes"]
    line = {
        "capital": "RESOURCES",
        "name": "林地",
        "unit": "MU",
        "opening": "120",
        "increase": "0",
        "decrease": "15.5",
    }
    written = {"disclosure": row["id"], "expectedVersion": 1, "text": "发包方案。", "figures": [line]}
    await village.done(village.leader, "draftDisclosure", "disclosure { id }", **written)
    [row] = (await village.leader.ask(rows, id=affair)).data["node"]["disclosures"]["nodes"]
    keepers = {"grid_leader", "town_dispatcher", "village_supervisor"}
    assert await who_sees(people, affair) == EVERYBODY
    for one in (row["id"], row["figures"][0]["id"]):
        assert await who_sees(people, one) == keepers
    for version, signer in ((2, village.leader), (3, people["village_supervisor"])):
        signed = {"disclosure": row["id"], "expectedVersion": version}
        await village.done(signer, "signDisclosure", "disclosure { id }", **signed)
    for one in (row["id"], row["figures"][0]["id"]):
        assert await who_sees(people, one) == EVERYBODY


async def test_actions_say_what_may_be_done(village: Village, people: People) -> None:
    """By the state of a bulletin and by who asks, as the commands themselves would refuse it."""
    ours = await village.publish()
    expected = {
        "resident": {"askAboutBulletin", "markBulletinRead"},
        "grid_leader": {"correctBulletin", "markBulletinRead", "withdrawBulletin"},
        "grid_leader elsewhere": {"markBulletinRead"},
    }
    for name, allowed in expected.items():
        found = (await people[name].ask(ACTIONS % "Bulletin", id=ours)).data["node"]["actions"]
        assert {one["name"] for one in found if one["allowed"]} == allowed, name
    loud = await village.publish(village.town, kind="EMERGENCY")
    found = (await village.leader.ask(ACTIONS % "Bulletin", id=loud)).data["node"]["actions"]
    refusals = {one["name"]: one["reason"] for one in found if not one["allowed"]}
    assert refusals == dict.fromkeys(("askAboutBulletin", "correctBulletin", "withdrawBulletin"), "FORBIDDEN")


async def test_events_tell_no_words(village: Village) -> None:
    """Whoever follows learns which bulletin it is, and reads what they may; no word leaves by itself."""
    ours = await village.publish(title="供水恢复")
    events = await village.fetch(
        "select type, data from events.outbox where data->>'bulletin'=$1", ours.partition(":")[2]
    )
    assert [one["type"] for one in events] == ["bulletins.published"]
    assert "供水" not in str(events[0]["data"])


async def test_a_copy_holds_what_one_chose(village: Village, people: People) -> None:
    """And nothing else of bulletins is about a person: not who read what, nor who published it."""
    resident = people["resident"]
    await village.agree(resident, "SERVICE")
    about = [one for one in HOLDINGS if one.person]
    assert [one.table for one in about] == ["bulletins.interest"]
    [row] = await village.fetch("select person_id, kinds from bulletins.interest where 'SERVICE'=any(kinds)")
    assert row["kinds"] == ["SERVICE"]
    held = await village.fetch(
        f"select t.id from bulletins.interest t where {about[0].person.replace('$1', '$1::uuid')}", row["person_id"]
    )
    assert len(held) == 1


async def test_where_it_is_off_nothing_is_there(village: Village, people: People) -> None:
    """Bulletins are not read, nothing is published, jobs say nothing; switched on again all is as it was."""
    ours = await village.publish(village.town, kind="EMERGENCY", title="停电", text="停电。")
    administrator = people["administrator"]
    switch = {"plugin": "bulletins", "county": COUNTY}
    feed = "query($g: String) { bulletins(grid: $g) { nodes { id } } }"
    await village.done(administrator, "setPluginActivation", "activation { active }", active=False, **switch)
    off = await village.server.ask(feed, g=VILLAGE)
    assert ours not in str(off.body)
    payload = await village.leader.do(
        "publishBulletin", "bulletin { id }", grid=VILLAGE, kind="NOTICE", title="停水", text="停水。"
    )
    assert [code for code, _ in refused(payload)] == ["PLUGIN_INACTIVE"]
    await village.run_jobs()
    assert await village.fetch("select from notices.notice where about=$1", ours) == []
    await village.done(administrator, "setPluginActivation", "activation { active }", active=True, **switch)
    assert ours in str((await village.server.ask(feed, g=VILLAGE)).body)
