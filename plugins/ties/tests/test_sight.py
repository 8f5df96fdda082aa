"""Who sees what of ties: by every kind of caller, on the desk and in notices; and what is held of whom, how long."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from gongzhi.core.registers.erasure import clear_rows, expired_rows_sql
from gongzhi.values.errors import Text
from gongzhi_server.testing import Server
from gongzhi_ties import models, telling
from gongzhi_ties.registers import HOLDINGS, MONTHS
from gongzhi_ties.telling import Message

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, TOWN, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODE = "query($id: ID!) { node(id: $id) { id } }"
CALLERS = (
    "stranger",
    "cadre",
    "home",
    "neighbour",
    "deputy",
    "voter",
    "keeper",
    "town",
    "grid leader",
    "town elsewhere",
    "handler",
    "handler elsewhere",
    "county_leader",
    "auditor",
    "administrator",
    "data_protection_officer",
)
EVERYBODY = set(CALLERS)
KEEPERS = {"keeper", "town", "grid leader"}


@dataclass
class Seen:
    """One row of each kind, and everybody who may or may not see it."""

    ground: Ground
    ids: dict[str, str] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        ground, as_ = self.ground, self.ground.server.as_
        people = {"cadre": 0, "home": 1, "neighbour": 2, "deputy": 3, "voter": 4}
        if name in people:
            return ground.resident(people[name])
        match name:
            case "stranger":
                return ground.server
            case "keeper" | "town" | "handler":
                found: Server = getattr(ground, name)
                return found
            case "grid leader":
                return as_("grid_leader", grid=TOWN, sub="grid leader")
            case "town elsewhere":
                return as_("town_dispatcher", grid=ELSEWHERE)
            case "handler elsewhere":
                return as_("department_handler", unit=OTHER_UNIT)
        return as_(name, grid=COUNTY)

    async def who(self, kind: str) -> set[str]:
        """The callers who see an object by its id."""
        answers = {name: await self.caller(name).ask(NODE, id=self.ids[kind]) for name in CALLERS}
        return {name for name, answer in answers.items() if answer.body["data"]["node"] is not None}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(ground: Ground) -> Seen:
    """A household's link and a unit's with a deed each, one that was proposed, a reception day, and what was heard."""
    found = Seen(ground)
    ids = found.ids
    ids["home tie"] = await ground.home_tie(0, 1)
    ids["unit tie"] = await ground.propose("UNIT_VILLAGE", grid=ground.villages[0], unit=UNIT)
    await ground.agree(ids["unit tie"], ground.handler, ground.leader)
    ids["asked"] = await ground.propose("UNIT_COMMUNITY", grid=ground.villages[0], unit=UNIT)
    for name in ("home", "unit"):
        given = {"tie": ids[f"{name} tie"], "kind": "GOODS", "day": ground.day(0), "text": "送去种子二十袋。"}
        ids[f"{name} deed"] = (await ground.done(ground.town, "recordTieDeed", "deed { id }", **given))["id"]
    ids["deputy"] = await ground.register(3)
    ids["station"] = await ground.station()
    ids["day"] = await ground.announce([ids["deputy"]], station=ids["station"])
    ground.server.clock.move(hours=2)
    asked = {
        "reception": ids["day"], "deputy": ids["deputy"], "person": ground.person(4), "title": "修渠",
        "text": "水渠渗漏。", "category": "roads.surface",
    }  # fmt: skip
    ids["heard"] = (await ground.done(ground.town, "recordHeardMatter", "heard { id }", **asked))["id"]
    return found


async def test_what_is_published_is_for_everybody(seen: Seen) -> None:
    """Links that are agreed to, what was done in them, deputies, stations and days: with an account or without."""
    for kind in ("unit tie", "unit deed", "deputy", "station", "day"):
        assert await seen.who(kind) == EVERYBODY, kind


async def test_households_are_for_those_concerned(seen: Seen) -> None:
    """The cadre, the household, and whoever arranges links there; no unit, no leader of the county, no neighbour."""
    for kind in ("home tie", "home deed"):
        assert await seen.who(kind) == {"cadre", "home", *KEEPERS}, kind
    assert await seen.who("asked") == {"handler", *KEEPERS}, "who is asked is told to those who are, and who asks"


async def test_what_was_heard_is_for_those_concerned(seen: Seen) -> None:
    """The voter, the deputy, and whoever keeps deputies there."""
    assert await seen.who("heard") == {"voter", "deputy", "keeper", "town"}
    # The case is the voter's and the county's: who keeps deputies reads where it was heard from either end.
    asked = "query($id: ID!) { node(id: $id) { ... on HeardMatter { person { id } case { number heard { id } } } } }"
    told = (await seen.caller("voter").ask(asked, id=seen.ids["heard"])).data["node"]
    assert told["case"]["heard"] == {"id": seen.ids["heard"]}
    assert told["person"] == {"id": seen.ground.person(4)}
    by_deputy = (await seen.caller("deputy").ask(asked, id=seen.ids["heard"])).data["node"]
    assert by_deputy == {"person": None, "case": None}, "a deputy sees no file"


async def test_lists_have_what_one_sees(seen: Seen) -> None:
    """Root lists and those of a grid, unit and household have the same rows as the objects themselves."""
    asked = """query($grid: String!, $unit: String!) {
      ties(first: 50) { nodes { id } } grid(code: $grid) { ties(first: 50) { nodes { id } }
        deputies(first: 9) { nodes { id } } receptionDays(first: 9) { nodes { id } } }
      unit(code: $unit) { ties(first: 50) { nodes { id } } } }"""
    for name in ("stranger", "home", "neighbour", "handler", "town"):
        found = (await seen.caller(name).ask(asked, grid=TOWN, unit=UNIT)).data
        for listed in (found["ties"], found["grid"]["ties"], found["unit"]["ties"]):
            ids = {one["id"] for one in listed["nodes"]}
            assert seen.ids["unit tie"] in ids, name
            assert (seen.ids["home tie"] in ids) == (name in {"home", "town"}), name
            assert (seen.ids["asked"] in ids) == (name in {"handler", "town"}), name
        assert {"id": seen.ids["deputy"]} in found["grid"]["deputies"]["nodes"], name
        assert {"id": seen.ids["day"]} in found["grid"]["receptionDays"]["nodes"], name


async def test_the_household_is_for_those_who_see_it(seen: Seen) -> None:
    """Whoever sees the link sees the household by the core's own rule; its number stands nowhere else."""
    asked = "query($id: ID!) { node(id: $id) { ... on Tie { household { number } name } } }"
    number = (await seen.caller("home").ask(asked, id=seen.ids["home tie"])).data["node"]["household"]["number"]
    for name in ("cadre", "grid leader", "town"):
        told = (await seen.caller(name).ask(asked, id=seen.ids["home tie"])).data["node"]
        assert told["household"] == {"number": number}, name
    lines = await seen.ground.fetch("select * from notices.notice where kind like 'ties.%'")
    assert lines and all(number not in str(dict(one)) for one in lines)


async def test_the_desk_asks_what_is_there(seen: Seen) -> None:
    """Each view answers by its document; who answers for a unit is offered links, and nothing to keep."""
    ids = {
        "Tie": seen.ids["unit tie"],
        "TieDeed": seen.ids["unit deed"],
        "Deputy": seen.ids["deputy"],
        "DeputyStation": seen.ids["station"],
        "ReceptionDay": seen.ids["day"],
        "HeardMatter": seen.ids["heard"],
        "SocialOrganisation": await seen.ground.organise(),
    }
    ids["PurchasedService"] = await seen.ground.buy(ids["SocialOrganisation"])
    asked = "{ views { name kind type document forms { mutation } } }"
    offered = {}
    for name in ("handler", "town"):
        found = (await seen.caller(name).ask(asked)).data["views"]
        offered[name] = {one["name"]: one for one in found if one["name"].startswith("ties.")}
    assert {"ties.waiting", "ties.deputies", "ties.stations"} <= set(offered["town"]) - set(offered["handler"])
    for one in offered["town"].values():
        given = {"DETAIL": {"id": ids.get(one["type"])}, "LIST": {"first": 9}, "COUNTER": {"grid": TOWN}}[one["kind"]]
        answer = (await seen.caller("town").ask(one["document"], **given)).data
        assert answer and answer.get("node", answer), one["name"]
    assert [one["mutation"] for one in offered["town"]["ties.ties"]["forms"]] == ["proposeTie"]


async def let_expire(ground: Ground, days: int) -> None:
    """Have deeds that are older than their months lose what they say; nothing else, as other stories go on."""
    later = ground.server.clock() + timedelta(days=days)
    for holding in HOLDINGS:
        if holding.months and holding.table == "ties.deed":
            rows = await ground.fetch(expired_rows_sql(holding), later)
            await clear_rows(ground.fetch, holding, [row["id"] for row in rows])


async def test_what_was_done_for_a_household_is_forgotten(ground: Ground) -> None:
    """Three years after its link has ended, and not before; of a published link it is the history of the place."""
    home, town = await ground.home_tie(10, 11), await ground.town_tie(12)
    for id, caller in ((home, ground.resident(10)), (town, ground.resident(12))):
        given = {"tie": id, "kind": "VISIT", "day": ground.day(0), "text": "走访慰问。"}
        await ground.done(caller, "recordTieDeed", "deed { id }", **given)
        assert await ground.give(caller, "endTie", id) == []
    told = "select text from ties.deed where tie_id=$1"

    async def texts() -> list[Any]:
        return [(await ground.fetch(told, id.partition(":")[2]))[0]["text"] for id in (home, town)]

    await let_expire(ground, MONTHS * 30 - 40)
    assert await texts() == ["走访慰问。", "走访慰问。"]
    await let_expire(ground, MONTHS * 31 + 10)
    assert await texts() == ["—", "走访慰问。"]


async def test_a_person_reads_and_goes(ground: Ground) -> None:
    """What somebody holds is found by their key, as helper, household, deputy or voter, and goes with them."""
    home = await ground.home_tie(5, 6)
    deputy = await ground.register(5)
    day = await ground.announce([deputy])
    ground.server.clock.move(hours=2)
    asked = {"reception": day, "deputy": deputy, "person": ground.person(6), "title": "修渠", "text": "渗漏。"}
    await ground.done(ground.town, "recordHeardMatter", "heard { id }", unit=UNIT, **asked)
    about = {one: [h.table for h in HOLDINGS if h.person] for one in (5, 6)}
    found: dict[int, set[str]] = {5: set(), 6: set()}
    for at, tables in about.items():
        for holding in HOLDINGS:
            if holding.table in tables and holding.person:
                sql = f"select count(*) from {holding.table} t where {holding.person}"
                [row] = await ground.fetch(sql, ground.people[at]["id"])
                found[at] |= {holding.table} if row[0] else set()
    assert found == {5: {"ties.tie", "ties.deputy"}, 6: {"ties.tie", "ties.heard"}}
    for holding in HOLDINGS:
        if not holding.person or holding.table == "ties.deed":
            continue
        for at in (5, 6):
            rows = await ground.fetch(
                f"select t.id from {holding.table} t where {holding.person}", ground.people[at]["id"]
            )
            await clear_rows(ground.fetch, holding, [row["id"] for row in rows])
    [left] = await ground.fetch("select * from ties.tie where id=$1", home.partition(":")[2])
    assert left["office"] == "农技员" and not (left["person_id"] or left["household_id"] or left["helper_agreed_by"])
    [term] = await ground.fetch("select person_id from ties.deputy where id=$1", deputy.partition(":")[2])
    [heard] = await ground.fetch(
        "select person_id, account from ties.heard where reception_id=$1", day.partition(":")[2]
    )
    assert term["person_id"] is None and list(heard) == [None, None]


def messages() -> list[Message]:
    return [one for one in vars(telling).values() if isinstance(one, Message)]


@pytest.mark.parametrize("said", messages(), ids=lambda one: one.kind)
async def test_notices_hold_kinds_and_days(said: Message) -> None:
    """Each says which kind of link, in both languages alike, and nothing that is anybody's."""

    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert isinstance(said.title, Text) and said.kind.startswith("ties.")
    assert places(said.body.en) == places(said.body.zh) <= {"kind", "day"} and "kind" in places(said.body.en)


async def test_where_it_is_off_nothing_is_there(ground: Ground) -> None:
    """No link and no figure of that county; switched on again all is as it was."""
    id = await ground.town_tie(15)
    switch = {"plugin": "ties", "county": COUNTY}
    figures = f'{{ tieFigures(grid: "{COUNTY}", year: 2026) {{ kind active }} }}'
    for active in (False, True):
        administrator = ground.server.as_("administrator", grid=COUNTY)
        await ground.done(administrator, "setPluginActivation", "activation { active }", active=active, **switch)
        assert bool(await ground.see(id, ground.server)) is active
        assert bool((await ground.server.ask(figures)).data["tieFigures"]) is active


async def test_a_volunteer_goes_with_their_file(ground: Ground) -> None:
    """A registration has a key and codes, is in its owner's copy, and is deleted when they are forgotten."""
    await ground.done(ground.resident(16), "registerAsVolunteer", "volunteer { id }", skills=["FARMING", "LAW"])
    [holding] = [one for one in HOLDINGS if one.table == "ties.volunteer"]
    rows = await ground.fetch(f"select t.* from ties.volunteer t where {holding.person}", ground.people[16]["id"])
    assert [row["skills"] for row in rows] == [["FARMING", "LAW"]] and not holding.hidden
    assert {name for name, value in dict(rows[0]).items() if isinstance(value, str)} == set(), "there are no words"
    await clear_rows(ground.fetch, holding, [row["id"] for row in rows])
    assert await ground.fetch("select from ties.volunteer where person_id=$1", ground.people[16]["id"]) == []


async def test_every_table_has_a_holding() -> None:
    """What a table holds of people, or that it holds nothing, is in the public register."""
    found = [one._meta for one in vars(models).values() if hasattr(one, "_meta")]
    tables = {f"ties.{one.db_table}" for one in found if one.schema == "ties"}
    assert tables == {one.table for one in HOLDINGS} and len(tables) == 11


async def test_events_have_ids_alone(ground: Ground) -> None:
    """What others subscribe to says that something happened, of which kind, and never whose it is or in what words."""
    home = await ground.home_tie(17, 18)
    given = {"tie": home, "kind": "OTHER", "day": ground.day(0), "text": "陪同就医。"}
    await ground.done(ground.resident(17), "recordTieDeed", "deed { id }", **given)
    rows = await ground.fetch(
        "select type, data::text as data from events.outbox where data->>'tie'=$1 order by seq", home.partition(":")[2]
    )
    assert [one["type"] for one in rows] == ["ties.proposed", "ties.agreed", "ties.deed_recorded"]
    personal = [str(ground.people[at][key]) for at in (17, 18) for key in ("id", "home", "name")]
    for row in rows:
        assert "就医" not in row["data"] and not any(one in row["data"] for one in personal), row["type"]
    # What is proposed and declined is told to nobody outside.
    [internal] = await ground.fetch("select count(*) from events.outbox where type='ties.declined'")
    assert internal[0] == 0
    asked = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(19), office="常委")
    assert await ground.answer(ground.resident(19), asked, "Helper", agreed=False) == []
    [notice] = await ground.told(ground.town, "declined", asked)
    assert ground.people[19]["name"] not in notice
    assert await ground.see(asked, ground.server) is None
