"""Leaving a number with a case without an account, over HTTP: proved by its code, shown to whoever calls back."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
from gongzhi_contacts.codes import GOOD, TRIES
from gongzhi_contacts.commands import OF_CASE, OF_NUMBER
from gongzhi_server.testing import Server, codes_of

from .conftest import Sms

PHONE, OTHER, TOWN = "13800009999", "13900008888", "610921101"
MATTER = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "不亮"}


async def report_case(server: Server) -> dict[str, str]:
    """The receipt of a case that a stranger reports."""
    payload = await server.do("reportCase", "case { number } receiptCode", grid="610921101222", **MATTER)
    assert payload["errors"] == [], payload
    return {"number": payload["case"]["number"], "receiptCode": payload["receiptCode"]}


async def leave(server: Server, phone: str = PHONE, **receipt: str) -> list[str]:
    payload = await server.do("leavePhone", "__typename", phone=phone, **receipt)
    await server.worker.drain()
    return codes_of(payload["errors"])


async def confirm(server: Server, code: str, **receipt: str) -> list[str]:
    return codes_of((await server.do("confirmPhone", "__typename", code=code, **receipt))["errors"])


async def test_number_is_proved_and_shown(server: Server, sms: Sms, database: str) -> None:
    receipt = await report_case(server)
    assert await leave(server, **receipt) == []
    [sent] = sms.codes(PHONE)
    worker = server.as_("grid_worker", grid=TOWN)
    shown = {"number": receipt["number"], "purpose": "回电核实"}
    assert (await worker.do("revealPhone", "phone", **shown))["phone"] is None, "nobody has proved it yet"
    assert await confirm(server, sent, **receipt) == []
    assert await confirm(server, sent, **receipt) == ["BAD_USER_INPUT"], "a code is good once"
    assert (await worker.do("revealPhone", "phone", **shown))["phone"] == PHONE
    asked = "query($n: String!) { case(number: $n) { timeline { type note } } }"
    events = (await worker.ask(asked, n=receipt["number"])).data["case"]["timeline"]
    assert {"type": "case.phone_shown", "note": "回电核实"} in events
    far = server.as_("grid_worker", grid="610921102")
    assert codes_of((await far.do("revealPhone", "phone", **shown))["errors"]) == ["NOT_FOUND"]
    connection = await asyncpg.connect(database)
    try:
        text = await connection.fetchval("select string_agg(t::text, ' ') from contacts.contact t")
        jobs = await connection.fetchval("select string_agg(t::text, ' ') from events.job t")
    finally:
        await connection.close()
    assert PHONE not in text + jobs and sent not in text + jobs


async def test_guessing_ends(server: Server, sms: Sms) -> None:
    """After some guesses the right code is wrong as well, and so it is when its time is over."""
    receipt = await report_case(server)
    await leave(server, **receipt)
    [right] = sms.codes(PHONE)
    for at in range(TRIES):
        assert await confirm(server, f"{(int(right) + 1 + at) % 10**6:06}", **receipt) == ["BAD_USER_INPUT"]
    assert await confirm(server, right, **receipt) == ["BAD_USER_INPUT"]
    await leave(server, **receipt)
    server.clock.move(seconds=GOOD.total_seconds())
    assert await confirm(server, sms.codes(PHONE)[-1], **receipt) == ["BAD_USER_INPUT"]


async def test_nobody_is_flooded(server: Server, sms: Sms, database: str) -> None:
    """A number gets some codes an hour, whoever asks, and whoever asks is not told; a case asks for some a day.

    What nobody proved is forgotten after that day.
    """
    for _ in range(OF_NUMBER + 2):
        assert await leave(server, **await report_case(server)) == []
    assert len(sms.codes(PHONE)) == OF_NUMBER
    receipt = await report_case(server)
    for at in range(OF_CASE):
        assert await leave(server, f"1391111000{at}", **receipt) == []
    assert await leave(server, OTHER, **receipt) == ["QUOTA_EXCEEDED"] and sms.codes(OTHER) == []
    server.clock.move(hours=25)
    assert await leave(server, OTHER, **receipt) == []
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("select count(*) from contacts.contact where verified_at is null") == 1
    finally:
        await connection.close()


KEPT = (
    "select count(*) filter (where k.verified_at is not null), count(*) filter (where k.data_key is not null "
    "or k.sealed is not null or k.mask is not null), count(*) "
    "from contacts.contact k join cases.case c on c.id = k.case_id where c.number = $1"
)


async def test_proving_one_number_frees_no_other(server: Server, sms: Sms, database: str) -> None:
    """Codes to a stranger count on once whoever asked for them has proved a number of their own.

    The numbers that were replaced are gone at once, and a day later nothing is left of them.
    """
    receipt = await report_case(server)
    connection = await asyncpg.connect(database)

    async def kept() -> tuple[int, ...]:
        return tuple(await connection.fetchrow(KEPT, receipt["number"]))

    try:
        for _ in range(OF_NUMBER):
            assert await leave(server, **receipt) == []
        for mine in (OTHER, "13700007777"):
            assert await leave(server, mine, **receipt) == []
            assert await confirm(server, sms.codes(mine)[0], **receipt) == []
            assert (await kept())[:2] == (1, 1), "proved, and with a number in it"
            assert await confirm(server, sms.codes(PHONE)[0], **receipt) == ["BAD_USER_INPUT"]
        assert await leave(server, OTHER, **receipt) == ["QUOTA_EXCEEDED"]
        assert await leave(server, **await report_case(server)) == []
        assert len(sms.codes(PHONE)) == OF_NUMBER
        assert (await kept())[2] == OF_CASE
        server.clock.move(hours=25)
        await server.worker.drain()
        assert await kept() == (1, 1, 1)
    finally:
        await connection.close()


async def test_clock_that_is_ahead_forgets_no_code(server: Server, sms: Sms) -> None:
    """Codes that were sent count on for others, when a process whose clock is two days ahead forgets what is old."""
    server.clock.time = datetime.now(UTC)
    for _ in range(OF_NUMBER):
        assert await leave(server, **await report_case(server)) == []
    server.clock.move(hours=48)
    await server.worker.drain()
    server.clock.time = datetime.now(UTC)
    assert await leave(server, **await report_case(server)) == []
    assert len(sms.codes(PHONE)) == OF_NUMBER


async def test_only_with_receipt(server: Server, sms: Sms) -> None:
    receipt = await report_case(server)
    wrong = {**receipt, "receiptCode": "2222222222"}
    assert await leave(server, **wrong) == await confirm(server, "123456", **wrong) == ["NOT_FOUND"]
    assert await leave(server.as_("grid_worker", grid=TOWN), number=receipt["number"]) == ["FORBIDDEN"]
    assert await leave(server, "12345", **receipt) == ["BAD_USER_INPUT"]
    assert sms.sent == []


UNIT, COUNTY = "610921-GDGS", "610921"
ASKER = (
    "select p.id, g.code from people.person p join grids.grid g on g.id=p.grid_id join grids.grid t on t.id=p.town_id "
    "where t.code=$1 and p.restricted_at is null "
    "and exists(select from people.phone f where f.person_id=p.id and f.sealed is not null) order by p.id limit 1"
)
STEP = "case { version }"


async def test_lead_unit_calls_while_it_must(server: Server, database: str) -> None:
    """While its clock of first contact runs, the lead unit sees the number to call: a look, with the case named.

    Not before it has the case, not once it is in touch, and no other unit.
    """
    connection = await asyncpg.connect(database)
    try:
        asker = await connection.fetchrow(ASKER, TOWN)
        other = await connection.fetchval("select code from units.unit where code<>$1 order by id limit 1", UNIT)
    finally:
        await connection.close()
    resident = server.as_("resident", person=str(asker["id"]))
    number = (await resident.do("reportCase", "case { number }", grid=asker["code"], **MATTER))["case"]["number"]
    handler, dispatcher = server.as_("department_handler", unit=UNIT), server.as_("county_dispatcher", grid=COUNTY)
    shown = {"number": number, "purpose": "首次联系"}

    async def refused(caller: Server) -> list[str]:
        payload = await caller.do("revealPhone", "phone", **shown)
        assert payload["phone"] is None
        return codes_of(payload["errors"])

    assert await refused(handler) == ["NOT_FOUND"]
    await dispatcher.do("acceptCase", STEP, number=number, expectedVersion=1)
    await dispatcher.do("dispatchCase", STEP, number=number, expectedVersion=2, leadUnit=UNIT)
    assert await refused(server.as_("department_handler", unit=other)) == ["NOT_FOUND"]
    assert await refused(server.as_("auditor", grid=COUNTY)) == ["FORBIDDEN"]
    seen = await handler.do("revealPhone", "phone", **shown)
    own = (await resident.ask("{ me { person { phone } accessLog { nodes { kind purpose fields } } } }")).data["me"]
    assert seen["errors"] == [] and seen["phone"] == own["person"]["phone"] and "*" not in seen["phone"]
    look = next(one for one in own["accessLog"]["nodes"] if one["kind"] == "REVEAL")
    assert look == {"kind": "REVEAL", "purpose": f"{number} 首次联系", "fields": ["Person.phone"]}
    asked = "query($n: String!) { case(number: $n) { timeline { type note } } }"
    events = (await dispatcher.ask(asked, n=number)).data["case"]["timeline"]
    assert {"type": "case.phone_shown", "note": "首次联系"} in events
    await handler.do("contactRequester", STEP, number=number, expectedVersion=3, note="已电话联系")
    assert await refused(handler) == ["FORBIDDEN"]


async def test_unnamed_requesters_are_called_by_nobody(server: Server, database: str) -> None:
    """Who asked without a name has no number to call, and whoever had their data restricted has none either."""
    connection = await asyncpg.connect(database)
    handler, dispatcher = server.as_("department_handler", unit=UNIT), server.as_("county_dispatcher", grid=COUNTY)
    try:
        asker = await connection.fetchrow(ASKER, TOWN)
        resident = server.as_("resident", person=str(asker["id"]))
        for anonymous in (True, False):
            given = {**MATTER, "grid": asker["code"], "anonymous": anonymous}
            number = (await resident.do("reportCase", "case { number } receiptCode", **given))["case"]["number"]
            await dispatcher.do("acceptCase", STEP, number=number, expectedVersion=1)
            await dispatcher.do("dispatchCase", STEP, number=number, expectedVersion=2, leadUnit=UNIT)
            await connection.execute("update people.person set restricted_at=now() where id=$1", asker["id"])
            payload = await handler.do("revealPhone", "phone", number=number, purpose="首次联系")
            assert payload == {"phone": None, "errors": []}
            await connection.execute("update people.person set restricted_at=null where id=$1", asker["id"])
    finally:
        await connection.close()
