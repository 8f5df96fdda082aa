"""Shops: those that take points, what they hand out, and their stock."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.runtime.actions import Action, Requirement
from gongzhi.runtime.checks import (
    duplicate,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    problems,
    result_field,
)
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET
from tortoise.expressions import Q

from ..actions import require_shop, require_shop_of, rows_through
from ..ledger.accounts import open_account
from ..models import AccountKind, MerchantRow, ProgrammeRow, RewardKind, RewardRow
from ..programmes.commands import MANAGING, load_programme
from ..programmes.screening import screen_reward
from ..visibility import MANAGE, OFFER
from .codes import NUMBERS
from .types import PointsMerchant, PointsReward

PRICE, STOCK = 1_000_000, 1_000_000


async def load_shop(call: Call, id: str) -> MerchantRow:
    """Return the shop, locked, as the command's action allows."""
    merchant: MerchantRow = await call.find(PointsMerchant, "merchant", id=key_of(PointsMerchant)(id))
    return merchant


def joined_shops(merchant: Table) -> Alternatives:
    return [Sql("{0} is null", merchant.left_on)]


LEFT = "MERCHANT_LEFT", Text("The shop no longer takes points.", "该商户已退出。")
JOINED = Requirement(LEFT[0], lambda merchant, viewer: joined_shops(merchant), LEFT[1])


@strawberry.input(description="A shop that joins (商户加入).")
class AddPointsMerchantInput:
    idempotency_key: str = input_field(KEY)
    programme: ID = input_field("The programme (项目).")
    unit: str = input_field("The organisation, by code (单位编码).")
    name: str = input_field("Its name on the sign (名称).", length=(1, 100))
    address: str = input_field("Where it is (地址).", length=(1, 200))
    offline: bool = input_field("Whether its counter may settle later (可离线核销).", default=True)


@strawberry.type(description="The shop, or why nothing was done (商户结果).")
class PointsMerchantPayload:
    merchant: PointsMerchant | None = result_field("The shop (商户).")
    errors: list[Problem] = problems()


@command("Let a shop take points (商户加入).", requires=MANAGE, action=MANAGING)
async def add_points_merchant(call: Call, input: AddPointsMerchantInput) -> PointsMerchantPayload:
    programme = await load_programme(call, input.programme)
    unit = await find_unit(input.unit, "unit")
    if await MerchantRow.exists(programme=programme, unit=unit):
        raise duplicate("The unit takes points already.", "该单位已是商户。", "unit")
    merchant = await MerchantRow.create(
        programme=programme,
        unit=unit,
        name=input.name,
        address=input.address,
        offline=input.offline,
        grid_id=unit.grid_id,
        joined_on=today(call),
    )
    # Opened now, so that the first settlement need not.
    await open_account(call, programme.id, AccountKind.MERCHANT, unit.grid_id, merchant=merchant.id)
    return PointsMerchantPayload(merchant=ref(PointsMerchant, merchant.id))


@strawberry.input(description="A shop that leaves (商户退出).")
class EndPointsMerchantInput:
    idempotency_key: str = input_field(KEY)
    merchant: ID = input_field("The shop (商户).")
    expected_version: int = input_field(EXPECTED)


@command(
    "Let a shop leave; codes that are out may still be settled (商户退出).",
    requires=MANAGE,
    action=Action(PointsMerchant, (require_shop(MANAGE),), (JOINED,)),
)
async def end_points_merchant(call: Call, input: EndPointsMerchantInput) -> PointsMerchantPayload:
    merchant = await load_shop(call, input.merchant)
    day = today(call)
    merchant.left_on, merchant.version = day, merchant.version + 1
    await merchant.save()
    # What ended before keeps its day; nothing goes on being shown that nobody can have. Codes that are out settle.
    lasting = Q(offered_until=None) | Q(offered_until__gt=day)
    await RewardRow.filter(lasting, merchant=merchant).update(offered_until=day)
    return PointsMerchantPayload(merchant=ref(PointsMerchant, merchant.id))


@strawberry.input(description="A reward (上架奖品).")
class AddPointsRewardInput:
    idempotency_key: str = input_field(KEY)
    merchant: ID = input_field("The shop that hands it out (商户).")
    kind: RewardKind = input_field("What it is (类型).")
    title: str = input_field("Its title (名称).", length=(1, 100))
    description: str | None = input_field("More about it (说明).", length=(1, 1000), default=UNSET)
    price: int = input_field("How many points (所需积分).", between=(1, PRICE))
    stock: int = input_field("How many there are (库存).", between=(0, STOCK))
    grid: str | None = input_field(
        "Where it is offered, by code; all of the programme if not given (提供范围).", default=UNSET
    )
    offered_until: datetime.date | None = input_field(
        "The first day it is no longer offered (停止日期).", default=UNSET
    )


@strawberry.type(description="The reward, or why nothing was done (奖品结果).")
class PointsRewardPayload:
    reward: PointsReward | None = result_field("The reward (奖品).")
    errors: list[Problem] = problems()


@command(
    "Offer something for points (上架奖品).",
    requires=OFFER,
    action=Action(PointsMerchant, (require_shop(OFFER),), (JOINED,)),
)
async def add_points_reward(call: Call, input: AddPointsRewardInput) -> PointsRewardPayload:
    merchant = await load_shop(call, input.merchant)
    programme = await ProgrammeRow.get(id=merchant.programme_id)
    grid = await find_grid(input.grid, "grid") if is_given(input.grid) else None
    if grid and not covers_row(programme, grid):
        raise invalid_input("The grid lies outside the programme.", "该网格不在项目范围内。", "grid")
    screen_reward(f"{input.title}\n{input.description or ''}", "title")
    last = await RewardRow.filter(merchant=merchant).order_by("-number").first()
    reward = await RewardRow.create(
        merchant=merchant,
        programme=programme,
        # Numbers are taken from the last one, under the shop's lock, and must fit the three bytes of a code.
        number=(last.number if last else 0) % (NUMBERS - 1) + 1,
        grid_id=grid.id if grid else programme.grid_id,
        kind=input.kind,
        title=input.title,
        description=input.description or None,
        price=input.price,
        stock=input.stock,
        offered_until=input.offered_until if is_given(input.offered_until) else None,
    )
    return PointsRewardPayload(reward=ref(PointsReward, reward.id))


@strawberry.input(description="More or less of a reward, or its end (调整库存).")
class StockPointsRewardInput:
    idempotency_key: str = input_field(KEY)
    reward: ID = input_field("The reward (奖品).")
    stock: int = input_field("How many there are now, what is held for others not counted (库存).", between=(0, STOCK))
    offered_until: datetime.date | None = input_field(
        "The first day it is no longer offered (停止日期).", default=UNSET
    )
    expected_version: int = input_field(EXPECTED)


STOCKING = Action(
    PointsReward,
    (require_shop_of(OFFER),),
    (Requirement(LEFT[0], lambda reward, viewer: rows_through("merchant", reward.merchant_id, joined_shops), LEFT[1]),),
)


@command("Say how many of a reward there are (调整库存).", requires=OFFER, action=STOCKING)
async def stock_points_reward(call: Call, input: StockPointsRewardInput) -> PointsRewardPayload:
    reward: RewardRow = await call.find(PointsReward, "reward", id=key_of(PointsReward)(input.reward))
    reward.stock = input.stock
    if is_given(input.offered_until):
        reward.offered_until = input.offered_until
    reward.version += 1
    await reward.save()
    return PointsRewardPayload(reward=ref(PointsReward, reward.id))


EXTENSIONS = (
    extend(
        Mutation,
        add_points_merchant=add_points_merchant,
        end_points_merchant=end_points_merchant,
        add_points_reward=add_points_reward,
        stock_points_reward=stock_points_reward,
    ),
)
