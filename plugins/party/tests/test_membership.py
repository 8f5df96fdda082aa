"""Members as they come, move and leave: what rests on belonging ends with it, and nobody is in two places."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from gongzhi_server.testing import codes_of

from .conftest import expect_success
from .test_activities import BASE, NODE, refusal_codes
from .test_care import home, link

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN, OTHER = "610921100", "610921102"
MEMBER = """query($id: ID!) { node(id: $id) { ... on PartyMember {
  status branch { name } group { name } confirmedOn leftOn version reports { until branch { name } } } } }"""


async def read(caller: Any, member: str) -> Any:
    return (await caller.ask(MEMBER, id=member)).data["node"]


async def update(town: Any, member: str, version: int = 1, **given: Any) -> Any:
    """Change a member; what is wrong, or the member."""
    asks = "member { status confirmedOn leftOn group { name } version }"
    done = await town.secretary.do("updatePartyMember", asks, member=member, expectedVersion=version, **given)
    return codes_of(done["errors"]) or done["member"]


async def move(town: Any, member: str, target: str, by: Any, taker: Any) -> str:
    """Have a member move to an organisation that takes them; the transfer."""
    asked = await expect_success(by, "requestPartyTransfer", "transfer { id }", member=member, target=target)
    transfer = str(asked["transfer"]["id"])
    await expect_success(taker, "decidePartyTransfer", "transfer { state }", transfer=transfer, accept=True)
    return transfer


async def commute(town: Any) -> tuple[str, str]:
    """A member of an organisation elsewhere, who reported to that of the town they live in; both ids."""
    member, afar = await town.admit(), await town.add("机关支部", grid=OTHER)
    await move(town, member, afar, town.resident(), town.beyond)
    await expect_success(town.resident(), "reportToCommunity", "member { id }")
    return member, afar


async def test_probation_ends_once(town: Any) -> None:
    """A member is confirmed on a day that stays, and nobody goes back to probation."""
    made = await expect_success(
        town.secretary, "admitPartyMember", "member { id status confirmedOn }", branch=town.branch,
        person=town.person(), joinedOn="2025-07-01", status="PROBATIONARY",
    )  # fmt: skip
    member = made["member"].pop("id")
    assert made["member"] == {"status": "PROBATIONARY", "confirmedOn": None}
    confirmed = await update(town, member, status="FULL")
    assert (confirmed["status"], confirmed["confirmedOn"], confirmed["version"]) == ("FULL", "2026-06-30", 2)
    town.server.clock.move(days=30)
    assert (await update(town, member, 2, status="FULL"))["confirmedOn"] == "2026-06-30"
    assert await update(town, member, 3, status="PROBATIONARY") == ["ILLEGAL_TRANSITION"]
    assert await update(town, member, 2, status="LEFT") == ["STALE_VERSION"], "they change what they saw"


async def test_who_has_left_is_changed_no_more(town: Any) -> None:
    member = await town.admit()
    left = await update(town, member, status="LEFT")
    assert (left["status"], left["leftOn"]) == ("LEFT", "2026-06-30")
    for given in ({"status": "FULL"}, {"status": "LEFT"}, {"group": None}):
        assert await update(town, member, 2, **given) == ["ILLEGAL_TRANSITION"], given
    asked = {"member": member, "target": await town.add("中坝村党支部")}
    assert await refusal_codes(town.secretary, "requestPartyTransfer", "transfer { id }", **asked) == [
        "ILLEGAL_TRANSITION"
    ]
    again = await town.admit()
    assert again != member, "who comes back is admitted anew, and the years before stay as they were"
    seen = (await town.resident().ask("{ me { person { partyMembership { id status } } } }")).data["me"]["person"]
    assert seen == {"partyMembership": {"id": again, "status": "FULL"}}


async def test_nobody_is_taken_over_after_they_left(town: Any) -> None:
    """A transfer that waits ends with the membership it would move."""
    member, target = await town.admit(), await town.add("另一支部", grid=OTHER)
    asked = await expect_success(
        town.resident(), "requestPartyTransfer", "transfer { id }", member=member, target=target
    )
    transfer = asked["transfer"]["id"]
    assert (await update(town, member, status="LEFT"))["status"] == "LEFT"
    late = {"transfer": transfer, "accept": True}
    assert await refusal_codes(town.beyond, "decidePartyTransfer", "transfer { id }", **late) == ["ILLEGAL_TRANSITION"]
    seen = "query($id: ID!) { node(id: $id) { ... on PartyTransfer { state decidedAt reason } } }"
    assert (await town.resident().ask(seen, id=transfer)).data["node"] == {
        "state": "WITHDRAWN", "decidedAt": "2026-06-30T02:00:00+00:00", "reason": None,
    }  # fmt: skip
    found = await read(town.secretary, member)
    assert (found["status"], found["branch"]) == ("LEFT", {"name": "清泉村党支部"}), "they stay where they left"


@pytest.mark.asyncio(loop_scope="function")  # the town has one community to report to
async def test_community_sees_nobody_who_left(town: Any) -> None:
    """A report ends with the membership: the community no longer sees them, nor they what it does for its members."""
    member, _ = await commute(town)
    planned = {**BASE, "audience": "BRANCH", "branch": town.branch, "title": "支部会"}
    activity = (await expect_success(town.secretary, "arrangeActivity", "activity { id }", activity=planned))[
        "activity"
    ]
    calendar = await expect_success(town.resident(), "openActivityCalendar", "path", kind="BRANCH", branch=town.branch)
    asked = NODE % "title"
    assert await read(town.secretary, member)
    assert (await town.resident().ask(asked, id=activity["id"])).data["node"] == {"title": "支部会"}
    assert "支部会" in (await town.server.client.get(calendar["path"])).text
    done = await town.beyond.do(
        "updatePartyMember", "member { reports { until } }", member=member, expectedVersion=2, status="LEFT"
    )
    assert done == {"member": {"reports": [{"until": "2026-06-30"}]}, "errors": []}
    assert await read(town.secretary, member) is None
    assert (await town.resident().ask(asked, id=activity["id"])).data["node"] is None
    assert "支部会" not in (await town.server.client.get(calendar["path"])).text
    signed = {"activity": activity["id"]}
    assert await refusal_codes(town.resident(), "signUpToActivity", "participation { id }", **signed) == ["NOT_FOUND"]
    assert await refusal_codes(town.resident(), "reportToCommunity", "member { id }") == ["NOT_FOUND"]


@pytest.mark.asyncio(loop_scope="function")  # the town has one community to report to
async def test_report_ends_where_one_comes_to_belong(town: Any) -> None:
    """Whoever moves to the organisation of their community has nothing to report to it any more."""
    member, _ = await commute(town)
    await move(town, member, town.branch, town.resident(), town.secretary)
    found = await read(town.resident(), member)
    assert found["branch"] == {"name": "清泉村党支部"}
    assert found["reports"] == [{"until": "2026-06-30", "branch": {"name": "清泉村党支部"}}]
    assert await refusal_codes(town.resident(), "reportToCommunity", "member { id }") == ["BAD_USER_INPUT"]


@pytest.mark.asyncio(loop_scope="function")  # the town has one community to report to
async def test_report_to_another_community_ends_the_first(town: Any) -> None:
    """Of two organisations that work equally near the older one is the community's; a nearer one comes before it."""
    member, _ = await commute(town)
    again = await refusal_codes(town.resident(), "reportToCommunity", "member { id }")
    assert again == ["DUPLICATE"]
    await town.add("新支部", foundedOn="2026-01-01")
    assert await refusal_codes(town.resident(), "reportToCommunity", "member { id }") == ["DUPLICATE"], "still nearest"
    [(below,)] = await town.fetch(
        "select g.code from people.person p join grids.grid g on g.id=p.grid_id where p.id=$1", town.people[0]
    )
    await town.add("本组支部", grid=below)
    await expect_success(town.resident(), "reportToCommunity", "member { id }")
    found = await read(town.resident(), member)
    assert [(one["branch"]["name"], one["until"]) for one in found["reports"]] == [
        ("清泉村党支部", "2026-06-30"), ("本组支部", None),
    ]  # fmt: skip


@pytest.mark.asyncio(loop_scope="function")  # the town has one community to report to
async def test_own_organisation_is_no_community_to_report_to(town: Any) -> None:
    """Also where another one works as near: who belongs to one of them has nothing to report."""
    second = await town.add("第二支部", foundedOn="2024-01-01")
    await town.admit(0, second)
    assert await refusal_codes(town.resident(), "reportToCommunity", "member { id }") == ["BAD_USER_INPUT"]


async def test_transfer_is_taken_back_by_who_asked(town: Any) -> None:
    member, target = await town.admit(), await town.add("另一支部", grid=OTHER)
    asked = {"member": member, "target": target}
    for by in (town.resident(), town.secretary):
        made = await expect_success(by, "requestPartyTransfer", "transfer { id }", **asked)
        given = {"transfer": made["transfer"]["id"]}
        taker = await refusal_codes(town.beyond, "withdrawPartyTransfer", "transfer { id }", **given)
        assert taker == ["FORBIDDEN"], "who is asked says no, and does not take the question back"
        assert await refusal_codes(town.resident(1), "withdrawPartyTransfer", "transfer { id }", **given) == [
            "NOT_FOUND"
        ]
        done = await expect_success(town.resident(), "withdrawPartyTransfer", "transfer { state }", **given)
        assert done["transfer"] == {"state": "WITHDRAWN"}
        again = await refusal_codes(by, "withdrawPartyTransfer", "transfer { id }", **given)
        assert again == ["ILLEGAL_TRANSITION"]
    assert (await read(town.secretary, member))["branch"] == {"name": "清泉村党支部"}


async def test_refused_transfer_says_why(town: Any) -> None:
    member, target = await town.admit(), await town.add("另一支部", grid=OTHER)
    asked = {"member": member, "target": target}
    made = await expect_success(town.resident(), "requestPartyTransfer", "transfer { id }", **asked)
    given = {"transfer": made["transfer"]["id"], "accept": False, "reason": "请先补交材料"}
    await expect_success(town.beyond, "decidePartyTransfer", "transfer { state }", **given)
    seen = "{ partyTransfers { nodes { state reason name source { name } target { name } } } }"
    [told] = (await town.resident().ask(seen)).data["partyTransfers"]["nodes"]
    assert (told["state"], told["reason"]) == ("REFUSED", "请先补交材料")
    assert (told["source"], told["target"]) == ({"name": "清泉村党支部"}, {"name": "另一支部"})
    notices = (await town.resident().ask("{ me { notices { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert [one["kind"] for one in notices] == ["party.transfer_decided"]
    assert (await read(town.secretary, member))["branch"] == {"name": "清泉村党支部"}
    await expect_success(town.resident(), "requestPartyTransfer", "transfer { id }", **asked)


async def test_groups_are_of_the_own_branch(town: Any) -> None:
    """A member is put into a group of their branch, leaves it, and is in none after they moved."""
    member, target = await town.admit(), await town.add("另一支部", grid=OTHER)
    group = await town.add("第一党小组", kind="GROUP", parent=town.branch)
    foreign = await town.add("别组", kind="GROUP", parent=target, grid=OTHER)
    assert await update(town, member, group=foreign) == ["BAD_USER_INPUT"]
    assert (await update(town, member, group=group))["group"] == {"name": "第一党小组"}
    assert (await update(town, member, 2, group=None))["group"] is None
    assert (await update(town, member, 3, group=group))["group"] == {"name": "第一党小组"}
    assert await refusal_codes(
        town.secretary, "admitPartyMember", "member { id }", branch=group, person=town.person(1), joinedOn="2020-01-01"
    ) == ["BAD_USER_INPUT"], "a group keeps no roll"
    await move(town, member, target, town.resident(), town.beyond)
    assert (await read(town.beyond, member))["group"] is None


async def test_households_go_to_full_members_alone(town: Any) -> None:
    """Whoever takes households over is a full member, somebody else, and agrees; their own household waits."""
    first, second = await town.admit(1), await town.admit(2)
    beginner = await expect_success(
        town.secretary, "admitPartyMember", "member { id }", branch=town.branch, person=town.person(3),
        joinedOn="2026-01-01", status="PROBATIONARY",
    )  # fmt: skip
    gone = await town.admit(4)
    await update(town, gone, status="LEFT")
    for at in (0, 2):
        assert (await link(town, await home(town, at), first))["errors"] == []
    asked = {"member": first, "consent": True}
    for successor in (beginner["member"]["id"], gone, first):
        refused = await town.secretary.do("handOverHouseholds", "households", **asked, successor=successor)
        assert [(one["code"], one["path"]) for one in refused["errors"]] == [("BAD_USER_INPUT", ["successor"])]
    done = await expect_success(town.secretary, "handOverHouseholds", "households", **asked, successor=second)
    assert done["households"] == 2
    held = await town.fetch("select household_id from party.link where person_id=$1 and until is null", town.people[2])
    assert [f"Household:{key}" for (key,) in held] == [await home(town, 0)]
    homes = [UUID((await home(town, at)).partition(":")[2]) for at in range(5)]
    waiting = await town.fetch("select household_id from party.ask where state='OPEN' and household_id=any($1)", homes)
    assert [f"Household:{key}" for (key,) in waiting] == [await home(town, 2)], "nobody is the helper of their own home"
    known = "select household_id from people.liaison where until is null and line='PARTY_MEMBER' and person_id=$1"
    assert await town.fetch(known, town.people[2]) == held, "the core knows of the same helpers"
    assert await town.fetch(known, town.people[1]) == []


async def test_helpers_number_is_published_by_consent(town: Any) -> None:
    """A helper who is replaced is named no more, and the next one begins without the other's number."""
    first, second, household = await town.admit(1), await town.admit(2), await home(town, 0)
    made = await link(town, household, first)
    replaced = await link(town, household, second, dutyPhone=None)
    assert made["errors"] == replaced["errors"] == []
    asked = "{ me { person { household { linkedMember { name dutyPhone since until } } } } }"
    seen = (await town.resident().ask(asked)).data["me"]["person"]["household"]["linkedMember"]
    assert seen == {"name": replaced["link"]["name"], "dutyPhone": None, "since": "2026-06-30", "until": None}
    ended = await refusal_codes(town.resident(1), "endPartyLink", "link { id }", link=made["link"]["id"])
    assert ended == ["ILLEGAL_TRANSITION"]


async def test_report_for_a_household_takes_todays_helper(town: Any) -> None:
    member = await town.admit(1)
    made = await link(town, await home(town, 0), member)
    await expect_success(town.resident(), "endPartyLink", "link { id }", link=made["link"]["id"])
    given = {"link": made["link"]["id"], "category": "utilities.electricity", "title": "路灯", "description": "不亮"}
    assert await refusal_codes(town.resident(1), "reportForHousehold", "case { number }", **given) == ["FORBIDDEN"]


async def test_household_asks_once_at_a_time(town: Any) -> None:
    household = await home(town, 0)
    asked = {"household": household}
    made = await expect_success(town.resident(), "requestPartyHelper", "request { state }", **asked)
    assert made["request"] == {"state": "OPEN"}
    assert await refusal_codes(town.resident(), "requestPartyHelper", "request { id }", **asked) == ["DUPLICATE"]
    assert await refusal_codes(town.resident(1), "requestPartyHelper", "request { id }", **asked) == ["NOT_FOUND"]
    assert await refusal_codes(town.worker, "requestPartyHelper", "request { id }", **asked) != []
    assert (await link(town, household, await town.admit(1)))["errors"] == []
    asks = "select state, ended_at is not null from party.ask where household_id=$1"
    assert await town.fetch(asks, UUID(household.partition(":")[2])) == [("MET", True)]
    another = await expect_success(town.resident(), "requestPartyHelper", "request { state }", **asked)
    assert another["request"] == {"state": "OPEN"}, "or for another one"


async def test_few_members_are_counted_again_when_one_leaves(town: Any) -> None:
    members = [await town.admit(at) for at in range(10)]
    asked = "query($id: ID!) { node(id: $id) { ... on PartyBranch { memberCount } } }"
    assert (await town.server.ask(asked, id=town.branch)).data["node"] == {"memberCount": 10}
    await update(town, members[0], status="LEFT")
    assert (await town.server.ask(asked, id=town.branch)).data["node"] == {"memberCount": None}


@pytest.mark.asyncio(loop_scope="function")  # it migrates all members
async def test_migration_ends_what_was_left_open(town: Any) -> None:
    """Of those who left before it ended by itself: their reports and transfers, and nobody else's."""
    gone, stays = await town.admit(0), await town.admit(1)
    target = await town.add("另一支部", grid=OTHER)
    for member in (gone, stays):
        await expect_success(town.secretary, "requestPartyTransfer", "transfer { id }", member=member, target=target)
        await town.fetch(
            "insert into party.report (id, member_id, branch_id, since) "
            "values (gen_random_uuid(), $1, $2, '2026-01-01')",
            member.partition(":")[2],
            target.partition(":")[2],
        )
    # As the release before left it.
    await town.fetch("update party.member set status='LEFT', left_on='2026-05-01' where id=$1", gone.partition(":")[2])
    [operation] = import_module("gongzhi_party.migrations.0004_left").Migration.operations
    for statement in operation.sql:
        await town.fetch(statement)
    rows = await town.fetch(
        "select m.status, t.state, r.until::text from party.member m join party.transfer t on t.member_id=m.id "
        "join party.report r on r.member_id=m.id order by 1"
    )
    assert [tuple(row) for row in rows] == [("FULL", "REQUESTED", None), ("LEFT", "WITHDRAWN", "2026-05-01")]
