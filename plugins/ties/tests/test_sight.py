"""Who sees what of ties: links, deeds, deputies and what was heard, by every kind of caller; and the desk."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

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
        assert found["grid"]["deputies"]["nodes"] == [{"id": seen.ids["deputy"]}]
        assert found["grid"]["receptionDays"]["nodes"] == [{"id": seen.ids["day"]}]


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
