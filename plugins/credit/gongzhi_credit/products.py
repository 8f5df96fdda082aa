"""Products: what an office sets up (lenders, the prime rate as it is published, products)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import duplicate, form, missing, past, text, today, told, wrong
from gongzhi.runtime.commands import EXPECTED, KEY, Call, Problem, command, forbidden, given, made, problems, stale
from strawberry import ID, UNSET

from .checking import code, distinct, organisation, reference, standing, whole
from .daycount import DayCount
from .models import LenderRow, PrimeRateRow, ProductRow, Tenor
from .money import fen, millionths
from .product_types import Lender, LoanPrimeRate, LoanProduct
from .schedules import Method
from .visibility import MANAGE

TERM = 360
"""Months, at most."""
SURCHARGE = (0, 50)
"""Per cent by which the rate is raised on what is overdue: 30 to 50 by rule, less is for the lender to grant."""


@strawberry.input(description="A unit that may lend (登记贷款机构).")
class AddLenderInput:
    idempotency_key: str = given(KEY)
    unit: str = given("The unit, by code (单位编码).")
    licence: str = given("The number of its financial licence (金融许可证编码).")


@strawberry.type(description="The lender, or why there is none (贷款机构结果).")
class LenderPayload:
    lender: Lender | None = made("The lender (贷款机构).")
    errors: list[Problem] = problems()


@command("Let a licensed unit lend here; its people then get the role `lender` for it (登记贷款机构).", requires=MANAGE)
async def add_lender(call: Call, input: AddLenderInput) -> LenderPayload:
    unit = await organisation(input.unit, "unit")
    if not call.may(MANAGE, await GridRow.get(id=unit.grid_id)):
        raise forbidden("unit")
    licence = reference(input.licence, "licence")
    if await LenderRow.exists(unit=unit):
        raise duplicate("The unit lends already.", "该单位已登记为贷款机构。", "unit")
    row = await LenderRow.create(unit=unit, licence=licence, joined_on=today(call))
    return LenderPayload(lender=ref(Lender, row.id))


@strawberry.input(description="The prime rate as it was published (登记 LPR).")
class AddLoanPrimeRateInput:
    idempotency_key: str = given(KEY)
    since: datetime.date = given("The day of the notice (公布日).")
    tenor: Tenor = given("For how long it is quoted (期限).")
    rate: Decimal = given("Per cent a year (年利率，%).")
    source: str = given("The notice, by title or address (来源).")


@strawberry.type(description="The prime rate, or why it was not taken (LPR 结果).")
class LoanPrimeRatePayload:
    prime_rate: LoanPrimeRate | None = made("The prime rate (贷款市场报价利率).")
    errors: list[Problem] = problems()


@command("Enter a prime rate that was published; applications of earlier days keep theirs (登记 LPR).", requires=MANAGE)
async def add_loan_prime_rate(call: Call, input: AddLoanPrimeRateInput) -> LoanPrimeRatePayload:
    with form() as read:
        day = read(past, call, input.since, "since")
        rate = read(millionths, input.rate, "rate")
        source = read(text, input.source, 200, "source")
    last = await PrimeRateRow.filter(tenor=input.tenor).order_by("-since").first()
    # Only after the last one: a rate in between would change what applications of those days were shown.
    if last and last.since >= day:
        raise wrong(f"The last one is of {last.since}; it comes after that.", f"须晚于已登记的 {last.since}。", "since")
    row = await PrimeRateRow.create(since=day, tenor=input.tenor, rate=rate, source=source)
    return LoanPrimeRatePayload(prime_rate=ref(LoanPrimeRate, row.id))


@strawberry.input(description="How much less whoever has a grade pays (评议等级优惠).")
class LoanGradeDiscountInput:
    grade: str = given("The grade (等级).")
    basis_points: int = given("So many hundredths of a per cent less (优惠基点).")


@strawberry.input(description="What a lender offers (新增贷款产品).")
class AddLoanProductInput:
    idempotency_key: str = given(KEY)
    lender: str = given("The lender's unit, by code (贷款机构编码).")
    grid: str = given("Where it is to be had, by code (适用区域编码).")
    code: str = given("Its code: lower-case letters, digits and hyphens (编码).")
    name: str = given("Its name (名称).")
    purpose: str = given("What it is for (贷款用途).")
    amount_from: Decimal = given("The least, in yuan (最低金额).")
    amount_to: Decimal = given("The most, in yuan (最高金额).")
    term_months: list[int] = given("For how many months (期限，月).")
    repayment: Method = given("How it is paid back (还款方式).")
    day_count: DayCount = given("How days are counted for interest (计息天数).", default=DayCount.ACT_360)
    every_months: int = given("Every how many months something is due (还款间隔，月).", default=1)
    grace_periods: int = given("How many instalments are interest alone at first (宽限期数).", default=0)
    prime_rate: Tenor | None = given("The prime rate it follows; none for a fixed rate (挂钩 LPR 期限).", default=UNSET)
    margin: Decimal = given("Per cent added to the prime rate, or the fixed rate (加点或固定利率，%).")
    overdue_surcharge: int = given(
        "By how many per cent the rate is raised on what is overdue (罚息上浮，%).", default=50
    )
    grade_discounts: list[LoanGradeDiscountInput] = given(
        "What grades lower the rate by (等级优惠).", default_factory=list
    )
    documents: list[str] = given("What the lender wants to see (所需材料).", default_factory=list)
    appraised: bool = given("Whether it is for people who were appraised (是否须经信用评议).", default=True)
    decide_days: int = given("Within how many working days the lender decides (审批期限，工作日).", default=5)
    starts_on: datetime.date | None = given("The first day; today if not said (起始日).", default=UNSET)
    ends_on: datetime.date | None = given("The first day no longer (终止日).", default=UNSET)


@strawberry.type(description="The product, or why there is none (贷款产品结果).")
class LoanProductPayload:
    product: LoanProduct | None = made("The product (贷款产品).")
    errors: list[Problem] = problems()


@command("Offer a loan in a grid and all that lies in it (新增贷款产品).", requires=MANAGE)
async def add_loan_product(call: Call, input: AddLoanProductInput) -> LoanProductPayload:
    grid = await standing(input.grid, "grid")
    if not call.may(MANAGE, grid):
        raise forbidden("grid")
    unit = await organisation(input.lender, "lender")
    if not await LenderRow.exists(unit=unit, left_on=None):
        raise missing("This unit does not lend here; add it as a lender first.", "该单位不是本地贷款机构。", "lender")
    with form() as read:
        fields = worded(read, input) | priced(read, input) | timed(read, input)
    if await ProductRow.exists(code=input.code):
        raise duplicate("There is a product with this code.", "该编码的产品已存在。", "code")
    row = await ProductRow.create(
        lender=unit,
        grid=grid,
        method=input.repayment,
        count=input.day_count,
        tenor=input.prime_rate if told(input.prime_rate) else None,
        appraised=input.appraised,
        starts_on=input.starts_on if told(input.starts_on) else today(call),
        ends_on=input.ends_on if told(input.ends_on) else None,
        **fields,
    )
    return LoanProductPayload(product=ref(LoanProduct, row.id))


def worded(read: Any, input: AddLoanProductInput) -> dict[str, Any]:
    papers = read(distinct, input.documents, "documents") or []
    read(whole, len(papers), 0, 20, "documents")
    return {
        "code": read(code, input.code, "code"),
        "name": read(text, input.name, 100, "name"),
        "purpose": read(text, input.purpose, 500, "purpose"),
        "documents": [read(text, one, 40, "documents", str(at)) for at, one in enumerate(papers)],
    }


def priced(read: Any, input: AddLoanProductInput) -> dict[str, Any]:
    least = read(fen, input.amount_from, "amountFrom") or 1
    return {
        "amount_from": least,
        "amount_to": read(lambda: fen(input.amount_to, "amountTo", least=least)),
        # A margin below the prime rate is usual; a fixed rate is not below zero.
        "rate": read(lambda: millionths(input.margin, "margin", least=-20_000 if told(input.prime_rate) else 0)),
        "surcharge": read(whole, input.overdue_surcharge, *SURCHARGE, "overdueSurcharge"),
        "discounts": read(discounts, input.grade_discounts),
    }


def discounts(given: list[LoanGradeDiscountInput]) -> list[dict[str, Any]]:
    distinct((one.grade for one in given), "gradeDiscounts")
    for at, one in enumerate(given):
        whole(one.basis_points, 1, 300, "gradeDiscounts", str(at), "basisPoints")
    return [{"grade": one.grade, "basisPoints": one.basis_points} for one in given]


def timed(read: Any, input: AddLoanProductInput) -> dict[str, Any]:
    return {
        "terms": read(terms, input.term_months),
        "every": read(whole, input.every_months, 1, 12, "everyMonths"),
        "grace": read(whole, input.grace_periods, 0, 24, "gracePeriods"),
        "decide_days": read(whole, input.decide_days, 1, 60, "decideDays"),
    }


def terms(given: list[int]) -> list[int]:
    whole(len(given), 1, 20, "termMonths")
    for one in given:
        whole(one, 1, TERM, "termMonths")
    return sorted(set(given))


@strawberry.input(description="The end of a product (停售贷款产品).")
class EndLoanProductInput:
    idempotency_key: str = given(KEY)
    product: ID = given("The product (产品).")
    on: datetime.date = given("The first day it is no longer offered; not before today (终止日).")
    expected_version: int = given(EXPECTED)


@command("Offer a product no longer; applications go on (停售贷款产品).", requires=MANAGE)
async def end_loan_product(call: Call, input: EndLoanProductInput) -> LoanProductPayload:
    row: ProductRow = await call.find(LoanProduct, "product", id=key_of(LoanProduct)(input.product))
    if not call.may(MANAGE, row):
        raise forbidden("product")
    stale(row, input.expected_version)
    if input.on < today(call):
        raise wrong("It ends today at the earliest.", "终止日最早为今日。", "on")
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
