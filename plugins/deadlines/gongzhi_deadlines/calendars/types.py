"""Types: what the schema says of working calendars."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import grid_key
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .models import CalendarRow, DayRow, YearRow

CLOCK = "to_char(make_interval(mins => (%s)::int), 'HH24:MI')"
SPANS = (
    "(select jsonb_agg(jsonb_build_object('opens', " + CLOCK % "s->>0" + ", 'closes', " + CLOCK % "s->>1" + "))"
    " from jsonb_array_elements({0}) s)"
)


@strawberry.type(description="Hours in which offices are open (办公时段).")
class OpenHours:
    opens: str = strawberry.field(description="From, such as 08:30 (开始).")
    closes: str = strawberry.field(description="Until, such as 12:00 (结束).")


@strawberry.type(description="The hours of a working day, from a day of the year on (作息时间).")
class WorkShift:
    since: str = strawberry.field(description="Month and day from which it holds, such as 06-01 (起始月日).")
    hours: list[OpenHours] = strawberry.field(description="The hours (时段).")


@entity(DayRow, visible=visible_to_all, order=("day",), filter={"day": None})
class CalendarDay(Node):
    """A day that is not like its weekday: a holiday, or a make-up day (节假日或调休日)."""

    day: datetime.date = column("The day (日期).")
    name: str = column("Of what (名称).")
    working: bool = expression(
        "Whether it is worked (是否上班).", lambda at: Sql("({0} is distinct from '[]'::jsonb)", at.row.spans)
    )
    hours: list[OpenHours] | None = embedded(
        "Its own hours; null on a day off and on a day with the usual ones (时段).",
        lambda at: Sql(SPANS, at.row.spans),
    )
    source: str = column("Who announced it (来源).")


@entity(YearRow, visible=visible_to_all, order=("year",), filter={"year": None, "provisional": None})
class CalendarYear(Node):
    """A year of the national calendar (年度节假日安排)."""

    year: int = column("The year (年份).")
    provisional: bool = column("Whether it is not announced yet, so that deadlines in it may still move (是否暂定).")
    source: str = column("The notice, or the law alone (来源).")


@entity(CalendarRow, visible=visible_to_all)
class WorkCalendar(Node):
    """When offices are open (工作日历)."""

    county: Grid | None = one("Whose it is; null for the national one, which holds where there is no other (县).")
    weekdays: list[int] = expression(
        "The days of the week that are worked, Monday is 0 (每周工作日).", lambda at: at.row.weekdays
    )
    shifts: list[WorkShift] = embedded(
        "The hours, by season (作息时间).",
        lambda at: Sql(
            "(select jsonb_agg(jsonb_build_object('since', lpad(t->>0,2,'0')||'-'||lpad(t->>1,2,'0'), 'hours', "
            + SPANS.replace("{0}", "t->2")
            + ")) from jsonb_array_elements({0}) t)",
            at.row.shifts,
        ),
    )
    ends_on: datetime.date | None = column("The last day whose holidays are known, if only provisionally (截止日期).")
    days: Connection[CalendarDay] = connection("Days unlike their weekday (例外日期).", on="calendar", order="day")
    version: int = column("Grows with every change (版本).")


def of_county(at: Frame) -> Alternatives:
    """Return the county's own calendar, or the national one."""
    key = grid_key(at.given.bind("county"))
    own = Sql("exists(select from calendars.calendar o where o.county_id={0})", key)
    return [Sql("case when {0} then {1}={2} else {1} is null end", own, at.rows.county_id, key)]


COUNTY: dict[str, Any] = {"county": Argument(str, "The county, by code (县级区划代码).")}

EXTENSIONS = (
    extend(
        Query,
        calendar=pick(
            "The calendar that holds in a county (县工作日历).",
            of_county,
            arguments=COUNTY,
            type=WorkCalendar | None,
            requires=None,
        ),
        calendar_years=many(
            "Years, and whether they are announced (年度安排).",
            order="year",
            cap=50,
            type=list[CalendarYear] | None,
            requires=None,
        ),
    ),
)
