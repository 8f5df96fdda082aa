"""Root types: what points add to the core's types and to the query, mutation and subscription roots."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.cases.types import Case
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.rules import own_households
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import (
    Connection,
    aggregate,
    column,
    connection,
    entity,
    expression,
    key_of,
    many,
    pick,
    stream,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.located import LEVELS, rows_inside
from gongzhi.declare.plans import Argument, Frame, Where
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Alternatives, Disjoint, Sql, all_of
from strawberry import ID

from .claims.types import PointsClaim, PointsExplanation, PointsObjection
from .events import Posted
from .ledger.types import PointsAccount, PointsEntry
from .models import AccountKind, RuleRow
from .programmes.types import PointsAct, PointsProgramme, PointsRule
from .rewards.types import PointsMerchant, PointsReward, PointsSettlement
from .visibility import VIEW

HERE = (
    "array(select g.id from points.programme g join people.person me on me.id={0} where g.starts_on<={1} "
    "and (g.ends_on is null or g.ends_on>{1}) and g.grid_id in "
    "(" + ", ".join(f"me.{one}" for one in ("grid_id", *LEVELS)) + "))"
)
"""The programmes that cover where a person lives."""
MINE = (
    "(select a.id from points.account a where a.programme_id={0} and a.kind={1} and case {1} "
    "when 'PERSON' then a.person_id={2} when 'HOUSEHOLD' then a.household_id=any(array{3}) end limit 1)"
)
"""One's own account of the kind a rule gives to."""


@entity(OutboxRow, visible=visible_with(lambda: PointsAccount, "account"))
class PointsHappening:
    """Points moved on an account one may see (积分变动)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    entry: PointsEntry | None = event_subject("The entry (流水).", "entry")


def points_left(at: Frame) -> Any:
    """Compute what a rule may still give today."""
    account = Sql(MINE, at.row.programme_id, at.row.beneficiary, at.viewer.person, own_households(at.viewer))
    text = "case when {0} is null then null else greatest(0,{0}-points.earned({1},{2},{3})) end"
    return Sql(text, at.row.cap, at.row.id, account, at.viewer.today)


@entity(RuleRow, visible=visible_to_all)
class PointsOpportunity:
    """What one could earn today (可获得积分)."""

    rule: PointsRule | None = pick("By which rule (规则).", lambda at: [Sql("{0}={1}", at.rows.id, at.row.id)])
    amount: int = column("How much at once (单次分值).")
    cap_left: int | None = expression("How much is left of its cap today; null without a cap (剩余额度).", points_left)


def earnable_rules(at: Frame) -> Alternatives:
    """Select the rules in force where the asker lives."""
    return [
        Sql(
            "{0}=any({1}) and {2}<>'PROPOSED' and {3}<={5} and ({4} is null or {4}>{5})",
            at.rows.programme_id,
            Sql(HERE, at.viewer.person, at.viewer.today),
            at.rows.state,
            at.rows.starts_on,
            at.rows.ends_on,
            at.viewer.today,
        )
    ]


def offered_rewards(at: Frame) -> Alternatives:
    """Select the rewards that can be had in a grid: offered in it, below it, or in all of what it lies in."""
    above = Sql(
        "{0}<>{1} and {0}=any(array[" + ",".join(f"{{{i + 2}}}" for i in range(len(LEVELS))) + "])",
        at.rows.grid_id,
        at.row.id,
        *(at.row.field(level) for level in LEVELS),
    )
    now = Sql("({0} is null or {0}>{1})", at.rows.offered_until, at.viewer.today)
    # The alternatives exclude each other, so they are read one after the other by index and no row twice.
    return Disjoint([all_of(one, now) for one in (*(rows_inside(at) or ()), above)])


def of_kind(kind: AccountKind) -> Where:
    return lambda at: [Sql(f"{{0}}='{kind.value}'", at.rows.kind)]


def by_id(cls: type) -> Where:
    return lambda at: [Sql("{0}={1}", at.rows.id, at.given.bind("id", convert=key_of(cls)))]


def id_argument(said: str) -> dict[str, Argument]:
    return {"id": Argument(ID, said)}


EXTENSIONS = (
    extend(
        Person,
        points=many(
            "Their points, programme by programme (积分).",
            of_kind(AccountKind.PERSON),
            on="person",
            order="opened_at",
            cap=20,
            type=list[PointsAccount] | None,
            requires=None,
        ),
        points_claims=connection(
            "What they claimed points for, the last first (积分申报).",
            on="person",
            order="-claimed_at",
            type=Connection[PointsClaim] | None,
            requires=None,
        ),
    ),
    extend(
        Household,
        points=many(
            "Its points, programme by programme (家庭积分).",
            of_kind(AccountKind.HOUSEHOLD),
            on="household",
            order="opened_at",
            cap=20,
            type=list[PointsAccount] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        points_awarded=aggregate(
            "The points that were given for it, to accounts you may see (所获积分).",
            lambda: PointsEntry,
            lambda at: Sql("coalesce(sum({0}),0)::int", at.rows.amount),
            lambda at: [
                Sql(
                    "{0}=any(array(select p.id from points.posting p where p.case_id={1} and p.kind='EARNED' "
                    "and not exists(select from points.posting u where u.reverses_id=p.id))) and {2}>0",
                    at.rows.posting_id,
                    at.row.id,
                    at.rows.amount,
                )
            ],
            type=int | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        rewards=connection(
            "What one gets for points here (积分奖品).",
            offered_rewards,
            order="price",
            type=Connection[PointsReward] | None,
            requires=None,
        ),
        points_claims=connection(
            "Claims in it or below it (积分申报).",
            rows_inside,
            order="-claimed_at",
            type=Connection[PointsClaim] | None,
            requires=None,
        ),
        points_accounts=connection(
            "Accounts in it or below it; never in the order of their points (积分账户).",
            rows_inside,
            order="opened_at",
            type=Connection[PointsAccount] | None,
            requires=VIEW,
        ),
    ),
    extend(
        Query,
        points_programmes=connection(
            "Points programmes (积分项目).", order="code", type=Connection[PointsProgramme] | None, requires=None
        ),
        points_acts=connection(
            "Acts that rules may reward, every version of every county (积分行为).",
            order="code",
            type=Connection[PointsAct] | None,
            requires=None,
        ),
        points_merchants=connection(
            "Shops that take points (积分商户).", order="name", type=Connection[PointsMerchant] | None, requires=None
        ),
        points_settlements=connection(
            "What shops handed in, the last first (商户结算单).",
            order="-at",
            type=Connection[PointsSettlement] | None,
            requires=None,
        ),
        points_objections=connection(
            "Objections you may see, the last first (积分异议).",
            order="-raised_at",
            type=Connection[PointsObjection] | None,
            requires=None,
        ),
        explain_entry=pick(
            "Why a movement of points is as it is (积分流水说明).",
            by_id(PointsEntry),
            arguments=id_argument("The entry's id (流水标识)."),
            type=PointsExplanation | None,
            requires=None,
        ),
        what_would_earn=many(
            "What could earn one points where one lives, and how much is left of each cap (可获得积分).",
            earnable_rules,
            order="title",
            cap=100,
            type=list[PointsOpportunity] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        points_posted=stream(
            "Points that move on accounts one may see, as they do (积分变动).",
            events=(Posted,),
            type=PointsHappening,
            requires=None,
        ),
    ),
)
