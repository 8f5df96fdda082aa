"""Who sees what of watches: each part, by every kind of caller; what is a look, and what lies sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, PNG, TOWN, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODE = "query($id: ID!) { node(id: $id) { id } }"
PARTS = """query($id: ID!) { node(id: $id) { ... on Watch { facts { id evidence { id url } } steps { id }
  measures { id } rule { id items { id } } } } }"""
LISTS = """query($grid: String!) { watches(first: 50) { nodes { id } } watchMeasures(first: 50) { nodes { id } }
  grid(code: $grid) { watches(first: 50) { nodes { id } } watchMeasures(first: 50) { nodes { id } } }
  me { watches(first: 50) { nodes { id } } } }"""
LOOKS = "{ me { accessLog(first: 50) { nodes { fields reader { role } } } } }"
CONCERNED = {"head", "family", "worker", "town_dispatcher", "county_dispatcher"}


@dataclass
class Seen:
    """A household that is watched over, with all that belongs to it, and everybody who may or may not see it."""

    ground: Ground
    home: Any
    watch: str
    measure: str
    callers: dict[str, Server]

    async def who(self, id: str) -> set[str]:
        answers = {name: await one.ask(NODE, id=id) for name, one in self.callers.items()}
        return {name for name, answer in answers.items() if answer.body["data"]["node"] is not None}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(ground: Ground) -> Seen:
    home, neighbour = ground.home(two=True), ground.home()
    id = await ground.ask(home, facts=[ground.fact(pictures=[PNG])], text="盼推荐活计")
    assert await ground.give(ground.first, "assessWatch", id, ground="SUDDEN") == []
    assert await ground.give(ground.second, "confirmWatch", id, confirmed=True) == []
    measure = await ground.measure(id)
    as_ = ground.server.as_
    callers = {
        "head": ground.head(home),
        "family": ground.other(home),
        "worker": ground.worker,
        "town_dispatcher": ground.first,
        "county_dispatcher": ground.county,
        "unit": ground.handler,
        "another unit": as_("department_handler", unit=OTHER_UNIT, sub="x"),
        "another town": as_("town_dispatcher", grid=ELSEWHERE, sub="y"),
        "neighbour": ground.head(neighbour),
        "leader": as_("county_leader", grid=COUNTY),
        "auditor": as_("auditor", grid=COUNTY),
        "administrator": as_("administrator", grid=COUNTY),
        "officer": as_("data_protection_officer", grid=COUNTY),
        "stranger": ground.server,
    }
    return Seen(ground, home, id, measure, callers)


async def test_each_part_is_for_those_whom_it_concerns(seen: Seen) -> None:
    """The household with all who live there, who works there and who decides; the unit its measure, and no more."""
    parts = (await seen.ground.first.ask(PARTS, id=seen.watch)).data["node"]
    [fact] = parts["facts"]
    for id in (seen.watch, fact["id"], fact["evidence"][0]["id"], parts["steps"][0]["id"]):
        assert await seen.who(id) == CONCERNED, id
    assert await seen.who(seen.measure) == CONCERNED | {"unit"}
    for id in (parts["rule"]["id"], parts["rule"]["items"][0]["id"]):
        assert await seen.who(id) == set(seen.callers), "the rule is for everybody"


async def test_lists_have_what_one_sees(seen: Seen) -> None:
    """Root lists, those of a grid and one's own have the same rows as the objects themselves."""
    for name, caller in seen.callers.items():
        if name == "stranger":
            continue
        found = (await caller.ask(LISTS, grid=TOWN)).data
        for one in (found, found["grid"]):
            assert ({"id": seen.watch} in one["watches"]["nodes"]) == (name in CONCERNED), name
            assert ({"id": seen.measure} in one["watchMeasures"]["nodes"]) == (name in CONCERNED | {"unit"}), name
        assert ({"id": seen.watch} in found["me"]["watches"]["nodes"]) == (name in ("head", "family")), name
    listed = """query($u: String!, $g: String!) { watchMeasures(first: 9, filter: { unit: { equals: $u },
      grid: { within: $g }, state: { equals: PLANNED }, overdue: { equals: false } }) { nodes { id } }
      watches(first: 9, filter: { grid: { within: $g }, open: { equals: true } }) { nodes { id } } }"""
    found = (await seen.ground.county.ask(listed, u=UNIT, g=TOWN)).data
    assert found == {"watchMeasures": {"nodes": [{"id": seen.measure}]}, "watches": {"nodes": [{"id": seen.watch}]}}
    none = (await seen.ground.county.ask(listed, u=OTHER_UNIT, g=ELSEWHERE)).data
    assert none == {"watchMeasures": {"nodes": []}, "watches": {"nodes": []}}


async def test_every_reading_is_a_look(seen: Seen) -> None:
    """That somebody is on the list, too: everybody of the household reads who saw it."""
    before = await looks(seen.ground.other(seen.home), "town_dispatcher")
    reader = seen.ground.server.as_("town_dispatcher", grid=TOWN, sub="curious")
    await reader.ask("{ watches(first: 50) { nodes { id state } } }")
    after = await looks(seen.ground.other(seen.home), "town_dispatcher")
    assert len(after) > len(before) and any("Watch.state" in one for one in after)
    asked = "query($id: ID!) { node(id: $id) { ... on WatchMeasure { head address } } }"
    await seen.ground.handler.ask(asked, id=seen.measure)
    found = await looks(seen.ground.head(seen.home), "department_handler")
    assert any("WatchMeasure.head" in one for one in found)


async def looks(caller: Server, role: str) -> list[list[str]]:
    found = (await caller.ask(LOOKS)).data["me"]["accessLog"]["nodes"]
    return [one["fields"] for one in found if one["reader"]["role"] == role]


async def test_nobody_is_marked(seen: Seen) -> None:
    """No field of a person or a household tells that it is watched over, and no list is asked by ground."""
    asked = """{ a: __type(name: "Person") { fields { name } } b: __type(name: "Household") { fields { name } }
      c: __type(name: "WatchFilter") { inputFields { name } } }"""
    schema = (await seen.ground.server.ask(asked)).data
    names = {one["name"].lower() for kind in "ab" for one in schema[kind]["fields"]}
    assert not [one for one in names if "watch" in one or "poverty" in one]
    assert "ground" not in {one["name"] for one in schema["c"]["inputFields"]}


async def test_words_and_pictures_lie_sealed(seen: Seen) -> None:
    """Nobody who has the tables reads them, and events have ids and codes alone."""
    for table in ("fact", "evidence", "step"):
        rows = await seen.ground.fetch(f"select content, data_key from watch.{table} where content is not null")
        assert rows and all(one["data_key"] for one in rows)
        assert all(word not in one["content"] for one in rows for word in ("支出".encode(), "盼".encode(), b"PNG"))
    told = await seen.ground.fetch("select type, data::text from events.outbox where type like 'watch.%'")
    assert told and all(set(one["data"]) < set(map(chr, range(128))) for one in told), "ids and codes"
    notices = await seen.ground.fetch("select body_zh, title_zh from notices.notice where kind like 'watch.%'")
    assert notices and all(seen.home["name"] not in one["body_zh"] + one["title_zh"] for one in notices)


async def test_the_desk_asks_what_is_there(seen: Seen) -> None:
    """Each view answers by its document; a unit is offered measures, and no list of households."""
    parts = (await seen.ground.first.ask(PARTS, id=seen.watch)).data["node"]
    error = await seen.ground.error(seen.ground.county)
    for number in (1, 2):
        assert await seen.ground.review(error, number) == []
    review = "query($id: ID!) { node(id: $id) { ... on ErrorExemption { reviews { id } } } }"
    reviews = (await seen.ground.county.ask(review, id=error)).data["node"]["reviews"]
    ids = {
        "Watch": seen.watch,
        "WatchFact": parts["facts"][0]["id"],
        "WatchMeasure": seen.measure,
        "WatchRule": parts["rule"]["id"],
        "ErrorExemption": error,
        "ErrorReview": reviews[0]["id"],
    }
    asked = "{ views { name kind type document forms { mutation } } }"
    offered = {}
    for name in ("unit", "county_dispatcher"):
        found = (await seen.callers[name].ask(asked)).data["views"]
        offered[name] = {one["name"]: one for one in found if one["name"].startswith("watch.")}
    assert set(offered["unit"]) == {"watch.measures", "watch.measure", "watch.errors", "watch.error", "watch.review"}
    for one in offered["county_dispatcher"].values():
        given = {"DETAIL": {"id": ids.get(one["type"])}, "LIST": {"first": 9}}[one["kind"]]
        answer = (await seen.ground.county.ask(one["document"], **given)).data
        assert answer and answer.get("node", answer), one["name"]
