"""Monthly analysis (月分析): what rose and fell against the month before, and what was late, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Text

from .figures import BY_CATEGORY, DUE, REPORTED, Figure, Scope, count_figure
from .sentences import Section, figure_sql, fill_template, join_sql, localized_text, told_section

LATE = count_figure("late", "r.due-r.timely", rows=DUE)
STILL_LATE = count_figure("stillLate", "r.due-r.met", rows=DUE)
OVERDUE = Section(
    Text("What was late", "逾期情况"),
    Text(
        "Of what fell due, {late} cases were not settled in time; {stillLate} of these are not settled yet.",
        "到期诉求中，未按期办结 {late} 件，其中目前仍未办结 {stillLate} 件。",
    ),
    (LATE, STILL_LATE),
)


def signs_figure(name: str, which: str) -> Figure:
    """Describe a number of early signs found in the period; they are about places, and none is withheld."""
    # A sign is in the sums of each level that it lies in, as a case is.
    levels = "cross join lateral unnest(array[s.county_id,s.town_id,s.village_id]) l (place)"
    columns = "l.place as grid_id, s.found_at, s.confirmed, s.ended_at"
    signs = f"select {columns} from statistics.sign s {levels} where s.absorbed_by_id is null"
    found = (
        f"select count(*) filter (where {which})::int as n from ({signs}) r "
        "where {where} and statistics.day(r.found_at) between {since} and {until}"
    )
    return Figure(name, found, "q.n", "false")


SIGNS = Section(
    Text("Early signs", "民情预警"),
    Text(
        "{signsFound} early signs were found; {signsConfirmed} had a common cause, {falseAlarms} were false alarms, "
        "and {signsRunning} are under way.",
        "发现民情预警 {signsFound} 条，其中属实 {signsConfirmed} 条，误报 {falseAlarms} 条，处置中 {signsRunning} 条。",
    ),
    (
        signs_figure("signsFound", "true"),
        signs_figure("signsConfirmed", "r.confirmed"),
        signs_figure("falseAlarms", "not r.confirmed"),
        signs_figure("signsRunning", "r.ended_at is null"),
    ),
)


def month_before(scope: Scope) -> Scope:
    """Return the month before a month; while that lasts, as many days of it, for fewer days bring fewer cases."""
    first = Sql("({0}-interval '1 month')::date", scope.since)
    so_far = Sql("{0}+({1}-{2})", first, scope.today, scope.since)
    last = "(case when {0}<{1} then {2}-1 else least({2}-1,{3}) end)"
    until = Sql(last, scope.until, scope.today, scope.since, so_far)
    # The same place and the same day, so that both months are withheld by the same rule.
    return replace(scope, since=first, until=until)


@dataclass(frozen=True)
class Change:
    """How much was reported against the month before."""

    title = Text("Against the month before", "与上月相比")
    text = Text(
        "{reported} cases were reported, and {reportedBefore} in the month before.",
        "上报诉求 {reported} 件，上月同期 {reportedBefore} 件。",
    )

    def build(self, scope: Scope) -> Sql:
        """Build the section; both numbers are withheld as figures of their months are."""
        few = localized_text(REPORTED.few)
        said = {name: Sql(f"coalesce(f.{name}::text,{{0}})", few) for name in ("reported", "before")}
        text = fill_template(localized_text(self.text), reported=said["reported"], reportedBefore=said["before"])
        figures = join_sql((figure_sql("reported", "f.reported"), figure_sql("reportedBefore", "f.before")))
        return Sql(
            "(select {0} from (select {1} as reported, {2} as before offset 0) f)",
            told_section(self.title, text, figures),
            REPORTED.build_value(scope),
            REPORTED.build_value(month_before(scope)),
        )


# A subject that is not listed had none. What is withheld in one of the months is not compared: a change would tell it.
MOVED = """
(with listed as materialized (select {0} as now, {1} as before), moved as (
 select coalesce(a.o->'category',b.o->'category') as subject, coalesce((a.o->>'reported')::int,0) as now,
 coalesce((b.o->>'reported')::int,0) as before
 from (select jsonb_array_elements(now) as o from listed) a
 full join (select jsonb_array_elements(before) as o from listed) b on a.o->'category'->>'code'=b.o->'category'->>'code'
 where not coalesce((a.o->>'suppressed')::bool,false) and not coalesce((b.o->>'suppressed')::bool,false)
), extremes as (select
 (select to_jsonb(m) from moved m where m.now>m.before order by m.before-m.now, m.subject->>'code' limit 1) as rose,
 (select to_jsonb(m) from moved m where m.now<m.before order by m.now-m.before, m.subject->>'code' limit 1) as fell)
select {2} from extremes e)
"""


@dataclass(frozen=True)
class Movement:
    """Which subject rose most, and which fell most."""

    title = Text("What rose and fell", "升降变化")
    rose = Text(
        "{subject} rose most, from {before} cases to {now}.", "上升最多的是{subject}，由 {before} 件升至 {now} 件；"
    )
    fell = Text(" {subject} fell most, from {before} to {now}.", "下降最多的是{subject}，由 {before} 件降至 {now} 件。")
    none_rose = Text("No subject rose of those that may be told.", "可公布的分类均未上升；")
    none_fell = Text(" None fell.", "均未下降。")

    def build(self, scope: Scope) -> Sql:
        """Build the section: four figures, of which those of a subject that nothing is told of are left out."""
        rose, fell = told_move("rose", self.rose, self.none_rose), told_move("fell", self.fell, self.none_fell)
        figures = [
            figure_sql(name, f"(e.{way}->>'{key}')::int", f"e.{way}->'subject'")
            for way in ("rose", "fell")
            for name, key in (("reported", "now"), ("reportedBefore", "before"))
        ]
        told = told_section(self.title, Sql("{0}||{1}", rose, fell), join_sql(figures))
        # A subject that nothing is told of has no figures: four nulls would say that something is withheld.
        listed = "(select jsonb_agg(x) from jsonb_array_elements({0}->'figures') x where x->'subject'<>'null')"
        kept = Sql(f"{{0}}||jsonb_build_object('figures',coalesce({listed},'[]'))", told)
        return Sql(MOVED, scope.sql(BY_CATEGORY), month_before(scope).sql(BY_CATEGORY), kept)


def told_move(way: str, text: Text, none: Text) -> Sql:
    """Build what is said of the subject that moved most in one way."""
    given = {"subject": f"e.{way}->'subject'->>'name'", "before": f"e.{way}->>'before'", "now": f"e.{way}->>'now'"}
    filled = fill_template(localized_text(text), **{name: Sql(value) for name, value in given.items()})
    return Sql(f"(case when e.{way} is null then {{0}} else {{1}} end)", localized_text(none), filled)
