"""A case from report to rating over HTTP, and everything that must not happen to it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.core.cases.catalog import CHANNELS, StockChannel
from gongzhi_server.testing import Server, codes_of

from ..values.case_numbers import read_case_number

pytestmark = pytest.mark.together

PLACE = {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"}
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": PLACE,
}
REPORTED = "case { number status version grid { code kind } } receiptCode"
STEPPED = "case { number status version }"


async def reported(server: Server, **more: object) -> dict[str, object]:
    payload = await server.do("reportCase", REPORTED, **{**MATTER, **more})
    assert payload["errors"] == []
    return payload


async def some_unit(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval("select code from units.unit where kind = 'COUNTY_DEPARTMENT' limit 1"))
    finally:
        await connection.close()


async def test_whole_loop(server: Server, filled: str) -> None:
    payload = await reported(server)
    case, receipt = payload["case"], payload["receiptCode"]
    assert case["status"] == "REPORTED" and case["grid"]["kind"] == "GRID_3"
    number, unit = case["number"], await some_unit(filled)
    assert read_case_number(number).county == "610921"

    dispatcher = server.as_("county_dispatcher", grid="610921")
    accepted = await dispatcher.do("acceptCase", STEPPED, number=number, expectedVersion=1)
    assert accepted["case"] == {"number": number, "status": "ACCEPTED", "version": 2}
    selection = "case { status leadUnit { code } supportUnits { code } }"
    dispatched = await dispatcher.do("dispatchCase", selection, number=number, expectedVersion=2, leadUnit=unit)
    assert dispatched["case"] == {"status": "DISPATCHED", "leadUnit": {"code": unit}, "supportUnits": []}

    handler = server.as_("department_handler", unit=unit)
    handled = await handler.do("handleCase", STEPPED, number=number, expectedVersion=3)
    assert handled["case"]["status"] == "HANDLING"
    answer = await handler.do(
        "replyToCase", "case { status reply { text } settledLevel }", number=number, expectedVersion=4, text="已扶正。"
    )
    assert answer["case"] == {"status": "REPLIED", "reply": {"text": "已扶正。"}, "settledLevel": "COUNTY"}

    unsolved = await server.do(
        "rateCase", STEPPED, number=number, receiptCode=receipt, rating=2, solved=False, comment="没有解决"
    )
    assert unsolved["case"]["status"] == "HANDLING"
    await handler.do("replyToCase", STEPPED, number=number, expectedVersion=6, text="已更换电线杆。")
    rated = await server.do(
        "rateCase", "case { status rating solved }", number=number, receiptCode=receipt, rating=5, solved=True
    )
    assert rated["case"] == {"status": "CLOSED", "rating": 5, "solved": True}

    query = """query($n: String!, $r: String!) { caseByReceipt(number: $n, receiptCode: $r) {
        status reopenings timeline { type role } requester { name } mayRate } }"""
    seen = (await server.ask(query, n=number, r=receipt)).data["caseByReceipt"]
    assert seen["reopenings"] == 1 and seen["requester"] is None and seen["mayRate"] is False
    assert [one["type"] for one in seen["timeline"]] == [
        "case.reported", "case.accepted", "case.dispatched", "case.handling", "case.replied", "case.rated",
        "case.reopened", "case.replied", "case.rated", "case.closed",
    ]  # fmt: skip


async def test_grid_settles(server: Server) -> None:
    case = (await reported(server))["case"]
    worker = server.as_("grid_worker", grid=case["grid"]["code"])
    payload = await worker.do(
        "handleInGrid", "case { status selfHandled settledLevel settledAt }", number=case["number"], expectedVersion=1,
        text="当场处理完毕。",
    )  # fmt: skip
    assert payload["case"]["status"] == "REPLIED" and payload["case"]["selfHandled"] is True
    assert payload["case"]["settledLevel"] == "GRID" and payload["case"]["settledAt"]


async def test_replayed_request(server: Server, filled: str) -> None:
    key = str(uuid4())
    first = await server.do("reportCase", REPORTED, **MATTER, idempotencyKey=key)
    again = await server.do("reportCase", REPORTED, **MATTER, idempotencyKey=key)
    assert again == first
    other = await server.do("reportCase", REPORTED, **{**MATTER, "title": "另一件事"}, idempotencyKey=key)
    assert codes_of(other["errors"]) == ["IDEMPOTENCY_KEY_REUSED"] and other["case"] is None
    connection = await asyncpg.connect(filled)
    count = await connection.fetchval("select count(*) from cases.case where title = $1", MATTER["title"])
    await connection.close()
    assert count >= 1


async def test_replayed_refusal(server: Server) -> None:
    dispatcher = server.as_("county_dispatcher", grid="610921")
    case, key = (await reported(server))["case"], str(uuid4())
    given = {"number": case["number"], "expectedVersion": 7, "idempotencyKey": key}
    first = await dispatcher.do("acceptCase", STEPPED, **given)
    assert codes_of(first["errors"]) == ["STALE_VERSION"] and first["errors"][0]["path"] == ["expectedVersion"]
    assert await dispatcher.do("acceptCase", STEPPED, **given) == first


async def test_a_stale_version_comes_with_the_case(server: Server) -> None:
    """Whoever was too slow is told how it stands, then and when they send it again; an illegal step tells nothing."""
    dispatcher = server.as_("county_dispatcher", grid="610921")
    case, key = (await reported(server))["case"], str(uuid4())
    asked, given = "case { number version status } errors { code }", {"number": case["number"], "expectedVersion": 7}
    stale = await dispatcher.do("acceptCase", asked, **given, idempotencyKey=key)
    assert codes_of(stale["errors"]) == ["STALE_VERSION"]
    assert stale["case"] == {"number": case["number"], "version": 1, "status": "REPORTED"}
    done = await dispatcher.do("acceptCase", asked, number=case["number"], expectedVersion=1)
    again = await dispatcher.do("acceptCase", asked, **given, idempotencyKey=key)
    assert again["errors"] == stale["errors"] and again["case"] == done["case"]
    twice = await dispatcher.do("acceptCase", asked, number=case["number"], expectedVersion=done["case"]["version"])
    assert codes_of(twice["errors"]) == ["ILLEGAL_TRANSITION"] and twice["case"] is None


async def test_simultaneous_replays(server: Server) -> None:
    key = str(uuid4())
    replies = await asyncio.gather(
        *(server.do("reportCase", REPORTED, **MATTER, idempotencyKey=key) for _ in range(10))
    )
    assert len({reply["case"]["number"] for reply in replies}) == 1


async def test_numbers_have_no_holes(server: Server) -> None:
    replies = await asyncio.gather(*(reported(server) for _ in range(30)))
    numbers = sorted(read_case_number(reply["case"]["number"]).sequence for reply in replies)
    assert numbers == list(range(numbers[0], numbers[0] + 30))


async def test_refused_report_leaves_no_hole(server: Server) -> None:
    before = read_case_number((await reported(server))["case"]["number"]).sequence
    refused = await server.do("reportCase", REPORTED, **{**MATTER, "category": "nonsense"})
    assert codes_of(refused["errors"]) == ["NOT_FOUND"]
    after = read_case_number((await reported(server))["case"]["number"]).sequence
    assert after == before + 1


async def test_tip_offs_leave_no_hole(server: Server) -> None:
    before = read_case_number((await reported(server))["case"]["number"]).sequence
    sealed = (await reported(server, kind="TIP_OFF"))["case"]["number"]
    after = read_case_number((await reported(server))["case"]["number"]).sequence
    assert after == before + 1 and read_case_number(sealed).series == "SEALED"


async def test_tip_off_hides_from_the_accused(server: Server, filled: str) -> None:
    unit = await some_unit(filled)
    payload = await reported(server, kind="TIP_OFF", against=unit)
    number = payload["case"]["number"]
    query = "query($n: String!) { case(number: $n) { number } cases { totalCount } }"
    for viewer in (server.as_("department_handler", unit=unit), server.as_("administrator"), server):
        seen = (await viewer.ask(query, n=number)).data
        assert seen["case"] is None
    dispatcher = server.as_("county_dispatcher", grid="610921")
    assert (await dispatcher.ask(query, n=number)).data["case"] == {"number": number}
    await dispatcher.do("acceptCase", STEPPED, number=number, expectedVersion=1)
    refused = await dispatcher.do("dispatchCase", STEPPED, number=number, expectedVersion=2, leadUnit=unit)
    assert codes_of(refused["errors"]) == ["CONFLICT_OF_INTEREST"]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"place": {"longitude": 10, "latitude": 50, "crs": "WGS84"}}, "NOT_FOUND", "place"),
        ({"place": {"longitude": 32.89, "latitude": 108.51, "crs": "WGS84"}}, "BAD_USER_INPUT", "place"),
        ({"place": None}, "NOT_FOUND", "place"),
        ({"place": None, "grid": "999999"}, "NOT_FOUND", "grid"),
        ({"place": None, "grid": "61"}, "BAD_USER_INPUT", "grid"),
        ({"category": "nonsense"}, "NOT_FOUND", "category"),
        ({"channel": "PIGEON"}, "NOT_FOUND", "channel"),
        ({"title": "  "}, "BAD_USER_INPUT", "title"),
        ({"description": "长" * 10_001}, "BAD_USER_INPUT", "description"),
        ({"against": "610921-GONE", "kind": "TIP_OFF"}, "NOT_FOUND", "against"),
        ({"requester": "Person:00000000-0000-7000-8000-000000000000"}, "NOT_FOUND", "requester"),
        ({"idempotencyKey": "guessable"}, "BAD_USER_INPUT", "idempotencyKey"),
    ],
)
async def test_bad_reports(server: Server, change: dict[str, object], code: str, path: str) -> None:
    payload = await server.do("reportCase", REPORTED, **{**MATTER, **change})
    assert payload["case"] is None
    assert [(one["code"], one["path"][0]) for one in payload["errors"]] == [(code, path)]


async def test_illegal_steps(server: Server) -> None:
    case = (await reported(server))["case"]
    dispatcher = server.as_("county_dispatcher", grid="610921")
    closed = await dispatcher.do("closeCase", STEPPED, number=case["number"], expectedVersion=1)
    assert codes_of(closed["errors"]) == ["ILLEGAL_TRANSITION"]
    declined = await dispatcher.do(
        "declineCase", STEPPED, number=case["number"], expectedVersion=1, reason="不属于受理范围"
    )
    assert declined["case"]["status"] == "DECLINED"
    accepted = await dispatcher.do("acceptCase", STEPPED, number=case["number"], expectedVersion=2)
    assert codes_of(accepted["errors"]) == ["ILLEGAL_TRANSITION"] and accepted["case"] is None


async def test_one_dispatch_wins(server: Server, filled: str) -> None:
    case, unit = (await reported(server))["case"], await some_unit(filled)
    dispatcher = server.as_("county_dispatcher", grid="610921")
    await dispatcher.do("acceptCase", STEPPED, number=case["number"], expectedVersion=1)
    given = {"number": case["number"], "expectedVersion": 2, "leadUnit": unit}
    replies = await asyncio.gather(*(dispatcher.do("dispatchCase", STEPPED, **given) for _ in range(20)))
    assert len([reply for reply in replies if not reply["errors"]]) == 1
    assert {code for reply in replies for code in codes_of(reply["errors"])} == {"STALE_VERSION"}


async def test_others_may_not(server: Server) -> None:
    case = (await reported(server))["case"]
    elsewhere = "610921999" if case["grid"]["code"].startswith("610921100") else "610921100"
    stranger = await server.ask(
        "mutation($i: AcceptCaseInput!) { acceptCase(input: $i) { case { number } errors { code } } }",
        i={"idempotencyKey": str(uuid4()), "number": case["number"], "expectedVersion": 1},
    )
    assert stranger.codes == ["FORBIDDEN"]
    if elsewhere == "610921100":
        town = server.as_("town_dispatcher", grid=elsewhere)
        missing = await town.do("acceptCase", STEPPED, number=case["number"], expectedVersion=1)
        nowhere = await town.do("acceptCase", STEPPED, number="610921202601019999999", expectedVersion=1)
        assert missing == nowhere and codes_of(missing["errors"]) == ["NOT_FOUND"]


async def test_wrong_receipts(server: Server) -> None:
    number = (await reported(server))["case"]["number"]
    query = "query($n: String!, $r: String!) { caseByReceipt(number: $n, receiptCode: $r) { status } }"
    assert (await server.ask(query, n=number, r="AAAAAAAAAA")).data == {"caseByReceipt": None}
    rated = await server.do("rateCase", STEPPED, number=number, receiptCode="AAAAAAAAAA", rating=5, solved=True)
    assert codes_of(rated["errors"]) == ["NOT_FOUND"]


async def test_chinese_messages(server: Server) -> None:
    chinese = Server(server.client, server.clock, {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"})
    payload = await chinese.do("reportCase", REPORTED, **{**MATTER, "category": "nonsense"})
    assert payload["errors"][0]["message"] == "分类代码：没有此代码。"


async def test_payloads_are_costed(server: Server) -> None:
    """Too much is refused before anything is written."""
    deep = "children(first: 100) { nodes { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } }"
    query = f"mutation($input: ReportCaseInput!) {{ reportCase(input: $input) {{ case {{ grid {{ {deep} }} }} }} }}"
    before = read_case_number((await reported(server))["case"]["number"]).sequence
    answer = await server.ask(query, input={"idempotencyKey": str(uuid4()), **MATTER})
    assert answer.codes == ["COST_EXCEEDED"]
    after = read_case_number((await reported(server))["case"]["number"]).sequence
    assert after == before + 1


async def test_grid_without_place(server: Server) -> None:
    code = (await reported(server))["case"]["grid"]["code"]
    matter = {name: value for name, value in MATTER.items() if name != "place"}
    payload = await server.do("reportCase", "case { grid { code } place { longitude } }", **matter, grid=code)
    assert payload == {"case": {"grid": {"code": code}, "place": None}, "errors": []}


async def test_open_case_is_not_continued(server: Server) -> None:
    first = (await reported(server))["case"]["number"]
    dispatcher = server.as_("county_dispatcher", grid="610921")
    payload = await dispatcher.do("reportCase", REPORTED, **MATTER, follows=first)
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("BAD_USER_INPUT", ["follows"])]


async def test_answers_stay_in_the_timeline(server: Server) -> None:
    payload = await reported(server)
    case, receipt = payload["case"], payload["receiptCode"]
    worker = server.as_("grid_worker", grid=case["grid"]["code"])
    await worker.do("handleInGrid", STEPPED, number=case["number"], expectedVersion=1, text="已修好。")
    given = {"number": case["number"], "receiptCode": receipt, "rating": 1, "solved": False, "comment": "又坏了"}
    await server.do("rateCase", STEPPED, **given)
    query = "query($n: String!, $r: String!) { caseByReceipt(number: $n, receiptCode: $r) { timeline { type note } } }"
    steps = (await server.ask(query, n=case["number"], r=receipt)).data["caseByReceipt"]["timeline"]
    assert {"type": "case.settled", "note": "已修好。"} in steps
    assert {"type": "case.rated", "note": "又坏了"} in steps


async def test_times_need_an_offset(server: Server) -> None:
    query = '{ cases(filter: { reportedAt: { from: "2026-01-01T00:00:00" } }) { totalCount } }'
    assert (await server.ask(query)).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("field", ["address", "note", "comment"])
async def test_long_texts(server: Server, field: str) -> None:
    payload = await reported(server)
    case, long = payload["case"], "长" * 10_001
    if field == "address":
        found = await server.do("reportCase", REPORTED, **MATTER, address=long)
    elif field == "note":
        dispatcher = server.as_("county_dispatcher", grid="610921")
        found = await dispatcher.do("acceptCase", STEPPED, number=case["number"], expectedVersion=1, note=long)
    else:
        worker = server.as_("grid_worker", grid=case["grid"]["code"])
        await worker.do("handleInGrid", STEPPED, number=case["number"], expectedVersion=1, text="已修好。")
        given = {"number": case["number"], "receiptCode": payload["receiptCode"], "rating": 5, "solved": True}
        found = await server.do("rateCase", STEPPED, **given, comment=long)
    assert [(one["code"], one["path"]) for one in found["errors"]] == [("BAD_USER_INPUT", [field])]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.code)
async def test_channels_belong_to_roles(server: Server, channel: StockChannel) -> None:
    """How a case came is split in figures, so nobody says it of themselves who does not work there."""
    for role in (None, "resident", "deputy", "grid_worker", "town_dispatcher", "department_handler", "integrator"):
        caller = server.as_(role, grid="610921") if role else server
        payload = await caller.do(
            "reportCase", "case { channel { code roles byKey } }", **MATTER | {"channel": channel.code}
        )
        lawful = (not channel.roles or role in channel.roles) and not channel.by_key
        told = {"code": channel.code, "roles": list(channel.roles), "byKey": channel.by_key}
        assert payload["case"] == ({"channel": told} if lawful else None), role
        assert [(one["code"], one["path"]) for one in payload["errors"]] == (
            [] if lawful else [("FORBIDDEN", ["channel"])]
        ), role


async def test_only_staff_find_beforehand(server: Server) -> None:
    """A stranger's matter cannot pass for one that the office found before anybody asked."""
    for role, lawful in ((None, False), ("resident", False), ("deputy", False), ("grid_worker", True)):
        caller = server.as_(role, grid="610921101") if role else server
        payload = await caller.do("reportCase", "case { origin }", **MATTER, origin="PROACTIVE")
        assert payload["case"] == ({"origin": "PROACTIVE"} if lawful else None), role
        assert [(one["code"], one["path"]) for one in payload["errors"]] == (
            [] if lawful else [("FORBIDDEN", ["origin"])]
        ), role


RATINGS = "select r.source, r.rating, r.solved, r.counts from cases.rating r join cases.case c on c.id = r.case_id "
RATINGS += "where c.number = $1 order by r.answered_at"


async def ratings(dsn: str, number: object) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(RATINGS, number)]
    finally:
        await connection.close()


async def some_people(dsn: str, count: int) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return [
            str(key) for (key,) in await connection.fetch("select id from people.person order by id limit $1", count)
        ]
    finally:
        await connection.close()


async def test_every_answer_keeps_its_rating(server: Server, filled: str) -> None:
    payload = await reported(server)
    case, receipt = payload["case"], payload["receiptCode"]
    worker = server.as_("grid_worker", grid=case["grid"]["code"])
    handler = {"number": case["number"], "expectedVersion": 1, "text": "已修好。"}
    await worker.do("handleInGrid", STEPPED, **handler)
    given = {"number": case["number"], "receiptCode": receipt}
    unsolved = await server.do("rateCase", STEPPED, **given, rating=1, solved=False)
    server.clock.move(hours=1)
    again = await worker.do(
        "replyToCase", STEPPED, number=case["number"], expectedVersion=unsolved["case"]["version"], text="又修了。"
    )
    assert again["errors"] == [], again
    await server.do("rateCase", STEPPED, **given, rating=3, solved=True)
    await server.do("rateCase", STEPPED, **given, rating=5, solved=True)
    assert await ratings(filled, case["number"]) == [("RECEIPT", 1, False, True), ("RECEIPT", 5, True, True)]


async def test_own_work_is_not_rated(server: Server, filled: str) -> None:
    """A worker who files a case and settles it: for nobody, for themselves, for a resident."""
    [own, resident] = await some_people(filled, 2)
    for requester in (None, own, resident):
        grid = str((await reported(server))["case"]["grid"]["code"])
        worker = (
            server.as_("grid_worker", grid=grid, person=own)
            if requester == own
            else server.as_("grid_worker", grid=grid)
        )
        filer = server.as_("county_dispatcher", grid="610921") if requester == resident else worker
        more = {"requester": f"Person:{requester}"} if requester == resident else {}
        payload = await filer.do("reportCase", REPORTED, **{**MATTER, "channel": "MINI_APP"}, **more)
        assert payload["errors"] == [], payload
        number, receipt = payload["case"]["number"], payload["receiptCode"]
        settled = await worker.do("handleInGrid", STEPPED, number=number, expectedVersion=1, text="已修好。")
        assert settled["errors"] == [], settled
        stars = {"number": number, "receiptCode": receipt, "rating": 5, "solved": True}
        for involved in (worker, filer):
            refused = await involved.do("rateCase", STEPPED, **stars)
            assert codes_of(refused["errors"]) == ["CONFLICT_OF_INTEREST"], requester
        await server.do("rateCase", STEPPED, **stars)  # whoever has the receipt, with no account
        assert await ratings(filled, number) == [("RECEIPT", 5, True, requester == resident)]


async def test_who_filed_does_not_rate(server: Server, filled: str) -> None:
    """What a neighbour filed for somebody is theirs to rate."""
    [neighbour, asking] = await some_people(filled, 2)
    connection = await asyncpg.connect(filled)
    payload = await reported(server)
    number = payload["case"]["number"]
    await connection.execute(
        "update cases.case set requester_id = $1, filed_by_id = $2 where number = $3", asking, neighbour, number
    )
    await connection.close()
    worker = server.as_("grid_worker", grid=payload["case"]["grid"]["code"])
    await worker.do("handleInGrid", STEPPED, number=number, expectedVersion=1, text="已修好。")
    stars = {"number": number, "rating": 5, "solved": True}
    filed = await server.as_("resident", person=neighbour).do("rateCase", STEPPED, **stars)
    assert codes_of(filed["errors"]) == ["FORBIDDEN"]
    rated = await server.as_("resident", person=asking).do("rateCase", STEPPED, **stars)
    assert rated["case"]["status"] == "CLOSED"
    assert await ratings(filled, number) == [("ACCOUNT", 5, True, True)]


async def test_follow_up_is_independent(server: Server, filled: str) -> None:
    """Who settled a case in the grid does not ask about it; somebody else may, and the requester outweighs them."""
    payload = await reported(server)
    case, receipt = payload["case"], payload["receiptCode"]
    worker = server.as_("grid_worker", grid=str(case["grid"]["code"]), sub="one")
    settled = await worker.do("handleInGrid", STEPPED, number=case["number"], expectedVersion=1, text="已修好。")
    asked = {
        "number": case["number"],
        "expectedVersion": settled["case"]["version"],
        "contact": "PHONE",
        "reached": True,
    }
    involved = await server.as_("county_dispatcher", grid="610921", sub="one").do(
        "recordFollowUp", STEPPED, **asked, solved=True, rating=5
    )
    assert codes_of(involved["errors"]) == ["CONFLICT_OF_INTEREST"]
    other = server.as_("county_dispatcher", grid="610921", sub="other")
    heard = await other.do("recordFollowUp", STEPPED, **asked, solved=True, rating=3)
    assert heard["errors"] == [], heard
    assert await ratings(filled, case["number"]) == [("FOLLOW_UP", 3, True, True)]
    given = {"number": case["number"], "receiptCode": receipt}
    await server.do("rateCase", STEPPED, **given, rating=1, solved=False)
    assert await ratings(filled, case["number"]) == [("RECEIPT", 1, False, True)]
