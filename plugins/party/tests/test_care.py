"""Members and households, wishes, projects, lessons, and the quarter's digest."""

from __future__ import annotations

import io
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import docx
from gongzhi_server.testing import codes_of

TOWN = "610921100"


async def home(town: Any, at: int) -> str:
    [(key,)] = await town.fetch(
        "select household_id from people.membership where person_id=$1 and until is null", town.people[at]
    )
    return f"Household:{key}"


async def link(town: Any, household: str, member: str, **given: Any) -> dict[str, Any]:
    asked = {"household": household, "member": member, "consent": True, "dutyPhone": "13900000000", **given}
    made: dict[str, Any] = await town.secretary.do("linkHousehold", "link { id name }", **asked)
    return made


HELPER = "query Helper { me { person { household { linkedMember { name dutyPhone } helper { line } } } } }"


async def test_helper_is_named_by_consent_and_declined_freely(town: Any) -> None:
    member, household = await town.admit(1), await home(town, 0)
    assert codes_of((await link(town, household, member, consent=False))["errors"]) == ["CONSENT_REQUIRED"]
    own = await link(town, await home(town, 1), member)
    assert codes_of(own["errors"]) == ["BAD_USER_INPUT"]
    made = await link(town, household, member)
    seen = (await town.resident().ask(HELPER)).data["me"]["person"]["household"]
    assert seen["linkedMember"] == {"name": made["link"]["name"], "dutyPhone": "13900000000"}
    assert seen["helper"] == {"line": "PARTY_MEMBER"}, "the same office is the core's"
    stranger = await town.resident(2).do("endPartyLink", "link { until }", link=made["link"]["id"])
    assert codes_of(stranger["errors"]) == ["NOT_FOUND"]
    done = await town.resident().do("endPartyLink", "link { until }", link=made["link"]["id"], another=True)
    assert done["link"] == {"until": "2026-06-30"}
    assert (await town.resident().ask(HELPER)).data["me"]["person"]["household"]["linkedMember"] is None
    asked = "{ partyHelperRequests { number suggestions { member households near } } }"
    [request] = (await town.secretary.ask(asked)).data["partyHelperRequests"]
    assert [one["households"] for one in request["suggestions"]] == [0]
    assert (await town.leader.ask(asked)).codes == ["FORBIDDEN"]


async def test_households_are_handed_over(town: Any) -> None:
    first, second = await town.admit(1), await town.admit(2)
    for at in (0, 3):
        assert (await link(town, await home(town, at), first))["errors"] == []
    bare = await town.secretary.do("handOverHouseholds", "households", member=first, successor=second)
    assert codes_of(bare["errors"]) == ["CONSENT_REQUIRED"]
    done = await town.secretary.do("handOverHouseholds", "households", member=first, successor=second, consent=True)
    assert done == {"households": 2, "errors": []}
    plan = '{ me { person { linkedHouseholds { household { number } } visitPlan(before: "2027-06-30") { name } } } }'
    mine = (await town.resident(2).ask(plan)).data["me"]["person"]
    assert len(mine["linkedHouseholds"]) == 2
    left = await town.secretary.do(
        "updatePartyMember", "member { status }", member=second, expectedVersion=1, status="LEFT"
    )
    assert left["member"] == {"status": "LEFT"}
    acts = (
        "select a.persons = array[m.person_id] from access.act a, party.member m "
        "where a.mutation = 'update_party_member' and m.id = $1"
    )
    assert [one[0] for one in await town.fetch(acts, second.partition(":")[2])] == [True], "it stands in their log"
    rows = await town.fetch("select state from party.ask")
    assert [one[0] for one in rows] == ["OPEN", "OPEN"], "households without a helper wait for one"


async def test_what_was_asked_becomes_a_case(town: Any) -> None:
    member = await town.admit(1)
    made = await link(town, await home(town, 0), member)
    [(category,)] = await town.fetch("select code from cases.category where code like '%.%' order by code limit 1")
    given = {"link": made["link"]["id"], "category": category, "title": "修门口路灯", "description": "路灯不亮。"}
    done = await town.resident(1).do("reportForHousehold", "case { number status }", **given)
    assert done["errors"] == [] and done["case"]["status"] == "REPORTED"
    other = await town.resident(0).do("reportForHousehold", "case { number }", **given)
    assert codes_of(other["errors"]) == ["FORBIDDEN"], "the household reports for itself"


async def test_wishes_are_seen_by_choice(town: Any) -> None:
    made = await town.resident().do("makeWish", "wish { id }", title="一副老花镜", text="看报用。")
    wish = made["wish"]["id"]
    hidden = await town.resident(1).do("claimWish", "wish { state }", wish=wish)
    assert codes_of(hidden["errors"]) == ["NOT_FOUND"]
    made = await town.resident().do("makeWish", "wish { id }", title="一副老花镜", text="看报用。", published=True)
    wish = made["wish"]["id"]
    assert codes_of((await town.resident().do("claimWish", "wish { state }", wish=wish))["errors"]) == [
        "BAD_USER_INPUT"
    ]
    seen = "query($id: ID!) { node(id: $id) { ... on Wish { title person { name } } } }"
    assert (await town.resident(1).ask(seen, id=wish)).data["node"] == {"title": "一副老花镜", "person": None}
    assert (await town.resident(1).do("claimWish", "wish { state }", wish=wish))["wish"] == {"state": "CLAIMED"}
    assert (await town.resident().do("endWish", "wish { state }", wish=wish, fulfilled=True))["wish"] == {
        "state": "FULFILLED"
    }


async def test_projects_only_go_forward(town: Any) -> None:
    asked = {"grid": TOWN, "title": "文化广场", "text": "建文化广场。", "dueOn": "2026-12-01"}
    made = await town.worker.do("startPublicProject", "project { id version }", **asked)
    given = {"project": made["project"]["id"], "note": "完成基础。"}
    done = await town.worker.do("advancePublicProject", "project { state }", **given, percent=60, expectedVersion=1)
    assert done["project"] == {"state": "UNDER_WAY"}
    back = await town.worker.do("advancePublicProject", "project { state }", **given, percent=50, expectedVersion=2)
    assert codes_of(back["errors"]) == ["BAD_USER_INPUT"]
    early = await town.resident().do("ratePublicProject", "project { id }", project=given["project"], score=5)
    assert codes_of(early["errors"]) == ["ILLEGAL_TRANSITION"]
    done = await town.worker.do("advancePublicProject", "project { state }", **given, percent=100, expectedVersion=2)
    assert done["project"] == {"state": "DONE"}
    rated = await town.resident().do(
        "ratePublicProject", "project { opinion { score } }", project=given["project"], score=5
    )
    assert rated == {"project": {"opinion": None}, "errors": []}


async def test_learning_counts_nobody(town: Any, plugins: Any) -> None:
    """国办函〔2026〕12号: nothing is kept of who learns, and there is no setting that could change it."""
    question = {"text": "陌生转账？", "options": ["照办", "核实"], "answer": 2, "explanation": "先核实。"}
    asked = {"grid": TOWN, "kind": "QUIZ", "topic": "反诈", "title": "自测", "text": "试一试。"}
    bad = await town.worker.do("publishLesson", "lesson { id }", **asked)
    assert codes_of(bad["errors"]) == ["BAD_USER_INPUT"]
    made = await town.worker.do("publishLesson", "lesson { id questions { text } }", **asked, questions=[question])
    assert made["lesson"]["questions"] == [{"text": "陌生转账？"}], "the answers are not given away"
    before = await town.fetch("select relname, n_live_tup from pg_stat_user_tables where schemaname='party'")
    done = await town.resident().do("checkQuiz", "answers { right answer }", lesson=made["lesson"]["id"], answers=[1])
    assert done["answers"] == [{"right": False, "answer": 2}]
    assert len(before) == len(await town.fetch("select from pg_stat_user_tables where schemaname='party'"))
    [(columns,)] = await town.fetch(
        "select count(*) from information_schema.columns where table_schema='party' and table_name='lesson' "
        "and column_name in ('person_id','score','seconds','views','account')"
    )
    assert columns == 0
    assert list(vars(plugins.manager.get_plugin("party")).get("settings", lambda: ())()) == []


async def test_digest_tells_what_happened(town: Any) -> None:
    town.server.clock.time = datetime(2026, 6, 1, tzinfo=UTC)
    planned = {"form": "PARTY_DAY", "audience": "PUBLIC", "title": "端午邻里节", "grid": TOWN, "place": "广场"}
    planned |= {"startsAt": "2026-06-18T09:00:00+08:00", "branch": town.branch}
    made = await town.secretary.do("arrangeActivity", "activity { id }", activity=planned)
    town.server.clock.time = datetime(2026, 6, 18, 1, tzinfo=UTC)
    await town.secretary.do(
        "markActivityAttendance", "participation { id }", activity=made["activity"]["id"], person=town.person()
    )
    asked = 'query($id: ID!) { node(id: $id) { ... on PartyBranch { digest(quarter: "2026Q2") } } }'
    content = (await town.secretary.ask(asked, id=town.branch)).data["node"]["digest"]
    document = docx.Document(io.BytesIO(b64decode(content)))
    assert "开展活动 1 次，到会 1 人次" in document.paragraphs[1].text
    assert [cell.text for cell in document.tables[0].rows[1].cells] == [
        "2026-06-18", "主题党日", "端午邻里节", "广场", "1",
    ]  # fmt: skip
    assert (await town.server.ask(asked, id=town.branch)).body["data"]["node"]["digest"] is None


async def test_volunteers_come_and_go(town: Any) -> None:
    asked = {"grid": TOWN, "name": "红袖章志愿队", "purpose": "夜间巡逻。", "leader": town.person(), "consent": True}
    silent = await town.worker.do("foundVolunteerGroup", "group { id }", **asked | {"consent": False})
    assert codes_of(silent["errors"]) == ["CONSENT_REQUIRED"]
    made = await town.worker.do("foundVolunteerGroup", "group { id leader size }", **asked)
    group = made["group"]["id"]
    assert made["group"]["leader"] and made["group"]["size"] is None, "few are not counted"
    for expected in ([], ["DUPLICATE"]):
        joined = await town.resident(1).do("joinVolunteerGroup", "group { id }", group=group)
        assert codes_of(joined["errors"]) == expected
    planned = {"form": "PATROL", "audience": "GRID", "title": "夜巡", "grid": TOWN, "place": "村口", "group": group}
    planned["startsAt"] = "2026-07-01T20:00:00+08:00"
    assert (await town.worker.do("arrangeActivity", "activity { id }", activity=planned))["errors"] == []
    seen = "query($id: ID!) { node(id: $id) { ... on VolunteerGroup { volunteers { totalCount } "
    seen += "activities { nodes { title group { name } } } } } }"
    counts = {
        name: (await caller.ask(seen, id=group)).data["node"]["volunteers"]["totalCount"]
        for name, caller in (("leader", town.resident()), ("member", town.resident(1)), ("neighbour", town.resident(2)),
                             ("worker", town.worker), ("stranger", town.server))
    }  # fmt: skip
    assert counts == {"leader": 2, "member": 1, "neighbour": 0, "worker": 2, "stranger": 0}
    shown = (await town.server.ask(seen, id=group)).data["node"]["activities"]["nodes"]
    assert shown == [{"title": "夜巡", "group": {"name": "红袖章志愿队"}}]
    assert (await town.resident(1).do("leaveVolunteerGroup", "group { id }", group=group))["errors"] == []
    left = await town.resident().do("leaveVolunteerGroup", "group { leader }", group=group)
    assert left == {"group": {"leader": None}, "errors": []}, "they agreed to be published as its leader"
    left_to_see = (await town.resident().ask(seen, id=group)).data["node"]["volunteers"]["totalCount"]
    assert left_to_see == 0, "others' names are for who leads"
