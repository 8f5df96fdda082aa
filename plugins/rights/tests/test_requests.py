"""What people ask about their data, over HTTP: a copy, a correction, restriction, deletion, and what a refusal says."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from gongzhi_rights.subject_access import FRESH, issue_ticket, read_ticket
from gongzhi_server.storage import retention
from gongzhi_server.testing import ESSENTIAL, TODAY
from hypothesis import given
from hypothesis import strategies as st

from .conftest import COUNTY, MARKERS, Family, expect_success, key, refusal_codes

REQUEST = "request { id kind state version dueAt text grounds remedy download }"
MATTER = {"kind": "HELP", "channel": "MINI_APP", "category": "utilities.electricity"}
SOUGHT = '{ person(id: "%s") { name restrictedAt } people(filter: { name: { equals: "%s" } }) { totalCount } }'
EVERY_TABLE = """
select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema', 'public')
order by 1
"""


async def lived(family: Family, connection: Any) -> None:
    """Something in every table that can hold something about the elder."""
    caller, worker, officer = family.of(family.elder), family.staff("grid_worker"), family.officer
    places = {"title": MARKERS["title"], "description": MARKERS["description"], "address": MARKERS["address"]}
    spot = {"longitude": 108.51234, "latitude": 32.89876, "crs": "WGS84"}
    case = await expect_success(caller, "reportCase", "case { number version }", **MATTER, **places, place=spot)
    accepted = {"number": case["number"], "expectedVersion": 1, "note": MARKERS["note"]}
    await expect_success(
        family.server.as_("county_dispatcher", grid=COUNTY), "acceptCase", "case { number }", **accepted
    )
    elder = key(family.elder)
    await connection.execute(
        "update cases.case set reply=$2, rating_comment=$3 where requester_id=$1", elder, *[MARKERS["comment"]] * 2
    )
    visit = {"household": family.household, "at": "2026-06-30T09:00:00+08:00", "note": MARKERS["note"]}
    await expect_success(worker, "recordVisit", "visit { id }", **visit)
    version = await connection.fetchval("select version from people.household where head_id=$1", elder)
    needs = {"household": family.household, "expectedVersion": version, "needs": ["VISIT"]}
    await expect_success(caller, "declareNeeds", "household { id }", **needs)
    await expect_success(
        caller, "contestServiceTier", "review { id }", household=family.household, reason=MARKERS["reason"]
    )
    await expect_success(caller, "giveConsent", "consent { id }", purpose="people.income_band", noticeVersion=1)
    asked = await expect_success(caller, "requestCorrection", REQUEST, text=MARKERS["asked"])
    answer = {"request": asked["id"], "expectedVersion": 1, "grant": False, "grounds": MARKERS["grounds"]}
    await expect_success(officer, "decideDataRequest", REQUEST, **answer)
    await connection.execute(
        "insert into rights.release (id, grid_id, person_id, recipient, purpose, kinds, claims, given_at, expires_at, "
        "account) select gen_random_uuid(), grid_id, id, 'bank', 'loan', '{X}', jsonb_build_array($2::text), now(), "
        "now() + interval '1 day', 'x' from people.person where id=$1",
        elder,
        MARKERS["comment"],
    )
    await connection.execute(
        "insert into rights.decision (id, grid_id, person_id, rule, inputs, contributions, outcome, adverse, at) "
        "select gen_random_uuid(), grid_id, id, 'x/1', jsonb_build_array($2::text), '[]', 'X', false, now() "
        "from people.person where id=$1",
        elder,
        MARKERS["comment"],
    )


async def traces(connection: Any) -> dict[str, list[str]]:
    """The markers that are found in any row of any table, as text: columns, arrays, jsonb and all."""
    found: dict[str, list[str]] = {}
    for [table] in await connection.fetch(EVERY_TABLE):
        for name, marker in MARKERS.items():
            if await connection.fetchval(f"select count(*) from {table} t where position($1 in t::text) > 0", marker):
                found.setdefault(name, []).append(table)
    return found


async def test_copy_is_whole(family: Family, connection: Any) -> None:
    await lived(family, connection)
    elder = family.of(family.elder)
    request = await expect_success(elder, "requestExport", REQUEST)
    assert (request["kind"], request["state"]) == ("EXPORT", "GRANTED")
    reply = await elder.client.get(request["download"])  # the link is the right: no token is sent
    assert reply.status_code == 200 and "attachment" in reply.headers["content-disposition"]
    assert reply.headers["cache-control"] == "no-store"
    body = reply.json()
    [person], [phone] = body["tables"]["people.person"]["rows"], body["tables"]["people.phone"]["rows"]
    assert (person["name"], person["resident_id"]) == (MARKERS["name"], MARKERS["number"])
    assert phone["value"] == MARKERS["phone"] and "blind" not in phone
    assert body["tables"]["cases.case"]["rows"][0]["title"] == MARKERS["title"]
    assert [name for name, marker in MARKERS.items() if marker not in reply.text] == []
    assert "data_key" not in reply.text and body["tables"]["people.person"]["what"]["zh"]
    household = await connection.fetchval("select number from people.household where head_id=$1", person["id"])
    assert body["tables"]["people.household"]["rows"][0]["number"] == household
    # nobody else is given the link, and it is over soon
    seen = "{ dataRequests { nodes { kind download } } }"
    nodes = (await family.officer.ask(seen)).data["dataRequests"]["nodes"]
    assert {"kind": "EXPORT", "download": None} in nodes and all(one["download"] is None for one in nodes)
    family.server.clock.move(seconds=FRESH.total_seconds() + 1)
    assert (await elder.client.get(request["download"])).status_code == 404
    assert (await elder.client.get("/exports/nonsense")).status_code == 404


async def test_refusal_says_grounds_and_remedy(family: Family) -> None:
    elder, officer = family.of(family.elder), family.officer
    asked = await expect_success(elder, "requestCorrection", REQUEST, text="我的名字写错了")
    assert (asked["dueAt"][:10], asked["remedy"]) == ("2026-07-15", None)
    assert (await expect_success(elder, "requestCorrection", REQUEST, text="再说一次"))["id"] == asked["id"]
    answer = {"request": asked["id"], "expectedVersion": 1, "grant": False}
    assert await refusal_codes(officer, "decideDataRequest", REQUEST, **answer) == [("BAD_USER_INPUT", ["grounds"])]
    stale = {**answer, "expectedVersion": 3, "grounds": "证件一致"}
    assert await refusal_codes(officer, "decideDataRequest", REQUEST, **stale) == [
        ("STALE_VERSION", ["expectedVersion"])
    ]
    told = await expect_success(officer, "decideDataRequest", REQUEST, **answer, grounds="证件一致")
    assert told["state"] == "REFUSED" and "art. 50" in told["remedy"] and told["grounds"] == "证件一致"
    for caller in (family.staff("grid_worker"), elder):
        assert (await caller.ask("{ dataRequests { totalCount } }")).codes == ["FORBIDDEN"]
    elsewhere = family.server.as_("data_protection_officer", grid="610921101")
    assert (await elsewhere.ask("{ dataRequests { totalCount } }")).data["dataRequests"]["totalCount"] == 0
    inbox = (await elder.ask("{ me { notices(first: 5) { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert inbox == [{"kind": "data_request.answered"}]
    office = (await officer.ask("{ me { notices(first: 5) { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert {"kind": "data_request.asked"} in office
    again = await expect_success(elder, "requestDeletion", REQUEST)
    assert (await expect_success(elder, "withdrawDataRequest", REQUEST, request=again["id"]))["state"] == "WITHDRAWN"


async def test_restricted_is_unseen(family: Family) -> None:
    elder, officer, worker = family.of(family.elder), family.officer, family.staff("grid_worker")
    asked = SOUGHT % (family.elder, MARKERS["name"])
    assert (await worker.ask(asked)).data == {
        "person": {"name": MARKERS["name"], "restrictedAt": None},
        "people": {"totalCount": 1},
    }
    request = await expect_success(elder, "requestRestriction", REQUEST)
    answer = {"request": request["id"], "expectedVersion": 1, "grant": True}
    await expect_success(officer, "decideDataRequest", REQUEST, **answer)
    for caller in (worker, family.server.as_("administrator"), family.server.as_("auditor", grid=COUNTY)):
        assert (await caller.ask(asked)).data == {"person": None, "people": {"totalCount": 0}}
    head = f'{{ node(id: "{family.household}") {{ ... on Household {{ head {{ name }} }} }} }}'
    assert (await worker.ask(head)).data == {"node": {"head": None}}
    for caller in (elder, officer):
        assert (await caller.ask(asked)).data["person"]["name"] == MARKERS["name"]
    update = {"person": family.elder, "expectedVersion": 1, "name": "改名"}
    assert await refusal_codes(worker, "updatePerson", "person { id }", **update) == [("NOT_FOUND", ["person"])]
    assert (await elder.do("liftRestriction", ""))["errors"] == []
    assert (await worker.ask(asked)).data["person"]["name"] == MARKERS["name"]


async def test_deletion_leaves_no_trace(family: Family, connection: Any) -> None:
    await lived(family, connection)
    elder = key(family.elder)
    before = await traces(connection)
    assert set(before) == set(MARKERS) - {"phone", "number"}, "the markers are found where they are"
    sealed = await connection.fetchval("select data_key is not null from people.person where id=$1", elder)
    assert sealed
    caller, officer = family.of(family.elder), family.officer
    link = (await expect_success(caller, "requestExport", REQUEST))["download"]
    request = await expect_success(caller, "requestDeletion", REQUEST, text=MARKERS["asked"])
    answer = {"request": request["id"], "expectedVersion": 1, "grant": True, "grounds": MARKERS["grounds"]}
    granted = await expect_success(officer, "decideDataRequest", REQUEST, **answer)
    assert (granted["state"], granted["text"], granted["grounds"]) == ("GRANTED", None, None)
    assert await traces(connection) == {}
    row = await connection.fetchrow("select * from people.person where id=$1", elder)
    assert row["erased_at"] and row["restricted_at"] and row["name"] == "—"
    empty = ("data_key", "resident_id_sealed", "resident_id_mask", "resident_id_blind", "birth_date")
    assert [name for name in empty if row[name] is not None] == []
    assert await connection.fetchval("select count(*) from people.phone where person_id=$1", elder) == 0
    # the case stays as a fact
    case = await connection.fetchrow("select * from cases.case where requester_id=$1", elder)
    assert case["status"] == "ACCEPTED" and case["longitude"] is None
    assert await connection.fetchval("select count(*) from cases.event where case_id=$1", case["id"]) == 2
    head = await connection.fetchval("select head_id from people.household where id=$1", key(family.household))
    assert head is None
    worker = family.staff("grid_worker")
    assert (await worker.ask(f'{{ person(id: "{family.elder}") {{ name }} }}')).data == {"person": None}
    copy = (await caller.client.get(link)).text
    assert [name for name, marker in MARKERS.items() if marker in copy] == []
    assert await refusal_codes(caller, "requestExport", REQUEST) == [("NOT_FOUND", ["person"])]


def household(family: Family) -> str:
    return family.household.partition(":")[2]


async def test_others_at_home_keep_theirs(family: Family, connection: Any) -> None:
    """A member who goes takes along what is theirs; the household of those who stay is as it was."""
    version = await connection.fetchval("select version from people.household where id=$1", key(family.household))
    joined = {"household": family.household, "expectedVersion": version, "person": family.mother, "relation": "CHILD"}
    await expect_success(family.staff("grid_worker"), "addMember", "household { id }", **joined)
    request = await expect_success(family.of(family.elder), "requestDeletion", REQUEST)
    answer = {"request": request["id"], "expectedVersion": 1, "grant": True}
    await expect_success(family.officer, "decideDataRequest", REQUEST, **answer)
    home = await connection.fetchrow("select address, head_id from people.household where id=$1", key(family.household))
    assert tuple(home) == (MARKERS["address"], None)
    reasons = "select count(*) from people.tier where household_id=$1 and reasons <> '[]'"
    assert await connection.fetchval(reasons, key(family.household)) == 1


async def test_retention_runs(family: Family, connection: Any, database: str) -> None:
    """What is past its time goes, in numbers first; a second run finds nothing."""
    await lived(family, connection)
    holdings, elder = ESSENTIAL.registers.holdings, key(family.elder)
    closed = "update cases.case set status='CLOSED', closed_at='2021-06-01' where requester_id=$1"
    await connection.execute(closed, elder)
    await connection.execute("update people.visit set at='2023-05-01' where note=$1", MARKERS["note"])
    await connection.execute("update people.person set died_on='2022-01-01' where id=$1", key(family.mother))
    old = await retention.run_retention(database, holdings, TODAY, dry_run=True)
    assert old["people.person"] == 1 and old["cases.case"] >= 1 and old["people.visit"] >= 1
    assert await connection.fetchval("select name from people.person where id=$1", key(family.mother)) == "测试母"
    done_ = await retention.run_retention(database, holdings, TODAY)
    assert done_ == old
    assert await retention.run_retention(database, holdings, TODAY, dry_run=True) == {}
    title = await connection.fetchval("select title from cases.case where requester_id=$1", elder)
    assert title == "—"
    assert await connection.fetchval("select name from people.person where id=$1", elder) == MARKERS["name"]
    dead = "select name, erased_at, died_on from people.person where id=$1"
    gone = await connection.fetchrow(dead, key(family.mother))
    assert tuple(gone) == ("—", TODAY, None)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 47), st.integers(1, 255))
def test_links_cannot_be_made(secret: bytes, place: int, change: int) -> None:
    """A link of another secret, a changed link, and a link that is over all lead nowhere."""
    import base64

    request = uuid4()
    text = issue_ticket(secret, request, TODAY + FRESH)
    assert read_ticket(secret, text, TODAY) == request
    assert read_ticket(secret + b"x", text, TODAY) is None and read_ticket(secret, text, TODAY + 2 * FRESH) is None
    raw = bytearray(base64.urlsafe_b64decode(text + "=="[: -len(text) % 4]))
    raw[place % len(raw)] ^= change
    assert read_ticket(secret, base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="), TODAY) is None


@pytest.mark.parametrize("text", ["", "x", "====", "é", "A" * 500])
def test_bad_links_lead_nowhere(text: str) -> None:
    assert read_ticket(b"secret", text, TODAY) is None


async def test_a_look_is_contested(family: Family) -> None:
    """By whose file it was alone, each look by itself; whoever watches over personal data says what they found."""
    elder, worker = family.of(family.elder), family.staff("grid_worker")
    for purpose in ("走访前联系", "核对号码"):
        await worker.do("reveal", "values { id }", ids=[family.elder], fields=["phone"], purpose=purpose)
    logged = "{ me { accessLog(first: 9) { nodes { id purpose } } } }"
    looks = {one["purpose"]: one["id"] for one in (await elder.ask(logged)).data["me"]["accessLog"]["nodes"]}
    shown = "request { id kind version text look { purpose reader { role } } }"
    given = {"look": looks["走访前联系"], "text": "当天没有人来走访"}
    for caller in (family.of(family.mother), worker, family.server):
        assert await refusal_codes(caller, "contestLook", shown, **given) == [("NOT_FOUND", ["look"])]
    assert await refusal_codes(elder, "contestLook", shown, look="AccessLogEntry:x") == [("NOT_FOUND", ["look"])]
    long = {**given, "text": "长" * 2001}
    assert await refusal_codes(elder, "contestLook", shown, **long) == [("BAD_USER_INPUT", ["text"])]
    asked = await expect_success(elder, "contestLook", shown, **given)
    assert asked["kind"] == "LOOK" and asked["look"] == {"purpose": "走访前联系", "reader": {"role": "grid_worker"}}
    # Twice is once, and another look is another request.
    assert (await expect_success(elder, "contestLook", shown, **given))["id"] == asked["id"]
    assert (await expect_success(elder, "contestLook", shown, look=looks["核对号码"]))["id"] != asked["id"]
    listed = (await family.officer.ask("{ dataRequests { nodes { id look { purpose } } } }")).data["dataRequests"]
    assert {"id": asked["id"], "look": {"purpose": "走访前联系"}} in listed["nodes"]
    answer = {"request": asked["id"], "expectedVersion": 1, "grant": True}
    refused = await refusal_codes(family.officer, "decideDataRequest", REQUEST, **answer)
    assert refused == [("BAD_USER_INPUT", ["grounds"])]
    told = await expect_success(
        family.officer, "decideDataRequest", REQUEST, **answer, grounds="查阅与走访无关，已处理"
    )
    assert (told["state"], told["grounds"]) == ("GRANTED", "查阅与走访无关，已处理")
