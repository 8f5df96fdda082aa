"""Appraisal types: indicators, scorecards, panels and appraisals as the schema has them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Node, column, embedded, entity, expression, many, one, pick, visible_to_all
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Build, Frame
from gongzhi.declare.sql import Sql
from gongzhi_resolutions.types import Resolution
from gongzhi_rights.types import Decision

from .. import enums as enums
from .. import visibility
from ..appraisal_models import (
    AppraisalRow,
    AppraisalState,
    Governance,
    IndicatorRow,
    ModelRow,
    ModelState,
    ObjectionRow,
    ObjectionState,
    PanelistRow,
    PanelRow,
    SeatRow,
    SeatState,
)
from .fairness import FEWEST, REPORT


@entity(IndicatorRow, visible=visible_to_all, order=("code",), filter={"code": None, "governance": None})
class CreditIndicator(Node):
    """Something of a person's own conduct that a panel scores from 0 to 10 (评议指标)."""

    code: str = column("Its code (代码).")
    name: str = column("Its name (名称).")
    governance: Governance = column("Which of the three governances it belongs to (三治).")
    description: str = column("What is meant, and how it is verified (说明).")


@strawberry.type(description="How much an indicator weighs (指标权重).")
class CreditWeight:
    indicator: str = strawberry.field(description="The indicator's code (指标代码).")
    weight: int = strawberry.field(description="Per cent of the score (权重，%).")


@strawberry.type(description="From which score a grade begins (等级分数线).")
class CreditBand:
    grade: str = strawberry.field(description="The grade (等级).")
    least: int = strawberry.field(description="The least score, of 100 (最低分).")


@strawberry.type(description="How many of a group have a grade (等级分布).")
class CreditGradeShare:
    grade: str = strawberry.field(description="The grade (等级).")
    share: int = strawberry.field(description="Per cent of the group (占比，%).")


@strawberry.type(description="How a scorecard treated a group (公平性检验).")
class CreditFairness:
    dimension: str = strawberry.field(description="AGE, GENDER or GRID (维度).")
    group: str = strawberry.field(description="The group (群体).")
    count: int | None = strawberry.field(description=f"How many were appraised; null below {FEWEST} (人数).")
    grades: list[CreditGradeShare] | None = strawberry.field(
        description=f"How grades are spread; null below {FEWEST} (等级分布)."
    )
    ratio: Decimal | None = strawberry.field(
        description="Its share of good grades over that of the best group; below 0.80 somebody must look (差别影响比)."
    )


@entity(
    ModelRow,
    visible=visible_to_all,
    order=("code", "starts_on"),
    filter={"code": None, "state": None, "grid": compare_place()},
)
class CreditModel(Node):
    """A version of a scorecard, as the assembly adopted it (评议模型)."""

    code: str = column("Its code, the same in all versions (代码).")
    version: int = column("Its version (版本).")
    name: str = expression(
        "What a resolution that adopts it calls it, such as credit.sanzhi/2 (决议中的名称).",
        lambda at: Sql("('credit.'||{0}||'/'||{1})", at.row.code, at.row.version),
    )
    title: str = column("Its title (标题).")
    grid: Grid | None = one("Where it appraises (适用区域).")
    weights: list[CreditWeight] = embedded("How much each indicator weighs (权重).", lambda at: at.row.weights)
    bands: list[CreditBand] = embedded("From which score grades begin, the best first (等级).", lambda at: at.row.bands)
    months: int = column("For how many months an appraisal is valid (有效月数).")
    seats: int = column("How many sit on a panel (评议团人数).")
    quorum: int = column("How many of them have to score (最低评分人数).")
    state: ModelState = column("Where it stands (状态).")
    starts_on: datetime.date = column("The first day (生效日).")
    ends_on: datetime.date | None = column("The first day no longer (失效日).")
    adopted_by: Resolution | None = one("The resolution that adopted it (通过决议).", key="resolution")
    fairness: list[CreditFairness] = embedded(
        "How it treated groups of age, gender and place: the fairness report of this version (公平性报告).",
        lambda at: Sql(REPORT, at.row.id, at.row.bands, at.viewer.today),
    )


@entity(PanelistRow, visible=visibility.visible_panelists, order=("since",), filter={"grid": compare_place()})
class Panelist(Node):
    """Somebody in the pool that panels are drawn from (道德评判团成员)."""

    person: Person | None = one("Who (成员).")
    grid: Grid | None = one("Where (所在网格).")
    since: datetime.date = column("Since when (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(SeatRow, visible=visibility.visible_seats, order=("place",))
class PanelSeat(Node):
    """A seat on a panel (评议席位)."""

    panel: ReviewPanel | None = one("The panel (评议团).")
    panelist: Panelist | None = one("Who sits (成员).")
    state: SeatState = column("Whether they have scored; never what (状态).")


@entity(PanelRow, visible=visible_to_all, through="appraisal", order=("round",))
class ReviewPanel(Node):
    """A moral review panel, drawn by lot for one appraisal (道德评判团).

    The places of the pool are SHA-256 of the seed, a colon and the panelist's key; the lowest sit.
    """

    appraisal: CreditAppraisal | None = one("For what (信用评议).")
    round: int = column("1; 2 after an objection (轮次).")
    seats: int = column("How many sit (人数).")
    quorum: int = column("How many have to score (最低评分人数).")
    scored: int = expression(
        "How many have (已评分人数).",
        lambda at: Sql("(select count(*) from credit.seat s where s.panel_id={0} and s.state='SCORED')", at.row.id),
    )
    pool: int = column("From how many it was drawn, conflicts left out (抽取范围人数).")
    seed: str = column("What the lot was drawn with (抽签种子).")
    drawn_at: datetime.datetime = column("When it was drawn (抽取时间).")
    closed_at: datetime.datetime | None = column("When it had scored (结束时间).")
    minutes: str | None = column("The minutes (评议记录).")
    members: list[PanelSeat] = many("Who sits, for those who may know (席位).", on="panel", order="place", cap=30)


@strawberry.type(description="What an indicator added to the score (指标贡献).")
class CreditContribution:
    indicator: str = strawberry.field(description="The indicator's code (指标代码).")
    name: str = strawberry.field(description="Its name (指标名称).")
    value: Decimal = strawberry.field(description="The trimmed mean of the scores, 0 to 10 (去极值平均分).")
    weight: int = strawberry.field(description="Per cent of the score (权重，%).")
    points: Decimal = strawberry.field(description="What it added; all of them sum to the score (得分).")


@strawberry.type(description="What would have changed the grade (反事实说明).")
class CreditCounterfactual:
    change: str = strawberry.field(description="What would have to be otherwise, in words (变化).")
    english: str = strawberry.field(description="The same in English (英文说明).")
    indicator: str = strawberry.field(description="The indicator's code (指标代码).")
    value: Decimal = strawberry.field(description="The mean it would have to have (所需分值).")
    grade: str = strawberry.field(description="The grade that would have been (可达等级).")
    together: bool = strawberry.field(description="Whether it needs the others too (是否须同时满足).")


def unless_disputed(build: Build) -> Build:
    """Show what was found; while another panel looks at it, only to the person it is about."""
    return lambda at: Sql(
        # A grade that is disputed is told to nobody else while another panel looks at it.
        "case when {0}<>'DISPUTED' or {1}={2} then {3} end",
        at.row.state,
        at.row.person_id,
        at.viewer.person,
        build(at),
    )


def own_decision(at: Frame) -> Any:
    return [Sql("{0}={1}", at.rows.id, at.row.decision_id)]


@entity(ObjectionRow, visible=visible_to_all, through="appraisal", order=("raised_at",), filter={"state": None})
class AppraisalObjection(Node):
    """Somebody objects to their appraisal; another panel looks again (评议异议)."""

    appraisal: CreditAppraisal | None = one("To what (信用评议).")
    reason: str = column("Why (理由).")
    state: ObjectionState = column("Where it stands (状态).")
    raised_at: datetime.datetime = column("When it was raised (提出时间).")
    decide_by: datetime.date = column("By when it is answered: 20 days (办理期限).")
    answer: str | None = column("What the other panel came to (答复).")
    decided_at: datetime.datetime | None = column("When (答复时间).")


def person_name(at: Frame) -> Any:
    return Sql("(select p.name from people.person p where p.id={0})", at.row.person_id)


@entity(
    AppraisalRow,
    visible=visibility.visible_appraisals,
    order=("requested_at",),
    filter={"state": None, "grid": compare_place(), "requested_at": None},
    file=lambda row, viewer: Sql("array[{0}]", row.person_id),
)
class CreditAppraisal(Node):
    """What a panel found of somebody who asked for it (信用评议)."""

    person: Person | None = one("Of whom (被评议人).")
    name: str = expression("Their name, for whoever scores (姓名).", person_name)
    grid: Grid | None = one("Where they live (所在网格).")
    model: CreditModel | None = one("By which version of which scorecard (评议模型).")
    state: AppraisalState = column("Where it stands (状态).")
    score: Decimal | None = expression(
        "Of 100 (得分).", unless_disputed(lambda at: Sql("round({0}/100.0,2)", at.row.score))
    )
    grade: str | None = expression("The grade; NONE below the lowest (等级).", unless_disputed(lambda at: at.row.grade))
    contributions: list[CreditContribution] | None = embedded(
        "What each indicator added (指标贡献).", unless_disputed(lambda at: at.row.contributions)
    )
    counterfactual: list[CreditCounterfactual] | None = embedded(
        "Which two things would change the grade; more only where two are not enough (反事实说明).",
        unless_disputed(lambda at: at.row.counterfactual),
    )
    panel: ReviewPanel | None = pick("The last panel (评议团).", on="appraisal", order="-round")
    panels: list[ReviewPanel] = many("Every panel (各轮评议团).", on="appraisal", order="round", cap=2)
    decision: Decision | None = pick(
        "The decision on record, to ask for a review by a person (决定记录).", own_decision
    )
    objections: list[AppraisalObjection] = many("Objections (异议).", on="appraisal", order="raised_at", cap=5)
    requested_at: datetime.datetime = column("When it was asked for (申请时间).")
    concluded_at: datetime.datetime | None = column("When it was concluded (评定时间).")
    valid_until: datetime.date | None = column("The last day it is valid (有效期至).")
    published: bool = column("Whether others may see the grade, by consent (是否公示).")
    version: int = column("Grows with every change (版本).")


@entity(AppraisalRow, visible=visibility.visible_commendations, order=("requested_at",))
class CreditCommendation:
    """A good appraisal that its holder lets others see: the name and the grade, nothing else (信用评议公示)."""

    name: str = expression("Whose (姓名).", person_name)
    grade: str = column("The grade (等级).")
    valid_until: datetime.date = column("The last day it is valid (有效期至).")
