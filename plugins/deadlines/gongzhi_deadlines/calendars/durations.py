"""Durations: terms that callers give as ISO 8601, such as PT30M or P3D, and when they end."""

from __future__ import annotations

import re

from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import FIELD, Text

from gongzhi_deadlines.worktime import Course, Deadline, Term, Unit, compute_deadline

from . import reading

# ASCII: a full-width digit is no digit of ISO 8601.
DURATION = re.compile(
    r"P(?:(?P<days>\d{1,3})D)?(?:T(?=\d)(?:(?P<hours>\d{1,3})H)?(?:(?P<minutes>\d{1,5})M)?)?", re.ASCII
)
LONGEST = 90 * 24 * 60
"""The most minutes of a term."""


def parse_term(text: str, *path: str, wall: bool = False) -> Term:
    """Return the term a duration stands for: working days, or working hours and minutes; on the wall if it is said so.

    Raises Refusal for what is no duration, mixes days with working hours, is nothing at all or over 90 days.
    """
    found = DURATION.fullmatch(text)
    days, hours, minutes = (int(found[name] or 0) if found else 0 for name in ("days", "hours", "minutes"))
    total = (days * 24 + hours) * 60 + minutes
    # A working day and working hours have no common measure; on the wall a day has 24 hours.
    mixed = not wall and bool(days) and total > days * 24 * 60
    if found is None or mixed or not 0 < total <= LONGEST:
        raise invalid_input(
            f"{FIELD} must be an ISO 8601 duration up to 90 days, such as PT30M, PT4H or P3D.",
            f"{FIELD}应为不超过 90 日的 ISO 8601 时长，如 PT30M、PT4H 或 P3D。",
            *path,
        )
    if wall:
        return Term(total, Unit.MINUTE)
    return Term(days, Unit.WORKING_DAY) if days else Term(total, Unit.WORKING_MINUTE)


NAMES = {
    Unit.MINUTE: Text("min", " 分钟"),
    Unit.HOUR: Text("h", " 小时"),
    Unit.DAY: Text("d", " 天"),
    Unit.WORKING_MINUTE: Text("min of working time", " 分钟（工作时间）"),
    Unit.WORKING_HOUR: Text("h of working time", " 小时（工作时间）"),
    Unit.WORKING_DAY: Text("working days", " 个工作日"),
}
# A working day has no fixed number of working hours.
COARSER = {Unit.MINUTE: (60, Unit.HOUR), Unit.HOUR: (24, Unit.DAY), Unit.WORKING_MINUTE: (60, Unit.WORKING_HOUR)}


def describe_term(term: Term) -> Text:
    """Return a term as people say it, in hours or days where it is whole ones."""
    amount, unit = term.amount, term.unit
    while unit in COARSER and amount % COARSER[unit][0] == 0:
        size, unit = COARSER[unit]
        amount //= size
    name = NAMES[unit]
    # Only days are counted in words; hours and minutes are abbreviated, which no number changes.
    english = name.en.removesuffix("s") if amount == 1 else name.en
    return Text(f"{amount} {english}", f"{amount}{name.zh}")


async def reckon_deadline(call: Call, county: int | None, term: Term) -> Deadline:
    """Return when a term ends that begins now, by the county's calendar; above counties, by everybody's."""
    return compute_deadline(await reading.load_calendar(call.fetch, county), term, Course(call.now))
