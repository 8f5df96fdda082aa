"""Who hears of what happens to a case: everybody who has to act, at any hour where that matters, and whoever asked."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.core.cases import machine
from gongzhi.core.cases.events import EVENTS
from gongzhi.core.cases.models import Urgency
from gongzhi.core.cases.step_notices import NOBODY, STEPS, texts_of
from gongzhi.runtime.checks import CHINA
from gongzhi_server.deployment import doctor
from gongzhi_server.testing import ESSENTIAL, Server, settings_for_tests

COUNTY, UNIT, ACCUSED = "610921", "610921-GDGS", "610921-YJJ"
MATTER = {
    "kind": "HELP",
    "channel": "WEB",
    "category": "roads.lighting",
    "title": "路灯不亮",
    "description": "村口路灯不亮",
}
INBOX = "{ me { notices(first: 50) { nodes { kind title body about } } } }"
STEPPED = "case { id number status version }"


class Desk:
    """A county at work, and what its notices are."""

    def __init__(self, server: Server, connection: Any) -> None:
        self.server, self.connection = server, connection

    async def grid(self) -> Any:
        """A third-level grid with its worker, and the places around it."""
        return await self.connection.fetchrow(
            "select g.id, g.code, v.code as village, t.code as town, p.person_id::text as worker from grids.grid g "
            "join grids.grid v on v.id = g.village_id join grids.grid t on t.id = g.town_id "
            "join people.post p on p.grid_id = g.id and p.duty = 'GRID_WORKER' where g.kind = 'GRID_3' "
            "order by g.code limit 1"
        )

    async def resident(self) -> str:
        """Somebody who holds no post."""
        sql = "select id::text from people.person where id not in (select person_id from people.post) limit 1"
        return str(await self.connection.fetchval(sql))

    @property
    def county(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY)

    @property
    def unit(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT)

    async def report(self, caller: Server, **more: Any) -> dict[str, Any]:
        payload = await caller.do("reportCase", f"{STEPPED} receiptCode", **{**MATTER, **more})
        assert payload["errors"] == [], payload
        return {**payload["case"], "receiptCode": payload["receiptCode"]}

    async def do(self, caller: Server, mutation: str, case: dict[str, Any], **given: Any) -> dict[str, Any]:
        """The step, at the version the case has now."""
        version = await self.connection.fetchval("select version from cases.case where number = $1", case["number"])
        payload = await caller.do(mutation, STEPPED, number=case["number"], expectedVersion=version, **given)
        assert payload["errors"] == [], payload
        return {**case, **payload["case"]}

    async def notices(self, case: dict[str, Any], *kinds: str) -> list[Any]:
        """Rows about a case, the first first."""
        sql = "select n.*, coalesce(due_at, at) as goes_out from notices.notice n where about = $1 order by at, kind"
        rows = await self.connection.fetch(sql, case["id"])
        return [row for row in rows if not kinds or row["kind"] in kinds]

    async def approve(self, case: dict[str, Any], mutation: str, asked: str, caller: Server, **given: Any) -> None:
        version = await self.connection.fetchval("select version from cases.case where number = $1", case["number"])
        given = {"number": case["number"], "expectedVersion": version, "reason": "缺少材料", **given}
        payload = await caller.do(mutation, f"{asked} {{ id }}", **given)
        assert payload["errors"] == [], payload
        decided = await self.county.do(
            "decideApproval", "case { status }", approval=payload[asked]["id"], approve=True, reason="同意"
        )
        assert decided["errors"] == [], decided


@pytest.fixture
async def desk(server: Server, filled: str) -> Any:
    connection = await asyncpg.connect(filled)
    yield Desk(server, connection)
    await connection.close()


async def inbox(caller: Server, case: dict[str, Any]) -> list[str]:
    nodes = (await caller.ask(INBOX)).data["me"]["notices"]["nodes"]
    return [one["kind"] for one in nodes if one["about"] == case["id"]]


# the table


def test_every_step_says_who_is_told() -> None:
    """A step that nobody thought of fails here."""
    types = {one.type for one in EVENTS}
    assert types == set(STEPS), types ^ set(STEPS)
    changing = {step.event for step in machine.STEPS} - {"case.reported", "case.handling", "case.returned"}
    assert [event for event in sorted(changing) if STEPS[event].requester is None] == []
    for event, told in STEPS.items():
        title, text = texts_of(event)
        assert title.zh and title.en and "{" not in f"{text}{text and text.zh}"
        assert told is NOBODY or told.requester or told.staff
        for message in filter(None, (told.requester, told.staff)):
            assert "{number}" in message.body.en and "{number}" in message.body.zh
            assert len(message.title.zh) <= 20 and len(message.body.zh) <= 200


# staff

Birth = Callable[[Desk, Any, str], Awaitable[dict[str, Any]]]


async def by_stranger(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    return await desk.report(desk.server, grid=grid["code"], urgency=urgency)


async def by_resident(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    who = desk.server.as_("resident", person=await desk.resident())
    return await desk.report(who, grid=grid["code"], urgency=urgency)


async def by_worker(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    who = desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"])
    return await desk.report(who, grid=grid["code"], urgency=urgency, channel="GRID_WORKER")


async def by_intake(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    entry = {**MATTER, "channel": "HOTLINE_12345", "grid": grid["code"], "urgency": urgency}
    payload = await desk.server.as_("integrator", grid=COUNTY).do(
        "intakeCases", f"results {{ {STEPPED} errors {{ code }} }}", entries=[{**entry, "externalNumber": uuid4().hex}]
    )
    return dict(payload["results"][0]["case"])


async def by_patrol(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    finding = {name: MATTER[name] for name in ("category", "title", "description")}
    payload = await desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"]).do(
        "recordPatrol", STEPPED, grid=grid["code"], at=desk.server.clock().isoformat(), found="路灯不亮",
        case={**finding, "urgency": urgency},
    )  # fmt: skip
    assert payload["errors"] == [], payload
    return dict(payload["case"])


async def by_phone_later(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    """In a batch that was written without a network."""
    worker = desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"])
    entry = {
        "clientId": uuid4().hex,
        "occurredAt": desk.server.clock().isoformat(),
        "change": {"reportCase": {**MATTER, "idempotencyKey": str(uuid4()), "grid": grid["code"], "urgency": urgency}},
    }
    payload = await worker.do("sync", f"results {{ {STEPPED} errors {{ code }} }}", entries=[entry])
    assert payload["errors"] == [] and payload["results"][0]["errors"] == [], payload
    return dict(payload["results"][0]["case"])


async def by_unmerging(desk: Desk, grid: Any, urgency: str) -> dict[str, Any]:
    first, second = [await by_stranger(desk, grid, urgency) for _ in range(2)]
    await desk.do(desk.county, "mergeCases", first, merge=[second["number"]])
    await desk.connection.execute("delete from notices.notice where about = $1", second["id"])
    return await desk.do(desk.county, "unmergeCase", second, reason="不是同一件事")


BIRTHS: tuple[Birth, ...] = (by_stranger, by_resident, by_worker, by_intake, by_patrol, by_phone_later, by_unmerging)


def opening(now: datetime) -> datetime:
    """When offices are open next, reckoned anew: the days around New Year and Spring Festival are not asked for."""
    day = now.astimezone(CHINA)
    while True:
        if day.weekday() < 5:
            for opens, closes in ((8.5, 12), (14, 18)):
                midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
                start, end = midnight + timedelta(hours=opens), midnight + timedelta(hours=closes)
                if now < end:
                    return max(now, start)
        day = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


async def test_somebody_hears_of_every_new_case_in_time(desk: Desk) -> None:
    """Whichever way it comes, whatever its urgency, at any hour of any day."""
    grid, chance = await desk.grid(), random.Random(45)
    first = datetime(2026, 7, 1, tzinfo=CHINA)  # no holidays until 25 September
    moments = sorted(chance.randrange(80 * 24 * 60) for _ in range(4 * len(BIRTHS)))
    births = list(BIRTHS) * 4
    chance.shuffle(births)
    for at, birth in zip(moments, births, strict=True):
        now = desk.server.clock.time = first + timedelta(minutes=at)
        urgency = chance.choice(list(Urgency))
        case = await birth(desk, grid, urgency.value)
        told = await desk.notices(case, "case.reported", "case.unmerged")
        staff = [row for row in told if row["title_zh"] in ("新诉求", "特急诉求")]
        assert grid["worker"] in {str(row["person_id"]) for row in staff}, (birth, urgency, now)
        due = now if urgency is not Urgency.ROUTINE else opening(now)
        assert {row["goes_out"] for row in staff} == {due}, (birth, urgency, now)
        assert {row["wakes"] for row in staff} == {urgency is Urgency.EMERGENCY}
        offices = {row["office"] for row in staff} - {None}
        assert offices == ({"cases.dispatch"} if urgency is Urgency.EMERGENCY else set())


async def test_without_a_worker_the_next_one_hears(desk: Desk, filled: str, tmp_path: Any) -> None:
    """The worker, the leader, the town, and whoever reads the town's notices in the county; the doctor names a hole."""
    grid = await desk.grid()

    async def heard() -> Any:
        [row] = await desk.notices(await by_stranger(desk, grid, "ROUTINE"), "case.reported")
        return row

    assert str((await heard())["person_id"]) == grid["worker"]
    every = "select unnest(array[id, village_id, grid_1_id, grid_2_id]) from grids.grid where id = $1"
    gone = f"delete from people.post where grid_id in ({every})"
    await desk.connection.execute(f"{gone} and duty = 'GRID_WORKER'", grid["id"])
    leader = await heard()
    assert leader["person_id"] is not None and str(leader["person_id"]) != grid["worker"]
    await desk.connection.execute(gone, grid["id"])
    assert (await heard())["office"] == "cases.dispatch"
    case = await by_stranger(desk, grid, "ROUTINE")
    for office in (desk.server.as_("town_dispatcher", grid=grid["town"]), desk.county):
        assert await inbox(office, case) == ["case.reported"]
    ill = [
        text
        for well, text in await doctor.examine_deployment(settings_for_tests(filled, tmp_path), filled, ESSENTIAL)
        if not well
    ]
    assert any("nobody is told of a new case" in str(text) for text in ill), ill


async def test_account_appointed_for_the_grid_hears(desk: Desk) -> None:
    grid = await desk.grid()
    await desk.connection.execute("delete from people.post")
    account = await desk.connection.fetchval(
        "insert into accounts.account (id, name, kind, grid_id, created_at, created_by, version) "
        "values (gen_random_uuid(), 'worker-1', 'PERSON', $1, now(), 'test', 1) returning id",
        grid["id"],
    )
    await desk.connection.execute(
        "insert into accounts.holding (id, account_id, role, grid_id, since, granted_by) "
        "values (gen_random_uuid(), $1, 'grid_worker', $2, '2026-01-01', 'test')",
        account,
        grid["id"],
    )
    [row] = await desk.notices(await by_stranger(desk, grid, "ROUTINE"), "case.reported")
    assert row["account"] == "worker-1"


async def test_tip_off_is_told_to_those_who_may_know(desk: Desk) -> None:
    grid = await desk.grid()
    case = await desk.report(desk.server, grid=grid["code"], kind="TIP_OFF", against=ACCUSED, urgency="EMERGENCY")
    [row] = await desk.notices(case)
    assert (row["office"], row["person_id"]) == ("cases.view_sealed", None)
    assert await inbox(desk.county, case) == ["case.reported"]
    accused = desk.server.as_("county_dispatcher", grid=COUNTY, unit=ACCUSED)
    town = desk.server.as_("town_dispatcher", grid=grid["town"])
    worker = desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"])
    for nobody in (accused, town, worker, desk.server.as_("department_handler", unit=ACCUSED)):
        assert await inbox(nobody, case) == []


async def test_every_level_is_told_what_is_raised_to_it(desk: Desk) -> None:
    grid = await desk.grid()
    worker = desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"])
    case = await by_stranger(desk, grid, "ROUTINE")
    levels = {
        "VILLAGE": desk.server.as_("grid_leader", grid=grid["village"]),
        "TOWN": desk.server.as_("town_dispatcher", grid=grid["town"]),
        "COUNTY": desk.county,
    }
    for level, reader in levels.items():
        await desk.connection.execute("delete from notices.notice")
        case = await desk.do(worker, "escalateCase", case, reason="超出本级权限")
        assert "case.level_raised" in await inbox(reader, case), level


async def test_whoever_acts_next_hears(desk: Desk) -> None:
    """Dispatchers of what a worker accepted or a unit returned; the grid of what it settled and is not solved."""
    grid = await desk.grid()
    worker = desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"])
    case = await by_stranger(desk, grid, "ROUTINE")
    case = await desk.do(worker, "acceptCase", case)
    assert [row["office"] for row in await desk.notices(case, "case.to_dispatch")] == ["cases.dispatch"]
    other = await by_stranger(desk, grid, "ROUTINE")
    await desk.do(desk.county, "acceptCase", other)
    assert await desk.notices(other, "case.to_dispatch") == []  # who accepted it can dispatch it
    settled = await by_stranger(desk, grid, "ROUTINE")
    await desk.do(worker, "handleInGrid", settled, text="已修好")
    assert await desk.notices(settled, "case.to_dispatch") == []
    await desk.do(desk.county, "reopenCase", settled, reason="又坏了")
    assert [str(row["person_id"]) for row in await desk.notices(settled, "case.reopened")] == [grid["worker"]]


async def test_raised_urgency_is_told(desk: Desk) -> None:
    grid = await desk.grid()
    worker = desk.server.as_("grid_worker", grid=grid["code"], person=grid["worker"])
    case = await by_stranger(desk, grid, "ROUTINE")
    change = {"base": "ROUTINE", "value": "EMERGENCY"}
    payload = await worker.do("editCase", "case { id }", number=case["number"], urgency=change)
    assert payload["errors"] == [], payload
    told = await desk.notices(case, "case.urgency_raised")
    assert {(row["office"], row["wakes"]) for row in told} == {(None, True), ("cases.dispatch", True)}


# requesters


async def whole_story(desk: Desk, case: dict[str, Any]) -> None:
    """Nearly every step there is."""
    case = await desk.do(desk.county, "acceptCase", case)
    case = await desk.do(desk.county, "dispatchCase", case, leadUnit=UNIT)
    later = (desk.server.clock() + timedelta(days=20)).isoformat()
    await desk.approve(case, "requestExtension", "extension", desk.unit, until=later)
    case = await desk.do(desk.unit, "handleCase", case)
    await desk.approve(case, "requestSuspension", "approval", desk.unit, until=later)
    case = await desk.do(desk.unit, "resumeCase", case)
    case = await desk.do(desk.unit, "replyToCase", case, text="已修好")
    case = await desk.do(desk.county, "reopenCase", case, reason="又坏了")
    case = await desk.do(desk.unit, "replyToCase", case, text="已更换")
    await desk.do(desk.county, "closeCase", case)


HEARD = [
    "case.accepted", "case.dispatched", "case.extended", "case.suspended", "case.resumed", "case.replied",
    "case.reopened", "case.replied", "case.closed",
]  # fmt: skip


async def test_requester_hears_of_every_step(desk: Desk) -> None:
    grid = await desk.grid()
    who = await desk.resident()
    case = await desk.report(desk.server.as_("resident", person=who), grid=grid["code"])
    await whole_story(desk, case)
    assert sorted(await inbox(desk.server.as_("resident", person=who), case)) == sorted(HEARD)
    declined = await desk.report(desk.server.as_("resident", person=who), grid=grid["code"])
    await desk.do(desk.county, "declineCase", declined, reason="不属于受理范围")
    [row] = await desk.notices(declined, "case.declined")
    assert "理由见诉求经过" in row["body_zh"] and "复议" in row["body_zh"] and "不属于" not in row["body_zh"]


async def test_receipt_shows_the_steps_in_words(desk: Desk) -> None:
    """Whoever has neither an account nor a number reads it by receipt, the reason with it."""
    grid = await desk.grid()
    case = await desk.report(desk.server, grid=grid["code"])
    await desk.do(desk.county, "declineCase", case, reason="不属于受理范围")
    query = """query($n: String!, $r: String!) { caseByReceipt(number: $n, receiptCode: $r) {
        timeline { type title text note } } }"""
    desk.server.headers["accept-language"] = "zh-CN"
    seen = (await desk.server.ask(query, n=case["number"], r=case["receiptCode"])).data["caseByReceipt"]
    last = seen["timeline"][-1]
    assert (last["title"], last["note"]) == ("不予受理", "不属于受理范围")
    assert "您的诉求未予受理" in last["text"] and "复议" in last["text"]


async def test_requesters_of_merged_cases_hear(desk: Desk) -> None:
    grid = await desk.grid()
    main = await desk.report(desk.server, grid=grid["code"])
    who = await desk.resident()
    part = await desk.report(desk.server.as_("resident", person=who), grid=grid["code"])
    main = await desk.do(desk.county, "mergeCases", main, merge=[part["number"]])
    await whole_story(desk, main)
    assert sorted(await inbox(desk.server.as_("resident", person=who), part)) == sorted(["case.merged", *HEARD])
    [row, *_] = await desk.notices(part, "case.dispatched")
    assert part["number"] in row["body_zh"] and main["number"] not in row["body_zh"]


async def test_number_that_was_proved_is_told(desk: Desk) -> None:
    grid = await desk.grid()
    case = await desk.report(desk.server, grid=grid["code"])
    contact = await desk.connection.fetchval(
        "insert into contacts.contact (id, case_id, grid_id, county_id, sent_at, tries, verified_at) select "
        "gen_random_uuid(), c.id, c.grid_id, c.county_id, now(), 0, now() from cases.case c where number = $1 "
        "returning id",
        case["number"],
    )
    await whole_story(desk, case)
    told = [row["kind"] for row in await desk.notices(case) if row["contact_id"] == contact]
    assert sorted(told) == sorted(HEARD)


async def test_nobody_is_told_what_they_did(desk: Desk) -> None:
    grid = await desk.grid()
    who = desk.server.as_("resident", person=await desk.resident())
    case = await desk.report(who, grid=grid["code"])
    await desk.do(who, "withdrawCase", case)
    assert await inbox(who, case) == []


async def test_notices_cost_no_statement_of_their_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from asyncpg.connection import Connection

    said: list[str] = []
    execute = Connection._do_execute

    async def spy(self: Any, query: Any, *given: Any, **named: Any) -> Any:
        said.append(str(query))
        return await execute(self, query, *given, **named)

    monkeypatch.setattr(Connection, "_do_execute", spy)
    grid = await desk.grid()
    case = await desk.report(desk.server, grid=grid["code"])
    await desk.do(desk.county, "acceptCase", case)
    touching = [one for one in said if "insert into notices.notice" in one]
    assert len(touching) == 2 and all("update journal.request" in one for one in touching)
