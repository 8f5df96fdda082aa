"""Figures: SQL over the sums; their formulas are published under the same names (`kpis`).

Small numbers: what counts fewer than ten persons is withheld, for it is about people one could name. What counts cases
of a place is shown from three on, as a notice board in the village would show it. In a list, what would tell a withheld
number by subtraction is withheld too. No figure is an order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import invalid_input
from gongzhi.values.errors import Text

FEW = 10
"""The smallest number of persons that is shown, but for zero, which is about nobody."""
FEW_CASES = 3
"""The smallest number of cases that is shown, but for zero."""
# Zero is shown in both: it is about nobody, and withholding it would hide that nothing happened.
SMALL = f"between 1 and {FEW - 1}"
SMALL_CASES = f"between 1 and {FEW_CASES - 1}"
UNDER_THREE = Text("fewer than three", "不足 3")
DECADE = 3660
"""The longest period, in days."""

UNTIL, YESTERDAY = "{until}", "least({until},{today}-1)"
"""The last day; or of what falls due, for what falls due today is not late yet, and what falls due later still less."""


FIRST_MONTH = "date_trunc('month',{since}::timestamp+interval '1 month -1 day')::date"
"""The first whole month of a period."""


def month_after(until: str = UNTIL) -> str:
    """Return the month that begins after the last whole month of a period."""
    return f"date_trunc('month',({until}+1)::timestamp)::date"


def period_sums_sql(until: str = UNTIL, ever: bool = False) -> str:
    """Build the sums of a period, from its first day or from ever on: whole months, and the days around them."""
    months, days = "select * from statistics.rollup where monthly", "select * from statistics.rollup where not monthly"
    after = month_after(until)
    if ever:
        return f"({months} and day<{after} union all {days} and day between {after} and {until})"
    # Where no whole month lies in the period, the two borders of months cross: `least` and `greatest` keep a day from
    # counting twice.
    before = f"{days} and day>={{since}} and day<least({FIRST_MONTH},{until}+1)"
    behind = f"{days} and day>=greatest({FIRST_MONTH},{after}) and day<={until}"
    return f"({before} union all {months} and day>={FIRST_MONTH} and day<{after} union all {behind})"


# Whole months from their own sums: ten years are then some hundreds of rows and not a hundred thousand.
WITHIN, DUE, EVER = period_sums_sql(), period_sums_sql(YESTERDAY), period_sums_sql(ever=True)
MONTHS = f"(select * from statistics.rollup where monthly and day>={FIRST_MONTH} and day<{month_after()})"
"""Sums of the whole months of a period alone."""
# What is due today is not late yet, here neither.
EVER_DUE = period_sums_sql(YESTERDAY, ever=True)
# Of the sums by day alone: those of a month say nothing of its days.
LAST_DAY = "(select * from statistics.rollup where not monthly and day={until})"
# For days and weeks, which months cannot be cut into.
DAILY = "(select * from statistics.rollup where not monthly and day between {since} and {until})"
# `sealed` rows (tip-offs and what is against a unit) are in no figure.
SUMS = "select {what} from {rows} r where {{where}} and not r.sealed and r.dimension='{dimension}'"


@dataclass(frozen=True)
class Scope:
    """Which sums: a condition on the rows `r`, and the first and the last day."""

    where: Any
    since: Any
    until: Any
    today: Any

    def sql(self, text: str, **more: Any) -> Sql:
        """Build the text with what it names: a parameter that is given and not named has no type."""
        known = {"where": self.where, "since": self.since, "until": self.until, "today": self.today, **more}
        return Sql(text, **{name: term for name, term in known.items() if f"{{{name}}}" in text})


@dataclass(frozen=True)
class Figure:
    """A figure: `value` and whether it is withheld (`small`), as SQL over the numbers `q` that `sums_sql` gives."""

    name: str
    sums: str
    value: str
    small: str
    few: Text = Text("–", "–")
    """What is said in its place where it is withheld."""
    enough: str = ""
    """Numbers that suffice to tell whether it is small, where all of `sums_sql` would be many."""

    def build_value(self, scope: Scope) -> Sql:
        """Build its value; null where it is withheld, or where there is nothing to divide by."""
        return scope.sql(f"(select {self.value} from ({self.sums}) q)")

    def withheld(self, scope: Scope) -> Sql:
        return scope.sql(f"(select {self.small} from ({self.enough or self.sums}) q)")


def sums_sql(what: str, dimension: str = "ALL", rows: str = WITHIN) -> str:
    return SUMS.format(what=what, dimension=dimension, rows=rows)


def count_figure(name: str, what: str, dimension: str = "ALL", rows: str = WITHIN) -> Figure:
    found = sums_sql(f"coalesce(sum({what}),0)::int as n", dimension, rows)
    small = f"q.n {SMALL_CASES}"
    return Figure(name, found, f"case when {small} then null else q.n end", small, UNDER_THREE)


def share_figure(name: str, of: str, whole: str, dimension: str = "ALL", rows: str = WITHIN) -> Figure:
    """Describe the per cent of cases, to a tenth."""
    found = sums_sql(f"sum({of}) as n, coalesce(sum({whole}),0) as d", dimension, rows)
    value = f"case when q.d>={FEW_CASES} then round(100.0*q.n/q.d,1)::float8 end"
    return Figure(name, found, value, f"q.d {SMALL_CASES}")


def share_of_answers(name: str, of: str, whole: str, persons: str, dimension: str = "ALL") -> Figure:
    """Describe a per cent of what persons said, to a whole one, over the whole months in which ten or more spoke.

    So two periods differ by nothing, or by months of ten answers each: one day more does not tell what one person
    said. Since each share is rounded, what is left of a county's after its towns' says little of one that is withheld.
    """
    monthly = sums_sql(f"sum({of}) as n, sum({whole}) as d, sum({persons}) as p", dimension, MONTHS) + " group by r.day"
    enough = f"filter (where m.p>={FEW})"
    found = (
        f"select sum(m.n) {enough} as n, coalesce(sum(m.d) {enough},0) as d, coalesce(sum(m.p),0) as p "
        f"from ({monthly}) m"
    )
    value = "case when q.d>0 then round(100.0*q.n/q.d)::float8 end"
    # Withheld also where no whole month lies in the period: nothing is told then, and the reader should know why.
    return Figure(name, found, value, f"q.d=0 and (q.p>0 or {FIRST_MONTH}>={month_after()})")


def median_figure(name: str, dimension: str, what: str) -> Figure:
    """Describe minutes, to within five per cent: the middle of the step that the middle case is in."""
    steps = sums_sql(f"r.value as step, sum({what}) as n", dimension) + " group by r.value"
    # The first step at which half of the cases are reached.
    running = f"select s.step, s.n, sum(s.n) over (order by s.step) as upto, sum(s.n) over () as d from ({steps}) s"
    found = f"select min(w.step) filter (where 2*w.upto>=w.d) as step, coalesce(max(w.d),0) as d from ({running}) w"
    value = f"case when q.d>={FEW_CASES} then statistics.minutes(q.step) end"
    # Whether it is withheld needs no more than three rows, while the sums of steps may be hundreds.
    some = f"select coalesce(sum(s.n),0) as d from ({sums_sql(f'{what} as n', dimension)} limit {FEW_CASES}) s"
    return Figure(name, found, value, f"q.d {SMALL_CASES}", enough=some)


REPORTED = count_figure("reported", "r.reported")
COMPLETED = count_figure("completed", "r.completed")
# From ever on: a case that was reported last year may be under way.
UNDER_WAY = count_figure("underWay", "r.reported-r.completed-r.gone", rows=EVER)
# From ever on, too: what fell due last month and is not settled is late still.
OVERDUE = count_figure("overdue", "r.due-r.met", rows=EVER_DUE)
DUE_LAST = count_figure("dueOnLastDay", "r.due-r.met", rows=LAST_DAY)
# Of what fell due up to yesterday: what is due today is not late yet, and what is due later still less.
COMPLETION = share_figure("completionRate", "r.met", "r.due", rows=DUE)
ON_TIME = share_figure("onTimeRate", "r.timely", "r.due", rows=DUE)
EXTENSION = share_figure("extensionShare", "r.extended", "r.due", rows=DUE)
RESOLUTION = share_of_answers("resolutionRate", "r.solved", "r.answered", "r.answered")
SATISFACTION = share_of_answers("satisfactionRate", "r.satisfied", "r.scored", "r.scored")
COVERAGE = share_of_answers("answerCoverage", "r.heard", "r.completed", "r.heard")
RESPONSE = median_figure("medianResponse", "RESPONSE", "r.reported")
HANDLING = median_figure("medianHandling", "HANDLING", "r.completed")

OF_GRID = (
    REPORTED, COMPLETED, UNDER_WAY, OVERDUE, DUE_LAST, COMPLETION, ON_TIME, EXTENSION, RESOLUTION, SATISFACTION,
    COVERAGE, RESPONSE, HANDLING,
)  # fmt: skip

# Units are counted by work orders, not by cases: a case may have had several units.
ISSUED = count_figure("issued", "r.reported", "UNIT")
DONE = count_figure("completed", "r.completed", "UNIT")
RETURNED = count_figure("returned", "r.gone", "UNIT")
UNIT_ON_TIME = share_figure("onTimeRate", "r.timely", "r.due", "UNIT", DUE)
UNIT_EXTENSION = share_figure("extensionShare", "r.extended", "r.due", "UNIT", DUE)
# By answers: each answer counts for the unit that gave it, also one after which the case was taken up again.
UNIT_RESOLUTION = share_of_answers("resolutionRate", "r.solved", "r.answered", "r.answered", "ANSWER")
UNIT_SATISFACTION = share_of_answers("satisfactionRate", "r.satisfied", "r.scored", "r.scored", "ANSWER")
UNIT_COVERAGE = share_of_answers("answerCoverage", "r.heard", "r.completed", "r.heard", "ANSWER")

OF_UNIT = (
    ISSUED, DONE, RETURNED, UNIT_ON_TIME, UNIT_EXTENSION, UNIT_RESOLUTION, UNIT_SATISFACTION, UNIT_COVERAGE,
)  # fmt: skip


def withheld_names(figures: Iterable[Figure], scope: Scope) -> Sql:
    """Build the names of the figures that are withheld, as a JSON list."""
    told = list(figures)
    rows = ",".join(f"('{one.name}',{{{at}}})" for at, one in enumerate(told))
    text = f"(select coalesce(jsonb_agg(x.name),'[]') from (values {rows}) x (name,small) where x.small)"
    return Sql(text, *(one.withheld(scope) for one in told))


def can_infer(few: str, total: str) -> str:
    """Build whether the rest of the total tells withheld numbers: one of them, or several that can only be alike."""
    # Withheld are 1 or 2: one alone follows from the total, and several do if all must be 1 or all must be 2.
    return f"({few}>0 and ({few}=1 or {total} in ({few},{few}*{FEW_CASES - 1})))"


def listed_sql(rows: str, key: str) -> str:
    """Build objects `o` with the number `n` of each under a key, withheld where it is small, in their own order `at`.

    Where what is left of the total would tell what is withheld, the smallest other is withheld too.
    """
    withheld = f"filter (where x.n {SMALL_CASES}) over ()"
    counted = f"select x.*, count(*) {withheld} as few, coalesce(sum(x.n) {withheld},0) as hid from ({rows}) x"
    # The smallest that is not withheld for itself comes first, as the one that goes along.
    placed = f"select y.*, row_number() over (order by y.n<{FEW_CASES}, y.n, y.at) as place from ({counted}) y"
    small = f"(z.n {SMALL_CASES} or {can_infer('z.few', 'z.hid')} and z.place=1 and z.n>={FEW_CASES})"
    made = f"z.o||jsonb_build_object('{key}',case when {small} then null else z.n end,'suppressed',{small})"
    return f"(select coalesce(jsonb_agg({made} order by z.at),'[]') from ({placed}) z)"


LEVELS = listed_sql(
    "select l.at, jsonb_build_object('level',l.name,'of',sum(coalesce(s.n,0)) over ()) as o, coalesce(s.n,0)::int as n "
    "from (values (1,'GRID'),(2,'VILLAGE'),(3,'TOWN'),(4,'COUNTY')) l (at,name) left join ("
    + sums_sql("r.value, sum(r.completed) as n", "LEVEL")
    + " group by r.value) s on s.value=l.at",
    "settled",
)
# The share follows from the numbers that are shown, so it tells nothing that they do not.
BY_LEVEL = (
    f"(select jsonb_agg(e.o||jsonb_build_object('share',case when (e.o->>'of')::int>={FEW_CASES} "
    "then round(100.0*(e.o->>'settled')::int/(e.o->>'of')::int,1) end) order by e.at) "
    f"from jsonb_array_elements({LEVELS}) with ordinality e (o,at))"
)
SETTLED = (
    "select s.value/10 as category, s.value%10 as level, s.n from ("
    + sums_sql("r.value, sum(r.completed)::int as n", "SETTLED")
    + " group by r.value having sum(r.completed)>0) s"
)


def by_level_and_category() -> str:
    """Build each subject, in the order of their codes, with how much was settled at which level.

    What was settled at a level in all is told too (`BY_LEVEL`). So within a level whose total is withheld nothing is
    told, and within any other the smallest number goes along with those that the total would tell: three or more
    where there is one, or else a zero, for nobody knows then which is which. That is why all subjects are listed.
    """
    withheld = f"filter (where x.n {SMALL_CASES}) over (partition by x.at)"
    rows = (
        # `materialized`: the sums are read once and used twice.
        f"with s as materialized ({SETTLED}), l as (select e.at::int as at, e.o->>'level' as level, "
        "(e.o->>'suppressed')::bool as closed from jsonb_array_elements({levels}) with ordinality e (o,at)) "
        "select c.code, c.name, l.*, coalesce(s.n,0) as n from cases.category c cross join l "
        "left join s on s.category=c.id and s.level=l.at "
        "where c.parent_id is null and c.valid_to is null or c.id in (select category from s)"
    ).replace("{levels}", LEVELS)
    counted = f"select x.*, count(*) {withheld} as few, coalesce(sum(x.n) {withheld},0) as hid from ({rows}) x"
    ordered = f"y.n {SMALL_CASES}, y.n<{FEW_CASES}, y.n, y.code"
    placed = f"select y.*, row_number() over (partition by y.at order by {ordered}) as place from ({counted}) y"
    small = f"(z.n {SMALL_CASES} or z.closed and z.n>0 or not z.closed and {can_infer('z.few', 'z.hid')} and z.place=1)"
    cell = f"'level',z.level,'settled',case when {small} then null else z.n end,'suppressed',{small}"
    made = "jsonb_build_object('category',jsonb_build_object('code',t.code,'name',t.name),'levels',t.levels)"
    return (
        f"(select coalesce(jsonb_agg({made} order by t.code),'[]') from (select z.code, z.name, "
        f"jsonb_agg(jsonb_build_object({cell}) order by z.at) as levels from ({placed}) z group by z.code, z.name) t)"
    )


BY_LEVEL_AND_CATEGORY = by_level_and_category()
BY_CATEGORY = listed_sql(
    "select c.code as at, jsonb_build_object('category',jsonb_build_object('code',c.code,'name',c.name)) as o, s.n "
    "from ("
    + sums_sql("r.value, sum(r.reported)::int as n", "CATEGORY")
    + " group by r.value having sum(r.reported)>0) s "
    "join cases.category c on c.id=s.value",
    "reported",
)
BY_CHANNEL = listed_sql(
    "select c.code as at, jsonb_build_object('channel',c.code,'name',c.name) as o, s.n "
    "from ("
    + sums_sql("r.value, sum(r.reported)::int as n", "CHANNEL")
    + " group by r.value having sum(r.reported)>0) s "
    "join cases.channel c on c.id=s.value",
    "reported",
)


def series_sql(bucket: str) -> str:
    """Build each day, week (from Monday) or month of the period, those in which nothing happened included.

    Where the figure of the whole period would tell what is withheld, the smallest other is withheld too.
    """
    start = f"date_trunc('{bucket}',{{day}}::timestamp)::date"
    found = sums_sql(
        f"{start.format(day='r.day')} as start, sum(r.reported)::int as reported, sum(r.completed)::int as completed",
        # Months are there as sums; days and weeks are made of days.
        rows=WITHIN if bucket == "month" else DAILY,
    )
    first = start.format(day="{since}")
    rows = (
        "select b.start::date as start, coalesce(s.reported,0) as reported, coalesce(s.completed,0) as completed "
        f"from generate_series({first}::timestamp,{{until}}::timestamp,'1 {bucket}') b (start) "
        f"left join ({found} group by 1) s on s.start=b.start::date"
    )
    judged = ",".join(
        f"count(*) filter (where x.{one} {SMALL_CASES}) over () as few_{one}, "
        f"coalesce(sum(x.{one}) filter (where x.{one} {SMALL_CASES}) over (),0) as hid_{one}, "
        f"row_number() over (order by x.{one}<{FEW_CASES}, x.{one}, x.start) as place_{one}"
        for one in COUNTED
    )
    small = {
        one: f"(z.{one} {SMALL_CASES} or {can_infer(f'z.few_{one}', f'z.hid_{one}')} and z.place_{one}=1 "
        f"and z.{one}>={FEW_CASES})"
        for one in COUNTED
    }
    either = " or ".join(small.values())
    shown = ",".join(f"'{one}',case when {small[one]} then null else z.{one} end" for one in COUNTED)
    return (
        f"(select coalesce(jsonb_agg(jsonb_build_object('start',z.start,{shown},'suppressed',{either}) "
        f"order by z.start),'[]') from (select x.*,{judged} from ({rows}) x) z)"
    )


COUNTED = "reported", "completed"
"""What a series counts."""


def area_sql(row: Any) -> Sql:
    """Select sums of a county, town or village, or of all the counties above which the row stands."""
    counties = "select c.id from grids.grid c where c.kind='COUNTY' and (c.province_id={0} or c.city_id={0})"
    return Sql(
        # Sums end at the county: what lies above has none of its own, and adds its counties up.
        f"r.grid_id=any(case when {{1}} in ('PROVINCE','CITY') then array({counties}) else array[{{0}}] end)",
        row.id,
        row.kind,
    )


PERIOD = {
    "from": Argument(date, "The first day, in China (起始日期)."),
    "to": Argument(date, "The last day, in China (截止日期)."),
}


def first_day(most: int) -> Callable[[Mapping[str, Any], Any], date]:
    """Return what reads the first day; it raises Refusal for a period that ends before it begins, or is too long."""

    def read(given: Mapping[str, Any], context: Any) -> date:
        since: date = given["from"]
        if given["to"] < since:
            raise invalid_input("The period ends before it begins.", "截止日期早于起始日期。", "to")
        if (given["to"] - since).days > most:
            raise invalid_input(f"The period has {most} days at most here.", f"此处统计期最长 {most} 天。", "from")
        return since

    return read


# A series of days has a bound of its own: ten years of days would be thousands of rows.
DECADES, YEAR = first_day(DECADE), first_day(366)


def field_scope(at: Frame, where: Sql, first: Callable[[Mapping[str, Any], Any], date] = DECADES) -> Scope:
    """Return the scope of a field that stands in a part with a period."""
    assert at.part is not None
    return Scope(where, at.part.whole(first, cast="date"), at.part.bind("to", cast="date"), at.viewer.today)
