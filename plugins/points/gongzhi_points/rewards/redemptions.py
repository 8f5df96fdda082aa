"""Redemptions: points held when the code is issued, moved when the shop settles it, free again if it does not."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_rows, require_states
from gongzhi.runtime.checks import CHINA, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from ..actions import kept_shops, own_accounts, require_shop, rows_of_own_account, rows_through
from ..ledger import posting
from ..ledger.accounts import can_spend, open_account
from ..ledger.lots import expire_before_spending
from ..ledger.posting import Posting, insufficient_points, make_legs
from ..ledger.types import PointsAccount
from ..models import (
    AccountKind,
    AccountRow,
    MerchantRow,
    PostingKind,
    ProgrammeRow,
    RedemptionRow,
    RedemptionState,
    RewardRow,
    SettledRow,
    SettledState,
    SettlementRow,
)
from ..visibility import DECIDE, SETTLE
from . import codes
from .codes import Code
from .shops import load_shop
from .types import PointsMerchant, PointsRedemption, PointsReward, PointsSettled, PointsSettlement

MOST = 100
"""How many codes are handed in at once."""


@strawberry.input(description="Points for a reward (积分兑换).")
class RedeemInput:
    idempotency_key: str = input_field(KEY)
    reward: ID = input_field("The reward (奖品).")
    account: ID | None = input_field("From which account; one's own if not given (账户).", default=UNSET)


@strawberry.type(description="The redemption with its code, or why there is none (兑换结果).")
class RedemptionPayload:
    redemption: PointsRedemption | None = result_field("The redemption (兑换).")
    account: PointsAccount | None = result_field("The account, with what is held now (账户).")
    errors: list[Problem] = problems()


def spendable_accounts(account: Table, viewer: ViewerScope) -> Alternatives:
    """Return accounts that one may spend from, and those of holders at whose wish a grid worker redeems."""
    held = narrow_rows(viewer.within(account, DECIDE), Sql("{0} not in ('ISSUER','MERCHANT')", account.kind))
    return widen_rows(held, *own_accounts(account, viewer))


SPENDING = Action(PointsAccount, (require_rows(spendable_accounts),), field="account")


@command("Hold points for a reward and get a code for the counter (积分兑换).", requires=None, action=SPENDING)
async def redeem(call: Call, input: RedeemInput) -> RedemptionPayload:
    wanted = await RewardRow.get_or_none(id=key_of(PointsReward)(input.reward))
    if wanted is None:
        raise not_found("There is no such reward.", "没有该奖品。", "reward")
    # The account is locked first and its free points compared afterwards: two redemptions cannot spend the same points.
    account = await load_spending_account(call, input, wanted.programme_id)
    # What a village offers its own people is not listed elsewhere, and not to be had there by its id either.
    if not covers_row(wanted, account):
        raise Refusal("NOT_OFFERED", "This is offered elsewhere.", "该奖品不在您所在网格提供。", ("reward",))
    merchant = await MerchantRow.get(id=wanted.merchant_id)
    # The price that holds when one is taken from the stock, not the one that was read before.
    reward = await take_from_stock(call, wanted, merchant)
    if account.balance - account.held < reward["price"]:
        raise insufficient_points("account")
    programme = await ProgrammeRow.get(id=wanted.programme_id)
    # Whole minutes, for a code carries no more.
    expires = (call.now + timedelta(minutes=programme.code_minutes)).replace(second=0, microsecond=0)
    redemption = await RedemptionRow.create(
        account=account,
        person_id=call.viewer.account.person if await can_spend(call, account) else account.person_id,
        reward=wanted,
        merchant=merchant,
        price=reward["price"],
        number=wanted.number,
        # Random over 32 bits, so codes of a shop cannot be guessed one from another.
        nonce=secrets.randbelow(codes.NONCES),
        held_at=call.now,
        expires_at=expires,
        # An offline counter hands its codes in later: the points stay held until it must have.
        held_until=expires + timedelta(days=programme.settle_days if merchant.offline else 0),
        by=call.viewer.account.name or "",
    )
    return RedemptionPayload(
        redemption=ref(PointsRedemption, redemption.id, shown=True), account=ref(PointsAccount, account.id)
    )


async def load_spending_account(call: Call, input: RedeemInput, programme: UUID) -> AccountRow:
    """Return the account to spend from, locked: one's own, or one a grid worker redeems from at the holder's wish."""
    if is_given(input.account):
        key = key_of(PointsAccount)(input.account)
    else:
        me = call.viewer.account.person
        own = (
            await AccountRow.get_or_none(programme_id=programme, kind=AccountKind.PERSON, person_id=me) if me else None
        )
        key = own.id if own else None
    if key is not None:
        await expire_before_spending(call, programme, key, today(call))
    # Without an account of one's own the key is None, and the answer is the same NOT_FOUND as for somebody else's.
    account: AccountRow = await call.find(PointsAccount, "account", id=key)
    if account.programme_id != programme:
        raise invalid_input("The reward is for points of another programme.", "该奖品属于其他积分项目。", "account")
    return account


# One statement takes and checks: two who want the last one cannot both get it.
TAKEN = """
update points.reward set stock=stock-1 where id=$1 and stock>0 and (offered_until is null or offered_until>$2)
returning price
"""


async def take_from_stock(call: Call, reward: RewardRow, merchant: MerchantRow) -> dict[str, Any]:
    """Take one from the stock and return its price. Raises Refusal if it is not offered or there is none left."""
    day = today(call)
    if merchant.left_on is not None or (reward.offered_until is not None and reward.offered_until <= day):
        raise Refusal("NOT_OFFERED", "This is no longer offered.", "该奖品已停止兑换。", ("reward",))
    found = await call.fetch(TAKEN, reward.id, day)
    if not found:
        raise Refusal("OUT_OF_STOCK", "There is none left.", "库存不足。", ("reward",))
    return found[0]


@strawberry.input(description="A redemption that is given up (取消兑换).")
class CancelRedemptionInput:
    idempotency_key: str = input_field(KEY)
    redemption: ID = input_field("The redemption (兑换).")


def shop_redemptions(redemption: Table, viewer: ViewerScope) -> Alternatives:
    """Return redemptions at shops one keeps."""
    return rows_through("merchant", redemption.merchant_id, lambda merchant: kept_shops(merchant, viewer, SETTLE))


def cancellable_redemptions(redemption: Table, viewer: ViewerScope) -> Alternatives:
    """Return redemptions at shops one keeps, and from accounts that one may spend from."""
    return widen_rows(shop_redemptions(redemption, viewer), *(rows_of_own_account(redemption, viewer) or ()))


def withheld_redemptions(redemption: Table, viewer: ViewerScope) -> Alternatives:
    """Return redemptions at shops one keeps, and at those whose counters are never offline."""
    online = rows_through("merchant", redemption.merchant_id, lambda merchant: [Sql("not {0}", merchant.offline)])
    return widen_rows(shop_redemptions(redemption, viewer), *(online or ()))


CANCELLING = Action(
    PointsRedemption,
    (require_rows(cancellable_redemptions),),
    (
        require_states((RedemptionState.HELD,), Text("This redemption has ended.", "该兑换已结束。")),
        # The counter may have taken the code already without a connection; points given back now would be spent twice.
        Requirement(
            "CODE_IS_OUT",
            withheld_redemptions,
            Text(
                "The shop may have handed the goods out already; ask it to cancel, or wait for the term.",
                "商户可能已离线发放，请由商户取消，或等待占用期满。",
            ),
        ),
    ),
)


@command(
    "Give a redemption up; where the counter may be offline, the shop does it or the term ends it (取消兑换).",
    requires=None,
    action=CANCELLING,
)
async def cancel_redemption(call: Call, input: CancelRedemptionInput) -> RedemptionPayload:
    row: RedemptionRow = await call.find(PointsRedemption, "redemption", id=key_of(PointsRedemption)(input.redemption))
    await free_holds(call, [row.id], RedemptionState.CANCELLED)
    return RedemptionPayload(redemption=ref(PointsRedemption, row.id), account=ref(PointsAccount, row.account_id))


# Locks are taken in one order, here, by counters and by who redeems: redemptions, accounts, rewards, each by id. Ending
# a hold touches the account only in a trigger, at the end of its statement, so its lock is taken by hand before.
LOCKS = (
    "select id from points.redemption where id=any($1::uuid[]) order by id for no key update",
    "select id from points.account where id in (select account_id from points.redemption where id=any($1::uuid[])) "
    "order by id for no key update",
    "select id from points.reward where id in (select reward_id from points.redemption where id=any($1::uuid[])) "
    "order by id for no key update",
)
# Only rows that are still held come back, so ending them a second time puts nothing on the shelf twice.
FREED = """
with ended as (update points.redemption set state=$2, ended_at=$3 where id=any($1::uuid[]) and state='HELD'
 returning reward_id), back as (select reward_id, count(*) count from ended group by 1)
update points.reward r set stock=r.stock+b.count from back b where r.id=b.reward_id
"""


async def free_holds(desk: posting.LedgerCall, redemptions: Sequence[UUID], state: RedemptionState) -> None:
    """End these redemptions; their points are free again, and the goods are in stock."""
    for lock in LOCKS:
        await desk.fetch(lock, list(redemptions))
    await desk.fetch(FREED, list(redemptions), state.value, desk.now)


@strawberry.input(description="A code that somebody brought to the counter (交来的兑换码).")
class HandedCodeInput:
    code: str = input_field("The code (兑换码).")
    taken_at: datetime.datetime | None = input_field(
        "When the goods were handed out, if offline (发放时间).", default=UNSET
    )


@strawberry.input(description="The codes of a counter (商户核销).")
class SettleRedemptionsInput:
    idempotency_key: str = input_field(KEY)
    merchant: ID = input_field("The shop (商户).")
    codes: list[HandedCodeInput] = input_field("The codes (兑换码).", items=(1, MOST))


@strawberry.type(description="What came of each code, and the statement (核销结果).")
class SettleRedemptionsPayload:
    settled: list[PointsSettled] | None = result_field("What came of each code, in their order (各码结果).")
    statement: PointsSettlement | None = result_field("What it came to (结算单).")
    errors: list[Problem] = problems()


@dataclass(frozen=True)
class HandedCode:
    """A code that was handed in, and the redemption it is for."""

    text: str
    taken_at: datetime.datetime
    row: RedemptionRow | None
    state: SettledState


@command(
    "Hand in the codes of a counter; each is settled once (商户核销).",
    requires=SETTLE,
    action=Action(PointsMerchant, (require_shop(SETTLE),)),
)
async def settle_redemptions(call: Call, input: SettleRedemptionsInput) -> SettleRedemptionsPayload:
    merchant = await load_shop(call, input.merchant)
    # The chain's lock comes first, as everywhere; redemptions are locked after it, and accounts when they are posted
    # to.
    await posting.lock_chain(call, merchant.programme_id)
    handed = await check_codes(call, merchant, input.codes)
    good = [one.row for one in handed if one.state is SettledState.SETTLED and one.row]
    await pay_merchant(call, merchant, good)
    settlement = await SettlementRow.create(
        merchant=merchant,
        at=call.now,
        total=sum(row.price for row in good),
        count=len(good),
        account=call.viewer.account.name or "",
    )
    lines = [
        # The text is stored as it was handed in, cut to its column: what was no code at all has a line too.
        SettledRow(settlement=settlement, place=at, code=one.text[:40], state=one.state, redemption=one.row)
        for at, one in enumerate(handed)
    ]
    await SettledRow.bulk_create(lines)
    return SettleRedemptionsPayload(
        settled=[ref(PointsSettled, line.id) for line in lines], statement=ref(PointsSettlement, settlement.id)
    )


async def check_codes(call: Call, merchant: MerchantRow, given: Sequence[HandedCodeInput]) -> list[HandedCode]:
    """Return what each code is good for. Of a code that comes twice the first counts."""
    key = codes.counter_key(call.context.receipts, merchant.id)
    said = [codes.parse_code(key, one.code) for one in given]
    nonces = {one.nonce for one in said if one}
    # Ordered by id, so that two counters that settle at once cannot wait for each other.
    rows = await RedemptionRow.filter(merchant=merchant, nonce__in=nonces).order_by("id").select_for_update()
    known = {row.nonce: row for row in rows}
    found, used = [], set()
    for place, (one, code) in enumerate(zip(given, said, strict=True)):
        row = known.get(code.nonce) if code else None
        at = handover_time(call, one, place)
        state = SettledState.ALREADY_SETTLED if row and row.id in used else judge_code(call, row, code, at)
        if row and state is SettledState.SETTLED:
            used.add(row.id)
        # A code of another shop gets UNKNOWN and no row: it must not tell that there is such a redemption.
        found.append(HandedCode(one.code, at, row if state is not SettledState.UNKNOWN else None, state))
    return found


def handover_time(call: Call, one: HandedCodeInput, place: int) -> datetime.datetime:
    """Return when the goods were handed out; a counter's clock may be ahead, so never later than now."""
    if not is_given(one.taken_at):
        return call.now
    if one.taken_at.tzinfo is None:
        en, zh = "A time needs its offset, such as +08:00.", "时间须带时区，如 +08:00。"
        raise invalid_input(en, zh, "codes", str(place), "takenAt")
    return min(one.taken_at, call.now)


ENDED = {
    RedemptionState.SETTLED: SettledState.ALREADY_SETTLED,
    RedemptionState.CANCELLED: SettledState.CANCELLED,
    RedemptionState.EXPIRED: SettledState.EXPIRED,
}


def judge_code(call: Call, row: RedemptionRow | None, code: Code | None, at: datetime.datetime) -> SettledState:
    # The mark already proves the body; a code made under the key for other values than those issued is still unknown.
    if row is None or code is None or (row.number, row.expires_at) != (code.number, code.expires_at):
        return SettledState.UNKNOWN
    if row.state is not RedemptionState.HELD:
        return ENDED[row.state]
    # The code must have been good when the goods were handed out, and the hold must still be there now.
    return SettledState.EXPIRED if at > row.expires_at or call.now > row.held_until else SettledState.SETTLED


async def pay_merchant(call: Call, merchant: MerchantRow, rows: Sequence[RedemptionRow]) -> None:
    """End the holds, and move the points to the shop."""
    if not rows:
        return
    account = await open_account(
        call, merchant.programme_id, AccountKind.MERCHANT, merchant.grid_id, merchant=merchant.id
    )
    ids = [row.id for row in rows]
    redemptions, accounts, _ = LOCKS
    for lock in (redemptions, accounts):
        await call.fetch(lock, ids)
    # In this order: ending a hold frees the points, which the posting takes in the same transaction.
    await RedemptionRow.filter(id__in=ids).update(state=RedemptionState.SETTLED, ended_at=call.now)
    await posting.post_entries(call, merchant.programme_id, *[spending_posting(row, account) for row in rows])


def spending_posting(row: RedemptionRow, merchant: UUID) -> Posting:
    return Posting(
        kind=PostingKind.SPENT,
        key=f"redemption:{row.id}",
        legs=make_legs(row.account_id, merchant, row.price),
        reason=Text(f"Redeemed, reward no. {row.number}", f"兑换奖品（编号 {row.number}）"),
        # The day the holder decided, not the day an offline counter came back.
        occurred_on=row.held_at.astimezone(CHINA).date(),
        inputs={"price": str(row.price), "reward": str(row.number)},
        redemption=row.id,
    )


EXTENSIONS = (
    extend(Mutation, redeem=redeem, cancel_redemption=cancel_redemption, settle_redemptions=settle_redemptions),
)
