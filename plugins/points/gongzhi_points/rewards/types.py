"""Reward types: shops, rewards, redemptions and settlements as the schema has them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    batch,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.sql import Sql
from gongzhi.runtime.context import Context

from .. import enums as enums
from .. import visibility
from ..ledger.types import PointsAccount
from ..models import (
    MerchantRow,
    RedemptionRow,
    RedemptionState,
    RewardKind,
    RewardRow,
    SettledRow,
    SettledState,
    SettlementRow,
)
from ..programmes.types import PointsProgramme
from . import codes


@entity(MerchantRow, visible=visible_to_all, order=("name",), filter={"grid": compare_place()})
class PointsMerchant(Node):
    """A shop that takes points (积分商户)."""

    programme: PointsProgramme | None = one("Whose points it takes (项目).")
    unit: Unit | None = one("The organisation (单位).")
    name: str = column("Its name (名称).")
    address: str = column("Where it is (地址).")
    grid: Grid | None = one("In which grid (网格).")
    offline: bool = column("Whether its counter may work without a connection and settle later (可离线核销).")
    joined_on: datetime.date = column("Since when it takes points (加入日期).")
    left_on: datetime.date | None = column("The first day it no longer does (退出日期).")
    version: int = column("Grows with every change (版本).")


@entity(
    RewardRow,
    visible=visible_to_all,
    order=("price", "title"),
    filter={"kind": None, "price": None, "grid": compare_place()},
)
class PointsReward(Node):
    """What one gets for points (积分奖品)."""

    programme: PointsProgramme | None = one("For whose points (项目).")
    merchant: PointsMerchant | None = one("Who hands it out (商户).")
    grid: Grid | None = one("Where it is offered (提供范围).")
    number: int = column("Its number at the counter; a code names it (柜台编号).")
    kind: RewardKind = column("What it is (类型).")
    title: str = column("Its title (名称).")
    description: str | None = column("More about it (说明).")
    price: int = column("How many points (所需积分).")
    stock: int = column("How many are left (库存).")
    offered_until: datetime.date | None = column("The first day it is no longer offered (停止日期).")
    version: int = column("Grows with every change (版本).")


# Codes are derived when they are asked for and stored nowhere; the columns they are made of come with the row.
@batch(needs=("merchant_id", "number", "nonce", "expires_at", "person_id", "by", "state"), requires=None)
def redemption_code(rows: Sequence[Any], context: Context) -> list[str | None]:
    """The one-time code for the counter; for whoever redeems, and null once it is of no use (兑换码)."""
    asker, secret = context.viewer.account, context.receipts

    def shown(row: Any) -> str | None:
        # The holder, or whoever redeemed for them; a shop sees a redemption without its code.
        own = (asker.person is not None and str(row.person_id) == str(asker.person)) or row.by == asker.name
        if not own or row.state != RedemptionState.HELD:
            return None
        key = codes.counter_key(secret, row.merchant_id)
        return codes.format_code(key, codes.Code(row.number, row.nonce, row.expires_at))

    return [shown(row) for row in rows]


@entity(
    RedemptionRow, visible=visibility.visible_redemptions, order=("held_at",), filter={"state": None, "held_at": None}
)
class PointsRedemption(Node):
    """Points held for a reward, and the code for the counter (积分兑换)."""

    account: PointsAccount | None = one("The account (账户).")
    person: Person | None = one("Who redeems (兑换人).")
    reward: PointsReward | None = one("What for (奖品).")
    merchant: PointsMerchant | None = one("At which shop, and at no other (商户).")
    price: int = column("How many points (积分).")
    state: RedemptionState = column("Where it stands (状态).")
    held_at: datetime.datetime = column("Since when they are held (占用时间).")
    expires_at: datetime.datetime = column("Until when the code may be used (兑换码有效期).")
    held_until: datetime.datetime = column("Until when the shop may settle it; then the points are free (占用截止).")
    ended_at: datetime.datetime | None = column("When it was settled or given up (结束时间).")
    code: str | None = redemption_code


@entity(SettledRow, visible=visible_to_all, through="settlement", order=("place",))
class PointsSettled(Node):
    """What came of one code (核销明细)."""

    settlement: PointsSettlement | None = one("When it was handed in (所属结算).")
    place: int = column("Its place among the codes (序号).")
    code: str = column("The code as it was handed in (兑换码).")
    state: SettledState = column("What came of it (结果).")
    redemption: PointsRedemption | None = one("The redemption (兑换).")


@entity(SettlementRow, visible=visibility.visible_settlements, order=("at",), filter={"at": None})
class PointsSettlement(Node):
    """What a shop handed in at once, and what it came to (商户结算单)."""

    merchant: PointsMerchant | None = one("The shop (商户).")
    at: datetime.datetime = column("When (时间).")
    total: int = column("The points of the codes that were good (合计积分).")
    count: int = column("How many were good (笔数).")
    lines: list[PointsSettled] = many("Each code (明细).", on="settlement", order="place", cap=200)


EXTENSIONS = (
    extend(
        PointsProgramme,
        merchants=connection(
            "Shops that take its points (商户).",
            on="programme",
            order="name",
            type=Connection[PointsMerchant] | None,
            requires=None,
        ),
    ),
    extend(
        PointsMerchant,
        rewards=connection(
            "What it hands out (奖品).",
            on="merchant",
            order="price",
            type=Connection[PointsReward] | None,
            requires=None,
        ),
        settlements=connection(
            "What it handed in, the last first (结算单).",
            on="merchant",
            order="-at",
            type=Connection[PointsSettlement] | None,
            requires=None,
        ),
        redemptions=connection(
            "What was redeemed at it, the last first (兑换).",
            on="merchant",
            order="-held_at",
            type=Connection[PointsRedemption] | None,
            requires=None,
        ),
        taken=expression(
            "The points it has taken in all; for the shop and those who see accounts (累计核销积分).",
            lambda at: Sql("(select sum(s.total)::int from points.settlement s where s.merchant_id={0})", at.row.id),
            type=int | None,
            requires=visibility.SETTLE,
        ),
    ),
    extend(
        PointsAccount,
        redemptions=connection(
            "What was redeemed from it, the last first (兑换).",
            on="account",
            order="-held_at",
            type=Connection[PointsRedemption] | None,
            requires=None,
        ),
    ),
)
