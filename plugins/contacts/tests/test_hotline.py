"""Cases that somebody asked for by telephone: a hotline files them, and the caller hears and is asked as others are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from gongzhi_integrations.intake.demo import SOURCE as DEMO
from gongzhi_server.testing import Server, codes_of

from .conftest import Sms

PHONE, OTHER, COUNTY, UNIT = "13800007777", "13900006666", "610921", "610921-GDGS"
ORDER = {
    "kind": "HELP", "category": "utilities.electricity", "title": "停电", "description": "全组停电两天",
    "grid": "610921101222", "externalNumber": "H-1",
}  # fmt: skip
CALL = {"caller": "张先生", "phone": PHONE, "recording": "rec-20260630-0001.wav"}
STEP = "case { number status version }"
SHOWN = "query($n: String!) { case(number: $n) { hotlineCall { caller phone calledAt recording } } }"
NEW = (
    "select count(*) from contacts.contact k where not exists("
    "select from intake.entry e where e.case_id = k.case_id and e.source = $1)"
)
"""How many numbers there are beside those of the demo county."""
EVERYWHERE = """
select format('%I.%I', table_schema, table_name) as name from information_schema.tables
where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


async def file(server: Server, **more: Any) -> dict[str, Any]:
    """Send one order; what came of it."""
    system, called = server.as_("integrator", grid=COUNTY), server.clock() - timedelta(minutes=5)
    entry = {**ORDER, **CALL, "calledAt": called.isoformat(), **more}
    fields = "results { externalNumber receiptCode case { number status } warnings { field concern } errors { code path message } }"  # noqa: E501
    payload = await system.do("intakeCases", fields, entries=[entry])
    assert payload["errors"] == []
    [result] = payload["results"]
    return dict(result)


async def advance(caller: Server, mutation: str, case: dict[str, Any], **more: Any) -> dict[str, Any]:
    payload = await caller.do(mutation, STEP, number=case["number"], expectedVersion=case["version"], **more)
    assert payload["errors"] == [], payload
    return dict(payload["case"])


async def heard_since(server: Server, sms: Sms) -> set[str]:
    """What the caller has heard by telephone since they were last asked."""
    server.clock.move(minutes=2)
    await server.worker.drain()
    heard = {notice.kind for notice, whom in sms.sent if whom.phone == PHONE}
    sms.sent.clear()
    return heard


async def test_caller_hears_and_is_asked(
    server: Server, sms: Sms, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Told of each step by telephone, called by the unit and by who follows up, and their rating counts."""
    filed = await file(server)
    number = filed["case"]["number"]
    case = {"number": number, "version": 1}
    dispatcher = server.as_("county_dispatcher", grid=COUNTY)
    handler = server.as_("department_handler", unit=UNIT)
    case = await advance(dispatcher, "acceptCase", case)
    assert await heard_since(server, sms) == {"case.accepted"}
    case = await advance(dispatcher, "dispatchCase", case, leadUnit=UNIT)
    first = await handler.do("revealPhone", "phone", number=number, purpose="首次联系")
    assert first == {"phone": PHONE, "errors": []}
    case = await advance(handler, "contactRequester", case, note="已电话联系")
    case = await advance(handler, "handleCase", case)
    case = await advance(handler, "replyToCase", case, text="线路已修复。")
    assert await heard_since(server, sms) == {"case.dispatched", "case.replied"}
    late = await handler.do("revealPhone", "phone", number=number, purpose="再次联系")
    assert codes_of(late["errors"]) == ["FORBIDDEN"], "the unit has been in touch"
    assert (await dispatcher.do("revealPhone", "phone", number=number, purpose="回访"))["phone"] == PHONE
    heard = {"contact": "PHONE", "reached": True, "solved": True, "rating": 5, "note": "满意"}
    case = await advance(dispatcher, "recordFollowUp", case, **heard)
    assert case["status"] == "CLOSED" and await heard_since(server, sms) == {"case.closed"}
    asked = "query($n: String!, $r: String!) { caseByReceipt(number: $n, receiptCode: $r) { status rating } }"
    found = await server.ask(asked, n=number, r=filed["receiptCode"])
    assert found.data["caseByReceipt"] == {"status": "CLOSED", "rating": 5}
    timeline = await dispatcher.ask("query($n: String!) { case(number: $n) { timeline { type note } } }", n=number)
    looks = [one["note"] for one in timeline.data["case"]["timeline"] if one["type"] == "case.phone_shown"]
    assert looks == ["首次联系", "回访"]
    connection = await asyncpg.connect(database)
    try:
        counted = await connection.fetch("select source, rating, counts from cases.rating where rating = 5 and counts")
        assert ("FOLLOW_UP", 5, True) in [tuple(row) for row in counted]
        for table in await connection.fetch(EVERYWHERE):
            held = await connection.fetchval(
                f"select count(*) from {table['name']} t where t::text like $1", f"%{PHONE}%"
            )
            assert held == 0, f"{table['name']} holds the number in clear"
    finally:
        await connection.close()
    assert PHONE not in caplog.text


async def test_call_is_shown_to_staff(server: Server) -> None:
    """With the number masked; of a tip-off not to the unit that looks into it, and never to the hotline."""
    number = (await file(server))["case"]["number"]
    shown = (await server.as_("grid_worker", grid="610921101").ask(SHOWN, n=number)).data["case"]["hotlineCall"]
    called = server.clock() - timedelta(minutes=5)
    assert shown == {
        "caller": "张先生", "phone": "*******7777", "calledAt": called.isoformat(), "recording": CALL["recording"],
    }  # fmt: skip
    refusal = (await server.as_("integrator", grid=COUNTY).ask(SHOWN, n=number)).body
    assert refusal["data"]["case"]["hotlineCall"] is None
    assert refusal["errors"][0]["extensions"]["permission"] == "cases.view_notes"
    sealed = (await file(server, externalNumber="H-2", kind="TIP_OFF"))["case"]["number"]
    dispatcher = server.as_("county_dispatcher", grid=COUNTY)
    case = await advance(dispatcher, "acceptCase", {"number": sealed, "version": 1})
    await advance(dispatcher, "dispatchCase", case, leadUnit=UNIT)
    handler = server.as_("department_handler", unit=UNIT)
    assert (await handler.ask(SHOWN, n=sealed)).data == {"case": {"hotlineCall": None}}
    refused = await handler.do("revealPhone", "phone", number=sealed, purpose="联系")
    assert codes_of(refused["errors"]) == ["FORBIDDEN"]
    assert (await dispatcher.ask(SHOWN, n=sealed)).data["case"]["hotlineCall"]["caller"] == "张先生"


async def test_order_sent_again_changes_nothing(server: Server, database: str) -> None:
    """Whatever it says of the call by then, right or wrong; its receipt code is the same."""
    first = await file(server)
    assert await file(server, phone=OTHER, caller="李女士") == first
    assert await file(server, phone="x", calledAt="2999-01-01T00:00:00Z") == first
    shown = (await server.as_("county_dispatcher", grid=COUNTY).ask(SHOWN, n=first["case"]["number"])).data["case"]
    assert (shown["hotlineCall"]["caller"], shown["hotlineCall"]["phone"]) == ("张先生", "*******7777")
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval(NEW, DEMO) == 1
    finally:
        await connection.close()


async def test_caller_may_leave_another_number(server: Server, sms: Sms) -> None:
    """By receipt; once it is proved, they hear by that one. Calling the hotline often keeps no code from them."""
    for at in range(4):
        filed = await file(server, externalNumber=f"H-{at}")
    receipt = {"number": filed["case"]["number"], "receiptCode": filed["receiptCode"]}
    assert (await server.do("leavePhone", "__typename", phone=PHONE, **receipt))["errors"] == []
    await server.worker.drain()
    assert len(sms.codes(PHONE)) == 1
    assert (await server.do("leavePhone", "__typename", phone=OTHER, **receipt))["errors"] == []
    await server.worker.drain()
    proved = await server.do("confirmPhone", "__typename", code=sms.codes(OTHER)[-1], **receipt)
    assert proved["errors"] == []
    dispatcher = server.as_("county_dispatcher", grid=COUNTY)
    shown = await dispatcher.do("revealPhone", "phone", number=receipt["number"], purpose="回访")
    assert shown["phone"] == OTHER
    await advance(dispatcher, "acceptCase", {"number": receipt["number"], "version": 1})
    sms.sent.clear()
    server.clock.move(minutes=2)
    await server.worker.drain()
    assert [(one.kind, whom.phone) for one, whom in sms.sent] == [("case.accepted", OTHER)]


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name too long": ({"caller": "张" * 101}, "BAD_USER_INPUT", "caller"),
    "a name of blanks": ({"caller": "  "}, "BAD_USER_INPUT", "caller"),
    "half a number": ({"phone": "1380000"}, "BAD_USER_INPUT", "phone"),
    "an extension": ({"phone": "0915-5212345-801"}, "BAD_USER_INPUT", "phone"),
    "a mask": ({"phone": "*******7777"}, "MASKED_VALUE", "phone"),
    "a very long number": ({"phone": "1" * 30_000}, "BAD_USER_INPUT", "phone"),
    "a call that will be": ({"calledAt": "2026-07-09T00:00:00+08:00"}, "BAD_USER_INPUT", "calledAt"),
    "a call without an offset": ({"calledAt": "2026-06-30T09:00:00"}, "BAD_USER_INPUT", "calledAt"),
    "a call of old": ({"calledAt": "2020-01-01T00:00:00+08:00"}, "BAD_USER_INPUT", "calledAt"),
    "a call out of the calendar": ({"calledAt": "0001-01-01T00:00:00+08:00"}, "BAD_USER_INPUT", "calledAt"),
    "a recording's address": ({"recording": "https://hotline.example.org/1.wav"}, "BAD_USER_INPUT", "recording"),
    "a reference too long": ({"recording": "1" * 201}, "BAD_USER_INPUT", "recording"),
    "a reference with a bell": ({"recording": "1\x072"}, "BAD_USER_INPUT", "recording"),
}


async def test_bad_calls_are_refused_by_name(server: Server, database: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each by its field and without its value; nothing of the order is kept."""
    for name, (given, code, field) in BAD.items():
        result = await file(server, **given)
        assert result["case"] is None and result["receiptCode"] is None, name
        assert [(one["code"], one["path"]) for one in result["errors"]] == [(code, [field])], name
        value = str(given[field]).strip()
        assert not value or value not in result["errors"][0]["message"] + caplog.text, name
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("select count(*) from intake.entry where source <> $1", DEMO) == 0
        assert await connection.fetchval(NEW, DEMO) == 0
    finally:
        await connection.close()


async def test_all_that_is_wrong_is_said(server: Server) -> None:
    result = await file(server, caller="张" * 101, phone="1380000", recording="http://x")
    assert [one["path"] for one in result["errors"]] == [["caller"], ["phone"], ["recording"]]


async def test_number_in_the_name_is_warned_of(server: Server) -> None:
    result = await file(server, caller=f"张先生 {PHONE}", phone=None)
    assert result["warnings"] == [{"field": "caller", "concern": "PHONE"}]
