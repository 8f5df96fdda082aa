"""Commands: by which rules and which calendar a county works."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import strawberry
from gongzhi.core.cases.models import CaseKind, CategoryRow, ChannelRow, Urgency
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import input_form, invalid_input, is_given, not_found
from gongzhi.runtime.commands import (
    KEY,
    Call,
    Problem,
    check_version,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
    stale_version,
)
from gongzhi.values.codes import Kind
from gongzhi.values.errors import FIELD
from strawberry import UNSET

from gongzhi_deadlines.worktime import Unit

from ..calendars import reading
from ..calendars.models import CalendarRow, DayRow, YearRow
from ..calendars.types import WorkCalendar
from .models import ChoiceRow, RuleRow, RuleSetKind, RuleSetRow, Stage, Why
from .recalculation import recalculate_county
from .types import DeadlineRuleSet

RULES = "clocks.edit_rules"
CALENDARS = "calendars.edit"
COUNTY = "The county, by code (县级区划代码)."
LONGEST = {Unit.MINUTE: 10_000, Unit.WORKING_MINUTE: 10_000, Unit.HOUR: 2_000, Unit.WORKING_HOUR: 2_000}
"""The most a term may have of a unit; of days, a year and a half."""
MOST = 200
"""The most rules of a set."""


# rules


@strawberry.type(description="The rules that hold now, or why nothing was done (时限规则操作结果).")
class DeadlineRulesPayload:
    rules: DeadlineRuleSet | None = result_field("The rules the county works by (时限规则).")
    recounted: int | None = result_field("How many deadlines moved (变更的时限数).")
    errors: list[Problem] = problems()


@strawberry.input(description="Rules for a county to work by (选用时限规则).")
class ChooseDeadlineRulesInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field(COUNTY)
    code: str = input_field("The code of the set; its last edition is taken (规则集代码).")


@command("Have a county work by a set of rules; open clocks are reckoned anew (选用时限规则).", requires=RULES)
async def choose_deadline_rules(call: Call, input: ChooseDeadlineRulesInput) -> DeadlineRulesPayload:
    county = await find_county(call, input.county, RULES)
    found = await RuleSetRow.filter(code=input.code, kind=RuleSetKind.COUNTY).order_by("-edition").first()
    # A set of another county is as if there were none.
    if found is None or found.county_id not in (None, county.id):
        raise not_found("There is no such set of rules for this county.", "没有可供本县选用的该规则集。", "code")
    return await choose_rules(call, county, found)


@strawberry.input(description="How long a stage may take (时限规则).")
class DeadlineRuleInput:
    stage: Stage = input_field("The stage (环节).")
    kind: CaseKind | None = input_field("Cases of this kind only (诉求类型).", default=None)
    category: str | None = input_field("Cases of this category and below only, by code (分类代码).", default=None)
    urgency: Urgency | None = input_field("Cases of this urgency only (紧急程度).", default=None)
    channel: str | None = input_field("Cases that come this way only, by code (渠道代码).", default=None)
    amount: int = input_field("How many units of time (数量).")
    unit: Unit = input_field("Of which unit (单位).")
    next_day: bool = input_field("Whether it counts from the next day on (次日起算).", default=False)
    basis: str = input_field("On which legal basis (法律依据).", length=(1, 300))
    any_hour: bool | None = input_field(
        "Whether its reminders are sent at any hour; left out: if it is for emergencies (全天候催办).",
        default=None,
    )


@strawberry.input(description="A county's own rules, the first that fits counts (制定时限规则).")
class PublishDeadlineRulesInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field(COUNTY)
    expected_edition: int = input_field("The edition of the county's own rules you saw; 0 if it has none (预期版次).")
    name: str = input_field("What the set is called (名称).", length=(1, 100))
    rules: list[DeadlineRuleInput] = input_field(
        "All of the rules, in the order in which they are tried (规则).", items=(1, MOST)
    )


@command(
    "Give a county rules of its own; open clocks are reckoned anew (制定时限规则).",
    requires=RULES,
    form=lambda call, input: check_terms(input),
)
async def publish_deadline_rules(call: Call, input: PublishDeadlineRulesInput) -> DeadlineRulesPayload:
    county = await find_county(call, input.county, RULES)
    check_terms(input)
    await require_known_codes(input.rules)
    last = await RuleSetRow.filter(code=county.code).order_by("-edition").first()
    edition = last.edition if last else 0
    # The county's row is locked, so its editions have one order.
    if edition != input.expected_edition:
        raise stale_version(edition, "expectedEdition")
    written = await RuleSetRow.create(
        code=county.code,
        edition=edition + 1,
        name=input.name,
        county=county,
        since=call.now,
        account=call.viewer.account.name,
    )
    await RuleRow.bulk_create([make_rule(written, at, rule) for at, rule in enumerate(input.rules, 1)])
    return await choose_rules(call, county, written)


async def choose_rules(call: Call, county: GridRow, rules: RuleSetRow) -> DeadlineRulesPayload:
    """Put the county on these rules, and its open clocks with it."""
    current = await ChoiceRow.get_or_none(grid=county, until=None)
    # The same set again moves no clock.
    if current and current.set_id == rules.id:
        return DeadlineRulesPayload(rules=ref(DeadlineRuleSet, rules.id), recounted=0)
    # Ended rather than changed, so that it stays known by what the county worked.
    await ChoiceRow.filter(grid=county, until=None).update(until=call.now)
    await ChoiceRow.create(grid=county, set=rules, since=call.now, account=call.viewer.account.name or "")
    moved = await recalculate_county(call, county.id, Why.RULES)
    return DeadlineRulesPayload(rules=ref(DeadlineRuleSet, rules.id), recounted=moved)


def make_rule(rules: RuleSetRow, rank: int, given: DeadlineRuleInput) -> RuleRow:
    """Return a rule of a set; one for emergencies reminds at any hour if nothing else is said."""
    any_hour = given.urgency == Urgency.EMERGENCY if given.any_hour is None else given.any_hour
    return RuleRow(set=rules, rank=rank, **{**vars(given), "any_hour": any_hour})


def check_terms(input: PublishDeadlineRulesInput) -> None:
    """Refuse terms that cannot be meant. Raises Refusals for all of them."""
    with input_form() as read:
        for at, rule in enumerate(input.rules):
            read(check_term, rule, at)


def check_term(rule: DeadlineRuleInput, at: int, path: str = "rules") -> None:
    """Refuse a term that cannot be meant."""
    most = LONGEST.get(rule.unit, 550)
    if not 1 <= rule.amount <= most:
        raise invalid_input(
            f"A term has 1 to {most} of this unit.", f"该单位的时限应为 1 至 {most}。", path, str(at), "amount"
        )


async def require_known_codes(rules: Sequence[DeadlineRuleInput], path: str = "rules") -> None:
    """Refuse rules about categories and channels that there are not."""
    for name, model in (("category", CategoryRow), ("channel", ChannelRow)):
        asked = {getattr(rule, name): at for at, rule in enumerate(rules) if getattr(rule, name)}
        found = set(await model.filter(code__in=asked).values_list("code", flat=True)) if asked else set()
        for code in asked.keys() - found:
            raise not_found(f"{FIELD}: nothing has this code.", f"{FIELD}：没有此代码。", path, str(asked[code]), name)


async def find_county(call: Call, code: str, permission: str) -> GridRow:
    """Return the county, locked, which must be the caller's to decide about."""
    county: GridRow = await call.find(Grid, "county", code=code)
    if county.kind != Kind.COUNTY:
        raise invalid_input("Give a county's code.", "请填写县级编码。", "county")
    if not call.may(permission, county):
        raise not_allowed("county")
    return county


# calendars


@strawberry.input(description="Hours in which offices are open (办公时段).")
class OpenHoursInput:
    opens: str = input_field("From, such as 08:30 (开始).")
    closes: str = input_field("Until, such as 12:00; 24:00 for midnight (结束).")


@strawberry.input(description="The hours of a working day, from a day of the year on (作息时间).")
class WorkShiftInput:
    since: str = input_field("Month and day from which it holds every year, such as 06-01 (起始月日).")
    hours: list[OpenHoursInput] = input_field("The hours (时段).")


@strawberry.input(description="A day that is not like its weekday (例外日期).")
class CalendarDayInput:
    day: datetime.date = input_field("The day (日期).")
    working: bool = input_field("Whether it is worked (是否上班).")
    hours: list[OpenHoursInput] = input_field("Its hours, if not the usual ones (时段).", default_factory=list)
    name: str = input_field("Of what (名称).", length=(1, 60))
    source: str = input_field("Who announced it (来源).", length=(1, 200))


@strawberry.input(description="What changes in a calendar; what is left out stays as it is (修改工作日历).")
class EditCalendarInput:
    idempotency_key: str = input_field(KEY)
    county: str | None = input_field(
        "The county, by code; left out for the national calendar (县级区划代码).", default=UNSET
    )
    expected_version: int = input_field("The version of the calendar that holds there now (预期版本).")
    weekdays: list[int] | None = input_field(
        "The days of the week that are worked, Monday is 0 (每周工作日).", default=UNSET
    )
    shifts: list[WorkShiftInput] | None = input_field("The hours, by season (作息时间).", default=UNSET)
    days: list[CalendarDayInput] = input_field(
        "Days unlike their weekday, to add or replace (例外日期).", default_factory=list
    )
    announced: int | None = input_field(
        "The year whose holidays these are, in the national calendar; provisional days go (公布年度).", default=UNSET
    )


@strawberry.type(description="The calendar as it is now, or why nothing was done (工作日历操作结果).")
class CalendarPayload:
    calendar: WorkCalendar | None = result_field("The calendar (工作日历).")
    recounted: int | None = result_field(
        "How many deadlines moved at once; a nation's follow by and by (变更的时限数)."
    )
    errors: list[Problem] = problems()


@command(
    "Change when offices are open; open clocks are reckoned anew (修改工作日历).",
    requires=CALENDARS,
    form=lambda call, input: read_calendar(input),
)
async def edit_calendar(call: Call, input: EditCalendarInput) -> CalendarPayload:
    shifts, days, weekdays = read_calendar(input)
    county = await find_county(call, input.county, CALENDARS) if is_given(input.county) else None
    if county is None:
        require_everywhere(call)
    calendar = await find_calendar(county, input.expected_version)
    calendar.weekdays, calendar.shifts = weekdays or calendar.weekdays, shifts or calendar.shifts
    # Saved first, for what is rebuilt below reads the row.
    await calendar.save()
    if is_given(input.announced):
        await announce_calendar(county, calendar, input.announced, days)
    # A day that is given takes the place of the one there is.
    await DayRow.filter(calendar=calendar, day__in=[day["day"] for day in days]).delete()
    await DayRow.bulk_create([DayRow(calendar=calendar, **day) for day in days])
    # The nation's days are in every calendar.
    await (reading.rebuild_calendar(call.fetch, calendar.id) if county else reading.rebuild_calendars(call.fetch))
    # After a change of the nation's, the sweep reckons the clocks of all counties.
    moved = await recalculate_county(call, county.id, Why.CALENDAR) if county else 0
    return CalendarPayload(calendar=ref(WorkCalendar, calendar.id), recounted=moved)


def read_calendar(input: EditCalendarInput) -> tuple[list[Any] | None, list[dict[str, Any]], list[int] | None]:
    """Return shifts, days and weekdays of a calendar. Raises Refusals for all that is wrong with them."""
    with input_form() as read:
        shifts = [read(read_shift, one, at) for at, one in enumerate(input.shifts)] if is_given(input.shifts) else None
        days = [read(read_day, one, at) for at, one in enumerate(input.days)]
        return shifts, days, read(read_week, input.weekdays) if is_given(input.weekdays) else None


def require_everywhere(call: Call) -> None:
    """Refuse the national calendar to whoever does not keep the whole deployment."""
    if not any(grant.everywhere and CALENDARS in grant.permissions for grant in call.viewer.account.grants):
        raise not_allowed("county")


async def find_calendar(county: GridRow | None, expected: int) -> CalendarRow:
    """Return the calendar, locked, at the version the caller saw; without one, the county gets the nation's."""
    # The nation's first in any case, so that two who lock both do not wait for each other in a ring.
    nation = await CalendarRow.filter(county_id=None).select_for_update().get()
    own = await CalendarRow.filter(county_id=county.id).select_for_update().first() if county else None
    current = own or nation
    check_version(current, expected)
    if county and own is None:
        return await CalendarRow.create(
            county=county, weekdays=nation.weekdays, shifts=nation.shifts, version=nation.version
        )
    return current


async def announce_calendar(
    county: GridRow | None, calendar: CalendarRow, year: int, days: Sequence[dict[str, Any]]
) -> None:
    """Replace what was provisional in a year by what has been announced."""
    if county or not days or any(day["day"].year != year for day in days):
        raise invalid_input(
            "A year is announced in the national calendar, with all of its days.",
            "只能在全国日历中公布年度安排，且须列出该年度全部日期。",
            "announced",
        )
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    await DayRow.filter(calendar=calendar, day__gte=first, day__lte=last).delete()
    await YearRow.update_or_create({"provisional": False, "source": days[0]["source"]}, year=year)


def read_week(days: Sequence[int]) -> list[int]:
    if not days or any(not 0 <= day <= 6 for day in days):
        raise invalid_input("Days of the week are 0 (Monday) to 6.", "每周工作日为 0（周一）至 6。", "weekdays")
    return sorted(set(days))


def read_shift(given: WorkShiftInput, at: int) -> list[Any]:
    path = ("shifts", str(at))
    try:
        # A leap year, which has all the days there are.
        since = datetime.date.fromisoformat(f"2024-{given.since}")
    except ValueError:
        raise invalid_input("Give month and day, such as 06-01.", "请填写月日，如 06-01。", *path, "since") from None
    if not given.hours:
        raise invalid_input("A working day has hours.", "工作日须有办公时段。", *path, "hours")
    return [since.month, since.day, read_hours(given.hours, *path)]


def read_day(given: CalendarDayInput, at: int) -> dict[str, Any]:
    path = ("days", str(at))
    if given.hours and not given.working:
        raise invalid_input("A day off has no hours.", "休息日没有办公时段。", *path, "hours")
    hours = read_hours(given.hours, *path) if given.hours else None
    return {
        "day": given.day,
        "spans": hours if given.working else [],
        "name": given.name,
        "source": given.source,
    }


def read_hours(hours: Sequence[OpenHoursInput], *path: str) -> list[list[int]]:
    """Return hours in minutes since midnight, one after the other."""
    found = [[read_minutes(one.opens, *path), read_minutes(one.closes, *path)] for one in hours]
    flat = [moment for span in found for moment in span]
    # Each moment later than the one before, so spans neither touch nor overlap.
    if any(later <= earlier for earlier, later in zip(flat, flat[1:], strict=False)):
        raise invalid_input("Hours come in order and do not overlap.", "时段须按先后排列且不重叠。", *path, "hours")
    return found


def read_minutes(clock: str, *path: str) -> int:
    hour, _, minute = clock.partition(":")
    if not (clock.isascii() and len(clock) == 5 and hour.isdecimal() and minute.isdecimal() and int(minute) < 60):
        raise invalid_input("Give a time such as 08:30.", "请填写时刻，如 08:30。", *path, "hours")
    found = int(hour) * 60 + int(minute)
    if found > 24 * 60:
        raise invalid_input("A day ends at 24:00.", "一天至 24:00 为止。", *path, "hours")
    return found


EXTENSIONS = (
    extend(
        Mutation,
        choose_deadline_rules=choose_deadline_rules,
        publish_deadline_rules=publish_deadline_rules,
        edit_calendar=edit_calendar,
    ),
)
