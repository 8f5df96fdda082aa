"""Risk pools (风险补偿金): money a county sets aside, of which a lender gets its share of a loss; never below zero."""

from __future__ import annotations

from decimal import Decimal

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held
from gongzhi.runtime.checks import duplicate, invalid_input, is_given, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET
from tortoise.functions import Sum

from ..checks import check_reference
from ..models import LenderRow, LoanRow, PoolEntryKind, PoolEntryRow, PoolRow
from ..money import round_ratio, to_fen, to_yuan
from ..visibility import MANAGE
from .types import Loan, RiskPool

MOST = 1_000_000_000_00
OVERDUE = 90
"""Days a loan must be overdue before a pool pays."""
GOING = (PoolEntryKind.COMPENSATION, PoolEntryKind.WITHDRAWAL)


@strawberry.input(description="A risk pool for a lender (设立风险补偿金).")
class OpenRiskPoolInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where, by code (区域编码).")
    lender: str = input_field("The lender's unit, by code (贷款机构编码).")
    name: str = input_field("Its name (名称).", length=(1, 100))
    share: int = input_field("How many per cent of a loss it bears (分担比例，%).", between=(1, 100))


@strawberry.type(description="The pool, or why nothing was done (风险补偿金结果).")
class RiskPoolPayload:
    pool: RiskPool | None = result_field("The pool (风险补偿金).")
    errors: list[Problem] = problems()


@command("Set money aside for a lender's losses (设立风险补偿金).", requires=MANAGE)
async def open_risk_pool(call: Call, input: OpenRiskPoolInput) -> RiskPoolPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    unit = await find_unit(input.lender, "lender")
    # Locked, so that of two who open the same pool at once the second sees the first.
    if await LenderRow.filter(unit=unit).select_for_update(no_key=True).get_or_none() is None:
        raise invalid_input("This unit does not lend here.", "该单位不是本地贷款机构。", "lender")
    # Several pools may stand for one place, with money from several givers; their names tell them apart.
    if await PoolRow.exists(grid=grid, lender=unit, name=input.name):
        raise duplicate("This lender has a pool of that name there.", "该机构在该区域已有同名风险补偿金。", "name")
    row = await PoolRow.create(
        grid=grid,
        lender=unit,
        name=input.name,
        share=input.share,
        opened_at=call.now,
    )
    return RiskPoolPayload(pool=ref(RiskPool, row.id, shown=True))


@strawberry.input(description="Money that comes into a pool, or leaves it (风险补偿金记账).")
class PostToRiskPoolInput:
    idempotency_key: str = input_field(KEY)
    pool: ID = input_field("The pool (风险补偿金).")
    kind: PoolEntryKind = input_field("Why (类型).")
    amount: Decimal = input_field("How much, in yuan (金额).")
    reference: str = input_field("The bank's reference; the same one is booked once (银行流水号).")
    loan: ID | None = input_field("The loan that was lost, or was got back after all (所涉贷款).", default=UNSET)


@command(
    "Book what came into a pool or left it (风险补偿金记账).",
    requires=MANAGE,
    action=Action(RiskPool, (require_held(MANAGE),)),
)
async def post_to_risk_pool(call: Call, input: PostToRiskPoolInput) -> RiskPoolPayload:
    # Locks the pool, so two entries see one balance after the other.
    pool: PoolRow = await call.find(RiskPool, "pool", id=key_of(RiskPool)(input.pool))
    number = check_reference(input.reference, "reference")
    amount = to_fen(input.amount, "amount", most=MOST)
    kind = PoolEntryKind(input.kind)
    signed = -amount if kind in GOING else amount
    named = key_of(Loan)(input.loan) if is_given(input.loan) else None
    # The bank's reference is the entry's identity: sending it again books nothing and answers the same. Looked up
    # before the share is checked, of which the entry itself has taken its part by now.
    before = await PoolEntryRow.get_or_none(pool=pool, reference=number)
    if before is None:
        loan = await load_pool_loan(call, pool, kind, input.loan, amount)
        await post_to_pool(call, pool, kind, signed, number, loan)
    elif (before.amount, before.kind, before.loan_id) != (signed, kind, named):
        raise Refusal(
            "WRONG_REFERENCE",
            "This reference was booked for something else.",
            "该流水号已用于其他记账。",
            ("reference",),
        )
    return RiskPoolPayload(pool=ref(RiskPool, pool.id))


async def post_to_pool(
    call: Call, pool: PoolRow, kind: PoolEntryKind, signed: int, number: str, loan: LoanRow | None
) -> None:
    """Book an entry. The database keeps the balance, and refuses one below zero."""
    # Refused here with the figure; the constraint behind it would only say that it failed.
    if pool.balance + signed < 0:
        raise Refusal(
            "POOL_EMPTY",
            f"The pool holds {to_yuan(pool.balance)} yuan: no more can be taken.",
            f"余额为 {to_yuan(pool.balance)} 元，不能支出更多。",
            ("amount",),
        )
    await PoolEntryRow.create(
        pool=pool,
        kind=kind,
        amount=signed,
        loan=loan,
        reference=number,
        at=call.now,
        account=call.viewer.account.name or "",
    )


async def load_pool_loan(call: Call, pool: PoolRow, kind: PoolEntryKind, id: ID | None, amount: int) -> LoanRow | None:
    """Return the loan that a compensation or recovery is for, checked against what the pool bears of it."""
    needs = kind in (PoolEntryKind.COMPENSATION, PoolEntryKind.RECOVERY)
    if needs != is_given(id):
        raise invalid_input(
            "Compensations and recoveries name their loan, and nothing else does.",
            "代偿和追回须且仅须指明贷款。",
            "loan",
        )
    if not is_given(id):
        return None
    loan: LoanRow = await call.find(Loan, "loan", id=key_of(Loan)(id))
    if loan.lender_id != pool.lender_id or not covers_row(pool, loan):
        raise invalid_input("The pool does not stand for this loan.", "该风险补偿金不适用于此贷款。", "loan")
    # The loan is locked, so entries of other pools for it wait, and these are all there are.
    own, all_pools = await sum_borne(loan, pool=pool), await sum_borne(loan)
    if kind is PoolEntryKind.RECOVERY:
        # No more comes back than was paid.
        check_share(amount, own)
    else:
        late = (today(call) - loan.next_due_on).days
        if late < OVERDUE:
            raise Refusal(
                "NOT_LOST",
                f"A pool pays {OVERDUE} days after an instalment was due.",
                f"逾期满 {OVERDUE} 天方可代偿。",
                ("loan",),
            )
        # Its share of what is outstanding now, less what it has already borne of this loan.
        check_share(amount, round_ratio(loan.outstanding * pool.share, 100) - own)
        # Shares of several pools may be more than a hundred per cent; a loss is not made good twice.
        check_all_pools(amount, loan.outstanding, all_pools)
    return loan


async def sum_borne(loan: LoanRow, **of: PoolRow) -> int:
    """Return what pools have borne of a loan and not got back, in fen: all of them, or the one that is named."""
    [found] = await PoolEntryRow.filter(loan=loan, **of).annotate(sum=Sum("amount")).values("sum")
    # Compensations are negative entries and recoveries positive ones.
    return -(found["sum"] or 0)


def check_share(amount: int, most: int) -> None:
    if amount > most:
        raise Refusal(
            "ABOVE_SHARE", f"{to_yuan(max(0, most))} yuan at most.", f"最多 {to_yuan(max(0, most))} 元。", ("amount",)
        )


def check_all_pools(amount: int, outstanding: int, borne: int) -> None:
    """Refuse an amount, in fen, with which all pools together would bear more than is outstanding."""
    most = max(0, outstanding - borne)
    if amount > most:
        raise Refusal(
            "ABOVE_SHARE",
            f"All pools have borne {to_yuan(borne)} yuan of this loan together: {to_yuan(most)} yuan at most.",
            f"各风险补偿金对该贷款已合计代偿 {to_yuan(borne)} 元，最多还可代偿 {to_yuan(most)} 元。",
            ("amount",),
        )


EXTENSIONS = (extend(Mutation, open_risk_pool=open_risk_pool, post_to_risk_pool=post_to_risk_pool),)
