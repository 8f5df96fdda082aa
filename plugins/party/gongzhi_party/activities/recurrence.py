"""Recurrence: when a series takes place, by its rule (RFC 5545), within a horizon, and around days off (调休).

Rules are read in China's time, which knows no summer time. A rule must end: a year's plan is made once its calendar is
known, and not for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from dateutil.rrule import rrule, rrulestr
from gongzhi.runtime.checks import CHINA, invalid_input
from gongzhi.values.errors import Refusal
from gongzhi_deadlines.worktime import Calendar, CalendarError

from ..models import Shift

HORIZON = timedelta(days=400)
"""How far ahead a series may reach."""
MOST = 400
"""How many times it may take place."""
# An allow-list of parts and their shapes: a rule such as the 31st of February would be looked for without an end.
EVERY = {
    "FREQ": r"[A-Z]+",
    "INTERVAL": r"[1-9]\d?",
    "COUNT": r"[1-9]\d{0,2}",
    "UNTIL": r"[0-9TZ]+",
    "WKST": r"[A-Z]{2}",
}
DAYS = {"BYDAY": r"[+-]?[1-5]?[A-Z]{2}(,[+-]?[1-5]?[A-Z]{2})*"}
DATES = {**DAYS, "BYMONTHDAY": r"-?\d{1,2}(,-?\d{1,2})*"}
PARTS = {
    "DAILY": EVERY | DAYS,
    "WEEKLY": EVERY | DAYS,
    "MONTHLY": EVERY | DATES | {"BYSETPOS": r"-?[1-5]"},
    "YEARLY": EVERY | DATES | {"BYMONTH": r"\d{1,2}(,\d{1,2})*"},
}
"""What a rule may say: nothing for which a calendar would look for ever and find no day."""


@dataclass(frozen=True)
class PlannedTime:
    """One time of a series: when its rule has it, and when it takes place; None where it is left out."""

    original: datetime
    at: datetime | None


def plan_occurrences(
    text: str, first: datetime, shift: Shift, calendar: Calendar, now: datetime
) -> tuple[str, list[PlannedTime]]:
    """Return the rule as it is kept, and every time it comes to. Raises Refusal for one that cannot be kept."""
    rule, count = parse_rule(text, first, now)
    last = now.astimezone(CHINA).replace(tzinfo=None) + HORIZON
    # One more than allowed is enough to know that there are too many.
    found = list(islice((at for at in rule if at <= last), MOST + 1))
    if not found:
        raise invalid_input("The rule never comes to pass: change it.", "重复规则没有任何一次，请修改。", "rule")
    if len(found) > MOST:
        raise invalid_input(f"A series takes place {MOST} times at most.", f"一个系列最多 {MOST} 次。", "rule")
    # A COUNT that the horizon cuts is refused, not shortened: a plan with fewer times than were asked for is another
    # plan.
    if count is not None and len(found) < count:
        raise beyond_horizon()
    moved = [PlannedTime(to_local_aware(at), shift_day_off(to_local_aware(at), shift, calendar)) for at in found]
    # Without the name of the property, as calendars write it after `RRULE:`.
    return text.upper().removeprefix("RRULE:"), moved


def parse_rule(text: str, first: datetime, now: datetime) -> tuple[rrule, int | None]:
    """Return the rule from its text, with an end, and how many times it says it comes to pass."""
    values = dict(one.partition("=")[::2] for one in text.strip().upper().removeprefix("RRULE:").split(";"))
    known = PARTS.get(values.get("FREQ", ""), {})
    if not known or not all(name in known and re.fullmatch(known[name], value) for name, value in values.items()):
        en = "It is no rule for days, such as FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20261231."
        raise invalid_input(en, "重复规则有误，例如 FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20261231。", "rule")
    if "COUNT" in values and "UNTIL" in values:
        raise invalid_input("Give the rule UNTIL or COUNT, not both.", "UNTIL 与 COUNT 不能同时使用。", "rule")
    if "COUNT" not in values and "UNTIL" not in values:
        raise Refusal(
            "UNBOUNDED_RULE",
            f"A series must end within {HORIZON.days} days: give the rule UNTIL or COUNT.",
            f"系列须在 {HORIZON.days} 天内结束，请在规则中写明 UNTIL 或 COUNT。",
            ("rule",),
        )
    end = parse_until(values.pop("UNTIL")) if "UNTIL" in values else None
    count = values.pop("COUNT", None)
    # Without a zone: the library compares naive times, and all of them are China's.
    limit = now.astimezone(CHINA).replace(tzinfo=None) + HORIZON
    if end is not None and end > limit:
        raise beyond_horizon()
    try:
        bare = ";".join(f"{name}={value}" for name, value in values.items())
        made = rrulestr(bare, dtstart=to_local_naive(first))
        if not isinstance(made, rrule):
            raise ValueError("a set of rules")
        # Always bounded, so that nothing that goes through it can run on.
        rule = made.replace(until=end or limit)
        if count:
            # COUNT becomes an end, which is what a later look at the rule can be bounded by.
            return rule.replace(until=last_occurrence(rule, int(count))), int(count)
        return rule, None
    except (ValueError, KeyError, TypeError, IndexError):
        raise invalid_input("It is no rule that a calendar can read.", "重复规则无法识别。", "rule") from None


def last_occurrence(rule: rrule, count: int) -> datetime:
    """Return when a bounded rule comes to pass for the last time that is asked for."""
    return list(islice(rule, min(count, MOST + 1)))[-1]


def parse_until(text: str) -> datetime:
    """Return the last moment of a rule, in China's time."""
    try:
        if "T" not in text:
            # A day alone means all of it.
            return datetime.strptime(text, "%Y%m%d") + timedelta(days=1, seconds=-1)
        if text.endswith("Z"):
            return to_local_naive(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
        return datetime.strptime(text, "%Y%m%dT%H%M%S")
    except (ValueError, OverflowError):
        # The last days of the year 9999, which some programs write for "never", have no place in China's time.
        raise invalid_input("UNTIL is a day such as 20261231.", "UNTIL 应为日期，如 20261231。", "rule") from None


def beyond_horizon() -> Refusal:
    return Refusal(
        "BEYOND_HORIZON",
        f"A series reaches {HORIZON.days} days ahead at most; plan the rest when its calendar is known.",
        f"系列最多安排到 {HORIZON.days} 天之后，其余待放假安排公布后再排。",
        ("rule",),
    )


def shift_day_off(at: datetime, shift: Shift, calendar: Calendar) -> datetime | None:
    """Return where a time goes that falls on a day off; None if it is left out. Make-up days are working days."""
    day = at.astimezone(CHINA).date()
    if shift == Shift.KEEP or calendar.spans(day):
        return at
    if shift == Shift.SKIP:
        return None
    return at + (nearest_working_day(day, 1 if shift == Shift.AFTER else -1, calendar) - day)


def nearest_working_day(day: date, step: int, calendar: Calendar) -> date:
    """Return the next or last working day. Raises CalendarError beyond the calendar."""
    while not calendar.spans(day):
        day += timedelta(days=step)
        if not calendar.first <= day <= calendar.last:
            raise CalendarError(f"the calendar ends on {calendar.last}")
    return day


def original_times(rule: str, first: datetime) -> Iterator[datetime]:
    """Yield when the rule of a series has it, from its text as it is kept."""
    values = dict(one.split("=", 1) for one in rule.split(";"))
    if "UNTIL" in values:
        values["UNTIL"] = parse_until(values["UNTIL"]).strftime("%Y%m%dT%H%M%S")
    text = ";".join(f"{name}={value}" for name, value in values.items())
    for at in rrulestr(text, dtstart=to_local_naive(first)):
        yield to_local_aware(at)


def export_rule(rule: str) -> str:
    """Return the rule as other calendars want it: with an end in UTC."""
    values = dict(one.split("=", 1) for one in rule.split(";"))
    if "UNTIL" in values:
        values["UNTIL"] = to_local_aware(parse_until(values["UNTIL"])).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return ";".join(f"{name}={value}" for name, value in values.items())


def to_local_naive(at: datetime) -> datetime:
    return at.astimezone(CHINA).replace(tzinfo=None, microsecond=0)


def to_local_aware(at: datetime) -> datetime:
    return at.replace(tzinfo=CHINA)


def drop_exceptions(all_turns: Sequence[PlannedTime], exceptions: frozenset[date]) -> list[PlannedTime]:
    """Return the times that take place, each once: not left out by the calendar, nor by whoever plans."""
    found: dict[datetime, PlannedTime] = {}
    for one in all_turns:
        if one.at is None or one.original.astimezone(CHINA).date() in exceptions:
            continue
        # A weekend's two days are moved to one Monday: it takes place there once, as Monday's own if the rule has it.
        if one.at not in found or one.original == one.at:
            found[one.at] = one
    return list(found.values())
