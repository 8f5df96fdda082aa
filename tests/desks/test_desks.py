"""What people will send, desk by desk: each operation is valid and does, in the demo county, what its comment says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server.testing import ESSENTIAL, Server, built_graphql_schema
from graphql import DocumentNode, parse, print_ast, validate
from graphql.utilities import separate_operations

FOLDER = Path(__file__).parent
DESKS = sorted(path.stem for path in FOLDER.glob("*.graphql"))
COUNTY, TOWN, VILLAGE, BASE = "610921", "610921101", "610921101222", "610921101222-020202"
HOMES = "610921101220"
"""A village of the same town, with households that are visited."""
POWER = "610921-GDGS"
PLACE = {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"}
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": PLACE,
}


@cache
def operations(desk: str) -> dict[str, DocumentNode]:
    return separate_operations(parse((FOLDER / f"{desk}.graphql").read_text(encoding="utf-8")))


@pytest.mark.parametrize("desk", DESKS)
def test_desk_is_valid(desk: str) -> None:
    for name, document in operations(desk).items():
        assert validate(built_graphql_schema(ESSENTIAL), document) == [], name


def test_each_is_tried() -> None:
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for desk in DESKS for name in operations(desk)}
    assert {f"test_{name}" for name in names} <= set(globals())


class Desk:
    """Somebody who sends the operations of a desk."""

    def __init__(self, caller: Server, name: str) -> None:
        self.caller, self.name = caller, name

    async def send(self, operation: str, **variables: Any) -> Any:
        """The first root field of the answer."""
        answer = await self.caller.ask(print_ast(operations(self.name)[operation]), **variables)
        root, *_ = answer.data.values()
        return root

    async def do(self, operation: str, **given: Any) -> Any:
        """The payload of a mutation that nothing is wrong with."""
        payload = await self.send(operation, input={"idempotencyKey": str(uuid4()), **given})
        assert payload["errors"] == []
        return payload


def resident(server: Server, person: object = None) -> Desk:
    return Desk(server.as_("resident", person=str(person)) if person else server, "resident")


def dispatcher(server: Server) -> Desk:
    return Desk(server.as_("county_dispatcher", grid=COUNTY), "dispatcher")


def department(server: Server) -> Desk:
    return Desk(server.as_("department_handler", unit=POWER), "department")


def worker(server: Server, grid: str = VILLAGE) -> Desk:
    return Desk(server.as_("grid_worker", grid=grid), "gridworker")


async def find(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def reported(server: Server, **changed: str) -> Any:
    return await resident(server).do("ReportCase", **{**MATTER, **changed})


async def accepted(server: Server, **changed: str) -> str:
    number: str = (await reported(server, **changed))["case"]["number"]
    await dispatcher(server).do("AcceptCase", number=number, expectedVersion=1)
    return number


async def dispatched(server: Server, **changed: str) -> str:
    number = await accepted(server, **changed)
    await dispatcher(server).do("DispatchCase", number=number, expectedVersion=2, leadUnit=POWER)
    return number


# the dispatcher


async def test_dispatch_desk(server: Server) -> None:
    number = await accepted(server)
    seen, after = [], None
    while True:
        page = await dispatcher(server).send("DispatchDesk", within=COUNTY, after=after)
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == page["totalCount"] and seen[-1]["number"] == number
    assert [one["reportedAt"] for one in seen] == sorted(one["reportedAt"] for one in seen)
    assert [grid["kind"] for grid in seen[-1]["grid"]["path"]][2:4] == ["COUNTY", "TOWN"]
    proposal = seen[-1]["dispatchProposal"]
    assert proposal["leadUnit"]["name"] == "汉阴县供电公司" and proposal["rule"]["basis"] in proposal["reason"]
    elsewhere = await dispatcher(server).send("DispatchDesk", within="610921110")
    assert number not in [one["number"] for one in elsewhere["nodes"]]


async def test_accept_case(server: Server) -> None:
    number = (await reported(server))["case"]["number"]
    payload = await dispatcher(server).do("AcceptCase", number=number, expectedVersion=1)
    assert payload["case"] == {"number": number, "status": "ACCEPTED", "version": 2}


async def test_decline_case(server: Server) -> None:
    report = await reported(server)
    number, reason = report["case"]["number"], "不属于受理范围，请向供电营业厅申请。"
    payload = await dispatcher(server).do("DeclineCase", number=number, expectedVersion=1, reason=reason)
    assert payload["case"]["status"] == "DECLINED"
    seen = await resident(server).send("CaseByReceipt", number=number, receiptCode=report["receiptCode"])
    assert seen["timeline"][-1]["note"] == reason


async def test_dispatch_case(server: Server) -> None:
    number = await accepted(server)
    payload = await dispatcher(server).do(
        "DispatchCase", number=number, expectedVersion=2, leadUnit=POWER, supportUnits=["610921-YJJ"], note="请尽快"
    )
    clocks = {one["stage"]: one["dueAt"] for one in payload["case"].pop("clocks")}
    assert clocks["HANDLE"] == "2026-07-06T10:00:00+00:00"  # four working days from tomorrow on
    assert payload["case"] == {
        "number": number,
        "status": "DISPATCHED",
        "version": 3,
        "leadUnit": {"name": "汉阴县供电公司"},
        "supportUnits": [{"name": "汉阴县应急管理局"}],
    }


async def test_rule_on_objection(server: Server) -> None:
    # Of a category that no other test asks for: what is upheld changes whose it is for all.
    objection = await objected(server, category="utilities.network")
    above = Desk(server.as_("county_dispatcher", grid=COUNTY, sub="somebody else"), "dispatcher")
    payload = await above.do(
        "RuleOnObjection", objection=objection["id"], ruling="UPHELD", reason="属农村水利设施", unit="610921-SLJ"
    )
    assert payload["objection"] == {"ruling": "UPHELD", "reason": "属农村水利设施"}
    change = payload["directoryChange"]
    assert (change["before"]["unit"]["name"], change["after"]["unit"]["name"]) == ("汉阴县综治中心", "汉阴县水利局")


async def test_merge(server: Server) -> None:
    main, other = await accepted(server), (await reported(server))["case"]["number"]
    payload = await dispatcher(server).do("Merge", number=main, expectedVersion=2, merge=[other])
    assert payload["case"] == {"number": main, "merged": [{"number": other, "requester": None}]}


async def test_whistle(server: Server) -> None:
    payload = await dispatcher(server).do(
        "Whistle", kind="EMERGENCY", matter="山洪转移", grid="610921107", units=[POWER], checkInWithin="PT30M"
    )
    whistle = payload["whistle"]
    assert whistle["kind"] == "EMERGENCY"
    assert whistle["units"] == [{"unit": {"name": "汉阴县供电公司"}, "checkedInAt": None, "light": "GREEN"}]


async def test_supervise(server: Server) -> None:
    number = await dispatched(server)
    payload = await dispatcher(server).do("Supervise", number=number, level="LISTED", reason="久拖不决")
    assert payload["supervision"]["level"] == "LISTED" and payload["supervision"]["replyDueAt"]


# the department


async def test_unit_inbox(server: Server) -> None:
    before = await department(server).send("UnitInbox", unit=POWER)
    number = await dispatched(server)
    after = await department(server).send("UnitInbox", unit=POWER)
    assert after["workOrders"]["totalCount"] == before["workOrders"]["totalCount"] + 1
    order = after["workOrders"]["nodes"][-1]
    latest = order["case"]
    assert (order["role"], order["light"], latest["number"]) == ("LEAD", "GREEN", number)
    assert [event["type"] for event in latest["timeline"]] == ["case.reported", "case.accepted", "case.dispatched"]
    assert set(after["statistics"]) >= {"issued", "onTimeRate", "answerCoverage"}
    other = await Desk(server.as_("department_handler", unit="610921-SLJ"), "department").send("UnitInbox", unit=POWER)
    assert number not in [one["case"]["number"] for one in other["workOrders"]["nodes"]]


async def test_acknowledge(server: Server) -> None:
    order = await issued(server, await dispatched(server))
    payload = await department(server).do("Acknowledge", order=order["id"], expectedVersion=order["version"])
    assert payload["workOrder"] == {"state": "ACKNOWLEDGED", "version": 2}


async def issued(server: Server, number: str) -> Any:
    inbox = await department(server).send("UnitInbox", unit=POWER)
    return next(one for one in inbox["workOrders"]["nodes"] if one["case"]["number"] == number)


async def test_objection(server: Server) -> None:
    assert (await objected(server))["dueAt"] == "2026-07-02T10:00:00+00:00"


async def objected(server: Server, **changed: str) -> Any:
    number = await dispatched(server, **changed)
    payload = await department(server).do("Objection", number=number, expectedVersion=3, grounds="属于水利局职责")
    return payload["objection"]


async def test_extend(server: Server) -> None:
    number, until = await dispatched(server), "2026-07-20T02:00:00+00:00"
    payload = await department(server).do("Extend", number=number, expectedVersion=3, until=until, reason="等待物料")
    assert payload["extension"] == {"until": until, "state": "PENDING"}


async def test_handle_case(server: Server) -> None:
    number = await dispatched(server)
    payload = await department(server).do("HandleCase", number=number, expectedVersion=3)
    assert payload["case"] == {"number": number, "status": "HANDLING", "version": 4}


async def test_reply(server: Server) -> None:
    payload = await answered(server, await dispatched(server))
    assert payload["case"]["status"] == "REPLIED" and payload["case"]["settledLevel"] == "COUNTY"
    assert payload["case"]["reply"]["text"] == "已扶正加固。"


async def answered(server: Server, number: str) -> Any:
    await department(server).do("HandleCase", number=number, expectedVersion=3)
    return await department(server).do("Reply", number=number, expectedVersion=4, text="已扶正加固。")


# the grid worker


async def test_grid_day(server: Server) -> None:
    number = (await reported(server))["case"]["number"]
    day = await worker(server).send("GridDay", grid=VILLAGE)
    assert day["path"][-1] == {"code": VILLAGE, "name": day["name"]}
    assert {one["number"]: one["distance"] for one in day["cases"]["nodes"]}[number] == 0
    homes = (await worker(server, HOMES).send("GridDay", grid=HOMES))["households"]
    assert homes["totalCount"] == len(homes["nodes"]) > 0
    assert {home["serviceTier"]["tier"] for home in homes["nodes"]} <= {"LIANXIN", "GUANXIN"}
    due = [home["visitDueOn"] for home in homes["nodes"]]
    assert due == sorted(due)
    elsewhere = worker(server, "610921110")
    assert (await elsewhere.send("GridDay", grid=VILLAGE))["cases"]["totalCount"] == 0
    assert (await elsewhere.send("GridDay", grid=HOMES))["households"]["totalCount"] == 0


async def test_which_grid(server: Server) -> None:
    grid = await worker(server).send("WhichGrid", point=PLACE)
    assert (grid["code"], grid["kind"]) == (BASE, "GRID_3") and grid["gridWorker"]["name"]


async def test_record_visit(server: Server) -> None:
    me = worker(server, HOMES)
    home = (await me.send("GridDay", grid=HOMES))["households"]["nodes"][0]
    payload = await me.do("RecordVisit", household=home["id"], at="2026-06-30T09:30:00+08:00", note="水管漏水已报修。")
    assert payload["visit"]["at"] == "2026-06-30T01:30:00+00:00"
    assert payload["visit"]["household"]["visitDueOn"] > "2026-06-30"
    homes = (await me.send("GridDay", grid=HOMES))["households"]["nodes"]
    assert next(one for one in homes if one["id"] == home["id"])["lastVisit"]["note"] == "水管漏水已报修。"


async def test_reveal(server: Server, filled: str) -> None:
    """The value comes in clear, and the person reads who saw it."""
    person = f"Person:{await member(filled)}"
    shown = await worker(server, COUNTY).do("Reveal", ids=[person], fields=["phone"], purpose="走访前联系")
    [value] = shown["values"]
    assert value["id"] == person and value["value"].isdigit()
    log = (await resident(server, person).send("WhoLooked"))["accessLog"]
    assert ("走访前联系", ["Person.phone"]) in [(one["purpose"], one["fields"]) for one in log["nodes"]]


async def test_who_looked(server: Server, filled: str) -> None:
    """The day's list of households tells everybody in them that the worker looked; names alone tell nobody."""
    me = resident(server, person := await member(filled))
    before = (await me.send("WhoLooked"))["accessLog"]["nodes"]
    grid = await find(
        filled, f"select g.code from people.person p, grids.grid g where p.id='{person}' and g.id=p.grid_id"
    )
    await worker(server, grid).send("GridDay", grid=grid)
    looks = (await me.send("WhoLooked"))["accessLog"]["nodes"]
    assert len(looks) == len(before) + 1
    [look] = [one for one in looks if one["purpose"] == "GridDay"]
    assert look["reader"] == {"role": "grid_worker", "unit": None}
    assert {"Household.address", "Household.lastVisit"} <= set(look["fields"])


async def test_handle_in_grid(server: Server) -> None:
    number = (await reported(server))["case"]["number"]
    payload = await worker(server).do("HandleInGrid", number=number, expectedVersion=1, text="当场处理完毕。")
    assert (payload["case"]["status"], payload["case"]["settledLevel"]) == ("REPLIED", "GRID")
    assert payload["case"]["settledAt"]


async def test_sync(server: Server) -> None:
    case = {**MATTER, "channel": "GRID_WORKER", "idempotencyKey": str(uuid4()), "attachments": []}
    step = {"idempotencyKey": str(uuid4()), "entry": "a", "seen": "REPORTED", "text": "当场处理完毕。"}
    entries = [
        {"clientId": "a", "occurredAt": "2026-06-30T08:00:00+08:00", "change": {"reportCase": case}},
        {"clientId": "b", "occurredAt": "2026-06-30T08:20:00+08:00", "change": {"handleInGrid": step}},
    ]
    payload = await worker(server).send("Sync", input={"idempotencyKey": "batch", "entries": entries})
    assert [(one["clientId"], one["state"], one["errors"]) for one in payload["results"]] == [
        ("a", "APPLIED", []), ("b", "APPLIED", []),
    ]  # fmt: skip
    first, second = (one["case"] for one in payload["results"])
    assert second == {"number": first["number"], "version": 2}


# the resident


async def test_resident_home(server: Server, filled: str) -> None:
    person = await find(
        filled,
        "select c.requester_id from cases.case c join people.membership m on m.person_id = c.requester_id "
        "where m.until is null limit 1",
    )
    me = (await resident(server, person).send("ResidentHome"))["person"]
    assert me["name"] and me["grid"]["gridWorker"]["name"] and me["household"]["serviceTier"]["tier"]
    assert me["cases"]["totalCount"] >= 1 and me["cases"]["nodes"][0]["number"].startswith(COUNTY)


async def test_report_case(server: Server) -> None:
    key = str(uuid4())
    first = await resident(server).do("ReportCase", **MATTER, idempotencyKey=key)
    assert first["case"]["status"] == "REPORTED" and first["case"]["grid"]["kind"] == "GRID_3" and first["receiptCode"]
    again = await resident(server).do("ReportCase", **MATTER, idempotencyKey=key)
    assert again == first
    neighbour = await resident(server).do("ReportCase", **MATTER)
    assert {"category": {"name": "用电"}, "distance": 100, "phase": "REPORTED"} in neighbour["similar"]


async def test_case_by_receipt(server: Server) -> None:
    report = await reported(server)
    given = {"number": report["case"]["number"], "receiptCode": report["receiptCode"]}
    seen = await resident(server).send("CaseByReceipt", **given)
    assert seen["title"] == MATTER["title"] and seen["reply"] is None and seen["mayRate"] is False
    assert [event["type"] for event in seen["timeline"]] == ["case.reported"]
    assert await resident(server).send("CaseByReceipt", **given | {"receiptCode": "AAAAAAAAAA"}) is None


async def test_rate_case(server: Server) -> None:
    report = await reported(server)
    number = report["case"]["number"]
    await dispatcher(server).do("AcceptCase", number=number, expectedVersion=1)
    await dispatcher(server).do("DispatchCase", number=number, expectedVersion=2, leadUnit=POWER)
    await answered(server, number)
    payload = await resident(server).do(
        "RateCase", number=number, receiptCode=report["receiptCode"], rating=2, solved=False, comment="没有解决"
    )
    assert payload["case"] == {"number": number, "status": "HANDLING", "rating": 2}


async def test_decisions(server: Server, filled: str) -> None:
    household = (await resident(server, await member(filled)).send("Decisions"))["person"]["household"]
    decision = household["tierDecisions"]["nodes"][0]
    assert decision["rule"].startswith("service-tier/") and decision["reasons"][0]["text"]
    assert {"needs", "incomeBand", "peacefulFamily"} <= set(decision["inputs"])


async def test_contest_decision(server: Server, filled: str) -> None:
    me = resident(server, await member(filled))
    [decision, *_] = (await me.send("WhoLooked"))["decisions"]["nodes"]
    payload = await me.do("ContestDecision", decision=decision["id"])
    assert payload["review"]["state"] == "OPEN" and payload["review"]["dueAt"][:10] == "2026-07-15"
    again = (await me.send("Decisions"))["person"]["household"]["tierDecisions"]["nodes"][0]
    assert again["contestedAt"]


async def test_what_was_decided(server: Server, filled: str) -> None:
    found = await resident(server, await member(filled)).send("WhoLooked")
    [decision, *_] = found["decisions"]["nodes"]
    assert (decision["subject"], decision["rule"]["name"]) == ("HOUSEHOLD", "service-tier")
    assert decision["rule"]["card"]["owner"] and decision["contributions"] and found["consents"] == []


async def member(dsn: str) -> Any:
    return await find(
        dsn,
        "select m.person_id from people.membership m join people.household h on h.id = m.household_id "
        "where m.until is null and h.tier = 'GUANXIN' limit 1",
    )


# the integrator


async def test_cases_since(server: Server) -> None:
    server.clock.move(hours=1)
    since = server.clock().isoformat()
    number = (await reported(server))["case"]["number"]
    system = Desk(server.as_("integrator", grid=COUNTY), "integrator")
    page = await system.send("CasesSince", county=COUNTY, since=since)
    assert [one["number"] for one in page["nodes"]] == [number] and page["totalCount"] == 1
    assert page["nodes"][0]["category"]["code"] == MATTER["category"] and page["nodes"][0]["grid"]["code"] == BASE


async def test_intake(server: Server) -> None:
    system = Desk(server.as_("integrator", grid=COUNTY), "integrator")
    order = {**MATTER, "channel": "HOTLINE_12345", "idempotencyKey": "GD-2026-0630-0001"}
    payload = await system.do("Intake", **order)
    assert payload["case"]["channel"] == {"code": "HOTLINE_12345"}
    assert await system.do("Intake", **order) == payload


# the county lead


async def test_cockpit(server: Server) -> None:
    lead = Desk(server.as_("county_dispatcher", grid=COUNTY), "cockpit")
    await server.worker.drain()
    span = {"from": "2021-01-01", "to": "2026-06-30"}
    before = await lead.send("Cockpit", grid=COUNTY, **span)
    await reported(server)
    await server.worker.drain()
    after = await lead.send("Cockpit", grid=COUNTY, **span)
    assert after["openCases"] == before["openCases"] + 1
    figures, earlier = after["statistics"], before["statistics"]
    assert figures["reported"] == earlier["reported"] + 1 > figures["completed"] == earlier["completed"] > 100
    assert sum(one["reported"] for one in figures["byCategory"] if one["reported"]) <= figures["reported"]
    assert len(figures["series"]) == 66 and figures["burden"]["fieldsPerWorkerWeek"] >= 0
    towns = after["children"]["nodes"]
    assert len(towns) == 10 and after["boundary"]["type"] == "Polygon"
    assert sum(town["openCases"] for town in towns) <= after["openCases"]  # some lie in the county itself
    moved = [one["code"] for one, other in zip(towns, before["children"]["nodes"], strict=True) if one != other]
    assert moved == [TOWN]
