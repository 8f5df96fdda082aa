"""Organisations, offices, members: what is published and what is nobody else's business."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.sql import Sql
from gongzhi_party import visibility
from gongzhi_server.testing import codes_of
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery
from pypika_tortoise.queries import Table

TOWN, OTHER = "610921100", "610921102"
APPOINT = {"duty": "SECRETARY", "consent": True, "since": "2026-01-01", "termEndsOn": "2029-01-01"}
BRANCH = """query($grid: String!) { grid(code: $grid) { partyBranch { id name memberCount
  jointStation { place } secretary { name dutyPhone } members { nodes { name } } } } }"""


async def refusal_codes(caller: Any, mutation: str, asks: str, **given: Any) -> list[str]:
    return codes_of((await caller.do(mutation, asks, **given))["errors"])


async def test_branch_is_found_from_its_grids(town: Any) -> None:
    [(below,)] = await town.fetch(
        "select g.code from grids.grid g join grids.grid t on t.id=g.town_id where t.code=$1 and g.kind='VILLAGE' "
        "order by g.code limit 1",
        TOWN,
    )
    seen = (await town.server.ask(BRANCH, grid=below)).data["grid"]["partyBranch"]
    assert seen["name"] == "清泉村党支部" and seen["jointStation"] == {"place": "党群服务中心一楼"}
    await town.add("本村支部", grid=below, parent=None)
    assert (await town.server.ask(BRANCH, grid=below)).data["grid"]["partyBranch"]["name"] == "本村支部"
    assert (await town.server.ask(BRANCH, grid=OTHER)).data["grid"]["partyBranch"] is None


async def test_terms_never_overlap(town: Any) -> None:
    given = {**APPOINT, "branch": town.branch}
    made = await town.secretary.do(
        "appointPartyOfficer", "office { id name }", **given, person=town.person(), dutyPhone="13800000000"
    )
    assert made["errors"] == [] and made["office"]["name"]
    again = {**given, "person": town.person(1)}
    assert await refusal_codes(town.secretary, "appointPartyOfficer", "office { id }", **again) == ["TERMS_OVERLAP"]
    silent = {**again, "consent": False, "duty": "PUBLICIST"}
    assert await refusal_codes(town.secretary, "appointPartyOfficer", "office { id }", **silent) == ["CONSENT_REQUIRED"]
    seen = (await town.server.ask(BRANCH, grid=TOWN)).data["grid"]["partyBranch"]
    assert seen["secretary"] == {"name": made["office"]["name"], "dutyPhone": "13800000000"}
    await town.resident().do("endPartyOffice", "office { until }", office=made["office"]["id"])
    later = {**again, "since": "2026-06-30"}
    assert await refusal_codes(town.secretary, "appointPartyOfficer", "office { id }", **later) == []


async def test_elections_are_remembered(town: Any, run_jobs: Any) -> None:
    given = {**APPOINT, "branch": town.branch, "termEndsOn": "2026-08-01", "person": town.person()}
    await town.secretary.do("appointPartyOfficer", "office { id }", **given)
    asked = "{ me { notices { nodes { kind } } } }"
    for day, expected in ((1, 1), (2, 2), (15, 2)):
        town.server.clock.time = town.server.clock.time.replace(month=7, day=day)
        assert not (await run_jobs()).failed
        seen = (await town.resident().ask(asked)).data["me"]["notices"]["nodes"]
        assert len([one for one in seen if one["kind"] == "party.term_ends"]) == expected, day


async def test_membership_is_nobody_elses_business(town: Any) -> None:
    member = await town.admit()
    asked = "query($id: ID!) { node(id: $id) { ... on PartyMember { name status } } }"
    callers = {
        "self": town.resident(),
        "secretary": town.secretary,
        "neighbour": town.resident(1),
        "leader": town.leader,
        "administrator": town.server.as_("administrator"),
        "elsewhere": town.beyond,
        "stranger": town.server,
    }
    seen = {name: (await one.ask(asked, id=member)).data["node"] for name, one in callers.items()}
    assert seen["self"] == seen["secretary"] and seen["self"]["status"] == "FULL"
    assert not any(seen[name] for name in ("neighbour", "leader", "administrator", "elsewhere", "stranger"))
    listed = "query($grid: String!) { people { nodes { partyMembership { id } } } grid(code: $grid) { name } }"
    answer = await town.leader.ask(listed, grid=TOWN)
    assert not any(one["partyMembership"] for one in answer.data["people"]["nodes"])


async def test_few_members_are_not_counted(town: Any) -> None:
    for at in range(9):
        await town.admit(at)
    counted = (await town.server.ask(BRANCH, grid=TOWN)).data["grid"]["partyBranch"]
    assert counted["memberCount"] is None and counted["members"]["nodes"] == []
    await town.admit(9)
    assert (await town.secretary.ask(BRANCH, grid=TOWN)).data["grid"]["partyBranch"]["memberCount"] == 10


async def test_member_moves_by_request_and_acceptance(town: Any) -> None:
    member = await town.admit()
    target = await town.add("另一支部", grid=OTHER)
    asks = "transfer { id state }"
    foreign = await refusal_codes(town.resident(1), "requestPartyTransfer", asks, member=member, target=target)
    assert foreign == ["NOT_FOUND"]
    asked = await town.resident().do("requestPartyTransfer", asks, member=member, target=target)
    transfer = asked["transfer"]["id"]
    assert asked["transfer"]["state"] == "REQUESTED"
    assert await refusal_codes(town.resident(), "requestPartyTransfer", asks, member=member, target=target) == [
        "DUPLICATE"
    ]
    own = await refusal_codes(town.secretary, "decidePartyTransfer", asks, transfer=transfer, accept=True)
    assert own == ["FORBIDDEN"], "the organisation that gives does not accept for the one that takes"
    bare = await refusal_codes(town.beyond, "decidePartyTransfer", asks, transfer=transfer, accept=False)
    assert bare == ["BAD_USER_INPUT"]
    taken = await town.beyond.do("decidePartyTransfer", asks, transfer=transfer, accept=True)
    assert taken == {"transfer": {"id": transfer, "state": "ACCEPTED"}, "errors": []}
    seen = "query($id: ID!) { node(id: $id) { ... on PartyMember { branch { name } } } }"
    assert (await town.beyond.ask(seen, id=member)).data["node"] == {"branch": {"name": "另一支部"}}
    assert (await town.secretary.ask(seen, id=member)).data["node"] is None
    again = await refusal_codes(town.beyond, "decidePartyTransfer", asks, transfer=transfer, accept=True)
    assert again == ["ILLEGAL_TRANSITION"]


async def test_member_reports_where_they_live(town: Any) -> None:
    afar = await town.add("机关支部", grid=OTHER)
    [(one,)] = await town.fetch("select id from people.person where id=$1", town.people[0])
    assert await refusal_codes(town.resident(), "reportToCommunity", "member { id }") == ["NOT_FOUND"]
    made = await town.beyond.do(
        "admitPartyMember", "member { id }", branch=afar, person=f"Person:{one}", joinedOn="2015-07-01"
    )
    assert codes_of(made["errors"]) == ["NOT_FOUND"], "they live elsewhere, and this secretary cannot see them"
    member = await town.admit()
    target = await town.resident().do("requestPartyTransfer", "transfer { id }", member=member, target=afar)
    await town.beyond.do("decidePartyTransfer", "transfer { id }", transfer=target["transfer"]["id"], accept=True)
    done = await town.resident().do("reportToCommunity", "member { reports { branch { name } } }")
    assert done["member"] == {"reports": [{"branch": {"name": "清泉村党支部"}}]}
    seen = "query($id: ID!) { node(id: $id) { ... on PartyMember { name } } }"
    assert (await town.secretary.ask(seen, id=member)).data["node"], "who reports to an organisation is seen by it"
    assert await refusal_codes(town.resident(), "reportToCommunity", "member { id }") == ["DUPLICATE"]


def test_several_grants_stay_within_their_row() -> None:
    """What is allowed by one grant or another is asked of the same row."""
    for rule in (
        visibility.visible_participations,
        visibility.visible_tasks,
        visibility.visible_proxies,
        visibility.visible_transfers,
    ):
        found = rule(Table("row", alias="t"), Two())
        text = " ".join(one.get_sql(PostgreSQLQuery.SQL_CONTEXT) for one in found or ())
        assert "OTHER" in text and text.count("(") == text.count(")"), text
        assert "and ONE or" not in text and "and (ONE) or" not in text, "an alternative that stands beside a condition"


class Two:
    """Somebody with two grants, and without a person."""

    today = person = Sql("null")

    def within(self, table: Table, permission: str) -> list[Sql]:
        return [Sql("ONE"), Sql("OTHER")]

    def known(self) -> bool:
        return False
