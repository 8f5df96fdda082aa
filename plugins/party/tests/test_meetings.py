"""Meetings in the room over HTTP: on the spot, by hands or by name, confirmed by a second person, to a resolution."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from gongzhi_server.testing import codes_of, published_events

from .test_deliberation import Matter, case_of, raise_matter

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN, OTHER = "610921100", "610921102"
READ = """query($id: ID!) { node(id: $id) { ... on Deliberation {
  state quorum { entitled needed present }
  meetings { place manner state present reason attendance(first: 50) { nodes { name proxy } } }
  proposals { votes { for against abstain } recorded { for against abstain }
    calls(first: 100) { nodes { choice name } } ballots(first: 100) { nodes { choice person { id } } } } } } }"""


class Room:
    """A matter that is talked over in the room."""

    def __init__(self, town: Any, matter: Matter) -> None:
        self.town, self.matter = town, matter

    @property
    def second(self) -> Any:
        """Somebody else who leads there."""
        return self.town.secretary

    def asked(self, people: int = 8, hands: tuple[int, int] | None = (6, 1), **more: Any) -> dict[str, Any]:
        held = (self.town.server.clock.time - timedelta(hours=1)).isoformat()
        given: dict[str, Any] = {
            "heldAt": held,
            "place": "村口大槐树下",
            "manner": "SHOW_OF_HANDS",
            "quorumPercent": 1,
            "attendance": [self.town.person(at) for at in range(people)],
        }
        if hands:
            numbers = {"votesFor": hands[0], "votesAgainst": hands[1]}
            given["hands"] = [{"proposal": one, **numbers} for one in self.matter.proposals]
        return {**given, **more}

    async def record(self, *given: Any, **more: Any) -> Any:
        return await self.matter.step("recordMatterMeeting", "state", **self.asked(*given, **more))

    async def refusal(self, **more: Any) -> tuple[str, list[str]]:
        """What is wrong with a record, and where."""
        done = await self.town.leader.do(
            "recordMatterMeeting", "deliberation { state }", deliberation=self.matter.id,
            expectedVersion=self.matter.version, **self.asked(**more),
        )  # fmt: skip
        [error] = done["errors"]
        assert done["deliberation"] is None
        return error["code"], error["path"]

    async def confirm(self, caller: Any, confirm: bool = True, **more: Any) -> Any:
        done = await caller.do(
            "confirmMatterMeeting", "deliberation { version state }", deliberation=self.matter.id,
            expectedVersion=self.matter.version, confirm=confirm, **more,
        )  # fmt: skip
        if done["errors"]:
            return codes_of(done["errors"])
        self.matter.version = done["deliberation"]["version"]
        return done["deliberation"]["state"]

    async def read(self, caller: Any) -> Any:
        return (await caller.ask(READ, id=self.matter.id)).data["node"]

    async def events(self) -> list[str]:
        found = await published_events(self.town.dsn)
        return [one.type for one in found if one.data.get("deliberation") == self.matter.id.partition(":")[2]]

    async def notices(self, caller: Any, kind: str) -> int:
        asked = "query($k: String!) { me { notices(filter: { kind: { equals: $k } }, first: 50) { totalCount } } }"
        return int((await caller.ask(asked, k=kind)).data["me"]["notices"]["totalCount"])


async def convene_meeting(town: Any, proposals: int = 1, **given: Any) -> Room:
    """A matter with an agenda and proposals, raised and published on the spot."""
    room = Room(town, await raise_matter(town, **given))
    matter = room.matter
    assert (await matter.step("publishMatterAgenda", "state", items=["商议水渠"]))["state"] == "ANNOUNCED"
    matter.proposals = []
    for at in range(proposals):
        asked = {"deliberation": matter.id, "text": f"方案{at + 1}：由村集体出资修渠。"}
        matter.proposals.append((await town.leader.do("proposeOnMatter", "proposal { id }", **asked))["proposal"]["id"])
    return room


async def test_show_of_hands_to_resolution(town: Any) -> None:
    number = await case_of(town)
    room = await convene_meeting(town, case=number, grid=None)
    assert (await room.record())["state"] == "RECORDED"
    assert await room.matter.step("decideMatter", proposal=room.matter.proposals[0], body="COUNCIL") == [
        "ILLEGAL_TRANSITION"
    ], "nothing is decided on one person's word"
    seen = await room.read(town.leader)
    assert seen["proposals"][0]["recorded"] == {"for": 6, "against": 1, "abstain": 1}
    assert seen["proposals"][0]["votes"] is None and seen["proposals"][0]["ballots"]["nodes"] == []
    assert await room.confirm(town.leader) == ["FOUR_EYES"]
    assert await room.confirm(room.town.beyond) == ["FORBIDDEN"], "who leads elsewhere"
    assert await room.confirm(town.resident(10)) == ["FORBIDDEN"], "who was not in the room"
    assert await room.notices(town.resident(3), "party.meeting_recorded") == 1
    assert await room.confirm(town.resident(3)) == "COUNTED", "who was in the room is a second person"
    assert await room.confirm(room.second) == ["ILLEGAL_TRANSITION"]
    assert await room.events() == ["party.meeting_recorded", "party.meeting_confirmed"]

    counted = await room.read(town.server)
    [proposal] = counted["proposals"]
    assert proposal["votes"] == {"for": 6, "against": 1, "abstain": 1}
    assert (proposal["recorded"], proposal["calls"]["nodes"]) == (None, [])
    choices = [one["choice"] for one in proposal["ballots"]["nodes"]]
    assert (choices.count("FOR"), choices.count("AGAINST"), choices.count("ABSTAIN")) == (6, 1, 1)
    assert counted["quorum"]["present"] == 8
    decided = await room.matter.step(
        "decideMatter", "state decision { resolution { votesFor votesAgainst decidedOn } }",
        proposal=room.matter.proposals[0], body="COUNCIL",
    )  # fmt: skip
    assert decided["decision"]["resolution"] == {"votesFor": 6, "votesAgainst": 1, "decidedOn": "2026-06-30"}
    asked = "query($n: String!) { case(number: $n) { timeline(last: 5) { type title } deliberation { id } } }"
    told = (await town.leader.ask(asked, n=number)).data["case"]
    assert told["timeline"][-1]["type"] == "case.deliberated" and told["timeline"][-1]["title"]
    assert told["deliberation"] == {"id": room.matter.id}


async def test_decided_on_the_day_of_the_meeting(town: Any) -> None:
    """What is written down days later was decided in the room."""
    room = await convene_meeting(town)
    held = (town.server.clock.time - timedelta(days=3)).isoformat()
    await room.record(heldAt=held)
    assert await room.confirm(room.second) == "COUNTED"
    town.server.clock.move(days=2)
    decided = await room.matter.step(
        "decideMatter", "decision { resolution { decidedOn } }", proposal=room.matter.proposals[0], body="ASSEMBLY"
    )
    assert decided["decision"]["resolution"] == {"decidedOn": "2026-06-27"}


async def test_roll_call(town: Any) -> None:
    """By name, with a written proxy; names are for who leads and who was there, until the vote is open to all."""
    room = await convene_meeting(town, proposals=2)
    given = {"deliberation": room.matter.id, "proxy": town.person(1)}
    assert (await town.resident(9).do("grantVoteProxy", "proxy { id }", **given))["errors"] == []
    first, second = room.matter.proposals
    said = [(first, 0, "FOR"), (first, 1, "FOR"), (first, 9, "AGAINST"), (second, 2, "AGAINST")]
    calls = [{"proposal": of, "person": town.person(at), "choice": choice} for of, at, choice in said]
    assert await room.refusal(people=4, manner="ROLL_CALL") == ("BAD_USER_INPUT", ["hands"])
    recorded = await room.record(4, None, manner="ROLL_CALL", calls=calls)
    assert recorded["state"] == "RECORDED"
    names = [row["name"] for row in await town.fetch(
        "select name from people.person where id=any($1::uuid[]) order by array_position($1::uuid[], id)",
        [town.people[at] for at in (0, 1, 2, 3, 9)],
    )]  # fmt: skip
    seen = await room.read(town.resident(2))
    [meeting] = seen["meetings"]
    assert (meeting["present"], meeting["attendance"]["nodes"]) == (5, [{"name": names[2], "proxy": None}])
    votes = [one["recorded"] for one in seen["proposals"]]
    assert votes == [{"for": 2, "against": 1, "abstain": 2}, {"for": 0, "against": 1, "abstain": 4}]
    called = {(one["name"], one["choice"]) for one in seen["proposals"][0]["calls"]["nodes"]}
    assert called >= {(names[0], "FOR"), (names[4], "AGAINST"), (names[3], "ABSTAIN")}
    everybody = (await room.read(town.leader))["meetings"][0]["attendance"]["nodes"]
    assert everybody[-1] == {"name": names[4], "proxy": names[1]} and len(everybody) == 5
    for caller in (town.server, town.resident(10), town.beyond):
        hidden = await room.read(caller)
        assert hidden["meetings"][0]["attendance"]["nodes"] == [] and hidden["meetings"][0]["present"] == 5
        assert all(one["recorded"] is None and one["calls"]["nodes"] == [] for one in hidden["proposals"])
    assert await room.confirm(town.resident(9)) == ["FORBIDDEN"], "who sent a proxy was not there"
    assert await room.confirm(town.resident(2)) == "COUNTED"
    [ballots, _] = await town.fetch(
        "select array_agg(b.person_id::text || b.choice order by b.person_id) as said from party.ballot b "
        "join party.proposal p on p.id=b.proposal_id where p.deliberation_id=$1 group by p.place order by p.place",
        room.matter.key,
    )
    assert f"{town.people[9]}AGAINST" in ballots["said"] and len(ballots["said"]) == 5


async def test_refused_and_recorded_anew(town: Any) -> None:
    """What was not so leaves nothing behind but the reason; the chair corrects a slip before anybody confirms it."""
    room = await convene_meeting(town)
    await room.record(8, (6, 1))
    assert await room.confirm(room.second, False) == ["BAD_USER_INPUT"]
    told = await room.notices(town.leader, "party.meeting_decided")
    assert await room.confirm(room.second, False, reason="举手人数与实际不符") == "ANNOUNCED"
    assert await room.notices(town.leader, "party.meeting_decided") == told + 1
    left = await room.matter.kept()
    assert (left["urn"], left["roll"], left["attendance"]) == (0, 0, 0)
    seen = await room.read(town.leader)
    assert (seen["quorum"], seen["meetings"][0]["present"]) == (None, None)
    await room.record(8, (1, 6))
    assert (await room.record(8, (6, 1)))["state"] == "RECORDED"
    seen = await room.read(town.leader)
    assert [(one["state"], one["reason"]) for one in seen["meetings"]] == [
        ("REFUSED", "举手人数与实际不符"), ("WITHDRAWN", None), ("RECORDED", None),
    ]  # fmt: skip
    assert seen["proposals"][0]["recorded"] == {"for": 6, "against": 1, "abstain": 1}
    stale = Room(town, Matter(town, room.matter.id))
    stale.matter.version = room.matter.version - 1
    assert await stale.confirm(room.second) == ["STALE_VERSION"], "they confirm what they saw"
    assert (await room.matter.step("dropMatter", "state", reason="另行安排"))["state"] == "DROPPED"
    assert (await room.read(town.leader))["meetings"][-1]["state"] == "WITHDRAWN"
    assert (await room.matter.kept())["attendance"] == 0


async def test_households_in_the_room(town: Any) -> None:
    """Of a household one vote counts, whoever of it came; it is called once."""
    family = await town.fetch(
        "select m.person_id from people.membership m join people.person p on p.id=m.person_id "
        "join grids.grid g on g.id=p.town_id where g.code=$1 and m.until is null and p.birth_date<'2000-01-01' "
        "and m.household_id=(select m2.household_id from people.membership m2 join people.person p2 "
        "on p2.id=m2.person_id join grids.grid g2 on g2.id=p2.town_id where g2.code=$1 and m2.until is null "
        "and p2.birth_date<'2000-01-01' group by 1 having count(*)>1 order by 1 limit 1)",
        TOWN,
    )
    pair = [row["person_id"] for row in family[:2]]
    whole = {row["person_id"] for row in family}
    town.people = [*pair, *(one for one in town.people if one not in whole)]
    room = await convene_meeting(town)
    assert await room.refusal(people=4, hands=(4, 0), voters="HOUSEHOLD") == (
        "BAD_USER_INPUT", ["hands", "0", "votesFor"]
    )  # fmt: skip
    twice = [{"proposal": room.matter.proposals[0], "person": town.person(at), "choice": "FOR"} for at in (0, 1)]
    found = await room.refusal(people=4, hands=None, voters="HOUSEHOLD", manner="ROLL_CALL", calls=twice)
    assert found == ("BAD_USER_INPUT", ["calls", "1", "person"])
    assert (await room.record(4, (3, 0), voters="HOUSEHOLD"))["state"] == "RECORDED"
    assert (await room.read(town.leader))["quorum"]["present"] == 3


async def test_whoever_checked_in_was_there(town: Any) -> None:
    """Check-in at the meeting of the agenda is attendance."""
    begins = (town.server.clock.time + timedelta(minutes=10)).isoformat()
    activity = {"form": "COUNCIL_DAY", "audience": "GRID", "title": "院坝会", "grid": TOWN, "place": "院坝"}
    planned = await town.leader.do("arrangeActivity", "activity { id }", activity={**activity, "startsAt": begins})
    assert planned["errors"] == [], planned
    id = planned["activity"]["id"]
    room = Room(town, await raise_matter(town))
    assert (await room.matter.step("publishMatterAgenda", "state", items=["商议"], activity=id))["state"]
    asked = {"deliberation": room.matter.id, "text": "修渠。"}
    made = await town.leader.do("proposeOnMatter", "proposal { id }", **asked)
    room.matter.proposals = [made["proposal"]["id"]]
    for at in (5, 6):
        given = {"activity": id, "person": town.person(at)}
        assert (await town.leader.do("markActivityAttendance", "participation { state }", **given))["errors"] == []
    town.server.clock.move(hours=1)
    assert await room.refusal(people=2, hands=(5, 0)) == ("BAD_USER_INPUT", ["hands", "0", "votesFor"])
    await room.record(2, (4, 0))
    assert (await room.read(town.leader))["meetings"][0]["present"] == 4


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"place": " "}, "BAD_USER_INPUT", ["place"]),
        ({"heldAt": "2026-06-01T09:00:00+08:00"}, "BAD_USER_INPUT", ["heldAt"]),
        ({"heldAt": "2026-07-30T09:00:00+08:00"}, "BAD_USER_INPUT", ["heldAt"]),
        ({"heldAt": "2026-06-30T09:00:00"}, "BAD_USER_INPUT", ["heldAt"]),
        ({"quorumPercent": 0}, "BAD_USER_INPUT", ["quorumPercent"]),
        ({"quorumPercent": 100}, "QUORUM_MISSED", ["attendance"]),
        ({"attendance": []}, "BAD_USER_INPUT", ["attendance"]),
        ({"attendance": ["Person:1"]}, "NOT_FOUND", ["attendance", "0"]),
        ({"hands": []}, "BAD_USER_INPUT", ["hands"]),
        ({"hands": (9, 0)}, "BAD_USER_INPUT", ["hands", "0", "votesFor"]),
        ({"hands": (6, 3)}, "BAD_USER_INPUT", ["hands", "0", "votesAgainst"]),
        ({"hands": (-1, 0)}, "BAD_USER_INPUT", ["hands", "0", "votesFor"]),
        ({"manner": "ROLL_CALL", "hands": None, "calls": [(0, 10)]}, "NOT_FOUND", ["calls", "0", "person"]),
        ({"calls": [(0, 1)]}, "BAD_USER_INPUT", ["calls"]),
    ],
)
async def test_bad_records(town: Any, given: dict[str, Any], code: str, path: list[str]) -> None:
    room = await convene_meeting(town)
    if "calls" in given:
        [(of, at)] = given["calls"]
        call = {"proposal": room.matter.proposals[of], "person": town.person(at), "choice": "FOR"}
        given = {**given, "calls": [call]}
    assert await room.refusal(**given) == (code, path)
    left = await room.matter.kept()
    assert (left["meetings"], left["roll"]) == (0, 0)


async def test_who_is_counted(town: Any) -> None:
    """Adults who live there; the same answer for a child, somebody from elsewhere and one who is not to be named."""
    room = await convene_meeting(town)
    [child] = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 "
        "and p.birth_date>'2012-01-01' limit 1", TOWN,
    )  # fmt: skip
    [elsewhere] = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 limit 1", OTHER
    )
    await town.fetch("update people.person set restricted_at=now() where id=$1", town.people[10])
    for key in (child["id"], elsewhere["id"], town.people[10], UUID(int=7)):
        assert await room.refusal(attendance=[f"Person:{key}"]) == ("NOT_FOUND", ["attendance", "0"])
    away = await town.beyond.do(
        "recordMatterMeeting", "deliberation { id }", deliberation=room.matter.id,
        expectedVersion=room.matter.version, **room.asked(),
    )  # fmt: skip
    assert codes_of(away["errors"]) == ["FORBIDDEN"]


async def test_a_room_beside_a_vote(town: Any) -> None:
    """A vote that is under way is not overtaken by a meeting, and shows nothing of its urn."""
    matter = await raise_matter(town)
    await matter.open(secret=True, quorumPercent=1)
    assert isinstance(await matter.vote(0), str)
    room = Room(town, matter)
    assert await room.record() == ["ILLEGAL_TRANSITION"]
    assert await room.confirm(room.second) == ["ILLEGAL_TRANSITION"]
    for caller in (town.leader, town.resident(0), town.secretary):
        [proposal] = (await room.read(caller))["proposals"]
        assert (proposal["recorded"], proposal["calls"]["nodes"]) == (None, [])


async def test_confirmed_once(town: Any) -> None:
    """Many say yes and no at once: one of them counts, and what is left is whole."""
    room = await convene_meeting(town)
    await room.record()
    given = {"deliberation": room.matter.id, "expectedVersion": room.matter.version}
    answers = await asyncio.gather(
        *(town.resident(at).do("confirmMatterMeeting", "deliberation { state }", confirm=bool(at % 2), reason="不符",
                               **given) for at in range(8))
    )  # fmt: skip
    done = [one["deliberation"]["state"] for one in answers if not one["errors"]]
    assert len(done) == 1
    # Who was there is forgotten with a record that is refused, and whoever comes after that was no witness of anything.
    late = {"STALE_VERSION", "ILLEGAL_TRANSITION", "FORBIDDEN"}
    assert {code for one in answers for code in codes_of(one["errors"])} <= late
    found = await room.matter.kept()
    whole = {"COUNTED": (8, 0, 8), "ANNOUNCED": (0, 0, 0)}
    assert (found["ballots"], found["urn"], found["roll"]) == whole[done[0]]
