"""Who sees what, role by role: what is kept of people is for a few, and the lists say so of every role there is."""

from __future__ import annotations

from typing import Any

import pytest

from .scenes import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTY = "610921"
SECRETARY = {"party_secretary"}
FIELD = {"party_secretary", "grid_worker", "grid_leader"}
SEEN: dict[str, tuple[str, set[str]]] = {
    "PartyMember": ("member", SECRETARY),
    "PartyTransfer": ("transfer", SECRETARY),
    "PartyHelperRequest": ("ask", SECRETARY),
    "PartyParticipation": ("participation", FIELD),
    "Volunteer": ("volunteer", FIELD),
    "VoteProxy": ("proxy", {"party_secretary", "grid_leader"}),
    "ActivityCalendar": ("feed", set()),
    "MatterEvaluation": ("evaluation", set()),
}
"""Which roles see a row by holding them in the county, and by nothing else: what tells of people, table by table."""
PUBLIC = {
    "PartyBranch": "branch", "PartyOffice": "office", "PartyActivity": "activity", "CouncilSeat": "seat",
    "VillageCode": "code", "PublicProject": "project", "Lesson": "lesson", "VolunteerGroup": "team",
}  # fmt: skip
"""What is published: offices, activities for all, councils; seen by whoever asks."""


@pytest.fixture(scope="module")
def roles(plugins: Any) -> list[str]:
    return sorted(one.name for one in plugins.roles)


async def key(scene: Scene, table: str) -> Any:
    return (await scene.town.fetch(f"select id from party.{table} order by id limit 1"))[0]["id"]


async def sees(caller: Any, kind: str, id: str) -> bool:
    answer = await caller.ask(f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ id }} }} }}", id=id)
    return bool(answer.data["node"])


@pytest.mark.parametrize("kind", sorted(SEEN))
async def test_rows_about_people_are_for_a_few_roles(scene: Scene, roles: list[str], kind: str) -> None:
    table, expected = SEEN[kind]
    town = scene.town
    if table == "proxy":
        given = {"deliberation": scene.ids["voting"], "proxy": town.person(7)}
        await town.resident(6).do("grantVoteProxy", "proxy { id }", **given)
    if table == "ask":
        [(household,)] = await town.fetch(
            "select household_id from people.membership where person_id=$1 and until is null", town.people[5]
        )
        await town.resident(5).do("requestPartyHelper", "request { id }", household=f"Household:{household}")
    if table == "evaluation":
        given = {"deliberation": scene.ids["publicised"], "score": 5}
        await town.resident(5).do("evaluateMatter", "evaluation { id }", **given)
    id = f"{kind}:{await key(scene, table)}"
    found = {role for role in roles if await sees(town.server.as_(role, grid=COUNTY), kind, id)}
    assert found == expected
    elsewhere = {role for role in roles if await sees(town.server.as_(role, grid="610921102"), kind, id)}
    assert elsewhere == set(), "nobody by serving another town"
    assert not await sees(town.server, kind, id)


@pytest.mark.parametrize("kind", sorted(PUBLIC))
async def test_what_is_published_is_for_all(scene: Scene, kind: str) -> None:
    id = f"{kind}:{await key(scene, PUBLIC[kind])}"
    for caller in (scene.town.server, scene.town.resident(7), scene.town.beyond):
        assert await sees(caller, kind, id)


LISTS = ("partyMembers", "partyTransfers")


@pytest.mark.parametrize("name", LISTS)
async def test_lists_count_what_one_sees(scene: Scene, roles: list[str], name: str) -> None:
    """A total tells no more than the rows: others count nobody."""
    for role in roles:
        answer = await scene.town.server.as_(role, grid=COUNTY).ask(f"{{ {name} {{ totalCount }} }}")
        count = answer.data[name]["totalCount"]
        assert (count > 0) == (role in SECRETARY), (role, count)


async def test_person_tells_membership_to_nobody_else(scene: Scene, roles: list[str]) -> None:
    """Whoever sees somebody's file does not see by it that they belong, and cannot tell it from not belonging."""
    asked = "query($id: ID!) { person(id: $id) { name partyMembership { status } } }"
    told = {}
    for role in roles:
        answer = await scene.town.server.as_(role, grid=COUNTY).ask(asked, id=scene.ids["person1"])
        person = (answer.body.get("data") or {}).get("person")
        if person is not None:
            told[role] = person["partyMembership"]
    assert {"grid_worker", "grid_leader"} <= told.keys(), "who works there sees the file"
    assert {role for role, membership in told.items() if membership} <= SECRETARY
    own = (await scene.town.resident(1).ask("{ me { person { partyMembership { status } } } }")).data["me"]["person"]
    assert own == {"partyMembership": {"status": "FULL"}}


async def test_wishes_show_no_names(scene: Scene) -> None:
    """A published wish is read by all without whose it is; whoever works there sees the file anyhow."""
    asked = "query($id: ID!) { node(id: $id) { ... on Wish { title person { id } claimedBy { id } } } }"
    id = scene.ids["wish"]
    for caller in (scene.town.server, scene.town.resident(6), scene.town.beyond):
        assert (await caller.ask(asked, id=id)).data["node"] == {"title": "老花镜", "person": None, "claimedBy": None}
    own = (await scene.town.resident(0).ask(asked, id=id)).data["node"]
    assert own["person"] == {"id": scene.ids["person0"]}


async def test_roll_of_a_room_is_for_who_was_there(scene: Scene) -> None:
    """Of a meeting whoever came sees that they came, whoever leads sees everybody, and others see a number."""
    asked = """query($id: ID!) { node(id: $id) { ... on Deliberation { meetings { present
      attendance(first: 50) { totalCount } } } } }"""
    counts = {}
    for name, caller in (
        ("leader", scene.town.leader), ("there", scene.town.resident(2)), ("away", scene.town.resident(6)),
        ("stranger", scene.town.server), ("elsewhere", scene.town.beyond), ("worker", scene.town.worker),
    ):  # fmt: skip
        [meeting] = (await caller.ask(asked, id=scene.ids["counted"])).data["node"]["meetings"]
        assert meeting["present"] == 4
        counts[name] = meeting["attendance"]["totalCount"]
    assert counts == {"leader": 4, "there": 1, "away": 0, "stranger": 0, "elsewhere": 0, "worker": 0}
