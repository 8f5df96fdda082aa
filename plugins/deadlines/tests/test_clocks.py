"""The clocks of a case over HTTP, what sweeps bring about, and what counties may decide about deadlines."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, SettlementLevel, Status
from gongzhi.core.cases.steps import advance_case
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.columns import NEVER
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.context import Context
from gongzhi.runtime.reactions import Happening, Reaction, reaction
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values.errors import Refusal
from gongzhi_deadlines.calendars import holidays, national_calendar
from gongzhi_deadlines.clocks import course, sweeping
from gongzhi_deadlines.clocks.models import ClockRow, Stage
from gongzhi_deadlines.clocks.recalculation import STALE, catch_up
from gongzhi_deadlines.clocks.reminders import RunningClock, due_reminders
from gongzhi_deadlines.clocks.rules import Matter, Rule, load_standing
from gongzhi_deadlines.clocks.running import extend_deadline, find_rule, hold_until
from gongzhi_deadlines.clocks.stages import STARTS, STOPS
from gongzhi_deadlines.clocks.storage import CHANGING
from gongzhi_deadlines.clocks.sweeping import Swept, sweep_once
from gongzhi_deadlines.worktime import Term, Unit
from gongzhi_server.cli import plugin_commands
from gongzhi_server.commands.reactions import ReactionTable
from gongzhi_server.commands.transaction import Transaction
from gongzhi_server.deployment import doctor
from gongzhi_server.events.outbox import Outbox
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.storage.database import open_tortoise, tortoise_config
from gongzhi_server.testing import ESSENTIAL, Server, codes_of, settings_for_tests
from tortoise.transactions import in_transaction

COUNTY = "610921"
PLACE = {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"}
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": PLACE,
}
UNIT = "610921-GDGS"
CLOCKS = "case { version dueAt light overdue clocks { stage dueAt spent allowed light paused stoppedAt } }"


def china(moment: str | None) -> str | None:
    """A moment of an answer as China's clocks show it."""
    return moment and datetime.fromisoformat(moment).astimezone(CHINA).strftime("%m-%d %H:%M")


class Story:
    """One case, and those who move it."""

    def __init__(self, server: Server) -> None:
        self.server, self.number, self.version = server, "", 1

    @property
    def dispatcher(self) -> Server:
        """Signed in anew each time, for the clock moves far."""
        return self.server.as_("county_dispatcher", grid=COUNTY)

    @property
    def handler(self) -> Server:
        return self.server.as_("department_handler", unit=UNIT)

    async def report(self, **more: Any) -> dict[str, Any]:
        payload = await self.server.do("reportCase", "case { number } receiptCode", **{**MATTER, **more})
        self.number = payload["case"]["number"]
        return payload

    async def do(self, caller: Server, mutation: str, **given: Any) -> dict[str, dict[str, Any]]:
        """Take a step; the case's clocks by stage, the last of each, and the case itself under `case`."""
        payload = await caller.do(mutation, CLOCKS, number=self.number, expectedVersion=self.version, **given)
        assert payload["errors"] == []
        self.version = payload["case"]["version"]
        return self.shown(payload["case"])

    async def look(self) -> dict[str, dict[str, Any]]:
        query = f"query($n: String!) {{ case(number: $n) {CLOCKS.removeprefix('case ')} }}"
        return self.shown((await self.dispatcher.ask(query, n=self.number)).data["case"])

    @staticmethod
    def shown(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {"case": case, **{clock["stage"]: clock for clock in case["clocks"]}}

    async def dispatched(self) -> dict[str, dict[str, Any]]:
        await self.report()
        await self.do(self.dispatcher, "acceptCase")
        return await self.do(self.dispatcher, "dispatchCase", leadUnit=UNIT)


@pytest.fixture
def story(server: Server) -> Story:
    """It is Tuesday, 30 June 2026, ten in the morning."""
    return Story(server)


@asynccontextmanager
async def open_call(dsn: str, now: datetime, *more: Reaction) -> AsyncIterator[Call]:
    """An open transaction of nobody in particular, where these reactions take part."""

    async def nothing(*given: Any) -> Any:
        raise AssertionError(given)

    async with open_tortoise(tortoise_config(dsn, size=2)), in_transaction() as connection:
        reactions = ReactionTable([*ESSENTIAL.reactions, *((None, one) for one in more)])
        keys = KeyRing({"main": b"k" * 32})
        kept = {"registers": ESSENTIAL.registers, "reactions": reactions}
        context = Context(Viewer(ViewerAccount(), now), keys, b"", nothing, nothing, nothing, **kept)
        outbox = Outbox(ESSENTIAL.registry, {one.name for _, one in ESSENTIAL.jobs})
        call = Transaction(context, connection, outbox=outbox)
        yield call
        await call.outgoing.write(connection)


@pytest.fixture
def swept(story: Story, database: str) -> Callable[[], Awaitable[Swept]]:
    """Sweeps at the time of the test's clock."""

    async def run() -> Swept:
        async with open_call(database, story.server.clock()) as call:
            with acting_as("deadlines"):
                return await sweep_once(call)

    return run


async def take(story: Story, dsn: str, step: machine.Step) -> None:
    """A step that has no mutation yet."""
    async with open_call(dsn, story.server.clock()) as call:
        case = await CaseRow.get(number=story.number)
        await advance_case(call, case, step)
    story.version += 1


# the clocks of a case


async def test_clocks_follow_steps(story: Story) -> None:
    await story.report()
    seen = await story.look()
    assert {stage: china(seen[stage]["dueAt"]) for stage in ("RESPOND", "ACCEPT", "REPLY")} == {
        "RESPOND": "06-30 12:00",
        "ACCEPT": "07-01 18:00",
        "REPLY": "07-07 18:00",
    }
    assert china(seen["case"]["dueAt"]) == "06-30 12:00" and seen["case"]["light"] == "GREEN"
    story.server.clock.move(minutes=90)
    seen = await story.do(story.dispatcher, "acceptCase")
    assert seen["RESPOND"]["spent"] == 90 and seen["RESPOND"]["stoppedAt"] and seen["ACCEPT"]["stoppedAt"]
    assert china(seen["DISPATCH"]["dueAt"]) == "06-30 17:30" == china(seen["case"]["dueAt"])
    seen = await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
    assert china(seen["HANDLE"]["dueAt"]) == "07-06 18:00" and china(seen["CONTACT"]["dueAt"]) == "07-01 18:00"
    seen = await story.do(story.handler, "contactRequester")
    assert seen["CONTACT"]["stoppedAt"] and not seen["HANDLE"]["stoppedAt"]
    await story.do(story.handler, "handleCase")
    seen = await story.do(story.handler, "replyToCase", text="已扶正。")
    assert all(seen[stage]["stoppedAt"] for stage in ("HANDLE", "REPLY"))
    assert china(seen["FOLLOW_UP"]["dueAt"]) == "07-07 18:00" == china(seen["case"]["dueAt"])


async def test_light_turns(story: Story) -> None:
    await story.report(urgency="EMERGENCY")  # a quarter of an hour
    lights = []
    for _ in range(4):
        seen = await story.look()
        lights.append(
            (seen["RESPOND"]["light"], seen["case"]["light"], seen["case"]["overdue"], seen["RESPOND"]["spent"])
        )
        story.server.clock.move(minutes=6)
    assert lights == [("GREEN", "GREEN", False, 0), ("GREEN", "GREEN", False, 6)] + [
        ("AMBER", "AMBER", False, 12), ("RED", "RED", True, 18),
    ]  # fmt: skip
    seen = await story.do(story.dispatcher, "acceptCase")
    assert seen["RESPOND"]["light"] == "RED" and seen["RESPOND"]["spent"] == 24
    story.server.clock.move(days=9)
    assert (await story.look())["RESPOND"]["spent"] == 24


async def test_working_time_is_spent(story: Story) -> None:
    """Nights and weekends are not counted."""
    await story.dispatched()
    story.server.clock.move(days=6)  # Monday, ten o'clock
    seen = await story.look()
    assert seen["HANDLE"]["spent"] == 3 * 450 + 90 and seen["HANDLE"]["light"] == "AMBER"


async def test_hold_stops_time(story: Story, database: str) -> None:
    await story.dispatched()
    await story.do(story.handler, "handleCase")
    story.server.clock.move(days=1)
    await take(story, database, machine.SUSPEND)
    story.server.clock.move(days=30)
    seen = await story.look()
    assert seen["HANDLE"]["paused"] and seen["HANDLE"]["dueAt"] is None and seen["HANDLE"]["light"] == "GREEN"
    assert seen["HANDLE"]["spent"] == 90 and seen["case"]["dueAt"] is None and seen["case"]["light"] == "GREEN"
    await take(story, database, machine.RESUME)
    seen = await story.look()
    assert china(seen["HANDLE"]["dueAt"]) == "08-05 18:00" and not seen["HANDLE"]["paused"]
    query = "query($n: String!) { case(number: $n) { clocks { stage changes { why before after } } } }"
    found = (await story.dispatcher.ask(query, n=story.number)).data["case"]["clocks"]
    [changes] = [clock["changes"] for clock in found if clock["stage"] == "HANDLE"]
    assert [(one["why"], china(one["before"]), china(one["after"])) for one in changes] == [
        ("PAUSED", "07-06 18:00", None),
        ("RESUMED", None, "08-05 18:00"),
    ]


async def test_extension_adds_days(story: Story, database: str) -> None:
    await story.dispatched()
    async with open_call(database, story.server.clock()) as call:
        case = await CaseRow.get(number=story.number)
        await extend_deadline(call, case, Term(2, Unit.WORKING_DAY), reason="WEATHER")
        await case.save(update_fields=["warn_at", "due_at"])
    seen = await story.look()
    assert china(seen["HANDLE"]["dueAt"]) == "07-08 18:00" and china(seen["REPLY"]["dueAt"]) == "07-09 18:00"
    assert seen["HANDLE"]["allowed"] == 6 * 450 and china(seen["CONTACT"]["dueAt"]) == "07-01 18:00"


async def test_mediation_holds_handling_alone(story: Story, database: str) -> None:
    """Also of the clocks that start meanwhile: to pass a case on waits for nobody."""
    await story.report()
    async with open_call(database, story.server.clock()) as call:
        case = await CaseRow.get(number=story.number)
        await hold_until(call, case, story.server.clock() + timedelta(days=10))
        await case.save(update_fields=["warn_at", "due_at"])
    seen = await story.do(story.dispatcher, "acceptCase")
    assert china(seen["DISPATCH"]["dueAt"]) == "06-30 16:00" and china(seen["REPLY"]["dueAt"]) == "07-17 18:00"
    seen = await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
    assert china(seen["CONTACT"]["dueAt"]) == "07-01 18:00" and china(seen["HANDLE"]["dueAt"]) == "07-16 18:00"


async def test_reopening_starts_anew(story: Story) -> None:
    receipt = (await story.report())["receiptCode"]
    await story.do(story.dispatcher, "acceptCase")
    await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
    await story.do(story.handler, "handleCase")
    await story.do(story.handler, "replyToCase", text="已扶正。")
    story.server.clock.move(days=1)
    given = {"number": story.number, "receiptCode": receipt, "rating": 1, "solved": False}
    clocks = (await story.server.do("rateCase", CLOCKS, **given))["case"]["clocks"]
    handling = [clock for clock in clocks if clock["stage"] == "HANDLE"]
    assert [bool(clock["stoppedAt"]) for clock in handling] == [True, False]
    assert [china(clock["dueAt"]) for clock in handling] == ["07-06 18:00", "07-07 18:00"]
    assert {clock["stage"] for clock in clocks if not clock["stoppedAt"]} == {"HANDLE"}


async def test_lists_by_light(story: Story) -> None:
    await story.report()
    query = """query($light: Light!) { cases(filter: { light: { equals: $light } }, orderBy: DUE_AT_ASC, first: 100) {
        totalCount nodes { number dueAt light overdue } } }"""
    counts = {}
    for light in ("GREEN", "AMBER", "RED"):
        found = (await story.dispatcher.ask(query, light=light)).data["cases"]
        counts[light] = found["totalCount"]
        assert all(one["light"] == light and one["overdue"] is (light == "RED") for one in found["nodes"])
        dues = [one["dueAt"] or "infinity" for one in found["nodes"]]
        assert dues == sorted(dues)
    late = "{ cases(filter: { overdue: { equals: true } }) { totalCount } }"
    assert (await story.dispatcher.ask(late)).data["cases"]["totalCount"] == counts["RED"] > 0


# rules


def test_first_rule_that_fits() -> None:
    def rule(**conditions: str) -> Rule:
        return Rule(1, Stage.REPLY, Term(1, Unit.HOUR), **conditions)

    about = Matter("HELP", "environment.road", "ROUTINE", "WEB")
    assert rule().fits(about) and rule(category="environment").fits(about) and rule(kind="HELP").fits(about)
    assert not rule(category="env").fits(about) and not rule(category="environment.road.x").fits(about)
    assert not rule(urgency="URGENT").fits(about) and not rule(channel="IOT").fits(about)


RULES = "rules { code edition } recounted"


async def test_fast_lane_keeps_time_spent(story: Story) -> None:
    await story.report()
    story.server.clock.move(minutes=10)
    admin = story.server.as_("administrator", grid=COUNTY)
    payload = await admin.do("chooseDeadlineRules", RULES, county=COUNTY, code="fast-lane")
    assert payload["rules"] == {"code": "fast-lane", "edition": 1} and payload["recounted"] >= 3
    seen = await story.look()
    assert (china(seen["RESPOND"]["dueAt"]), seen["RESPOND"]["spent"]) == ("06-30 10:15", 10)
    assert china(seen["REPLY"]["dueAt"]) == "07-01 22:00" and seen["REPLY"]["spent"] == 10
    query = """query($n: String!) { case(number: $n) { clocks { stage changes { why before after } } }
        deadlineRules(county: "610921") { code rules { stage basis } } }"""
    found = (await story.dispatcher.ask(query, n=story.number)).data
    assert found["deadlineRules"]["code"] == "fast-lane" and "武侯" in found["deadlineRules"]["rules"][0]["basis"]
    assert all([one["why"] for one in clock["changes"]] == ["RULES"] for clock in found["case"]["clocks"])
    again = await admin.do("chooseDeadlineRules", RULES, county=COUNTY, code="fast-lane")
    assert again["recounted"] == 0


OWN = {"stage": "REPLY", "amount": 3, "unit": "WORKING_DAY", "nextDay": True, "basis": "县诉求办理办法第五条"}


async def test_county_writes_rules(story: Story) -> None:
    admin = story.server.as_("administrator", grid=COUNTY)
    given: dict[str, Any] = {"county": COUNTY, "expectedEdition": 0, "name": "本县时限"}
    soon = {**OWN, "category": "utilities", "amount": 2}
    payload = await admin.do("publishDeadlineRules", RULES, **given, rules=[soon, OWN])
    assert payload["rules"] == {"code": COUNTY, "edition": 1}
    await story.report()
    seen = await story.look()
    assert china(seen["REPLY"]["dueAt"]) == "07-02 18:00" and "ACCEPT" not in seen  # no rule, no clock
    stale = await admin.do("publishDeadlineRules", RULES, **given, rules=[OWN])
    assert codes_of(stale["errors"]) == ["STALE_VERSION"]
    await admin.do("publishDeadlineRules", RULES, **{**given, "expectedEdition": 1}, rules=[OWN])
    assert china((await story.look())["REPLY"]["dueAt"]) == "07-03 18:00"


async def test_rules_are_checked(story: Story) -> None:
    admin = story.server.as_("administrator", grid=COUNTY)
    given: dict[str, Any] = {"county": COUNTY, "expectedEdition": 0, "name": "本县时限"}
    wrong = [{**OWN, "amount": 0}, {**OWN, "basis": " "}, OWN]
    payload = await admin.do("publishDeadlineRules", RULES, **given, rules=wrong)
    assert sorted(one["path"] for one in payload["errors"]) == [["rules", "0", "amount"], ["rules", "1", "basis"]]
    payload = await admin.do("publishDeadlineRules", RULES, **given, rules=[{**OWN, "category": "nothing"}])
    assert payload["errors"][0]["path"] == ["rules", "0", "category"]
    mutation = """mutation($input: ChooseDeadlineRulesInput!) {
        chooseDeadlineRules(input: $input) { recounted errors { code } } }"""
    asked = {"idempotencyKey": "x", "county": COUNTY, "code": "fast-lane"}
    assert (await story.dispatcher.ask(mutation, input=asked)).codes == ["FORBIDDEN"]
    other = story.server.as_("administrator", grid="610921100")
    payload = await other.do("chooseDeadlineRules", RULES, county=COUNTY, code="fast-lane")
    assert codes_of(payload["errors"]) == ["FORBIDDEN"]


# calendars


CALENDAR = """calendar { version county { code }
    days(filter: { day: { from: "2026-07-01", before: "2026-07-05" } }) { nodes { day name working } } } recounted"""
FLOOD = {"day": "2026-07-02", "working": False, "name": "防汛停工", "source": "县政府通知"}


async def version(server: Server) -> int:
    found: int = (await server.ask('{ calendar(county: "610921") { version } }')).data["calendar"]["version"]
    return found


async def test_county_edits_its_calendar(story: Story, database: str) -> None:
    await story.dispatched()
    admin = story.server.as_("administrator", grid=COUNTY)
    seen = await version(admin)
    payload = await admin.do("editCalendar", CALENDAR, county=COUNTY, expectedVersion=seen, days=[FLOOD])
    assert payload["calendar"]["county"] == {"code": COUNTY} and payload["recounted"] >= 2
    assert payload["calendar"]["days"]["nodes"] == [{"day": "2026-07-02", "name": "防汛停工", "working": False}]
    assert china((await story.look())["HANDLE"]["dueAt"]) == "07-07 18:00"
    stale = await admin.do("editCalendar", CALENDAR, county=COUNTY, expectedVersion=seen, days=[FLOOD])
    assert codes_of(stale["errors"]) == ["STALE_VERSION"]
    shift = {"since": "07-01", "hours": [{"opens": "08:00", "closes": "11:30"}, {"opens": "15:00", "closes": "18:30"}]}
    usual = {"since": "01-01", "hours": [{"opens": "08:30", "closes": "12:00"}, {"opens": "14:00", "closes": "18:00"}]}
    now = await version(admin)
    await admin.do("editCalendar", CALENDAR, county=COUNTY, expectedVersion=now, shifts=[usual, shift])
    assert china((await story.look())["HANDLE"]["dueAt"]) == "07-07 18:30"


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"days": [{**FLOOD, "hours": [{"opens": "08:00", "closes": "12:00"}]}]}, ["days", "0", "hours"]),
    ({"shifts": [{"since": "13-01", "hours": []}]}, ["shifts", "0", "since"]),
    ({"shifts": [{"since": "01-01", "hours": []}]}, ["shifts", "0", "hours"]),
    ({"shifts": [{"since": "01-01", "hours": [{"opens": "12:00", "closes": "08:00"}]}]}, ["shifts", "0", "hours"]),
    ({"weekdays": [7]}, ["weekdays"]),
    ({"announced": 2027}, ["announced"]),
]


async def test_calendar_is_checked(server: Server) -> None:
    admin = server.as_("administrator", grid=COUNTY)
    seen = await version(admin)
    for given, path in WRONG:
        payload = await admin.do("editCalendar", CALENDAR, county=COUNTY, expectedVersion=seen, **given)
        assert [one["path"] for one in payload["errors"]] == [path] and await version(admin) == seen


async def test_nation_is_not_a_countys(server: Server) -> None:
    admin = server.as_("administrator", grid=COUNTY)
    payload = await admin.do("editCalendar", CALENDAR, expectedVersion=await version(admin), days=[FLOOD])
    assert codes_of(payload["errors"]) == ["FORBIDDEN"]


async def test_announcement_moves_deadlines(
    story: Story, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deadline in a provisional year moves when the notice comes, by the operator's command, and says why."""
    story.server.clock.time = datetime(2026, 12, 31, 10, 0, tzinfo=CHINA)
    await story.report()
    assert china((await story.look())["REPLY"]["dueAt"]) == "01-08 18:00"  # 4 to 8 January 2027
    root = story.server.as_("administrator")
    days = [{"day": f"2027-01-0{at}", "working": at > 3, "name": "元旦", "source": "国办通知"} for at in (1, 2, 3, 4)]
    days[3] = {**days[3], "working": False}
    payload = await root.do(
        "editCalendar",
        "calendar { county { code } } recounted",
        expectedVersion=await version(root),
        days=days,
        announced=2027,
    )
    assert payload["errors"] == [] and payload["calendar"]["county"] is None
    assert china((await story.look())["REPLY"]["dueAt"]) == "01-08 18:00"
    [errand] = [one for _, one in ESSENTIAL.errands_called("clocks") if one.name == "sweep"]
    chosen = settings_for_tests(database, tmp_path)
    given = chosen, database, "deadlines", errand, {}, story.server.clock, ESSENTIAL
    assert await plugin_commands.run_errand(*given) == 0
    assert re.search(r"^[1-9]\d* cases follow a new calendar", capsys.readouterr().out, re.MULTILINE)
    assert china((await story.look())["REPLY"]["dueAt"]) == "01-11 18:00"
    query = """query($n: String!) {
        case(number: $n) { clocks { stage changes { why } } } calendarYears { year provisional } }"""
    found = (await story.dispatcher.ask(query, n=story.number)).data
    assert {"year": 2027, "provisional": False} in found["calendarYears"]
    assert {"stage": "REPLY", "changes": [{"why": "CALENDAR"}]} in found["case"]["clocks"]
    async with open_call(database, story.server.clock()) as call:
        assert await catch_up(call) == 0


async def test_counties_are_caught_up_with_in_turn(story: Story, database: str) -> None:
    """However many cases of one county wait, whose clocks cannot be reckoned, those of another are found."""
    await story.report()
    connection = await asyncpg.connect(database)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("update calendars.calendar set version = version + 1")
    waiting = await connection.fetch(STALE, 1000)
    assert len({row["county_id"] for row in waiting}) == 1 < len(waiting)
    last = waiting[-1]["case_id"]
    elsewhere = "update cases.case set county_id = (select id from grids.grid where code = '610921101') where id = $1"
    await connection.execute(elsewhere, last)
    assert last in [row["case_id"] for row in await connection.fetch(STALE, 2)]
    await transaction.rollback()
    await connection.close()


async def test_shipped_years_are_kept(database: str) -> None:
    """Seeding again changes nothing; a provisional year that has been announced since is replaced."""
    connection = await asyncpg.connect(database)
    try:
        before = await connection.fetch("select id, version, content from calendars.calendar")
        await national_calendar.seed_calendar(connection)
        assert await connection.fetch("select id, version, content from calendars.calendar") == before
        await connection.execute("update calendars.year set provisional = true where year = 2026")
        await connection.execute("delete from calendars.day where extract(year from day) = 2026")
        await national_calendar.seed_calendar(connection)
        [row] = await connection.fetch("select version, content from calendars.calendar")
        assert row["version"] == before[0]["version"] + 1
        assert json.loads(row["content"]) == json.loads(before[0]["content"])
        source = await connection.fetchval("select source from calendars.year where year = 2026 and not provisional")
        assert source == holidays.name_notice(2026)
    finally:
        await connection.close()


def test_no_step_finds_a_clock_that_it_starts() -> None:
    """Whatever steps a case has taken, those that run by then are others: a stage has one clock at a time."""
    left = [(machine.REPORT.target, frozenset(STARTS[machine.REPORT.event]))]
    seen: set[Any] = set()
    while left:
        status, running = left.pop()
        if (status, running) in seen:
            continue
        seen.add((status, running))
        for step in machine.STEPS:
            if status in step.sources:
                starts = set(STARTS.get(step.event, ()))
                going = running - set(STOPS.get(step.event, ()))
                assert not going & starts, step.event
                left.append((step.target, going | starts))
    assert {status for status, _ in seen} == set(Status)


# what time alone brings about


async def reminders_of(story: Story) -> list[tuple[str, Any, Any]]:
    query = "query($n: String!) { case(number: $n) { timeline(last: 100) { type data } } }"
    found = (await story.dispatcher.ask(query, n=story.number)).data["case"]["timeline"]
    kinds = "case.reminded", "case.escalated"
    return [
        (one["type"], one["data"]["stage"], one["data"].get("escalatedTo")) for one in found if one["type"] in kinds
    ]


async def notices_of(caller: Server, number: str) -> list[str]:
    found = (await caller.ask("{ me { notices(first: 100) { nodes { kind title } } } }")).data["me"]["notices"]["nodes"]
    return [one["kind"] for one in found if number in one["title"]]


async def test_reminders_come_once(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    await swept()
    await story.dispatched()
    await story.do(story.handler, "handleCase")
    assert (await swept()).reminded == 0
    story.server.clock.time = datetime(2026, 7, 6, 10, 0, tzinfo=CHINA)  # more than four fifths
    assert (await swept()).reminded > 0 and (await swept()).reminded == 0
    assert await reminders_of(story) == [("case.reminded", "HANDLE", None)]
    assert await notices_of(story.handler, story.number) == ["clock.warned"]
    assert await notices_of(story.dispatcher, story.number) == []
    story.server.clock.time = datetime(2026, 7, 7, 9, 0, tzinfo=CHINA)  # handling is over, replying nearly
    await swept()
    assert ("case.escalated", "HANDLE", "COUNTY") in await reminders_of(story)
    assert "clock.overdue" in await notices_of(story.dispatcher, story.number)
    assert (await story.look())["HANDLE"]["light"] == "RED"
    query = "query($n: String!) { case(number: $n) { leadUnit { code } clocks { stage unit { code } } } }"
    found = (await story.dispatcher.ask(query, n=story.number)).data["case"]
    assert found["leadUnit"] == {"code": UNIT} and {"stage": "HANDLE", "unit": {"code": UNIT}} in found["clocks"]


async def test_more_time_is_reminded_of_again(
    story: Story, database: str, swept: Callable[[], Awaitable[Swept]]
) -> None:
    await swept()
    await story.dispatched()
    await story.do(story.handler, "handleCase")
    story.server.clock.time = datetime(2026, 7, 6, 10, 0, tzinfo=CHINA)
    await swept()
    async with open_call(database, story.server.clock()) as call:
        case = await CaseRow.get(number=story.number)
        await extend_deadline(call, case, Term(2, Unit.WORKING_DAY), stages=(Stage.HANDLE,))
        await case.save(update_fields=["warn_at", "due_at"])
    await swept()
    warned = ("case.reminded", "HANDLE", None)
    assert (await reminders_of(story)).count(warned) == 1
    story.server.clock.time = datetime(2026, 7, 8, 10, 0, tzinfo=CHINA)
    await swept()
    assert (await reminders_of(story)).count(warned) == 2


def test_whom_to_remind() -> None:
    """The unit at first, then one level up as well; of a tip-off nobody but its unit, or the county."""
    now = datetime(2026, 6, 30, 10, 0, tzinfo=CHINA)
    ids = {
        "clock": UUID(int=1),
        "case": UUID(int=2),
        "number": "610921",
        "stage": Stage.HANDLE,
        "town": 20,
        "county": 10,
    }
    body: dict[str, Any] = {"unit": 7, "unit_code": "V", "level": SettlementLevel.VILLAGE, "sealed": False, **ids}
    department = {**body, "level": SettlementLevel.COUNTY}
    nobody = {**body, "unit": None, "unit_code": None, "level": SettlementLevel.TOWN}
    warned, over = {"warn_at": now, "due_at": NEVER}, {"warn_at": now, "due_at": now}
    expected: list[tuple[dict[str, Any], dict[str, Any], tuple[int, ...], tuple[int, ...], Any]] = [
        (body, warned, (7,), (), None),
        (body, over, (7,), (20,), "TOWN"),
        (department, over, (7,), (10,), "COUNTY"),
        (nobody, warned, (), (20,), None),
        (nobody, over, (), (20, 10), "COUNTY"),
        ({**body, "sealed": True}, over, (7,), (), None),
        ({**nobody, "sealed": True}, over, (), (10,), "COUNTY"),
    ]
    for who, moments, units, grids, level in expected:
        [found] = due_reminders([RunningClock(**who, **moments, reminded=0)], now)
        assert (found.units, found.grids, found.escalated) == (units, grids, level)
    known = [RunningClock(**body, **over, reminded=100), RunningClock(**body, **warned, reminded=80)]
    assert not list(due_reminders(known, now))


async def test_sweeps_share_the_work(story: Story, database: str, swept: Callable[[], Awaitable[Swept]]) -> None:
    await story.dispatched()
    story.server.clock.move(days=10)
    done = await asyncio.gather(swept(), swept())
    connection = await asyncio.wait_for(asyncpg.connect(database), 10)
    try:
        told = "select count(*) from cases.event where type in ('case.reminded', 'case.escalated')"
        assert sum(one.reminded for one in done) == await connection.fetchval(told) > 0
    finally:
        await connection.close()


async def test_nobody_is_reminded_at_night(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    story.server.clock.time = datetime(2026, 10, 1, 22, 0, tzinfo=CHINA)
    await story.report(urgency="URGENT")
    for moment in (datetime(2026, 10, 2, 22, 30), datetime(2026, 10, 7, 10, 0), datetime(2026, 10, 8, 8, 29)):
        story.server.clock.time = moment.replace(tzinfo=CHINA)
        assert (await swept()).reminded == 0
    story.server.clock.time = datetime(2026, 10, 8, 8, 30, tzinfo=CHINA)
    assert (await swept()).reminded > 0


async def test_emergency_knows_no_office_hours(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    """Neither by the rules that ship nor by those of a county that say nothing about it."""
    rule = {"stage": "RESPOND", "amount": 20, "unit": "MINUTE", "basis": "县规则"}
    for county_rules in (None, [rule]):
        story.server.clock.time = datetime(2026, 10, 1, 22, 0, tzinfo=CHINA)
        if county_rules:
            published = await story.server.as_("administrator", grid=COUNTY).do(
                "publishDeadlineRules", "rules { rules(first: 1) { anyHour } }",
                county=COUNTY, expectedEdition=0, name="本县时限", rules=county_rules,
            )  # fmt: skip
            assert published["rules"]["rules"] == [{"anyHour": False}]
        await story.report(urgency="EMERGENCY")
        story.server.clock.move(minutes=21)
        await swept()
        assert ("case.escalated", "RESPOND", "COUNTY") in await reminders_of(story)
        town = story.server.as_("town_dispatcher", grid=story.number[:6] + "101")
        assert "clock.overdue" in await notices_of(town, story.number)


async def test_rule_may_know_no_office_hours(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    rule = {"stage": "RESPOND", "amount": 20, "unit": "MINUTE", "basis": "县规则", "anyHour": True}
    await story.server.as_("administrator", grid=COUNTY).do(
        "publishDeadlineRules", "rules { edition }", county=COUNTY, expectedEdition=0, name="本县时限", rules=[rule]
    )
    story.server.clock.time = datetime(2026, 10, 1, 22, 0, tzinfo=CHINA)
    await story.report()
    story.server.clock.move(minutes=21)
    await swept()
    assert await reminders_of(story) == [("case.escalated", "RESPOND", "COUNTY")]


async def test_unassigned_case_escalates(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    await swept()
    await story.report()
    story.server.clock.move(hours=1, minutes=40)
    await swept()
    assert await reminders_of(story) == [("case.reminded", "RESPOND", None)]
    town = story.server.as_("town_dispatcher", grid=story.number[:6] + "101")
    assert await notices_of(town, story.number) == ["clock.warned"]
    story.server.clock.move(hours=4)
    await swept()
    assert ("case.escalated", "RESPOND", "COUNTY") in await reminders_of(story)
    assert "clock.overdue" in await notices_of(story.dispatcher, story.number)


async def test_grace_ends(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    receipt = (await story.report())["receiptCode"]
    await story.do(story.dispatcher, "acceptCase")
    await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
    await story.do(story.handler, "handleCase")
    await story.do(story.handler, "replyToCase", text="已扶正。")
    story.server.clock.time = datetime(2026, 7, 7, 17, 59, tzinfo=CHINA)
    await swept()
    query = "query($n: String!) { case(number: $n) { status timeline { type role } } }"
    assert (await story.dispatcher.ask(query, n=story.number)).data["case"]["status"] == "REPLIED"
    story.server.clock.time = datetime(2026, 7, 7, 18, 0, tzinfo=CHINA)
    assert (await swept()).closed > 0
    case = (await story.dispatcher.ask(query, n=story.number)).data["case"]
    assert case["status"] == "CLOSED" and case["timeline"][-1] == {"type": "case.closed", "role": None}
    seen = await story.look()
    assert all(seen[stage]["stoppedAt"] for stage in Stage.__members__ if stage in seen)
    assert seen["case"]["light"] is None and seen["case"]["dueAt"] is None
    late = {"number": story.number, "receiptCode": receipt, "rating": 1, "solved": False}
    [refused] = (await story.server.do("rateCase", "case { status }", **late))["errors"]
    assert refused["code"] == "ILLEGAL_TRANSITION" and "closed" in refused["message"] and "anew" in refused["message"]
    again = await story.server.do("reportCase", "case { status }", **{**MATTER, "follows": story.number})
    assert codes_of(again["errors"]) == ["NOT_FOUND"]  # a stranger does not see the earlier case
    linked = await story.dispatcher.do(
        "reportCase", "case { previous { number } }", **{**MATTER, "follows": story.number}
    )
    assert linked["case"]["previous"] == {"number": story.number}


@pytest.mark.parametrize("about", [{"category": "platform"}, {"against": "610921-YJJ"}])
async def test_grace_closes_no_complaint_about_ourselves(
    story: Story, swept: Callable[[], Awaitable[Swept]], about: dict[str, str]
) -> None:
    """It asks somebody to decide, once."""
    await story.report(kind="COMPLAINT", **about)
    await story.do(story.dispatcher, "acceptCase")
    await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
    await story.do(story.handler, "handleCase")
    await story.do(story.handler, "replyToCase", text="已核实。")
    query = """query($n: String!) { case(number: $n) { status approvals { nodes { id kind state } }
        timeline { type role } } }"""
    for _ in range(2):
        story.server.clock.move(days=20)
        await swept()
        case = (await story.dispatcher.ask(query, n=story.number)).data["case"]
        assert case["status"] == "REPLIED" and case["timeline"][-1] == {"type": "case.approval_requested", "role": None}
    [approval] = case["approvals"]["nodes"]
    assert (approval["kind"], approval["state"]) == ("CLOSING", "PENDING")
    decided = await story.dispatcher.do("decideApproval", "case { status }", approval=approval["id"], approve=True)
    assert decided["case"] == {"status": "CLOSED"}


async def test_closing_that_waits_already_holds_up_nothing(story: Story, swept: Callable[[], Awaitable[Swept]]) -> None:
    """Somebody has asked by hand when the grace ends: the case is not put up again, and the sweep goes on."""
    await story.report(kind="COMPLAINT", category="platform")
    await story.do(story.dispatcher, "acceptCase")
    await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
    await story.do(story.handler, "handleCase")
    await story.do(story.handler, "replyToCase", text="已核实。")
    asked = {"number": story.number, "expectedVersion": story.version, "reason": "诉求人满意"}
    payload = await story.dispatcher.do("requestClosing", "approval { id }", **asked)
    assert payload["errors"] == []
    story.server.clock.move(days=20)
    assert (await swept()).closed > 0
    assert (await swept()).closed == 0, "once"
    query = "query($n: String!) { case(number: $n) { status approvals { nodes { state } } } }"
    case = (await story.dispatcher.ask(query, n=story.number)).data["case"]
    assert case == {"status": "REPLIED", "approvals": {"nodes": [{"state": "PENDING"}]}}


async def test_case_that_is_refused_holds_up_no_other(
    story: Story, database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reaction refuses stays as it was, with nothing told of it, and the log names it once."""
    numbers = []
    for _ in range(2):
        await story.report()
        story.version = 1
        await story.do(story.dispatcher, "acceptCase")
        await story.do(story.dispatcher, "dispatchCase", leadUnit=UNIT)
        await story.do(story.handler, "handleCase")
        await story.do(story.handler, "replyToCase", text="已扶正。")
        numbers.append(story.number)

    # A reaction that follows: the step is on the timeline by then, with its event.
    @reaction("surveys.keep_open", machine.CLOSE.event)
    async def keep_open(call: Call, happening: Happening) -> None:
        if happening.row.number == numbers[0]:
            raise Refusal("SURVEY_OPEN", "A survey is open.", "问卷未完成。")

    # So that what is refused fills all that is asked for at a time.
    monkeypatch.setattr(sweeping, "MOST", 1)
    story.server.clock.move(days=20)
    for _ in range(3):
        async with open_call(database, story.server.clock(), keep_open) as call:
            with acting_as("deadlines"):
                while await sweeping.close_unopposed(call):
                    pass
    query = "query($n: String!) { case(number: $n) { status timeline { type } } }"
    kept, closed = [(await story.dispatcher.ask(query, n=number)).data["case"] for number in numbers]
    assert (kept["status"], closed["status"]) == ("REPLIED", "CLOSED")
    assert {"type": "case.closed"} not in kept["timeline"] and {"type": "case.closed"} in closed["timeline"]
    connection = await asyncpg.connect(database)
    try:
        told = "select c.number from events.outbox o join cases.case c on c.id = o.case_id where o.type = 'case.closed'"
        found = [row["number"] for row in await connection.fetch(told)]
        assert found.count(numbers[0]) == 0 and found.count(numbers[1]) == 1
    finally:
        await connection.close()
    [line] = [one.getMessage() for one in caplog.records if "SURVEY_OPEN" in one.getMessage()]
    assert "Case:" in line and numbers[0] not in line


async def test_demo_has_clocks(database: str) -> None:
    """Every open case has a running clock, and the next of them is what the case is listed by."""
    connection = await asyncpg.connect(database)
    try:
        bare = await connection.fetchval(
            "select count(*) from cases.case s where status = any($1) and not exists "
            "(select from clocks.clock k where k.case_id = s.id and k.stopped_at is null)",
            [status.value for status in machine.OPEN],
        )
        apart = await connection.fetchval(
            "select count(*) from cases.case s where due_at <> coalesce((select min(k.due_at) from clocks.clock k "
            "where k.case_id = s.id and k.stopped_at is null and k.stage <> 'GRACE'), 'infinity')"
        )
        stages = await connection.fetchval("select count(distinct stage) from clocks.clock where stopped_at is null")
        assert (bare, apart) == (0, 0) and stages > 1
    finally:
        await connection.close()


async def test_doctor_looks_at_deadlines(server: Server, database: str, tmp_path: Path) -> None:
    chosen = settings_for_tests(database, tmp_path)
    ill_at_first = [text for well, text in await doctor.examine_deployment(chosen, database, ESSENTIAL) if not well]
    assert ill_at_first == []
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("update calendars.calendar set ends_on = current_date + 10")
        await connection.execute(
            "update calendars.year set provisional = true where year = extract(year from current_date)"
        )
        await connection.execute("update clocks.rule set kind = 'HELP' where stage = 'REPLY'")
    finally:
        await connection.close()
    said = " ".join(text for well, text in await doctor.examine_deployment(chosen, database, ESSENTIAL) if not well)
    assert "calendars about to end" in said and "provisional" in said and "without a deadline" in said
    query = "{ findings { name count english chinese } }"
    found = (await server.as_("auditor", grid=COUNTY).ask(query)).data["findings"]
    ill = {one["name"]: (one["english"], one["chinese"]) for one in found if one["count"]}
    assert ill.keys() == {"calendars", "holidays", "deadlines"} and ill["deadlines"][0] in said
    assert ill["calendars"][1].startswith("即将到期的工作日历：1；")
    assert (await server.as_("grid_worker", grid=COUNTY).ask(query)).codes == ["FORBIDDEN"]


async def test_doctor_looks_at_the_directory(database: str, tmp_path: Path) -> None:
    """A subject without a unit, a route that leads nowhere, a grid that nobody looks after."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "update dispatch.rule set valid_to = now() where category_id in "
            "(select id from cases.category where code = 'health')"
        )
        await connection.execute("update cases.category set valid_to = current_date where code = 'education'")
        await connection.execute("update units.unit set valid_to = current_date where code = '610921-HBJ'")
        await connection.execute("update people.post set until = current_date where duty = 'GRID_WORKER'")
    finally:
        await connection.close()
    said = [
        text
        for well, text in await doctor.examine_deployment(settings_for_tests(database, tmp_path), database, ESSENTIAL)
        if not well
    ]
    assert [text.partition(": ")[0] for text in said] == [
        "third-level grids without a worker",
        "entries of the dispatch directory that lead to a closed unit",
        "entries of the dispatch directory about a subject or a place that is no more",
        "categories for which a county's dispatch directory has no unit",
    ]
    assert [text.rpartition(": ")[2] for text in said[1:]] == ["1", "1", "1"]


async def test_demo_is_reckoned_alike(database: str) -> None:
    """What is kept of the demo's clocks is what the engine makes of their course."""
    async with open_call(database, datetime(2026, 6, 30, tzinfo=CHINA)) as call:
        clocks = await ClockRow.all().order_by("id").limit(300)
        by = await load_standing(call.fetch, (await GridRow.get(code=COUNTY)).id)
        for clock in clocks:
            kept = {name: getattr(clock, name) for name in CHANGING}
            course.reckon_clock(clock, await find_rule(by, clock), by, call.now)
            assert {name: getattr(clock, name) for name in CHANGING} == kept
