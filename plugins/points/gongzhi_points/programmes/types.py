"""Programme types: programmes, their rules and acts as the schema has them. All of it is published."""

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
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition, compare_place
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import invalid_input
from gongzhi_resolutions.types import Resolution

from .. import enums as enums
from ..models import AccountKind, ActRow, Approver, Period, ProgrammeRow, Proof, Recorder, RuleRow, RuleState, Unit

FEWEST = 10
"""Figures of fewer holders tell of people, so they are not shown."""
# Times are stored in UTC; a month begins at midnight in China.
MOVED = """
 from points.posting p join points.entry e on e.posting_id=p.id
 join points.account a on a.id=e.account_id and a.kind in ('PERSON','HOUSEHOLD','GROUP')
 where p.programme_id={0} and p.posted_at >= {1}::timestamp at time zone 'Asia/Shanghai'
 and p.posted_at < {2}::timestamp at time zone 'Asia/Shanghai'
"""
# Two periods differ by whole months, and each of these has holders enough: no difference tells of fewer.
FIGURES = f"""
(select case when f.holders >= {FEWEST} and not exists(select {MOVED}
 group by date_trunc('month', p.posted_at at time zone 'Asia/Shanghai')
 having count(distinct a.id) < {FEWEST}) then jsonb_build_object('holders', f.holders, 'earned', f.earned,
 'spent', f.spent, 'expired', f.expired, 'reversed', f.reversed) end from (
 select count(distinct a.id) holders, coalesce(sum(e.amount) filter (where p.kind='EARNED'), 0) earned,
 coalesce(-sum(e.amount) filter (where p.kind='SPENT'), 0) spent,
 coalesce(-sum(e.amount) filter (where p.kind='EXPIRED'), 0) expired,
 coalesce(-sum(e.amount) filter (where p.kind='REVERSED'), 0) reversed {MOVED}) f)
"""


@strawberry.type(description="What a programme gave and took in a time, all holders together (积分统计).")
class PointsFigures:
    holders: int = strawberry.field(description="How many accounts something moved on (参与账户数).")
    earned: int = strawberry.field(description="What was earned (获得).")
    spent: int = strawberry.field(description="What was spent (兑换).")
    expired: int = strawberry.field(description="What expired (过期).")
    reversed: int = strawberry.field(description="What was taken back as wrongly booked (冲正).")


SPAN = {
    "since": Argument(datetime.date, "The first day of a month (起始日，为某月一日)."),
    "before": Argument(datetime.date, "The first day of the month that is counted no longer (截止月一日，不含)."),
}


def first_of_month(day: datetime.date) -> datetime.date:
    """Refuse days within a month: figures of two periods that differ by a day would tell what one person got."""
    if day.day != 1:
        raise invalid_input("Figures are told by whole months.", "统计按整月提供，请填写某月一日。", "since")
    return day


def figures_sql(at: Frame) -> Any:
    since, before = (at.given.bind(one, convert=first_of_month, cast="date") for one in SPAN)
    return Sql(FIGURES, at.row.id, since, before)


@entity(ProgrammeRow, visible=visible_to_all, order=("code", "name"), filter={"code": None, "grid": compare_place()})
class PointsProgramme(Node):
    """A points programme of a grid and all that lies in it (积分项目)."""

    code: str = column("Its code (编码).")
    name: str = column("Its name (名称).")
    unit: Unit = column("What it counts in (计量单位).")
    grid: Grid | None = one("The grid it covers (适用网格).")
    lasts_months: int | None = column("After how many months points expire; null if they do not (有效月数).")
    warn_days: int = column("How many days before that its holder is told (到期提醒天数).")
    starts_on: datetime.date = column("The first day (起始日).")
    ends_on: datetime.date | None = column("The first day no longer (终止日).")
    figures: PointsFigures | None = embedded(
        f"What it gave and took in whole months; null where a month concerns one to {FEWEST - 1} accounts (统计).",
        figures_sql,
        arguments=SPAN,
    )
    version: int = column("Grows with every change (版本).")


NAME = "(select 'points.'||p.code||'.'||{1}||'/'||{2} from points.programme p where p.id={0})"


MARK = "coalesce((select g.code||':' from grids.grid g where g.id={county}),'')||{code}||'/'||{version}"
"""What explanations call a version of an act."""


def is_in_force(act: Any, day: Any) -> Sql:
    """Tell whether rules that begin that day may reward the act, as a condition of the statement."""
    return Sql("({0}<={2} and ({1} is null or {1}>{2}))", act.starts_on, act.ends_on, day)


@entity(
    ActRow,
    visible=visible_to_all,
    order=("code",),
    filter={
        "code": None,
        "county": compare_code("county_id", "grid", "grids"),
        "in_force": compare_condition(lambda at: is_in_force(at.rows, at.viewer.today)),
    },
)
class PointsAct(Node):
    """A version of an act that rules may reward: a standard one, or a county's own (积分行为)."""

    code: str = column("Its code, the same in all versions (代码).")
    version: int = column("Its version (版本).")
    county: Grid | None = one("Whose act it is; null for a standard one (所属县).")
    mark: str = expression(
        "What explanations call it, such as courtyard.tidy/1, or 610921:courtyard.tidy/2 (说明中的名称).",
        lambda at: Sql(MARK, county=at.row.county_id, code=at.row.code, version=at.row.version),
    )
    name: str = column("Its name (名称).")
    name_en: str = column("Its name in English (英文名称).")
    description: str = column("What is meant (说明).")
    least: int = column("The fewest points a rule gives for it (最低分值).")
    most: int = column("The most points a rule gives for it (最高分值).")
    proof: Proof = column("What a claim brings at least (最低凭证要求).")
    recorder: Recorder = column("Who may claim it (申报主体).")
    starts_on: datetime.date = column("The first day of rules that it is for (生效日).")
    ends_on: datetime.date | None = column("The first day it is for no new rule (停用日).")
    in_force: bool = expression(
        "Whether rules that begin today may reward it (今日是否可用).", lambda at: is_in_force(at.row, at.viewer.today)
    )


@entity(
    RuleRow,
    visible=visible_to_all,
    order=("title", "starts_on"),
    filter={"code": None, "state": None, "starts_on": None},
)
class PointsRule(Node):
    """One version of a rule: what an act or an event earns (积分规则)."""

    programme: PointsProgramme | None = one("Whose rule it is (所属项目).")
    code: str = column("The rule's code, the same in all versions (代码).")
    version: int = column("Its version (版本).")
    name: str = expression(
        "What a resolution that adopts it calls it, such as points.qingquan.tidy/3 (决议中的名称).",
        lambda at: Sql(NAME, at.row.programme_id, at.row.code, at.row.version),
    )
    title: str = column("Its title (标题).")
    text: str = column("The rule as it was published (规则全文).")
    act: PointsAct | None = one("The act it rewards; null if an event feeds it (行为).")
    event: str | None = column("The event that feeds it, such as case.closed (事件).")
    amount: int = column("How many points it gives (分值).")
    beneficiary: AccountKind = column("Whose account gets them (受益账户).")
    cap: int | None = column("The most it gives to one account in a period (周期上限).")
    period: Period = column("What the cap is for (上限周期).")
    cooldown_days: int = column("How many days must lie between two acts (间隔天数).")
    proof: Proof = column("What has to come with a claim (凭证).")
    approver: Approver = column("Who decides on claims (认定方式).")
    peers: int = column("How many peers have to agree (评议人数).")
    decide_days: int = column("Within how many days a claim is decided (认定期限).")
    objection_days: int = column("Within how many days one may object (异议期限).")
    state: RuleState = column("Where it stands (状态).")
    starts_on: datetime.date = column("The first day acts count (生效日).")
    ends_on: datetime.date | None = column("The first day they no longer do (失效日).")
    adopted_by: Resolution | None = one("The resolution that adopted it (通过决议).", key="resolution")
    in_force: bool = expression(
        "Whether acts of today count (今日是否有效).",
        lambda at: Sql(
            "({0}<>'PROPOSED' and {1}<={3} and ({2} is null or {2}>{3}))",
            at.row.state,
            at.row.starts_on,
            at.row.ends_on,
            at.viewer.today,
        ),
    )


EXTENSIONS = (
    extend(
        PointsProgramme,
        acts=many(
            "The acts that its rules may reward from today on: its county's own versions before the standard ones "
            "(可用积分行为).",
            lambda at: [Sql("{0} in (select points.acts({1},{2}))", at.rows.id, at.row.county_id, at.viewer.today)],
            order="code",
            cap=400,
            type=list[PointsAct] | None,
            requires=None,
        ),
        rules=connection(
            "Its rules, every version (规则).",
            on="programme",
            order="title",
            type=Connection[PointsRule] | None,
            requires=None,
        ),
    ),
)
