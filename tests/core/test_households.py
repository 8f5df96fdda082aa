"""Households' files over HTTP: who belongs to them, how they are served and why, who keeps in touch, who visited."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.testing import Server

pytestmark = pytest.mark.together

FILE = """household {
  id number address visitDueOn version grid { code } head { name } needs incomeBand helper { name line since }
  members { nodes { person { name } relation since until } }
  serviceTier { tier rule inputs reviewOn contestedAt reasons { rule holds text english } }
}"""
ID = "household { id }"


@pytest_asyncio.fixture(loop_scope="module")
async def grid(server: Server) -> str:
    """The code of a base grid with people in it."""
    asked = "{ households(first: 1) { nodes { grid { code } } } }"
    found = (await server.as_("administrator", grid="610921").ask(asked)).data
    return str(found["households"]["nodes"][0]["grid"]["code"])


@pytest.fixture
def worker(server: Server, grid: str) -> Server:
    return server.as_("grid_worker", grid=grid)


@pytest.fixture
def leader(server: Server, grid: str) -> Server:
    return server.as_("grid_leader", grid=grid)


@pytest_asyncio.fixture(loop_scope="module")
async def database(filled: str) -> Any:
    connection = await asyncpg.connect(filled)
    yield connection
    await connection.close()


async def content(database: Any) -> list[Any]:
    """All that is written about households, to compare."""
    tables = "household", "membership", "award", "tier", "liaison", "visit"
    return [
        await database.fetchval(f"select md5(string_agg(t::text, '' order by t.id)) from people.{table} t")
        for table in tables
    ]


async def done(caller: Server, mutation: str, selection: str, **given: Any) -> Any:
    """The object of a payload without errors."""
    answer = await caller.do(mutation, selection, **given)
    assert answer.pop("errors") == []
    return answer.popitem()[1]


async def refused(caller: Server, mutation: str, selection: str, **given: Any) -> list[tuple[str, list[str]]]:
    answer = await caller.do(mutation, selection, **given)
    return [(one["code"], one["path"]) for one in answer["errors"]]


async def register(worker: Server, grid: str, name: str) -> str:
    given = {"name": name, "residence": "RESIDENT", "grid": grid}
    return str((await done(worker, "registerPerson", "person { id }", **given))["id"])


class Home:
    """A household of two whose version is kept in step."""

    def __init__(self, caller: Server, file: Any, head: str, child: str) -> None:
        self.caller, self.file, self.head, self.child = caller, file, head, child

    @property
    def id(self) -> str:
        return str(self.file["id"])

    def given(self, **more: Any) -> dict[str, Any]:
        return {"household": self.id, "expectedVersion": self.file["version"], **more}

    async def do(self, mutation: str, caller: Server | None = None, **more: Any) -> Any:
        """Carry a mutation out and keep the file as it is then."""
        self.file = await done(caller or self.caller, mutation, FILE, **self.given(**more))
        return self.file

    async def look(self, caller: Server | None = None) -> Any:
        return await seen(caller or self.caller, self.file["number"], FILE[10:])


async def seen(caller: Server, number: str, selection: str) -> Any:
    """The household with this number, as the caller may see it."""
    asked = f"query($number: String!) {{ household(number: $number) {selection} }}"
    return (await caller.ask(asked, number=number)).data["household"]


def resident(server: Server, person: str) -> Server:
    return server.as_("resident", person=person.partition(":")[2])


@pytest_asyncio.fixture(loop_scope="module")
async def home(worker: Server, grid: str) -> Home:
    head, child = await register(worker, grid, "测试甲"), await register(worker, grid, "测试乙")
    file = await done(worker, "registerHousehold", FILE, address="甲村一组 1 号", grid=grid, head=head)
    made = Home(worker, file, head, child)
    await made.do("addMember", person=child, relation="CHILD")
    return made


# --- the file ---


async def test_new_household_decided(home: Home, grid: str) -> None:
    file = home.file
    assert (file["address"], file["grid"], file["head"]) == ("甲村一组 1 号", {"code": grid}, {"name": "测试甲"})
    assert [(one["person"]["name"], one["relation"], one["since"]) for one in file["members"]["nodes"]] == [
        ("测试甲", "HEAD", "2026-06-30"),
        ("测试乙", "CHILD", "2026-06-30"),
    ]
    tier = file["serviceTier"]
    assert (tier["tier"], tier["rule"], tier["reviewOn"]) == ("UNCLASSIFIED", "service-tier/1", "2027-06-30")
    assert [reason["holds"] for reason in tier["reasons"]] == [False, False, False, True]
    assert file["visitDueOn"] is None


async def test_numbers_count_up(worker: Server, grid: str, database: Any) -> None:
    """Households registered at the same moment get the next numbers of the village, none twice, none left out."""
    village = grid.partition("-")[0]
    numbers = "select max(right(number, 5)::int) from people.household where number like $1 || '-_____'"
    last = await database.fetchval(numbers, village)
    given = {"address": "甲村", "grid": grid}
    made = await asyncio.gather(*(done(worker, "registerHousehold", "household { number }", **given) for _ in range(4)))
    assert sorted(one["number"] for one in made) == [f"{village}-{last + more:05}" for more in range(1, 5)]


async def test_own_number_kept(worker: Server, grid: str, database: Any) -> None:
    made = await done(worker, "registerHousehold", "household { number }", address="甲村", grid=grid, number=" 甲-7 ")
    assert made["number"] == "甲-7"
    before = await content(database)
    given = {"address": "乙村", "grid": grid, "number": "甲-7"}
    assert await refused(worker, "registerHousehold", ID, **given) == [("DUPLICATE", ["number"])]
    wrong = {"address": "", "grid": grid, "number": "7" * 41}
    expected = [("BAD_USER_INPUT", ["address"]), ("BAD_USER_INPUT", ["number"])]
    assert await refused(worker, "registerHousehold", ID, **wrong) == expected
    assert await content(database) == before


async def test_head_must_be_free(worker: Server, grid: str, home: Home, database: Any) -> None:
    """A refusal late in the command takes the whole household back."""
    before = await content(database)
    given = {"address": "乙村", "grid": grid, "head": home.child}
    assert await refused(worker, "registerHousehold", ID, **given) == [("DUPLICATE", ["head"])]
    given["head"] = home.id
    assert await refused(worker, "registerHousehold", ID, **given) == [("NOT_FOUND", ["head"])]
    assert await content(database) == before


async def test_head_succeeds_head(home: Home) -> None:
    """The child becomes the head, so the head becomes a parent."""
    file = await home.do("updateHousehold", head=home.child, address="甲村一组 2 号")
    assert (file["head"], file["address"]) == ({"name": "测试乙"}, "甲村一组 2 号")
    relations = {one["person"]["name"]: one["relation"] for one in file["members"]["nodes"]}
    assert relations == {"测试乙": "HEAD", "测试甲": "PARENT"}


async def test_members_leave(home: Home, database: Any) -> None:
    before = await content(database)
    assert await refused(home.caller, "removeMember", ID, **home.given(person=home.head)) == [
        ("BAD_USER_INPUT", ["person"])
    ]
    early = home.given(person=home.child, until="2026-06-29")
    assert await refused(home.caller, "removeMember", ID, **early) == [("BAD_USER_INPUT", ["until"])]
    late = home.given(person=home.child, until="2026-07-01")
    assert await refused(home.caller, "removeMember", ID, **late) == [("BAD_USER_INPUT", ["until"])]
    assert await content(database) == before
    file = await home.do("removeMember", person=home.child)
    assert [one["person"]["name"] for one in file["members"]["nodes"]] == ["测试甲"]
    assert await database.fetchval("select count(*) from people.membership where until = '2026-06-30'") == 1
    gone = home.given(person=home.child)
    assert await refused(home.caller, "removeMember", ID, **gone) == [("NOT_FOUND", ["person"])]
    file = await home.do("removeMember", person=home.head)
    assert (file["head"], file["members"]["nodes"]) == (None, [])
    file = await home.do("addMember", person=home.child, relation="HEAD")
    assert file["head"] == {"name": "测试乙"}


async def test_one_household_each(home: Home, worker: Server, grid: str) -> None:
    other = await done(worker, "registerHousehold", FILE, address="乙村", grid=grid)
    given = {"household": other["id"], "expectedVersion": 1, "person": home.child, "relation": "OTHER"}
    assert await refused(worker, "addMember", ID, **given) == [("DUPLICATE", ["person"])]
    stranger = await register(worker, grid, "测试丙")
    second = home.given(person=stranger, relation="HEAD")
    assert await refused(worker, "addMember", ID, **second) == [("BAD_USER_INPUT", ["relation"])]
    early = home.given(person=stranger, relation="OTHER", since="2026-07-01")
    assert await refused(worker, "addMember", ID, **early) == [("BAD_USER_INPUT", ["since"])]


async def test_stale_and_strange_refused(home: Home, server: Server, database: Any) -> None:
    """Each command on a household takes the version that was seen, from those who may."""
    before, old = await content(database), {"household": home.id, "expectedVersion": 1}
    inputs: dict[str, dict[str, Any]] = {
        "updateHousehold": {"address": "乙村"},
        "addMember": {"person": home.child, "relation": "OTHER"},
        "removeMember": {"person": home.child},
        "declareNeeds": {"needs": ["VISIT"]},
        "confirmIncome": {"band": "ABOVE_MEAN", "confirmedOn": "2026-06-01", "consent": True},
        "grantAward": {"kind": "PEACEFUL_FAMILY", "year": 2025},
    }
    for mutation, more in inputs.items():
        assert await refused(home.caller, mutation, ID, **old, **more) == [("STALE_VERSION", ["expectedVersion"])]
        elsewhere = server.as_("grid_leader", grid=await far(server, home))
        assert await refused(elsewhere, mutation, ID, **home.given(**more)) == [("NOT_FOUND", ["household"])]
    assert await content(database) == before


async def far(server: Server, home: Home) -> str:
    """A town the household does not lie in."""
    asked = "{ grids(first: 1, filter: { kind: { equals: TOWN } }, orderBy: CODE_DESC) { nodes { code } } }"
    code = str((await server.ask(asked)).data["grids"]["nodes"][0]["code"])
    assert not home.file["grid"]["code"].startswith(code)
    return code


# --- how it is served ---


async def test_declared_needs_decide(home: Home, server: Server) -> None:
    """A member declares, the household is given a helper and visits; taking it back undoes that."""
    file = await home.do("declareNeeds", resident(server, home.child), needs=["TRANSPORT", "VISIT", "VISIT"])
    assert file["needs"] == ["TRANSPORT", "VISIT"]
    assert file["serviceTier"]["tier"] == "LIANXIN"
    assert file["serviceTier"]["inputs"] == {
        "day": "2026-06-30",
        "needs": ["TRANSPORT", "VISIT"],
        "incomeBand": "UNKNOWN",
        "peacefulFamily": [],
    }
    [reason] = file["serviceTier"]["reasons"]
    assert reason["rule"] == "service-tier/1/lianxin" and reason["text"].endswith("2 项：符合")
    assert reason["english"].endswith("2: holds")
    assert file["visitDueOn"] == "2026-07-30"
    file = await home.do("declareNeeds", needs=[])
    assert (file["serviceTier"]["tier"], file["visitDueOn"]) == ("UNCLASSIFIED", None)


async def test_needs_are_private(home: Home, server: Server) -> None:
    """A dispatcher sees the tier; what it follows from is for the household, its helper and its grid's workers."""
    await home.do("declareNeeds", needs=["VISIT"])
    dispatcher = server.as_("county_dispatcher", grid="610921")
    theirs = await home.look(dispatcher)
    assert theirs["serviceTier"]["tier"] == "LIANXIN"
    assert (theirs["needs"], theirs["incomeBand"]) == (None, None)
    assert (theirs["serviceTier"]["inputs"], theirs["serviceTier"]["reasons"]) == (None, None)
    own = await home.look(resident(server, home.head))
    assert own["needs"] == ["VISIT"] and own["serviceTier"]["reasons"]
    given = home.given(needs=["TRANSPORT"])
    assert await refused(dispatcher, "declareNeeds", ID, **given) == [("FORBIDDEN", ["household"])]


async def test_income_needs_consent(home: Home, server: Server, database: Any) -> None:
    before = await content(database)
    given = home.given(band="BELOW_MEAN", confirmedOn="2026-06-01", consent=False)
    assert await refused(home.caller, "confirmIncome", ID, **given) == [("CONSENT_REQUIRED", ["consent"])]
    given |= {"consent": True, "confirmedOn": "2026-07-01"}
    assert await refused(home.caller, "confirmIncome", ID, **given) == [("BAD_USER_INPUT", ["confirmedOn"])]
    given["confirmedOn"] = "2026-06-01"
    query = "mutation($i: ConfirmIncomeInput!) { confirmIncome(input: $i) { errors { code } } }"
    for other in ("county_dispatcher", "administrator"):
        answer = await server.as_(other, grid="610921").ask(query, i={"idempotencyKey": "k", **given})
        assert answer.codes == ["FORBIDDEN"]
    assert await content(database) == before
    file = await home.do("confirmIncome", band="BELOW_MEAN", confirmedOn="2026-06-01", consent=True)
    assert (file["incomeBand"], file["serviceTier"]["tier"]) == ("BELOW_MEAN", "GUANXIN")
    assert file["visitDueOn"] == "2026-09-30"
    file = await home.do("confirmIncome", band="UNKNOWN", confirmedOn="2026-06-30", consent=False)
    assert (file["incomeBand"], file["serviceTier"]["tier"], file["visitDueOn"]) == ("UNKNOWN", "UNCLASSIFIED", None)


async def test_awards_decide(home: Home, database: Any) -> None:
    await home.do("confirmIncome", band="ABOVE_MEAN", confirmedOn="2026-06-01", consent=True)
    tiers = [
        (await home.do("grantAward", kind="PEACEFUL_FAMILY", year=year))["serviceTier"]["tier"]
        for year in (2023, 2024, 2025)
    ]
    assert tiers == ["UNCLASSIFIED", "UNCLASSIFIED", "FANGXIN"]
    before = await content(database)
    for wrong, code, path in (
        ({"year": 2025}, "DUPLICATE", ["year"]),
        ({"year": 2027}, "BAD_USER_INPUT", ["year"]),
        ({"year": 12}, "BAD_USER_INPUT", ["year"]),
        ({"kind": "平安家庭"}, "BAD_USER_INPUT", ["kind"]),
    ):
        given = home.given(**{"kind": "PEACEFUL_FAMILY", "year": 2022, **wrong})
        assert await refused(home.caller, "grantAward", ID, **given) == [(code, path)]
    assert await content(database) == before
    decisions, key = "select count(*) from people.tier where household_id = $1::text::uuid", home.id.partition(":")[2]
    assert await database.fetchval(decisions, key) == 5
    await home.do("grantAward", kind="FILIAL_PIETY", year=2025)
    assert await database.fetchval(decisions, key) == 5


async def test_anybody_at_home_contests(home: Home, server: Server) -> None:
    """No reason is needed, none is judged, and the first objection's time stays."""
    selection = "decision { tier contestedAt contestReason household { number } }"
    own = resident(server, home.child)
    made = await done(own, "contestServiceTier", selection, household=home.id)
    assert made == {
        "tier": "UNCLASSIFIED",
        "contestedAt": "2026-06-30T02:00:00+00:00",
        "contestReason": None,
        "household": {"number": home.file["number"]},
    }
    server.clock.move(hours=1)
    words = "维稳？我不同意！<script>"
    made = await done(home.caller, "contestServiceTier", selection, household=home.id, reason=words)
    assert (made["contestedAt"], made["contestReason"]) == ("2026-06-30T02:00:00+00:00", words)
    dispatcher = server.as_("county_dispatcher", grid="610921")
    payload = "decision { id }"
    assert await refused(dispatcher, "contestServiceTier", payload, household=home.id) == [("FORBIDDEN", ["household"])]
    file = await home.do("declareNeeds", needs=["VISIT"])
    assert file["serviceTier"]["contestedAt"] is None


async def test_contest_without_decision(home: Home, database: Any) -> None:
    """A household that came with an import has none; there is one to contest then."""
    await database.execute("delete from people.tier where household_id = $1::text::uuid", home.id.partition(":")[2])
    made = await done(home.caller, "contestServiceTier", "decision { tier contestedAt }", household=home.id)
    assert made["tier"] == "UNCLASSIFIED" and made["contestedAt"]


# --- who keeps in touch ---

LIAISON = "liaison { id name line since until } household { version helper { name } }"


async def test_helper_follows_helper(home: Home, worker: Server, leader: Server, grid: str, server: Server) -> None:
    first, second = await register(worker, grid, "测试丙"), await register(worker, grid, "测试丁")
    given = {"line": "PARTY_MEMBER", "consent": True}
    made = await leader.do("assignHelper", LIAISON, **home.given(person=first, **given))
    assert made["errors"] == []
    assert made["liaison"]["name"] == "测试丙" and made["household"]["helper"] == {"name": "测试丙"}
    version = made["household"]["version"]
    assert version == home.file["version"] + 1
    again = {"household": home.id, "expectedVersion": version, "person": second, **given}
    made = await leader.do("assignHelper", LIAISON, **again)
    assert made["household"]["helper"] == {"name": "测试丁"}
    number = home.file["number"]
    assert await seen(resident(server, second), number, "{ needs }") == {"needs": []}
    assert await seen(resident(server, first), number, "{ needs }") is None
    ended = await resident(server, home.head).do("endLiaison", LIAISON, liaison=made["liaison"]["id"])
    assert ended["errors"] == []
    assert (ended["liaison"]["until"], ended["household"]["helper"]) == ("2026-06-30", None)
    twice = await refused(leader, "endLiaison", LIAISON, liaison=made["liaison"]["id"])
    assert twice == [("ILLEGAL_TRANSITION", ["liaison"])]


async def test_helper_with_consent(home: Home, worker: Server, leader: Server, grid: str, database: Any) -> None:
    helper, before = await register(worker, grid, "测试丙"), await content(database)
    given = home.given(person=helper, line="DEPUTY", consent=True)
    for wrong, code, path in (
        ({"consent": False}, "CONSENT_REQUIRED", ["consent"]),
        ({"person": home.child}, "BAD_USER_INPUT", ["person"]),
        ({"person": "Person:nobody"}, "NOT_FOUND", ["person"]),
        ({"expectedVersion": 1}, "STALE_VERSION", ["expectedVersion"]),
    ):
        assert await refused(leader, "assignHelper", LIAISON, **{**given, **wrong}) == [(code, path)]
    assert await content(database) == before


NAMES = "{ headName head { name } members { nodes { name personId person { name birthDate phone } relation } } }"


@pytest.mark.parametrize("line", ["PARTY_MEMBER", "DEPUTY", "CENTER_HOUSEHOLD"])
async def test_helper_knows_the_names(
    home: Home, worker: Server, leader: Server, grid: str, server: Server, database: Any, line: str
) -> None:
    """By each line the helper has the names of the household and reports for its members, and sees no file of theirs.

    It ends with the office, and does not hold for whoever had their data restricted.
    """
    person = await register(worker, grid, "测试丙")
    helper, number = resident(server, person), home.file["number"]
    matter = {"kind": "HELP", "channel": "WEB", "category": "other", "title": "看病", "description": "想请人陪同就诊"}
    asked, made = {**matter, "requester": home.child}, "case { number grid { code } requester { name } }"
    assert await refused(helper, "reportCase", made, **asked) == [("NOT_FOUND", ["requester"])]
    given = home.given(person=person, line=line, consent=True)
    liaison = (await done(leader, "assignHelper", "liaison { id }", **given))["id"]
    found = await seen(helper, number, NAMES)
    assert (found["headName"], found["head"]) == ("测试甲", None)
    listed = sorted((one["name"], one["personId"], one["person"]) for one in found["members"]["nodes"])
    assert listed == sorted([("测试甲", home.head, None), ("测试乙", home.child, None)])
    looked = "{ me { accessLog { nodes { kind fields } } } }"
    look, *_ = (await resident(server, home.child).ask(looked)).data["me"]["accessLog"]["nodes"]
    assert look["kind"] == "READ" and "Household.headName" in look["fields"]
    assert (await helper.ask(f'{{ person(id: "{home.child}") {{ name }} }}')).data["person"] is None
    case = await done(helper, "reportCase", made, **asked)
    assert (case["grid"]["code"], case["requester"]) == (grid, None)
    told = "{ case(number: $n) { requester { name } } }"
    own = await resident(server, home.child).ask(f"query($n: String!) {told}", n=case["number"])
    assert own.data["case"]["requester"] == {"name": "测试乙"}
    change = {"reportCase": {**asked, "idempotencyKey": f"offline {line}"}}
    entry = {"clientId": "one", "occurredAt": "2026-06-30T08:00:00+08:00", "change": change}
    assert [one["state"] for one in await done(helper, "sync", "results { state }", entries=[entry])] == ["APPLIED"]
    await database.execute("update people.person set restricted_at=now() where id=$1", home.child.partition(":")[2])
    names = {one["name"] for one in (await seen(helper, number, NAMES))["members"]["nodes"]}
    assert names == {"测试甲", None}
    assert await refused(helper, "reportCase", made, **asked) == [("NOT_FOUND", ["requester"])]
    await done(leader, "endLiaison", "liaison { id }", liaison=liaison)
    asked["requester"] = home.head
    assert await refused(helper, "reportCase", made, **asked) == [("NOT_FOUND", ["requester"])]


# --- who visited ---

VISIT = "visit { at note household { visitDueOn } visitor { name } grid { code } }"


async def test_visit_sets_next(home: Home, grid: str) -> None:
    await home.do("declareNeeds", needs=["VISIT"])
    given = {"household": home.id, "note": " 家中平安 "}
    made = await done(home.caller, "recordVisit", VISIT, at="2026-06-29T09:30:00+08:00", **given)
    assert made == {
        "at": "2026-06-29T01:30:00+00:00",
        "note": "家中平安",
        "household": {"visitDueOn": "2026-07-29"},
        "visitor": None,
        "grid": {"code": grid},
    }
    made = await done(home.caller, "recordVisit", VISIT, at="2026-05-02T00:00:00+08:00", **given)
    assert made["household"] == {"visitDueOn": "2026-07-29"}
    file = await home.do("confirmIncome", band="BELOW_MEAN", confirmedOn="2026-06-01", consent=True)
    assert file["visitDueOn"] == "2026-07-29"
    file = await home.do("declareNeeds", needs=[])
    assert (file["serviceTier"]["tier"], file["visitDueOn"]) == ("GUANXIN", "2026-07-29")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"at": "2026-06-30T10:06:00+08:00"}, ["at"]),
        ({"at": "2026-06-30T09:00:00"}, ["at"]),
        ({"at": "2016-01-01T09:00:00+08:00"}, ["at"]),
        ({"note": " "}, ["note"]),
        ({"note": "长" * 2001}, ["note"]),
    ],
)
@pytest.mark.alone
async def test_bad_visit_refused(home: Home, database: Any, given: dict[str, Any], path: list[str]) -> None:
    before = await content(database)
    usual = {"household": home.id, "note": "家中平安", "at": "2026-06-30T09:00:00+08:00"}
    assert await refused(home.caller, "recordVisit", VISIT, **{**usual, **given}) == [("BAD_USER_INPUT", path)]
    assert await content(database) == before


@pytest.mark.alone
async def test_clocks_run_ahead(home: Home) -> None:
    """A phone's clock may be a little fast; the visit is not kept in the future."""
    given = {"household": home.id, "note": "家中平安", "at": "2026-06-30T10:04:00+08:00"}
    made = await done(home.caller, "recordVisit", VISIT, **given)
    assert made["at"] == "2026-06-30T02:00:00+00:00"


async def test_helper_records_visit(home: Home, worker: Server, leader: Server, grid: str, server: Server) -> None:
    person = await register(worker, grid, "测试丙")
    given = {"household": home.id, "note": "家中平安", "at": "2026-06-30T09:00:00+08:00"}
    helper, payload = resident(server, person), "visit { id note }"
    assert await refused(helper, "recordVisit", payload, **given) == [("NOT_FOUND", ["household"])]
    consent = {"line": "CENTER_HOUSEHOLD", "consent": True}
    await leader.do("assignHelper", LIAISON, **home.given(person=person, **consent))
    made = await helper.do("recordVisit", payload, **given)
    assert made["errors"] == []
    assert made["visit"]["note"] == "家中平安"
    own = resident(server, home.head)
    assert await refused(own, "recordVisit", payload, **given) == [("FORBIDDEN", ["household"])]
    given["household"] = made["visit"]["id"]
    assert await refused(helper, "recordVisit", payload, **given) == [("NOT_FOUND", ["household"])]
