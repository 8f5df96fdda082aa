"""Products: what an office sets up (lenders, the prime rate as it is published, products)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held
from gongzhi.runtime.checks import (
    check_past_day,
    duplicate,
    input_form,
    invalid_input,
    is_given,
    not_found,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from strawberry import ID, UNSET

from ..checks import check_distinct, check_reference
from ..loans.daycount import DayCount
from ..loans.schedules import Method
from ..models import LenderRow, PrimeRateRow, ProductRow, Tenor
from ..money import to_fen, to_millionths
from ..visibility import MANAGE
from .types import Lender, LoanPrimeRate, LoanProduct

TERM = 360
"""Months, at most."""
SURCHARGE = (0, 50)
"""Per cent by which the rate is raised on what is overdue: 30 to 50 by rule, less is for the lender to grant."""


@strawberry.input(description="A unit that may lend (登记贷款机构).")
class AddLenderInput:
    idempotency_key: str = input_field(KEY)
    unit: str = input_field("The unit, by code (单位编码).")
    licence: str = input_field("The number of its financial licence (金融许可证编码).")


@strawberry.type(description="The lender, or why there is none (贷款机构结果).")
class LenderPayload:
    lender: Lender | None = result_field("The lender (贷款机构).")
    errors: list[Problem] = problems()


@command("Let a licensed unit lend here; its people then get the role `lender` for it (登记贷款机构).", requires=MANAGE)
async def add_lender(call: Call, input: AddLenderInput) -> LenderPayload:
    unit = await find_unit(input.unit, "unit")
    if not call.may(MANAGE, await GridRow.get(id=unit.grid_id)):
        raise not_allowed("unit")
    licence = check_reference(input.licence, "licence")
    if await LenderRow.exists(unit=unit):
        raise duplicate("The unit lends already.", "该单位已登记为贷款机构。", "unit")
    row = await LenderRow.create(unit=unit, licence=licence, joined_on=today(call))
    return LenderPayload(lender=ref(Lender, row.id))


@strawberry.input(description="The prime rate as it was published (登记 LPR).")
class AddLoanPrimeRateInput:
    idempotency_key: str = input_field(KEY)
    since: datetime.date = input_field("The day of the notice (公布日).")
    tenor: Tenor = input_field("For how long it is quoted (期限).")
    rate: Decimal = input_field("Per cent a year (年利率，%).")
    source: str = input_field("The notice, by title or address (来源).", length=(1, 200))


@strawberry.type(description="The prime rate, or why it was not taken (LPR 结果).")
class LoanPrimeRatePayload:
    prime_rate: LoanPrimeRate | None = result_field("The prime rate (贷款市场报价利率).")
    errors: list[Problem] = problems()


@command("Enter a prime rate that was published; applications of earlier days keep theirs (登记 LPR).", requires=MANAGE)
async def add_loan_prime_rate(call: Call, input: AddLoanPrimeRateInput) -> LoanPrimeRatePayload:
    with input_form() as read:
        day = read(check_past_day, call, input.since, "since")
        rate = read(to_millionths, input.rate, "rate")
    last = await PrimeRateRow.filter(tenor=input.tenor).order_by("-since").first()
    # Only after the last one: a rate in between would change what applications of those days were shown.
    if last and last.since >= day:
        raise invalid_input(
            f"The last one is of {last.since}; it comes after that.", f"须晚于已登记的 {last.since}。", "since"
        )
    row = await PrimeRateRow.create(since=day, tenor=input.tenor, rate=rate, source=input.source)
    return LoanPrimeRatePayload(prime_rate=ref(LoanPrimeRate, row.id))


@strawberry.input(description="How much less whoever has a grade pays (评议等级优惠).")
class LoanGradeDiscountInput:
    grade: str = input_field("The grade (等级).")
    basis_points: int = input_field("So many hundredths of a per cent less (优惠基点).", between=(1, 300))


@strawberry.input(description="What a lender offers (新增贷款产品).")
class AddLoanProductInput:
    idempotency_key: str = input_field(KEY)
    lender: str = input_field("The lender's unit, by code (贷款机构编码).")
    grid: str = input_field("Where it is to be had, by code (适用区域编码).")
    code: str = input_field("Its code: lower-case letters, digits and hyphens (编码).", pattern=SHORT_CODE)
    name: str = input_field("Its name (名称).", length=(1, 100))
    purpose: str = input_field("What it is for (贷款用途).", length=(1, 500))
    amount_from: Decimal = input_field("The least, in yuan (最低金额).")
    amount_to: Decimal = input_field("The most, in yuan (最高金额).")
    term_months: list[int] = input_field("For how many months (期限，月).", items=(1, 20), between=(1, TERM))
    repayment: Method = input_field("How it is paid back (还款方式).")
    day_count: DayCount = input_field("How days are counted for interest (计息天数).", default=DayCount.ACT_360)
    every_months: int = input_field(
        "Every how many months something is due (还款间隔，月).", between=(1, 12), default=1
    )
    grace_periods: int = input_field(
        "How many instalments are interest alone at first (宽限期数).", between=(0, 24), default=0
    )
    prime_rate: Tenor | None = input_field(
        "The prime rate it follows; none for a fixed rate (挂钩 LPR 期限).", default=UNSET
    )
    margin: Decimal = input_field("Per cent added to the prime rate, or the fixed rate (加点或固定利率，%).")
    overdue_surcharge: int = input_field(
        "By how many per cent the rate is raised on what is overdue (罚息上浮，%).", between=SURCHARGE, default=50
    )
    grade_discounts: list[LoanGradeDiscountInput] = input_field(
        "What grades lower the rate by (等级优惠).", default_factory=list
    )
    documents: list[str] = input_field(
        "What the lender wants to see (所需材料).", items=20, length=(1, 40), default_factory=list
    )
    appraised: bool = input_field("Whether it is for people who were appraised (是否须经信用评议).", default=True)
    decide_days: int = input_field(
        "Within how many working days the lender decides (审批期限，工作日).", between=(1, 60), default=5
    )
    starts_on: datetime.date | None = input_field("The first day; today if not said (起始日).", default=UNSET)
    ends_on: datetime.date | None = input_field("The first day no longer (终止日).", default=UNSET)


@strawberry.type(description="The product, or why there is none (贷款产品结果).")
class LoanProductPayload:
    product: LoanProduct | None = result_field("The product (贷款产品).")
    errors: list[Problem] = problems()


@command(
    "Offer a loan in a grid and all that lies in it (新增贷款产品).",
    requires=MANAGE,
    form=lambda call, input: read_product(input),
)
async def add_loan_product(call: Call, input: AddLoanProductInput) -> LoanProductPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    unit = await find_unit(input.lender, "lender")
    if not await LenderRow.exists(unit=unit, left_on=None):
        raise not_found("This unit does not lend here; add it as a lender first.", "该单位不是本地贷款机构。", "lender")
    fields = read_product(input)
    first = input.starts_on if is_given(input.starts_on) else today(call)
    last = input.ends_on if is_given(input.ends_on) else None
    if last is not None and last <= first:
        raise invalid_input("It ends after its first day.", "终止日应晚于起始日。", "endsOn")
    if await ProductRow.exists(code=input.code):
        raise duplicate("There is a product with this code.", "该编码的产品已存在。", "code")
    row = await ProductRow.create(
        lender=unit,
        grid=grid,
        method=input.repayment,
        count=input.day_count,
        tenor=input.prime_rate if is_given(input.prime_rate) else None,
        appraised=input.appraised,
        starts_on=first,
        ends_on=last,
        **fields,
    )
    return LoanProductPayload(product=ref(LoanProduct, row.id))


def read_product(input: AddLoanProductInput) -> dict[str, Any]:
    """Return the columns of a product. Raises Refusals for all that is wrong with it."""
    with input_form() as read:
        return read_wording(read, input) | read_pricing(read, input) | read_terms(input)


def read_wording(read: Any, input: AddLoanProductInput) -> dict[str, Any]:
    read(check_distinct, input.documents, "documents")
    return {"code": input.code, "name": input.name, "purpose": input.purpose, "documents": input.documents}


def read_pricing(read: Any, input: AddLoanProductInput) -> dict[str, Any]:
    least = read(to_fen, input.amount_from, "amountFrom") or 1
    return {
        "amount_from": least,
        "amount_to": read(lambda: to_fen(input.amount_to, "amountTo", least=least)),
        # A margin below the prime rate is usual; a fixed rate is not below zero.
        "rate": read(lambda: to_millionths(input.margin, "margin", least=-20_000 if is_given(input.prime_rate) else 0)),
        "surcharge": input.overdue_surcharge,
        "discounts": read(read_discounts, input.grade_discounts),
    }


def read_discounts(given: list[LoanGradeDiscountInput]) -> list[dict[str, Any]]:
    check_distinct((one.grade for one in given), "gradeDiscounts")
    return [{"grade": one.grade, "basisPoints": one.basis_points} for one in given]


def read_terms(input: AddLoanProductInput) -> dict[str, Any]:
    return {
        "terms": sorted(set(input.term_months)),
        "every": input.every_months,
        "grace": input.grace_periods,
        "decide_days": input.decide_days,
    }


@strawberry.input(description="The end of a product (停售贷款产品).")
class EndLoanProductInput:
    idempotency_key: str = input_field(KEY)
    product: ID = input_field("The product (产品).")
    on: datetime.date = input_field("The first day it is no longer offered; not before today (终止日).")
    expected_version: int = input_field(EXPECTED)


@command(
    "Offer a product no longer; applications go on (停售贷款产品).",
    requires=MANAGE,
    action=Action(LoanProduct, (require_held(MANAGE),)),
)
async def end_loan_product(call: Call, input: EndLoanProductInput) -> LoanProductPayload:
    row: ProductRow = await call.find(LoanProduct, "product", id=key_of(LoanProduct)(input.product))
    if input.on < today(call):
        raise invalid_input("It ends today at the earliest.", "终止日最早为今日。", "on")
    # Ended again for a later day it would be offered again.
    if row.ends_on is not None and input.on > row.ends_on:
        raise invalid_input(f"It ends on {row.ends_on} already.", f"该产品已定于 {row.ends_on} 终止。", "on")
    # Applications go on: the product is only offered no longer.
    row.ends_on, row.version = input.on, row.version + 1
    await row.save()
    return LoanProductPayload(product=ref(LoanProduct, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        add_lender=add_lender,
        add_loan_prime_rate=add_loan_prime_rate,
        add_loan_product=add_loan_product,
        end_loan_product=end_loan_product,
    ),
)
