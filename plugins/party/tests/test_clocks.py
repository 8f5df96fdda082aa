"""Clocks at their edges: the last second, midnight in China, month ends, leap days, and the turn of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_party.activities import check_in, check_in_codes
from gongzhi_party.activities.attendance import check_check_in_time
from gongzhi_party.deliberations.voting import check_vote_end, voting_age_birthday
from gongzhi_party.models import ActivityState
from gongzhi_party.organisation.quarter_digest import build_quarter, quarter_span
from gongzhi_server.testing import codes_of
from hypothesis import example, given
from hypothesis import strategies as st

from .conftest import expect_success
from .test_activities import BASE, NODE, arrange, refusal_codes, sign
from .test_deliberation import raise_matter
from .test_meetings import convene_meeting

shared = pytest.mark.asyncio(loop_scope="module")
"""A test in the town of this file; those without a loop are not marked."""

CHINA = ZoneInfo("Asia/Shanghai")
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


def at(day: date, hour: int = 12) -> SimpleNamespace:
    """A call at an hour of a day in China."""
    return SimpleNamespace(now=datetime(day.year, day.month, day.day, hour, tzinfo=CHINA).astimezone(UTC))


# voting age


@given(DAYS, DAYS)
@example(date(2008, 2, 29), date(2026, 2, 28))
@example(date(2008, 2, 29), date(2026, 3, 1))
@example(date(2010, 2, 28), date(2028, 2, 28))
@example(date(2010, 2, 28), date(2028, 2, 29))
@example(date(2010, 3, 1), date(2028, 2, 29))
def test_voting_age_is_reached_on_the_birthday(born: date, day: date) -> None:
    """Whoever has had their eighteenth birthday has a vote; of the 29th of February it is the 1st of March."""
    birthdays = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    assert (born <= voting_age_birthday(at(day))) == (birthdays >= 18)  # type: ignore[arg-type]


@given(DAYS, st.integers(0, 23))
def test_voting_age_goes_by_the_day_in_china(day: date, hour: int) -> None:
    """From midnight to eight in the morning it is still yesterday in Greenwich."""
    assert voting_age_birthday(at(day, hour)) == voting_age_birthday(at(day, 12))  # type: ignore[arg-type]


# the end of a vote


@pytest.mark.parametrize(
    ("wait", "fits"),
    [
        (timedelta(minutes=59, seconds=59), False),
        (timedelta(hours=1), True),
        (timedelta(days=60), True),
        (timedelta(days=60, seconds=1), False),
        (timedelta(hours=-1), False),
    ],
)
def test_votes_are_taken_for_an_hour_to_sixty_days(wait: timedelta, fits: bool) -> None:
    call: Any = at(date(2026, 12, 31))
    if fits:
        assert check_vote_end(call, call.now + wait) == call.now + wait
    else:
        with pytest.raises(Refusal) as caught:
            check_vote_end(call, call.now + wait)
        assert caught.value.path == ("until",)


def test_end_of_a_vote_has_an_offset() -> None:
    call: Any = at(date(2026, 6, 30))
    with pytest.raises(Refusal):
        check_vote_end(call, (call.now + timedelta(days=1)).replace(tzinfo=None))


@shared
async def test_last_second_of_a_vote(town: Any) -> None:
    """At its end one still votes; a second later it may be counted and no longer voted in."""
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    end = town.server.clock.time + timedelta(days=3)
    for one in range(3):
        await matter.vote(one)
    town.server.clock.time = end
    assert isinstance(await matter.vote(3), str)
    assert await matter.step("closeVote") == ["VOTE_OPEN"]
    town.server.clock.time = end + timedelta(seconds=1)
    assert await matter.vote(4) == ["VOTE_CLOSED"]
    assert (await matter.step("closeVote", "state"))["state"] == "COUNTED"


@shared
async def test_vote_is_given_more_time_and_never_less(town: Any) -> None:
    matter = await raise_matter(town)
    await matter.open(quorumPercent=100)
    end = town.server.clock.time + timedelta(days=3)
    for until in (end, end - timedelta(hours=1)):
        assert await matter.step("extendVote", until=until.isoformat()) == ["BAD_USER_INPUT"]
    town.server.clock.time = end + timedelta(days=1)
    assert await matter.vote(0) == ["VOTE_CLOSED"]
    longer = end + timedelta(days=2)
    assert await matter.step("extendVote", "voteUntil", until=longer.isoformat())
    assert isinstance(await matter.vote(0), str), "who came too late votes after all"


@shared
async def test_who_comes_of_age_during_a_vote(town: Any) -> None:
    """The electorate is counted when the vote is called; whoever turns eighteen before its end votes all the same."""
    await town.fetch("update people.person set birth_date='2008-07-02' where id=$1", town.people[0])
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    assert await matter.vote(0) == ["NO_VOTE"]
    town.server.clock.time = datetime(2026, 7, 1, 15, 59, 59, tzinfo=UTC)
    assert await matter.vote(0) == ["NO_VOTE"], "one second before midnight in China"
    town.server.clock.time = datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert isinstance(await matter.vote(0), str)


@shared
async def test_quorum_is_rounded_up(town: Any) -> None:
    """Half of an odd number is the larger half; one per cent of anybody is somebody."""
    for percent in (1, 33, 50, 51, 99, 100):
        matter = await raise_matter(town)
        quorum = (await matter.open(quorumPercent=percent))["quorum"]
        entitled, needed = quorum["entitled"], quorum["needed"]
        assert needed * 100 >= entitled * percent > (needed - 1) * 100


@shared
async def test_result_is_public_for_whole_days(town: Any) -> None:
    """A week from the day in China, the last day included."""
    room = await convene_meeting(town)
    await room.record()
    assert await room.confirm(room.second) == "COUNTED"
    await room.matter.step("decideMatter", proposal=room.matter.proposals[0], body="COUNCIL")
    town.server.clock.time = datetime(2026, 12, 30, 16, tzinfo=UTC)
    public = await room.matter.step("publicizeMatter", "publicity { from to }")
    assert public["publicity"] == {"from": "2026-12-31", "to": "2027-01-06"}
    told = (await town.resident().ask("{ me { notices { nodes { body } } } }")).data["me"]["notices"]["nodes"]
    assert any("2027-01-06" in one["body"] for one in told)


@shared
async def test_meeting_is_recorded_within_a_week(town: Any) -> None:
    """To the second, by the time of the meeting; a chair's phone may be a little ahead."""
    room = await convene_meeting(town)
    now = town.server.clock.time
    for ago in (timedelta(days=7, seconds=1), timedelta(minutes=-6)):
        assert await room.refusal(heldAt=(now - ago).isoformat()) == ("BAD_USER_INPUT", ["heldAt"])
    assert (await room.record(heldAt=(now - timedelta(days=7)).isoformat()))["state"] == "RECORDED"
    ahead = (now + timedelta(minutes=4)).isoformat()
    assert (await room.record(heldAt=ahead))["state"] == "RECORDED"
    recorded = "select held_at from party.meeting where state='RECORDED' and deliberation_id=$1"
    [(held,)] = await town.fetch(recorded, room.matter.key)
    assert held == now, "nothing was held in the future"


# coming to an activity

BEGINS = datetime(2026, 7, 1, 1, tzinfo=UTC)
ENDS = BEGINS + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        (BEGINS - timedelta(hours=1, seconds=1), False),
        (BEGINS - timedelta(hours=1), True),
        (ENDS + timedelta(hours=1), True),
        (ENDS + timedelta(hours=1, seconds=1), False),
    ],
)
@pytest.mark.parametrize("state", list(ActivityState))
def test_door_opens_and_closes(moment: datetime, open_: bool, state: ActivityState) -> None:
    """From an hour before to an hour after, minutes or not; never where nothing takes place."""
    activity: Any = SimpleNamespace(starts_at=BEGINS, ends_at=ENDS, state=state)
    if open_ and state is not ActivityState.CANCELLED:
        check_check_in_time(None, activity, moment)  # type: ignore[arg-type]
        return
    with pytest.raises(Refusal) as caught:
        check_check_in_time(None, activity, moment)  # type: ignore[arg-type]
    assert caught.value.path == ("activity",)
    assert caught.value.code == ("ILLEGAL_TRANSITION" if state is ActivityState.CANCELLED else "CHECK_IN_CLOSED")


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(-31, False), (-30, True), (0, True), (60, True), (61, False), (3600, False)]
)
def test_code_is_fresh_for_a_minute(seconds: int, fresh: bool) -> None:
    """A screen's clock may be half a minute ahead."""
    code: Any = SimpleNamespace(shown_at=BEGINS)
    call: Any = SimpleNamespace(now=BEGINS + timedelta(seconds=seconds))
    if fresh:
        assert check_in.check_fresh_code(call, code) == call.now
    else:
        with pytest.raises(Refusal, match="no longer shown"):
            check_in.check_fresh_code(call, code)


@shared
async def test_kept_check_in_is_sent_within_two_days(town: Any) -> None:
    """Of its end, to the second; and nobody has come in the future."""
    activity, phone = await arrange(town.worker, startsAt=BEGINS.isoformat()), town.resident()
    await sign(phone, activity)
    town.server.clock.time = BEGINS
    key = (await town.worker.ask(NODE % "screenKey", id=activity)).data["node"]["screenKey"]
    id = UUID(activity.partition(":")[2])
    ticket = (await phone.ask(NODE % "mine { offlineKey }", id=activity)).data["node"]["mine"]["offlineKey"]
    code = check_in_codes.code_at(bytes.fromhex(key), id, BEGINS)
    proof = check_in_codes.offline_proof(bytes.fromhex(ticket), code)
    given = {"activity": activity, "code": code, "proof": proof}
    asks = "participation { checkedInAt }"
    naive = await refusal_codes(phone, "checkInToActivity", asks, **given, takenAt="2026-07-01T01:00:00")
    assert naive == ["BAD_USER_INPUT"]
    town.server.clock.time = ENDS + timedelta(hours=48, seconds=1)
    late = await refusal_codes(phone, "checkInToActivity", asks, **given, takenAt=BEGINS.isoformat())
    assert late == ["TOO_LATE"]
    town.server.clock.time = BEGINS
    ahead = (BEGINS + timedelta(seconds=29)).isoformat()
    done = await expect_success(phone, "checkInToActivity", asks, **given, takenAt=ahead)
    assert datetime.fromisoformat(done["participation"]["checkedInAt"]) == BEGINS


@shared
async def test_one_signs_up_until_the_end(town: Any) -> None:
    activity = await arrange(town.worker, startsAt=BEGINS.isoformat())
    town.server.clock.time = ENDS - timedelta(seconds=1)
    assert (await sign(town.resident(), activity))["errors"] == []
    town.server.clock.time = ENDS
    assert codes_of((await sign(town.resident(1), activity))["errors"]) == ["ACTIVITY_OVER"]


@shared
async def test_nobody_is_called_to_what_is_over(town: Any) -> None:
    """A place that becomes free after the end, or after a cancellation, goes to nobody."""
    over, cancelled = [await arrange(town.worker, startsAt=BEGINS.isoformat(), capacity=1) for _ in range(2)]
    for activity in (over, cancelled):
        for one in (0, 1):
            await sign(town.resident(one), activity)
    given = {"activity": cancelled, "expectedVersion": 1, "reason": "雨"}
    await expect_success(town.worker, "cancelActivity", "activity { id }", **given)
    told = "{ me { notices { totalCount } } }"
    before = (await town.resident(1).ask(told)).data
    await expect_success(town.resident(), "withdrawFromActivity", "participation { id }", activity=cancelled)
    town.server.clock.time = ENDS
    await expect_success(town.resident(), "withdrawFromActivity", "participation { id }", activity=over)
    assert (await town.resident(1).ask(told)).data == before
    states = await town.fetch("select state from party.participation where person_id=$1", town.people[1])
    assert states == [("WAITING",), ("WAITING",)]


@shared
async def test_reminder_is_a_day_before(town: Any) -> None:
    """Not earlier; once for each time it is moved to; nobody who only waits."""
    start = town.server.clock.time + timedelta(hours=26)
    activity = await arrange(town.worker, startsAt=start.isoformat(), capacity=1)
    for one in (0, 1):
        await sign(town.resident(one), activity)

    async def reminders(one: int = 0) -> int:
        assert not (await town.server.worker.drain()).failed
        seen = await town.resident(one).ask("{ me { notices { nodes { title } } } }")
        return sum(one["title"] == "An activity is near" for one in seen.data["me"]["notices"]["nodes"])

    assert await reminders() == 0
    town.server.clock.move(hours=1)
    assert await reminders() == 0, "twenty-five hours before"
    town.server.clock.move(hours=1)
    assert await reminders() == 1
    moved = {"activity": activity, "expectedVersion": 1, "startsAt": (start + timedelta(hours=2)).isoformat()}
    await expect_success(town.worker, "moveActivity", "activity { id }", **moved, reason="场地")
    town.server.clock.move(hours=3)
    assert await reminders() == 2, "of the new time as well"
    assert await reminders(1) == 0


@shared
async def test_series_over_a_leap_day(town: Any) -> None:
    """The 29th of each month has no day in February 2027; months that have none are left out, not moved."""
    town.server.clock.time = datetime(2026, 12, 1, tzinfo=UTC)
    first = {**BASE, "startsAt": "2026-12-29T09:00:00+08:00"}
    made = await expect_success(
        town.worker, "planActivitySeries", "series { activities(first: 20) { startsAt } }", activity=first,
        rule="FREQ=MONTHLY;BYMONTHDAY=29;COUNT=4", shift="KEEP",
    )  # fmt: skip
    days = [one["startsAt"][:10] for one in made["series"]["activities"]]
    assert days == ["2026-12-29", "2027-01-29", "2027-03-29", "2027-04-29"]
    last = await expect_success(
        town.worker, "planActivitySeries", "series { activities(first: 20) { startsAt } }", activity=first,
        rule="FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4", shift="KEEP",
    )  # fmt: skip
    days = [one["startsAt"][:10] for one in last["series"]["activities"]]
    assert days == ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]


# terms, tasks, replies

OFFICE = {"duty": "SECRETARY", "consent": True}


@pytest.mark.parametrize(
    ("since", "ends", "fits"),
    [
        ("2026-06-30", "2026-07-01", True),
        ("2026-06-30", "2026-06-30", False),
        ("2024-02-29", "2029-02-28", True),
        ("2024-02-29", "2029-03-04", True),
        ("2024-02-29", "2029-03-05", False),
    ],
)
@shared
async def test_term_is_a_day_to_five_years(town: Any, since: str, ends: str, fits: bool) -> None:
    given = {**OFFICE, "branch": town.branch, "person": town.person(), "since": since, "termEndsOn": ends}
    done = await town.secretary.do("appointPartyOfficer", "office { termEndsOn }", **given)
    assert [(one["code"], one["path"]) for one in done["errors"]] == (
        [] if fits else [("BAD_USER_INPUT", ["termEndsOn"])]
    )


@shared
async def test_terms_lie_side_by_side(town: Any) -> None:
    """The day a term ends is the first of the next one; one day earlier they overlap."""
    given = {**OFFICE, "branch": town.branch}
    first = {"person": town.person(), "since": "2026-01-01", "termEndsOn": "2027-01-01"}
    await expect_success(town.secretary, "appointPartyOfficer", "office { id }", **given, **first)
    second = {"person": town.person(1), "termEndsOn": "2028-01-01"}
    asks = "office { id }"
    early = await refusal_codes(town.secretary, "appointPartyOfficer", asks, **given, **second, since="2026-12-31")
    assert early == ["TERMS_OVERLAP"]
    await expect_success(town.secretary, "appointPartyOfficer", asks, **given, **second, since="2027-01-01")
    before = {"person": town.person(2), "since": "2025-01-01", "termEndsOn": "2026-01-01"}
    await expect_success(town.secretary, "appointPartyOfficer", asks, **given, **before)
    third = "select id from party.office where since='2027-01-01' and branch_id=$1"
    rows = await town.fetch(third, UUID(town.branch.partition(":")[2]))
    ended = {"office": f"PartyOffice:{rows[0]['id']}"}
    done = await expect_success(town.secretary, "endPartyOffice", "office { since until }", **ended)
    assert done["office"] == {"since": "2027-01-01", "until": "2027-01-01"}, "what had not begun was never held"


@shared
async def test_elections_are_told_of_twice(town: Any) -> None:
    """A hundred and eighty days before and thirty, to the day in China; the secretary above hears of it as well."""
    above = await town.add("镇党委", kind="COMMITTEE", foundedOn="2010-01-01")
    below = await town.add("村支部", parent=above)
    for branch, at_, ends in ((above, 1, "2029-06-30"), (below, 0, "2027-01-31")):
        given = {**OFFICE, "branch": branch, "person": town.person(at_), "since": "2026-01-01", "termEndsOn": ends}
        await expect_success(town.secretary, "appointPartyOfficer", "office { id }", **given)

    async def told(day: date) -> tuple[int, int]:
        town.server.clock.time = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        assert not (await town.server.worker.drain()).failed
        asked = '{ me { notices(filter: { kind: { equals: "party.term_ends" } }) { totalCount } } }'
        return tuple([(await town.resident(one).ask(asked)).data["me"]["notices"]["totalCount"] for one in (0, 1)])  # type: ignore[return-value]

    first, last = date(2027, 1, 31) - timedelta(days=180), date(2027, 1, 31) - timedelta(days=30)
    assert await told(first - timedelta(days=1)) == (0, 0)
    assert await told(first) == (1, 1)
    assert await told(last - timedelta(days=1)) == (1, 1)
    assert await told(last) == (2, 2)
    assert await told(last + timedelta(days=20)) == (2, 2)


@shared
async def test_tasks_are_due_today(town: Any) -> None:
    """Their owner is reminded on the day, once, and not of what is done."""
    begun = await arrange(town.worker, startsAt=town.server.clock.time.isoformat())
    tasks = [{"title": title, "owner": town.person(), "dueOn": "2026-07-02"} for title in ("清淤", "立牌")]
    minutes = {"activity": begun, "text": "议定", "tasks": tasks}
    await expect_success(town.worker, "recordActivityMinutes", "minutes { id }", **minutes)
    mine = "{ me { person { partyTasks { nodes { id } } } notices { nodes { kind } } } }"
    seen = (await town.resident().ask(mine)).data["me"]
    await expect_success(
        town.resident(), "finishPartyTask", "task { done }", task=seen["person"]["partyTasks"]["nodes"][0]["id"]
    )
    for day, expected in ((1, 2), (2, 3), (3, 3)):
        town.server.clock.time = datetime(2026, 7, day, 1, tzinfo=UTC)
        assert not (await town.server.worker.drain()).failed
        kinds = [one["kind"] for one in (await town.resident().ask(mine)).data["me"]["notices"]["nodes"]]
        assert kinds.count("party.task_due") == expected, day


@shared
async def test_deputies_wait_ninety_days(town: Any) -> None:
    """Counted from the day in China on which they asked."""
    [(unit,)] = await town.fetch("select code from units.unit order by id limit 1")
    town.server.clock.time = datetime(2027, 11, 30, 16, tzinfo=UTC)
    deputy = town.server.as_("deputy", grid="610921100", person=str(town.people[0]))
    asked = {"grid": "610921100", "unit": unit, "title": "路灯", "text": "村道无路灯。"}
    made = await expect_success(deputy, "submitDeputySuggestion", "suggestion { replyBy }", **asked)
    assert made["suggestion"] == {"replyBy": "2028-02-29"}, "ninety days after the 1st of December, in a leap year"


# quarters


@given(st.datetimes(datetime(2020, 1, 1), datetime(2089, 12, 31)))
def test_every_moment_is_in_one_quarter(moment: datetime) -> None:
    name = f"{moment.year}Q{(moment.month + 2) // 3}"
    first, end = quarter_span(name)
    assert first <= moment.date() < end


@shared
async def test_quarter_ends_at_midnight_in_china(town: Any) -> None:
    """What begins in the last minute of a quarter is in it, what begins a minute later is in the next."""
    import io

    import docx

    town.server.clock.time = datetime(2026, 9, 30, 0, tzinfo=UTC)
    for title, start in (("除夕", "2026-09-30T15:59:00Z"), ("元旦", "2026-09-30T16:00:00Z")):
        planned = {**BASE, "title": title, "branch": town.branch, "startsAt": start}
        await expect_success(town.secretary, "arrangeActivity", "activity { id }", activity=planned)

    async def titles(quarter: str) -> list[str]:
        async def fetch(sql: str, *values: Any) -> list[Any]:
            return await town.fetch(sql, *values)

        content = await build_quarter(fetch, UUID(town.branch.partition(":")[2]), quarter)
        return [row.cells[2].text for row in docx.Document(io.BytesIO(content)).tables[0].rows[1:]]

    assert await titles("2026Q3") == ["除夕"]
    assert await titles("2026Q4") == ["元旦"]
    assert await titles("2027Q1") == []
