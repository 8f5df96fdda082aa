"""Honour types: honours (精神激励) and entitlements (政策激励) as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.declare.entity import Connection, Node, column, connection, entity, many, one, visible_to_all
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Sql

from .. import enums as enums
from .. import visibility
from ..ledger.types import PointsAccount
from ..models import AccountKind, AwardRow, EntitlementRow, HonourRow
from ..programmes.types import PointsProgramme

# Reversed postings are left out, and so are imports: an honour is for what a rule gave.
EARNED = (
    "(select coalesce(sum(e.amount),0) from points.entry e join points.posting p on p.id=e.posting_id "
    "where e.account_id={0} and p.kind='EARNED' "
    "and p.occurred_on > ({2} - make_interval(months => {1}))::date "
    "and not exists(select from points.posting u where u.reverses_id=p.id))"
)
"""What an account earned in so many months up to a day."""


@entity(HonourRow, visible=visible_to_all, order=("title",), filter={"code": None})
class PointsHonour(Node):
    """An honour or badge, and the criteria it is given by (荣誉)."""

    programme: PointsProgramme | None = one("Whose it is (项目).")
    code: str = column("Its code (代码).")
    title: str = column("Its title, such as 文明家庭 (名称).")
    criteria: str = column("For what it is given, published beforehand (评定标准).")
    kind: AccountKind = column("To whom: a person, a household, a group (对象).")
    least: int = column("How many points must have been earned for it (最低积分).")
    months: int = column("In how many months (统计月数).")


@entity(AwardRow, visible=visibility.visible_awards, order=("awarded_at",), filter={"published": None})
class PointsAward(Node):
    """An honour that was given; others see it only if its holder wants that (授予记录)."""

    honour: PointsHonour | None = one("The honour (荣誉).")
    account: PointsAccount | None = one("To whose account, if you may see it (账户).")
    awarded_at: datetime.datetime = column("When (授予时间).")
    earned: int = column("What had been earned by then (当时积分).")
    published: bool = column("Whether its holder wants others to see it (是否公开).")


@entity(EntitlementRow, visible=visible_to_all, order=("least",))
class PointsEntitlement(Node):
    """A service for those who earned so much, on top of what everybody is due by law (政策激励)."""

    programme: PointsProgramme | None = one("Whose it is (项目).")
    title: str = column("Its title (名称).")
    text: str = column("What it gives, and where to ask for it (内容).")
    least: int = column("How many points must have been earned (最低积分).")
    months: int = column("In how many months (统计月数).")
    ends_on: datetime.date | None = column("The first day it is no longer given (终止日).")


def current_entitlements(at: Frame) -> Alternatives:
    """Select the services that the account's earnings give it today."""
    earned = Sql(EARNED, at.row.id, at.rows.months, at.viewer.today)
    return [
        Sql(
            "{0}={1} and ({2} is null or {2}>{3}) and {4}>={5}",
            at.rows.programme_id,
            at.row.programme_id,
            at.rows.ends_on,
            at.viewer.today,
            earned,
            at.rows.least,
        )
    ]


EXTENSIONS = (
    extend(
        PointsProgramme,
        honours=connection(
            "Its honours (荣誉).", on="programme", order="title", type=Connection[PointsHonour] | None, requires=None
        ),
        entitlements=connection(
            "Its services by tier (政策激励).",
            on="programme",
            order="least",
            type=Connection[PointsEntitlement] | None,
            requires=None,
        ),
    ),
    extend(
        PointsHonour,
        awards=connection(
            "To whom it was given, of those who want it seen (获得者).",
            on="honour",
            order="-awarded_at",
            type=Connection[PointsAward] | None,
            requires=None,
        ),
    ),
    extend(
        PointsAccount,
        awards=connection(
            "Its honours (荣誉).",
            on="account",
            order="-awarded_at",
            type=Connection[PointsAward] | None,
            requires=None,
        ),
        entitlements=many(
            "What it is entitled to today (可享服务).",
            current_entitlements,
            order="least",
            cap=20,
            type=list[PointsEntitlement] | None,
            requires=None,
        ),
    ),
)
