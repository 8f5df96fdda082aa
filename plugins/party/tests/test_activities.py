"""Activities: planning them around days off, coming to them, checking in, and calendars that others read."""

from __future__ import annotations

import asyncio
import io
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from gongzhi_party.activities import check_in_codes
from gongzhi_server.testing import codes_of, published_events
from ical.calendar_stream import IcsCalendarStream
from PIL import Image

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN = "610921100"
CHINA = ZoneInfo("Asia/Shanghai")
BASE = {
    "form": "PARTY_DAY",
    "audience": "PUBLIC",
    "title": "主题党日",
    "grid": TOWN,
    "place": "党群服务中心",
    "startsAt": "2026-07-01T09:00:00+08:00",
}
NODE = "query($id: ID!) { node(id: $id) { ... on PartyActivity { %s } } }"


async def arrange(caller: Any, **given: Any) -> str:
    made = await caller.do("arrangeActivity", "activity { id }", activity={**BASE, **given})
    assert made["errors"] == [], made
    return str(made["activity"]["id"])


async def sign(caller: Any, activity: str, **given: Any) -> Any:
    return await caller.do(
        "signUpToActivity", "participation { state waitingPosition offlineKey }", activity=activity, **given
    )


async def events_of(town: Any, activity: str, type: str) -> list[Any]:
    """What was published of an activity."""
    key = activity.partition(":")[2]
    return [one for one in await published_events(town.dsn) if one.type == type and one.data["activity"] == key]


async def refusal_codes(caller: Any, mutation: str, asks: str, **given: Any) -> list[str]:
    return codes_of((await caller.do(mutation, asks, **given))["errors"])


@pytest.mark.asyncio(loop_scope="function")  # its calendar has all that the town plans
async def test_series_moves_around_days_off(town: Any) -> None:
    """The 25th of each month; 2026-07-25 is a Saturday, 2026-09-25 the Mid-Autumn Festival, 2026-10-25 a Sunday."""
    rule = "FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20270625"
    asked = {"activity": BASE, "rule": rule, "exceptions": ["2026-08-25"]}
    made = await town.worker.do(
        "planActivitySeries", "series { id activities(first: 100) { startsAt originalAt } }", **asked, shift="AFTER"
    )
    assert made["errors"] == []
    days = [one["startsAt"] for one in made["series"]["activities"]]
    assert len(days) == 11, "twelve months less the exception"
    local = [datetime.fromisoformat(one).astimezone(CHINA) for one in days]
    assert [one.date().isoformat() for one in local][:4] == ["2026-07-27", "2026-09-28", "2026-10-26", "2026-11-25"]
    assert {one.hour for one in local} == {9}

    opened = await town.resident().do("openActivityCalendar", "path calendar { id }", kind="GRID", grid=TOWN)
    fetched = await town.server.client.get(opened["path"])
    assert fetched.status_code == 200 and fetched.headers["content-type"] == "text/calendar; charset=utf-8"
    text = fetched.text
    assert "RRULE:" in text and "EXDATE" in text and "RECURRENCE-ID" in text
    calendar = IcsCalendarStream.calendar_from_ics(text)
    read = [one.start.astimezone(UTC) for one in calendar.timeline if one.start]
    assert sorted(read) == sorted(one.astimezone(UTC) for one in local), "another library reads the same days"
    await town.resident().do("closeActivityCalendar", "calendar { id }", calendar=opened["calendar"]["id"])
    assert (await town.server.client.get(opened["path"])).status_code == 404


@pytest.mark.asyncio(loop_scope="function")  # it changes the nation's calendar
async def test_series_follows_an_announced_calendar(town: Any) -> None:
    """2027 is provisional: once its days off are announced, what is to come moves, and whoever signed up is told."""
    rule = "FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20270331"
    asks = "series { id activities(first: 20) { id startsAt } }"
    made = await town.worker.do("planActivitySeries", asks, activity=BASE, rule=rule)
    series = made["series"]
    both = "FREQ=WEEKLY;BYDAY=TH,FR;UNTIL=20270226"
    twice = (await town.worker.do("planActivitySeries", asks, activity=BASE, rule=both))["series"]
    february = series["activities"][7]
    assert february["startsAt"].startswith("2027-02-25")
    await sign(town.resident(), february["id"])
    calendars = import_module("gongzhi_deadlines.calendars.reading")
    connection = await asyncpg.connect(town.dsn)
    try:
        await connection.execute(
            "insert into calendars.day (calendar_id, day, spans, name, source) "
            "select id, '2027-02-25', '[]', '调休', '公告' "
            "from calendars.calendar where county_id is null"
        )
        await calendars.rebuild_calendars(connection.fetch)
    finally:
        await connection.close()
    again = await town.worker.do("replanActivitySeries", asks, series=series["id"])
    assert [one["startsAt"][:10] for one in again["series"]["activities"]][6:9] == [
        "2027-01-25", "2027-02-26", "2027-03-25",
    ]  # fmt: skip
    last = 'series { activities(first: 100, filter: { startsAt: { from: "2027-02-24" } }) { startsAt state } }'
    moved = (await town.worker.do("replanActivitySeries", last, series=twice["id"]))["series"]["activities"]
    assert [(one["startsAt"][:10], one["state"]) for one in moved] == [
        ("2027-02-25", "CANCELLED"), ("2027-02-26", "PLANNED"),
    ], "Friday's own stays, and Thursday's is not moved beside it"  # fmt: skip
    told = (await town.resident().ask("{ me { notices { nodes { kind body } } } }")).data["me"]["notices"]["nodes"]
    assert any("2027-02-26" in one["body"] for one in told)


RULES = {
    "FREQ=WEEKLY;BYDAY=WE": "UNBOUNDED_RULE",
    "FREQ=WEEKLY;BYDAY=WE;UNTIL=20291231": "BEYOND_HORIZON",
    "FREQ=YEARLY;COUNT=9": "BEYOND_HORIZON",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31;COUNT=3": "BAD_USER_INPUT",
    "FREQ=DAILY;BYMONTHDAY=31;COUNT=3": "BAD_USER_INPUT",
    "FREQ=SECONDLY;COUNT=9": "BAD_USER_INPUT",
    "FREQ=WEEKLY;COUNT=2;UNTIL=20260801": "BAD_USER_INPUT",
    "every Wednesday": "BAD_USER_INPUT",
    "FREQ=DAILY;UNTIL=20269999": "BAD_USER_INPUT",
    "FREQ=DAILY;UNTIL=99991231T235959Z": "BAD_USER_INPUT",
}


async def test_rules_that_cannot_be_kept(town: Any) -> None:
    for rule, code in RULES.items():
        found = await refusal_codes(town.worker, "planActivitySeries", "series { id }", activity=BASE, rule=rule)
        assert found == [code], rule


async def test_places_and_waiting_list(town: Any) -> None:
    activity = await arrange(town.worker, capacity=2)
    states = [(await sign(town.resident(at), activity))["participation"] for at in range(4)]
    assert [one["state"] for one in states] == ["SIGNED_UP", "SIGNED_UP", "WAITING", "WAITING"]
    assert [one["waitingPosition"] for one in states] == [None, None, 1, 2]
    assert codes_of((await sign(town.resident(), activity))["errors"]) == ["DUPLICATE"]
    asked = NODE % "spotsLeft mine { state waitingPosition } participations { totalCount }"
    left = await town.resident().do(
        "withdrawFromActivity", "participation { state }", activity=activity, excuse="家中有事"
    )
    assert left["participation"] == {"state": "EXCUSED"}
    seen = (await town.resident(2).ask(asked, id=activity)).data["node"]
    assert seen == {"spotsLeft": 0, "mine": {"state": "SIGNED_UP", "waitingPosition": None},
                    "participations": {"totalCount": 1}}  # fmt: skip
    assert (await town.worker.ask(asked, id=activity)).data["node"]["participations"] == {"totalCount": 4}
    assert (await town.server.ask(asked, id=activity)).data["node"]["participations"] == {"totalCount": 0}


async def test_places_are_given_once(town: Any) -> None:
    """However many ask at once."""
    activity = await arrange(town.worker, capacity=3)
    answers = await asyncio.gather(*(sign(town.resident(at), activity) for at in range(12)))
    states = [one["participation"] for one in answers]
    assert sum(one["state"] == "SIGNED_UP" for one in states) == 3
    asked = NODE % "spotsLeft participations { nodes { waitingPosition } }"
    seen = (await town.worker.ask(asked, id=activity)).data["node"]
    waiting = sorted(one["waitingPosition"] or 0 for one in seen["participations"]["nodes"])
    assert waiting == [0, 0, 0, *range(1, 10)] and seen["spotsLeft"] == 0


async def test_cancellation_informs_everybody(town: Any) -> None:
    activity = await arrange(town.worker, capacity=1)
    for at in range(2):
        await sign(town.resident(at), activity)
    done = await town.worker.do(
        "cancelActivity", "activity { state }", activity=activity, expectedVersion=1, reason="暴雨"
    )
    assert done["activity"] == {"state": "CANCELLED"}
    for at in range(2):
        told = (await town.resident(at).ask("{ me { notices { nodes { kind body } } } }")).data["me"]["notices"]
        [one] = [one for one in told["nodes"] if one["kind"] == "party.activity_cancelled"]
        assert "暴雨" not in one["body"], "what somebody wrote stays where it is"
    assert await refusal_codes(town.resident(2), "signUpToActivity", "participation { id }", activity=activity) == [
        "ILLEGAL_TRANSITION"
    ]
    changes = await events_of(town, activity, "party.activity_changed")
    assert [one.data["state"] for one in changes] == ["PLANNED", "CANCELLED"]


async def test_organisations_keep_their_own(town: Any) -> None:
    """What an organisation does for itself is not seen by others, and who comes tells nobody who belongs to it."""
    member = await town.admit()
    assert member
    assert await refusal_codes(town.worker, "arrangeActivity", "activity { id }",
                         activity={**BASE, "audience": "BRANCH", "branch": town.branch}) == ["FORBIDDEN"]  # fmt: skip
    activity = await arrange(town.secretary, audience="BRANCH", branch=town.branch)
    assert codes_of((await sign(town.resident(1), activity))["errors"]) == ["NOT_FOUND"]
    assert (await sign(town.resident(), activity))["errors"] == []
    asked = NODE % "title participations { totalCount }"
    for caller in (town.resident(1), town.worker, town.leader, town.server):
        assert (await caller.ask(asked, id=activity)).data["node"] is None
    assert (await town.secretary.ask(asked, id=activity)).data["node"]["participations"] == {"totalCount": 1}
    calendar = {"kind": "BRANCH", "branch": town.branch}
    for at, given, seen in ((0, calendar, True), (1, calendar, False), (0, {"kind": "PERSON"}, True)):
        opened = await town.resident(at).do("openActivityCalendar", "path", **given)
        text = (await town.server.client.get(opened["path"])).text
        assert text.startswith("BEGIN:VCALENDAR") and ("主题党日" in text) == seen, (at, given)
    mine = (await town.resident().ask("{ me { person { activityCalendars { kind closedAt } } } }")).data["me"]
    assert [one["kind"] for one in mine["person"]["activityCalendars"]] == ["PERSON", "BRANCH"]


async def together(asked: Iterable[Any]) -> list[Any]:
    """What all of these answer, sixteen at a time."""
    door = asyncio.Semaphore(16)

    async def enter(one: Any) -> Any:
        async with door:
            return await one

    return await asyncio.gather(*map(enter, asked))


class Phone:
    """A phone at the door."""

    def __init__(self, town: Any, at: int, activity: str) -> None:
        self.caller, self.town, self.activity, self.ticket = town.resident(at), town, activity, b""

    async def sign(self, **given: Any) -> None:
        done = await sign(self.caller, self.activity, **given)
        self.ticket = bytes.fromhex(done["participation"]["offlineKey"])

    async def send(self, code: str, **given: Any) -> list[str]:
        payload = await self.caller.do(
            "checkInToActivity", "participation { state }", activity=self.activity, code=code, **given
        )
        return codes_of(payload["errors"])


async def test_check_in_by_code(town: Any) -> None:
    clock = town.server.clock
    activity, other = await arrange(town.worker), await arrange(town.worker, title="另一活动")
    phone, second, third = (Phone(town, at, activity) for at in range(3))
    await phone.sign(share=True)
    await second.sign()
    screen = NODE % "checkInCode screenKey"
    for said in ("AAAA", "签到码"):
        assert await phone.send(said) == ["FOREIGN_CODE"]
    code = (await town.worker.ask(screen, id=activity)).data["node"]["checkInCode"]
    assert await phone.send(code) == ["CHECK_IN_CLOSED"], "a day before"
    clock.time = datetime(2026, 7, 1, 0, 59, tzinfo=UTC)
    shown = (await town.worker.ask(screen, id=activity)).data["node"]
    answer = await town.resident().ask(screen, id=activity)
    assert answer.body["data"]["node"] is None or answer.body["data"]["node"]["screenKey"] is None
    foreign = (await town.worker.ask(screen, id=other)).data["node"]["checkInCode"]
    assert await phone.send(foreign) == ["FOREIGN_CODE"]
    assert await phone.send(shown["checkInCode"]) == []
    assert await phone.send(shown["checkInCode"]) == ["ALREADY_CHECKED_IN"]
    [told] = await events_of(town, activity, "party.attended")
    assert told.data["person"] == str(town.people[0])

    clock.move(minutes=30)
    taken = clock.time
    key, id = bytes.fromhex(shown["screenKey"]), UUID(activity.partition(":")[2])
    kept = check_in_codes.code_at(key, id, taken)
    given = {"takenAt": taken.isoformat()}
    clock.move(hours=20)
    assert await second.send(shown["checkInCode"]) == ["STALE_CODE"]
    assert await second.send(shown["checkInCode"], **given) == ["STALE_CODE"], "it was not shown then"
    assert await second.send(kept, **given) == ["COPIED_CODE"], "without a proof"
    assert await second.send(kept, **given, proof=check_in_codes.offline_proof(phone.ticket, kept)) == ["COPIED_CODE"]
    assert await third.send(kept, **given, proof=check_in_codes.offline_proof(second.ticket, kept)) == ["COPIED_CODE"]
    clock.move(hours=48)
    late = check_in_codes.offline_proof(second.ticket, kept)
    assert await second.send(kept, **given, proof=late) == ["TOO_LATE"]
    clock.move(hours=-48)
    assert await second.send(kept, **given, proof=late) == []
    attended = "{ me { person { activitiesAttended { nodes { checkedInAt offline activity { title } } } } } }"
    [seen] = (await second.caller.ask(attended)).data["me"]["person"]["activitiesAttended"]["nodes"]
    assert seen["offline"] and datetime.fromisoformat(seen["checkedInAt"]) == taken
    assert len(await events_of(town, activity, "party.attended")) == 1, "only of those who want it told"


async def test_reminders_come_once(town: Any) -> None:
    activity = await arrange(town.worker)
    await sign(town.resident(), activity)
    for _ in range(2):
        town.server.clock.move(hours=1)
        assert not (await town.server.worker.drain()).failed
    told = (await town.resident().ask("{ me { notices { nodes { kind } } } }")).data["me"]["notices"]["nodes"]
    assert len([one for one in told if one["kind"] == "party.activity_planned"]) == 1


async def test_minutes_tasks_and_feedback(town: Any) -> None:
    activity = await arrange(town.worker, startsAt="2026-07-01T09:00:00+08:00")
    record = {"activity": activity, "text": "议定修缮村口水渠。"}
    asks = "minutes { attended papers { kind content } } activity { state tasks { title done dueOn } }"
    assert await refusal_codes(town.worker, "recordActivityMinutes", asks, **record) == ["ILLEGAL_TRANSITION"], (
        "not held yet"
    )
    town.server.clock.time = datetime(2026, 7, 1, 2, tzinfo=UTC)
    came = await town.worker.do(
        "markActivityAttendance", "participation { state }", activity=activity, person=town.person()
    )
    assert came["participation"] == {"state": "CHECKED_IN"}
    raw, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", (2000, 10)).save(raw, "JPEG", exif=exif)
    photo = {"kind": "PHOTO", "title": "现场", "content": b64encode(raw.getvalue()).decode()}
    assert await refusal_codes(town.worker, "recordActivityMinutes", asks, **record, papers=[photo]) == [
        "CONSENT_REQUIRED"
    ]
    for content in (b64encode(b"MZ").decode(), "照片"):
        bad = {**photo, "consent": True, "content": content}
        refused = await refusal_codes(town.worker, "recordActivityMinutes", asks, **record, papers=[bad])
        assert refused == ["BAD_USER_INPUT"]
    task = {"title": "修水渠", "owner": town.person(1), "dueOn": "2026-07-20"}
    done = await town.worker.do(
        "recordActivityMinutes", asks, **record, papers=[{**photo, "consent": True}], tasks=[task]
    )
    assert done["errors"] == [] and done["minutes"]["attended"] == 1
    assert done["activity"] == {"state": "HELD", "tasks": [{"title": "修水渠", "done": False, "dueOn": "2026-07-20"}]}
    assert b"secret" not in b64decode(done["minutes"]["papers"][0]["content"])
    mine = (await town.resident(1).ask("{ me { person { partyTasks { nodes { id } } } } }")).data
    [own] = mine["me"]["person"]["partyTasks"]["nodes"]
    assert await refusal_codes(town.resident(2), "finishPartyTask", "task { done }", task=own["id"]) == ["FORBIDDEN"]
    assert (await town.resident(1).do("finishPartyTask", "task { done }", task=own["id"]))["task"] == {"done": True}
    away = await refusal_codes(town.resident(3), "rateActivity", "feedback { id }", activity=activity, score=5)
    assert away == ["NOT_THERE"]
    assert (await town.resident().do("rateActivity", "feedback { score }", activity=activity, score=5))["errors"] == []
    assert (await town.server.ask(NODE % "opinion { score }", id=activity)).data["node"] == {"opinion": None}


@pytest.mark.asyncio(loop_scope="function")  # it lists all that the town plans
async def test_branch_page_lists_what_is_to_come(town: Any) -> None:
    rule = "FREQ=WEEKLY;BYDAY=WE;COUNT=4"
    await town.worker.do("planActivitySeries", "series { id }", activity={**BASE, "form": "COUNCIL_DAY"}, rule=rule)
    asked = """query Branch($grid: String!) { grid(code: $grid) {
      partyBranch { name secretary { name } jointStation { place } memberCount }
      activities(filter: { startsAt: { from: "2026-01-01" } }, orderBy: STARTS_AT_ASC, first: 10) {
        nodes { id title form startsAt endsAt place capacity spotsLeft mine { state } series { rule } } } } }"""
    found = (await town.resident().ask(asked, grid=TOWN)).data["grid"]["activities"]["nodes"]
    assert [one["series"]["rule"] for one in found] == ["FREQ=WEEKLY;BYDAY=WE;COUNT=4"] * 4
    assert found[0]["form"] == "COUNCIL_DAY"


@pytest.mark.parametrize(("people", "minutes"), [(16, 1), pytest.param(500, 1, marks=pytest.mark.slow)])
async def test_crowd_checks_in_once_each(town: Any, people: int, minutes: int) -> None:
    """Half of them have no connection; every phone sends twice, and sixteen at any moment."""
    await town.crowd(people)
    activity = await arrange(town.worker)
    phones = [Phone(town, at, activity) for at in range(people)]
    await together(one.sign() for one in phones[::2])
    town.server.clock.time = datetime(2026, 7, 1, 1, tzinfo=UTC)
    shown = (await town.worker.ask(NODE % "screenKey", id=activity)).data["node"]
    key, id = bytes.fromhex(shown["screenKey"]), UUID(activity.partition(":")[2])
    begun = town.server.clock.time

    def sent(at: int) -> Any:
        when = begun + timedelta(seconds=at * 60 / people)
        if at % 2:
            return phones[at].send(check_in_codes.code_at(key, id, begun))
        code = check_in_codes.code_at(key, id, when)
        given = {"takenAt": when.isoformat(), "proof": check_in_codes.offline_proof(phones[at].ticket, code)}
        return phones[at].send(code, **given)

    town.server.clock.move(seconds=59)
    answers = await together(sent(at) for at in range(people) for _ in range(2))
    assert sorted(map(tuple, answers)) == [()] * people + [("ALREADY_CHECKED_IN",)] * people
    [(count, offline)] = await town.fetch(
        "select count(*), count(*) filter (where offline) from party.participation "
        "where state='CHECKED_IN' and activity_id=$1",
        id,
    )
    assert (count, offline) == (people, (people + 1) // 2)
