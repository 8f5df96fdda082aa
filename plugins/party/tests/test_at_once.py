"""What happens at one moment: two ask for the same thing, one gets it, and what is left is whole."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from gongzhi_server.testing import codes_of

from .conftest import expect_success
from .test_activities import arrange, sign
from .test_care import home
from .test_deliberation import raise_matter
from .test_meetings import Room, convene_meeting

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN, OTHER = "610921100", "610921102"


async def at_once(*asked: Any) -> list[str]:
    """What comes of all of these together: the codes of the refusals, sorted, with `done` for what was done."""
    payloads = await asyncio.gather(*asked)
    return sorted((codes_of(one["errors"]) or ["done"])[0] for one in payloads)


async def test_one_person_is_admitted_once(town: Any) -> None:
    """By two organisations at the same moment: one of them keeps the member."""
    second = await town.add("第二支部")
    given = {"person": town.person(), "joinedOn": "2015-07-01"}
    asked = [
        town.secretary.do("admitPartyMember", "member { id }", branch=one, **given)
        for one in (town.branch, second, town.branch, second)
    ]
    assert await at_once(*asked) == ["DUPLICATE", "DUPLICATE", "DUPLICATE", "done"]
    assert await town.fetch("select count(*) from party.member where person_id=$1", town.people[0]) == [(1,)]


async def test_one_transfer_is_asked_for(town: Any) -> None:
    """The member and the secretary ask at once, for two organisations: one transfer waits."""
    member = await town.admit()
    targets = [await town.add(name, grid=OTHER) for name in ("甲支部", "乙支部")]
    asked = [
        caller.do("requestPartyTransfer", "transfer { id }", member=member, target=target)
        for caller in (town.resident(), town.secretary)
        for target in targets
    ]
    assert await at_once(*asked) == ["DUPLICATE", "DUPLICATE", "DUPLICATE", "done"]


async def test_transfer_ends_one_way(town: Any) -> None:
    """It is accepted, withdrawn and made void by leaving at once: whichever is first, the member is in one place."""
    for at in range(4):
        member, target = await town.admit(at), await town.add(f"第{at}支部", grid=OTHER)
        asked = await expect_success(
            town.secretary, "requestPartyTransfer", "transfer { id }", member=member, target=target
        )
        given = {"transfer": asked["transfer"]["id"]}
        left = {"member": member, "expectedVersion": 1, "status": "LEFT"}
        turns = [
            town.beyond.do("decidePartyTransfer", "transfer { id }", **given, accept=True),
            town.resident(at).do("withdrawPartyTransfer", "transfer { id }", **given),
            town.secretary.do("updatePartyMember", "member { id }", **left),
        ]
        # Another one is the first to come each time.
        found = await at_once(*turns[at % 3 :], *turns[: at % 3])
        assert "done" in found and set(found) <= {
            "done", "ILLEGAL_TRANSITION", "STALE_VERSION", "NOT_FOUND", "FORBIDDEN",
        }  # fmt: skip
        [row] = await town.fetch(
            "select t.state, m.status, m.branch_id=t.target_id moved, m.branch_id=t.source_id stayed "
            "from party.transfer t join party.member m on m.id=t.member_id where t.id=$1",
            asked["transfer"]["id"].partition(":")[2],
        )
        assert row["state"] != "REQUESTED"
        assert row["moved"] if row["state"] == "ACCEPTED" else row["stayed"]
        assert row["status"] == "FULL" or not row["moved"], "nobody who has left is taken over"


async def test_household_has_one_helper(town: Any) -> None:
    """Two helpers are named at once: the last one is the helper, and the core knows of that one alone."""
    household = await home(town, 0)
    members = [await town.admit(at) for at in (1, 2, 3)]
    asked = {"household": household, "consent": True}
    found = await at_once(*(town.secretary.do("linkHousehold", "link { id }", **asked, member=one) for one in members))
    assert found == ["done", "done", "done"]
    now = "select person_id from {} where household_id=$1 and until is null"
    key = household.partition(":")[2]
    [link], [liaison] = [await town.fetch(now.format(table), key) for table in ("party.link", "people.liaison")]
    assert link["person_id"] == liaison["person_id"]


@pytest.mark.asyncio(loop_scope="function")  # the town has one council
async def test_council_has_one_head(town: Any) -> None:
    given = {"grid": TOWN, "kind": "MORALITY", "head": True, "consent": True}
    asked = [town.leader.do("seatInCouncil", "seat { id }", **given, person=town.person(at)) for at in range(4)]
    assert await at_once(*asked) == ["DUPLICATE", "DUPLICATE", "DUPLICATE", "done"]
    same = [town.leader.do("seatInCouncil", "seat { id }", **given | {"head": False, "kind": "DELIBERATION"},
                           person=town.person(5)) for _ in range(3)]  # fmt: skip
    assert await at_once(*same) == ["DUPLICATE", "DUPLICATE", "done"]


@pytest.mark.asyncio(loop_scope="function")  # the town has one code
async def test_versions_of_a_code_have_numbers_of_their_own(town: Any) -> None:
    given = {"grid": TOWN, "title": "村规民约", "text": "爱护水渠。"}
    assert (
        await at_once(*(town.leader.do("draftVillageCode", "code { id }", **given) for _ in range(4))) == ["done"] * 4
    )
    assert [number for (number,) in await town.fetch("select number from party.code order by 1")] == [1, 2, 3, 4]


@pytest.mark.asyncio(loop_scope="function")  # the town has one code
async def test_one_version_of_a_code_holds(town: Any) -> None:
    """Two versions are put into force at once: one holds, and the other has ended."""
    drafts = [
        (await expect_success(town.leader, "draftVillageCode", "code { id name }", grid=TOWN, title="约", text="文"))[
            "code"
        ]
        for _ in range(2)
    ]
    await expect_success(
        town.leader, "recordResolution", "resolution { id }", grid=TOWN, body="ASSEMBLY", title="村规", text="通过。",
        decidedOn="2026-06-02", adopts=[one["name"] for one in drafts],
    )  # fmt: skip
    asked = [town.leader.do("adoptVillageCode", "code { id }", code=one["id"]) for one in drafts]
    assert await at_once(*asked) == ["done", "done"]
    states = await town.fetch("select state, ends_on is null from party.code order by 1")
    assert [tuple(one) for one in states] == [("ADOPTED", True), ("ENDED", False)]


async def test_wish_is_claimed_by_one(town: Any) -> None:
    made = await expect_success(town.resident(), "makeWish", "wish { id }", title="老花镜", text="看报", published=True)
    wish = made["wish"]["id"]
    found = await at_once(
        *(town.resident(at).do("claimWish", "wish { id }", wish=wish) for at in range(1, 6)),
        town.secretary.do("claimWish", "wish { id }", wish=wish, branch=town.branch),
    )
    assert found == ["ILLEGAL_TRANSITION"] * 5 + ["done"]
    [row] = await town.fetch(
        "select num_nonnulls(claimed_by_id, branch_id) n from party.wish where id=$1", UUID(wish.partition(":")[2])
    )
    assert row["n"] == 1


async def test_offices_are_given_once(town: Any) -> None:
    given = {"branch": town.branch, "duty": "SECRETARY", "consent": True, "termEndsOn": "2029-06-30"}
    asked = [
        town.secretary.do("appointPartyOfficer", "office { id }", **given, person=town.person(at)) for at in range(4)
    ]
    assert await at_once(*asked) == ["TERMS_OVERLAP", "TERMS_OVERLAP", "TERMS_OVERLAP", "done"]


async def test_last_place_goes_to_one(town: Any) -> None:
    """Of those who want it, of whoever leaves it and of those who wait: never more come than there are places."""
    activity = await arrange(town.worker, capacity=1)
    assert (await sign(town.resident(), activity))["participation"]["state"] == "SIGNED_UP"
    assert (await sign(town.resident(1), activity))["participation"]["state"] == "WAITING"
    given = {"activity": activity}
    found = await at_once(
        town.resident().do("withdrawFromActivity", "participation { id }", **given),
        town.resident(1).do("withdrawFromActivity", "participation { id }", **given),
        *(sign(town.resident(at), activity) for at in range(2, 6)),
    )
    assert found == ["done"] * 6
    states = [
        state
        for (state,) in await town.fetch(
            "select state from party.participation where activity_id=$1", UUID(activity.partition(":")[2])
        )
    ]
    assert (states.count("SIGNED_UP"), states.count("WAITING"), states.count("WITHDRAWN")) == (1, 3, 2)


async def test_minutes_and_a_cancellation(town: Any) -> None:
    """An activity is held or cancelled, and not both."""
    for turn in range(2):
        activity = await arrange(town.worker, startsAt=town.server.clock.time.isoformat(), title=f"第{turn}次")
        turns = [
            town.worker.do("recordActivityMinutes", "minutes { id }", activity=activity, text="记录"),
            town.worker.do("cancelActivity", "activity { id }", activity=activity, expectedVersion=1, reason="雨"),
        ]
        found = await at_once(*turns[:: 1 - 2 * turn])
        assert found in (["ILLEGAL_TRANSITION", "done"], ["STALE_VERSION", "done"])
        [row] = await town.fetch(
            "select a.state, exists(select from party.minutes m where m.activity_id=a.id) minutes "
            "from party.activity a where a.id=$1",
            activity.partition(":")[2],
        )
        assert tuple(row) in (("HELD", True), ("CANCELLED", False))


async def test_vote_is_closed_once(town: Any) -> None:
    """Two close one vote while others vote: it is counted once, and every vote that was put in is in the count."""
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    for at in range(3):
        assert isinstance(await matter.vote(at), str)
    # As many as have voted have a vote: so that it may be closed before its time.
    await town.fetch("update party.deliberation set entitled=3 where id=$1", matter.key)
    given = {"deliberation": matter.id, "expectedVersion": matter.version}
    closing = [caller.do("closeVote", "deliberation { id }", **given) for caller in (town.leader, town.secretary)]
    closed, *votes = await asyncio.gather(at_once(*closing), *(matter.vote(at) for at in range(3, 9)))
    assert closed in (["STALE_VERSION", "done"], ["ILLEGAL_TRANSITION", "done"])
    cast = 3 + sum(isinstance(one, str) for one in votes)
    assert all(one == ["VOTE_CLOSED"] for one in votes if not isinstance(one, str))
    kept = await matter.kept()
    assert [kept[one] for one in ("ballots", "urn", "roll", "slips")] == [cast, 0, cast, cast]
    [row] = await town.fetch(
        "select p.votes_for, d.present, d.state from party.proposal p join party.deliberation d "
        "on d.id=p.deliberation_id where d.id=$1",
        matter.key,
    )
    assert tuple(row) == (cast, cast, "COUNTED")


async def test_somebody_votes_once_by_whatever_way(town: Any) -> None:
    """By themselves on two phones, and by the proxy they gave: one vote counts."""
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    given = {"deliberation": matter.id, "proxy": town.person(1)}
    await expect_success(town.resident(), "grantVoteProxy", "proxy { id }", **given)
    cast = await asyncio.gather(
        matter.vote(0), matter.vote(0, "AGAINST"), *(matter.vote(1, onBehalfOf=town.person()) for _ in range(2))
    )
    assert [one for one in cast if isinstance(one, list)] == [["ALREADY_VOTED"]] * 3
    kept = await matter.kept()
    assert (kept["urn"], kept["roll"]) == (1, 1)


async def test_nobody_collects_more_proxies(town: Any) -> None:
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    given = {"deliberation": matter.id, "proxy": town.person()}
    found = await at_once(
        *(town.resident(at).do("grantVoteProxy", "proxy { id }", **given) for at in range(1, 7)),
        town.resident(1).do("grantVoteProxy", "proxy { id }", **given),
    )
    assert found.count("done") == 3 and set(found) == {"TOO_MANY", "done"} | set(found) & {"DUPLICATE"}


async def test_a_vote_and_its_end(town: Any) -> None:
    """A matter is dropped while somebody votes: nothing of the vote is left, whichever came first."""
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    dropped, vote = await asyncio.gather(matter.step("dropMatter", "state", reason="另行安排"), matter.vote(0))
    assert dropped["state"] == "DROPPED" and (isinstance(vote, str) or vote == ["VOTE_CLOSED"])
    kept = await matter.kept()
    assert [kept[one] for one in ("urn", "roll", "slips", "ballots")] == [0, 0, 0, 0]


async def test_meeting_is_recorded_once_at_a_time(town: Any) -> None:
    """Two leaders record one meeting: the second sees that it was, and nobody's vote is counted twice."""
    room = await convene_meeting(town)
    given = {"deliberation": room.matter.id, "expectedVersion": room.matter.version, **room.asked()}
    asked = [
        caller.do("recordMatterMeeting", "deliberation { id }", **given) for caller in (town.leader, town.secretary)
    ]
    assert await at_once(*asked) == ["STALE_VERSION", "done"]
    kept = await room.matter.kept()
    assert (kept["meetings"], kept["urn"]) == (1, 8)


async def test_confirmed_or_recorded_anew(town: Any) -> None:
    """While one confirms, the chair records anew: what is counted is what was confirmed, or what was recorded last."""
    room = await convene_meeting(town)
    await room.record()
    given = {"deliberation": room.matter.id, "expectedVersion": room.matter.version}
    found = await at_once(
        town.secretary.do("confirmMatterMeeting", "deliberation { id }", confirm=True, **given),
        town.leader.do(
            "recordMatterMeeting", "deliberation { id }", **given, **Room(town, room.matter).asked(8, (1, 7))
        ),
    )
    assert found in (["STALE_VERSION", "done"], ["ILLEGAL_TRANSITION", "done"])
    [row] = await town.fetch(
        "select d.state, p.votes_for from party.deliberation d join party.proposal p on p.deliberation_id=d.id "
        "where d.id=$1",
        room.matter.key,
    )
    kept = await room.matter.kept()
    assert (*row, kept["ballots"] + kept["urn"]) in (("COUNTED", 6, 8), ("RECORDED", None, 8))


async def test_answers_are_given_once(town: Any) -> None:
    """Ratings, evaluations, joining a group, asking for a helper: sent from two phones, they count once."""
    activity = await arrange(town.worker, startsAt=town.server.clock.time.isoformat())
    person = {"activity": activity, "person": town.person()}
    came = [town.worker.do("markActivityAttendance", "participation { id }", **person) for _ in range(3)]
    assert await at_once(*came) == ["ALREADY_CHECKED_IN", "ALREADY_CHECKED_IN", "done"]
    group = {"grid": TOWN, "name": "队", "purpose": "助老", "leader": town.person(3), "consent": True}
    made = await expect_success(town.worker, "foundVolunteerGroup", "group { id }", **group)
    for mutation, asks, given in (
        ("rateActivity", "feedback { id }", {"activity": activity, "score": 5}),
        ("joinVolunteerGroup", "group { id }", {"group": made["group"]["id"]}),
        ("requestPartyHelper", "request { id }", {"household": await home(town, 0)}),
    ):
        asked = [town.resident().do(mutation, asks, **given) for _ in range(3)]
        assert await at_once(*asked) == ["DUPLICATE", "DUPLICATE", "done"], mutation


async def test_series_is_ended_or_planned_anew(town: Any) -> None:
    """Somebody ends a series while another moves one of its times: every time that is to come is cancelled."""
    planned = {
        "form": "STUDY", "audience": "PUBLIC", "title": "夜校", "grid": TOWN, "place": "中心",
        "startsAt": (town.server.clock.time + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    made = await expect_success(
        town.worker, "planActivitySeries", "series { id activities { id } }", activity=planned,
        rule="FREQ=WEEKLY;COUNT=4",
    )  # fmt: skip
    series, times = made["series"]["id"], [one["id"] for one in made["series"]["activities"]]
    later = (town.server.clock.time + timedelta(days=9)).isoformat()
    moved = {"activity": times[1], "expectedVersion": 1, "startsAt": later, "reason": "场地"}
    found = await at_once(
        town.worker.do("endActivitySeries", "series { id }", series=series, reason="不再举办"),
        town.worker.do("replanActivitySeries", "series { id }", series=series),
        town.worker.do("moveActivity", "activity { id }", **moved),
    )
    assert "done" in found and set(found) <= {"done", "ILLEGAL_TRANSITION", "STALE_VERSION"}
    states = "select distinct state from party.activity where series_id=$1"
    assert await town.fetch(states, UUID(series.partition(":")[2])) == [("CANCELLED",)]
