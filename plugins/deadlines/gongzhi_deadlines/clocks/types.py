"""Types: what the schema says of deadlines, which is rules, clocks, and why a deadline moved."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.cases.models import CaseKind, Light, Urgency
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit as Organisation
from gongzhi.declare.entity import (
    Connection,
    Node,
    aggregate,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import grid_key
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql, bind
from strawberry.scalars import JSON

from gongzhi_deadlines.worktime import Unit

from .models import ClockRow, RuleRow, RuleSetKind, RuleSetRow, Stage, TraceRow, Why
from .rules import LIMITS, SET, TOWN

describe_enum(
    Unit,
    "TimeUnit",
    "What a term is counted in (时限单位).",
    MINUTE="Minutes on the wall clock (分钟)",
    HOUR="Hours on the wall clock (小时)",
    DAY="Calendar days (自然日)",
    WORKING_MINUTE="Minutes while offices are open (工作分钟)",
    WORKING_HOUR="Hours while offices are open (工作小时)",
    WORKING_DAY="Working days (工作日)",
)
describe_enum(
    Stage,
    "ClockStage",
    "What a clock waits for (时限环节).",
    RESPOND="From the report until somebody has reacted (响应)",
    ACCEPT="From the report until it is accepted or declined (受理)",
    DISPATCH="From acceptance or return until a unit has it (派单)",
    CONTACT="From dispatch until the unit is in touch with the requester, or at work (首次联系)",
    HANDLE="From dispatch or reopening until the unit has answered (办理)",
    REPLY="From the report until the requester has an answer (答复)",
    FOLLOW_UP="From the answer until the requester has been asked about it (回访)",
    GRACE="From the answer until it is closed by itself (宽限)",
    EXTERNAL="From the report until the moment by which the system that filed it wants an answer (上级时限)",
)
describe_enum(
    RuleSetKind,
    "DeadlineRuleSetKind",
    "What a set of rules is for (时限规则集类型).",
    COUNTY="For counties to work by (县级规则)",
    TOWN="A town's own, within its county's limits (镇级规则)",
    LIMITS="The longest terms that a county's towns may set themselves (镇级上限)",
)
describe_enum(
    Why,
    "DeadlineChange",
    "Why a deadline moved (时限变更原因).",
    RULES="The county has other rules (规则变更)",
    CALENDAR="The calendar changed (日历变更)",
    EXTENDED="Time was added (延期)",
    PAUSED="The case was put on hold, or is in mediation (挂账、调解期间)",
    RESUMED="Handling goes on (恢复办理)",
)

# The working seconds up to a moment: those before the last opening, and those since.
WORKED = (
    "coalesce((select s.before+greatest(0,extract(epoch from least({moment},s.closes_at)-s.opens_at)) "
    "from calendars.span s where s.calendar_id={calendar} and s.opens_at<={moment} "
    "order by s.opens_at desc limit 1),0)"
)


def spent_minutes(at: Frame) -> Any:
    """Return minutes spent: those counted so far, and those since, in working time or on the wall."""
    now, since = WORKED.replace("{moment}", "{now}"), WORKED.replace("{moment}", "{since}")
    return Sql(
        "floor(({counted}+case when {since} is null or {since}>={now} then 0 when {working} then "
        f"{now}-{since} else extract(epoch from {{now}}-{{since}}) end)/60)::int",
        counted=at.row.counted,
        since=at.row.counted_at,
        working=at.row.working,
        calendar=at.row.calendar_id,
        now=at.viewer.now,
    )


def traffic_light(at: Frame) -> Any:
    """Return how a clock stands, or stood when it was stopped."""
    moment = "coalesce({stopped},{now})"
    return Sql(
        f"case when {{due}}<={moment} then 'RED' when {{warn}}<={moment} then 'AMBER' else 'GREEN' end",
        due=at.row.due_at,
        warn=at.row.warn_at,
        stopped=at.row.stopped_at,
        now=at.viewer.now,
    )


EXPLAINED = """coalesce((select case {0}
 when 'zh' then coalesce(g.name, '平台')||'《'||s.name||'》第'||s.edition||'版第'||r.rank||'条：'||r.basis
 else 'Rule '||r.rank||' of edition '||s.edition||' of “'||s.name||'”, '||coalesce(g.name, 'as shipped')||': '||r.basis
 end from clocks.rule r join clocks.rule_set s on s.id=r.set_id
 left join grids.grid g on g.id=coalesce(s.town_id,s.county_id) where r.id={1}),
 case {0} when 'zh' then '由来件系统规定的时限' else 'Set by the system that filed the case' end)"""


def explain_rule(at: Frame) -> Any:
    """Return a sentence about the rule a clock runs by, which may be of an edition that is no longer in force."""
    return Sql(EXPLAINED, bind(lambda variables, context: context.viewer.language, "text"), at.row.rule_id)


@entity(RuleRow, visible=visible_to_all, order=("rank",), filter={"stage": None})
class DeadlineRule(Node):
    """How long a stage may take. The first rule of a set that fits a case is the one for it (时限规则)."""

    rule_set: DeadlineRuleSet | None = one("The set it is of, which tells whose and which edition (规则集).", key="set")
    rank: int = column("Its place in the set (顺序).")
    stage: Stage = column("The stage (环节).")
    kind: CaseKind | None = column("Cases of this kind only (诉求类型).")
    category: str | None = column("Cases of this category and below only, by code (分类代码).")
    urgency: Urgency | None = column("Cases of this urgency only (紧急程度).")
    channel: str | None = column("Cases that came this way only, by code (渠道代码).")
    amount: int = column("How many units of time (数量).")
    unit: Unit = column("Of which unit (单位).")
    next_day: bool = column("Whether it counts from the next day on (次日起算).")
    basis: str = column("On which legal basis (法律依据).")
    any_hour: bool = column(
        "Whether its reminders are sent at night and on holidays, too, as they are in every emergency (全天候催办)."
    )


@entity(RuleSetRow, visible=visible_to_all, order=("code", "since"), filter={"code": None, "kind": None})
class DeadlineRuleSet(Node):
    """An edition of a set of rules; it never changes (时限规则集)."""

    code: str = column("Its code (代码).")
    edition: int = column("Which edition (版次).")
    name: str = column("Its name (名称).")
    county: Grid | None = one("The county that wrote it; null for those that ship (制定县).")
    kind: RuleSetKind = column("What it is for (类型).")
    town: Grid | None = one("The town whose rules they are; null for all others (乡镇街道).")
    since: datetime.datetime = column("When it was made (制定时间).")
    rules: list[DeadlineRule] = many("The rules, in the order in which they are tried (规则).", on="set", order="rank")


@entity(TraceRow, visible=visible_to_all, through="clock", order=("at",))
class DeadlineTrace(Node):
    """A deadline that moved (时限变更记录)."""

    clock: Clock | None = one("Whose deadline (时钟).")
    at: datetime.datetime = column("When it moved (时间).")
    why: Why = column("Why (原因).")
    before: datetime.datetime | None = expression(
        "The deadline before; null if it was on hold (变更前).", lambda at: at.row.before
    )
    after: datetime.datetime | None = expression(
        "The deadline after; null if it is on hold (变更后).", lambda at: at.row.after
    )
    data: JSON = column("Facts, as they were at the time (数据).")


@entity(ClockRow, visible=visible_to_all, through="case", order=("started_at", "due_at"), filter={"stage": None})
class Clock(Node):
    """The time of one stage of a case (时限时钟)."""

    case: Case | None = one("Whose it is (诉求).")
    stage: Stage = column("What it waits for (环节).")
    rule: DeadlineRule | None = one("By which rule (时限规则).")
    explanation: str = expression(
        "By which rule, of whom and in which edition, and on which basis, in the caller's language (时限依据).",
        explain_rule,
    )
    unit: Organisation | None = one("Who was responsible when it started, whoever helps later (责任单位).")
    started_at: datetime.datetime = column("When it started (开始时间).")
    due_at: datetime.datetime | None = expression(
        "When it ends; null while it is on hold (时限).", lambda at: at.row.due_at
    )
    warn_at: datetime.datetime | None = expression(
        "When four fifths are spent; null while that is on hold (预警时间).",
        lambda at: at.row.warn_at,
    )
    stopped_at: datetime.datetime | None = column("When it was stopped; null while it runs (停止时间).")
    paused: bool = expression(
        "Whether it is on hold (是否暂停).",
        lambda at: Sql(
            "({0} is null and coalesce({1}->-1->>1 is null and {1}<>'[]',false))", at.row.stopped_at, at.row.pauses
        ),
    )
    light: Light = expression("How it stands, or stood when it was stopped (红绿灯).", traffic_light)
    spent: int = expression("Minutes used up, as its rule counts them (已用时，分钟).", spent_minutes)
    allowed: int = expression(
        "Minutes there are in all (总时限，分钟).", lambda at: Sql("({0}/60)::int", at.row.allowed)
    )
    changes: list[DeadlineTrace] = many(
        "How its deadline moved, the first first (变更记录).", on="clock", order="at", cap=50
    )


def in_force(at: Frame) -> Alternatives:
    """Return the rules a county works by."""
    return [Sql("{0}=" + SET.replace("{county}", "{1}"), at.rows.id, grid_key(at.given.bind("county")))]


def last_of_town(at: Frame) -> Alternatives:
    return [Sql("{0}=" + TOWN.replace("{town}", "{1}"), at.rows.id, grid_key(at.given.bind("town")))]


def last_limits(at: Frame) -> Alternatives:
    return [Sql("{0}=" + LIMITS.replace("{county}", "{1}"), at.rows.id, grid_key(at.given.bind("county")))]


def following_up(at: Frame) -> Alternatives:
    return [Sql("({0}='FOLLOW_UP' and {1} is null)", at.rows.stage, at.rows.stopped_at)]


EXTENSIONS = (
    extend(
        Query,
        deadline_rules=pick(
            "The rules that a county works by (县时限规则).",
            in_force,
            arguments={"county": Argument(str, "The county, by code (县级区划代码).")},
            type=DeadlineRuleSet | None,
            requires=None,
        ),
        town_deadline_rules=pick(
            "A town's own rules, the last edition; null if it never had any (镇级时限规则).",
            last_of_town,
            arguments={"town": Argument(str, "The town, by code (乡镇街道编码).")},
            type=DeadlineRuleSet | None,
            requires=None,
        ),
        town_deadline_limits=pick(
            "Within what a county's towns may have rules of their own, the last edition; null or without rules: they "
            "may not (镇级时限上限).",
            last_limits,
            arguments={"county": Argument(str, "The county, by code (县级区划代码).")},
            type=DeadlineRuleSet | None,
            requires=None,
        ),
        deadline_rule_sets=connection(
            "Sets of rules, every edition (时限规则集列表).",
            order="code",
            type=Connection[DeadlineRuleSet] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        clocks=many(
            "The clocks of its stages, those of earlier rounds too (时限时钟).",
            on="case",
            order="started_at",
            cap=50,
            type=list[Clock] | None,
            requires=None,
        ),
        follow_up_due_at=aggregate(
            "By when the requester is to be asked about the answer (回访时限).",
            lambda: Clock,
            lambda at: Sql("min({0})", at.rows.due_at),
            following_up,
            on="case",
            type=datetime.datetime | None,
            requires=None,
        ),
    ),
)
