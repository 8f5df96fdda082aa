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
from gongzhi.runtime.checks import (
    check_text,
    check_whole_number,
    duplicate,
    input_form,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    check_version,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET
from tortoise.expressions import Q

from ..ledger.accounts import open_account
from ..models import AccountKind, MerchantRow, ProgrammeRow, RewardKind, RewardRow
from ..programmes.commands import load_managed_programme
from ..programmes.screening import screen_reward
from ..visibility import MANAGE, OFFER
from .codes import NUMBERS
from .types import PointsMerchant, PointsReward

PRICE, STOCK = 1_000_000, 1_000_000


async def keeps_shop(call: Call, merchant: MerchantRow, permission: str) -> bool:
    """Tell whether the caller holds the permission for the shop's unit, or where the shop or its programme lies."""
    # A merchant's grant is for its unit, which need not lie in a grid that the merchant serves.
    grants = [one for one in call.viewer.account.grants if permission in one.permissions]
    if any(one.unit == merchant.unit_id for one in grants) or call.may(permission, merchant):
        return True
    # The office that let a shop join keeps it, wherever the shop's unit has its seat.
    return call.may(permission, await ProgrammeRow.get(id=merchant.programme_id))


async def load_kept_shop(call: Call, id: str, permission: str, *path: str) -> MerchantRow:
    """Return a shop for which the caller holds the permission, locked."""
    merchant: MerchantRow = await call.find(PointsMerchant, *path, id=key_of(PointsMerchant)(id))
    if not await keeps_shop(call, merchant, permission):
        raise not_allowed(*path)
    return merchant


def merchant_left(*path: str) -> Refusal:
    return Refusal("MERCHANT_LEFT", "The shop no longer takes points.", "该商户已退出。", path)


@strawberry.input(description="A shop that joins (商户加入).")
class AddPointsMerchantInput:
    idempotency_key: str = input_field(KEY)
    programme: ID = input_field("The programme (项目).")
    unit: str = input_field("The organisation, by code (单位编码).")
    name: str = input_field("Its name on the sign (名称).")
    address: str = input_field("Where it is (地址).")
    offline: bool = input_field("Whether its counter may settle later (可离线核销).", default=True)


@strawberry.type(description="The shop, or why nothing was done (商户结果).")
class PointsMerchantPayload:
    merchant: PointsMerchant | None = result_field("The shop (商户).")
    errors: list[Problem] = problems()


@command("Let a shop take points (商户加入).", requires=MANAGE)
async def add_points_merchant(call: Call, input: AddPointsMerchantInput) -> PointsMerchantPayload:
    programme = await load_managed_programme(call, input.programme, "programme")
    unit = await find_unit(input.unit, "unit")
    if await MerchantRow.exists(programme=programme, unit=unit):
        raise duplicate("The unit takes points already.", "该单位已是商户。", "unit")
    merchant = await MerchantRow.create(
        programme=programme,
        unit=unit,
        name=check_text(input.name, 100, "name"),
        address=check_text(input.address, 200, "address"),
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


@command("Let a shop leave; codes that are out may still be settled (商户退出).", requires=MANAGE)
async def end_points_merchant(call: Call, input: EndPointsMerchantInput) -> PointsMerchantPayload:
    merchant = await load_kept_shop(call, input.merchant, MANAGE, "merchant")
    check_version(merchant, input.expected_version)
    if merchant.left_on is not None:
        raise merchant_left("merchant")
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
    title: str = input_field("Its title (名称).")
    description: str | None = input_field("More about it (说明).", default=UNSET)
    price: int = input_field("How many points (所需积分).")
    stock: int = input_field("How many there are (库存).")
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


@command("Offer something for points (上架奖品).", requires=OFFER)
async def add_points_reward(call: Call, input: AddPointsRewardInput) -> PointsRewardPayload:
    merchant = await load_kept_shop(call, input.merchant, OFFER, "merchant")
    if merchant.left_on is not None:
        raise merchant_left("merchant")
    programme = await ProgrammeRow.get(id=merchant.programme_id)
    grid = await find_grid(input.grid, "grid") if is_given(input.grid) else None
    if grid and not covers_row(programme, grid):
        raise invalid_input("The grid lies outside the programme.", "该网格不在项目范围内。", "grid")
    with input_form() as read:
        title = read(check_text, input.title, 100, "title")
        said = read(check_text, input.description, 1000, "description") if is_given(input.description) else None
        price = read(check_whole_number, input.price, 1, PRICE, "price")
        stock = read(check_whole_number, input.stock, 0, STOCK, "stock")
        read(screen_reward, f"{input.title}\n{said or ''}", "title")
    last = await RewardRow.filter(merchant=merchant).order_by("-number").first()
    reward = await RewardRow.create(
        merchant=merchant,
        programme=programme,
        # Numbers are taken from the last one, under the shop's lock, and must fit the three bytes of a code.
        number=(last.number if last else 0) % (NUMBERS - 1) + 1,
        grid_id=grid.id if grid else programme.grid_id,
        kind=input.kind,
        title=title,
        description=said,
        price=price,
        stock=stock,
        offered_until=input.offered_until if is_given(input.offered_until) else None,
    )
    return PointsRewardPayload(reward=ref(PointsReward, reward.id))


@strawberry.input(description="More or less of a reward, or its end (调整库存).")
class StockPointsRewardInput:
    idempotency_key: str = input_field(KEY)
    reward: ID = input_field("The reward (奖品).")
    stock: int = input_field("How many there are now, what is held for others not counted (库存).")
    offered_until: datetime.date | None = input_field(
        "The first day it is no longer offered (停止日期).", default=UNSET
    )
    expected_version: int = input_field(EXPECTED)


@command("Say how many of a reward there are (调整库存).", requires=OFFER)
async def stock_points_reward(call: Call, input: StockPointsRewardInput) -> PointsRewardPayload:
    reward: RewardRow = await call.find(PointsReward, "reward", id=key_of(PointsReward)(input.reward))
    merchant = await MerchantRow.get(id=reward.merchant_id)
    if not await keeps_shop(call, merchant, OFFER):
        raise not_allowed("reward")
    check_version(reward, input.expected_version)
    if merchant.left_on is not None:
        raise merchant_left("reward")
    reward.stock = check_whole_number(input.stock, 0, STOCK, "stock")
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
