"""Repayments: what is paid back, once for each reference of the bank, and a new plan for who cannot pay."""

from __future__ import annotations

import datetime
from decimal import Decimal

import strawberry
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import past, today, told, wrong
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, forbidden, given, stale
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET

from .book import Book, BookError, Prepayment
from .checking import reference, serves, whole
from .disbursing import LoanPayload
from .loan_types import Loan
from .models import LoanRow, RepaymentRow
from .money import fen, millionths, share, yuan
from .schedules import Method
from .shelf import put, taken
from .visibility import LEND

LONGEST = 120
"""Months of a new plan, at most."""


@strawberry.input(description="A payment, as the lender's books have it (登记还款).")
class RecordRepaymentInput:
    idempotency_key: str = given(KEY)
    loan: ID = given("The loan (贷款).")
    reference: str = given("The bank's reference; the same one is booked once (银行流水号).")
    amount: Decimal = given("How much, in yuan (金额).")
    paid_on: datetime.date | None = given("When; today if not said (还款日).", default=UNSET)
    ahead: Prepayment | None = given("What changes, if it pays ahead (提前还款方式).", default=UNSET)


@command("Book a payment: overdue interest first, then interest, then principal (登记还款).", requires=LEND)
async def record_repayment(call: Call, input: RecordRepaymentInput) -> LoanPayload:
    # Locks the loan: payments are booked one after the other.
    loan = await borrowed(call, input.loan)
    number = reference(input.reference, "reference")
    amount = fen(input.amount, "amount")
    day = past(call, input.paid_on, "paidOn") if told(input.paid_on) else today(call)
    # Looked up under that lock. The bank may send the same payment twice, after a time-out for instance.
    before = await RepaymentRow.get_or_none(lender_id=loan.lender_id, reference=number)
    if before is not None:
        same(before, loan, amount)
        return LoanPayload(loan=ref(Loan, loan.id))
    # Interest is reckoned up to the last booking, so nothing can be put in before it.
    await after(loan, day)
    ahead = Prepayment(input.ahead) if told(input.ahead) else None
    # The arithmetic is in the book, without a database; rows are read before and written after.
    book = await taken(loan)
    try:
        made, split = book.pay(amount, day, ahead)
    except BookError as error:
        raise refusal(str(error), book, day) from None
    await RepaymentRow.create(
        loan=loan,
        lender_id=loan.lender_id,
        reference=number,
        amount=amount,
        **split._asdict(),
        ahead=ahead,
        paid_on=day,
        recorded_at=call.now,
        account=call.viewer.account.name or "",
    )
    await put(call, loan, made, amount)
    return LoanPayload(loan=ref(Loan, loan.id))


async def borrowed(call: Call, id: str) -> LoanRow:
    """Return a loan of the caller's unit, locked."""
    loan: LoanRow = await call.find(Loan, "loan", id=key_of(Loan)(id))
    if not serves(call, loan.lender_id, LEND):
        raise forbidden("loan")
    return loan


def same(before: RepaymentRow, loan: LoanRow, amount: int) -> None:
    """Refuse a reference that was booked for another loan or amount."""
    if before.loan_id != loan.id or before.amount != amount:
        raise Refusal(
            "WRONG_REFERENCE",
            "This reference was booked for another loan or amount.",
            "该流水号已登记于其他贷款或金额。",
            ("reference",),
        )


async def after(loan: LoanRow, day: datetime.date) -> None:
    """Refuse days before something that is booked: interest has been reckoned up to then."""
    if day < loan.starts_on:
        raise wrong(f"Interest runs from {loan.starts_on}.", f"起息日为 {loan.starts_on}。", "paidOn")
    last = await RepaymentRow.filter(loan=loan).order_by("-paid_on").first()
    booked = max(last.paid_on if last else day, loan.reckoned_on)
    if day < booked:
        raise wrong(f"Something is booked up to {booked}.", f"已登记至 {booked}，不能倒记。", "paidOn")


def refusal(code: str, book: Book, day: datetime.date) -> Refusal:
    """Explain why a payment is not booked, with the figures that would be."""
    debt, expected = yuan(book.payoff(day)), yuan(book.expected(day))
    told_of = {
        "EXCEEDS_DEBT": (f"{debt} yuan settle the loan that day.", f"当日结清金额为 {debt} 元。"),
        "SAY_WHAT_CHANGES": (
            f"Up to {expected} yuan are due that day or next; say with `ahead` what paying more changes.",
            f"当日应还及下一期合计 {expected} 元；超出部分请用 ahead 指明提前还款方式。",
        ),
        "NOTHING_AHEAD": (
            "Nothing of it is ahead of what is due; leave `ahead` out.",
            "该金额未超出应还，请勿填写 ahead。",
        ),
    }
    return Refusal(code, *told_of[code], ("amount",))


@strawberry.input(description="A new plan that borrower and lender agreed on (贷款重组).")
class RestructureLoanInput:
    idempotency_key: str = given(KEY)
    loan: ID = given("The loan (贷款).")
    agreement: str = given("The number of the agreement (协议编号).")
    term_months: int = given("For how many months from today (期限，月).")
    repayment: Method = given("How it is paid back (还款方式).")
    annual_rate: Decimal | None = given("Per cent a year, if less than before (年利率，%).", default=UNSET)
    expected_version: int = given(EXPECTED)


@command(
    "Plan a loan anew from today, as borrower and lender agreed; what has run bears no interest (贷款重组).",
    requires=LEND,
)
async def restructure_loan(call: Call, input: RestructureLoanInput) -> LoanPayload:
    loan = await borrowed(call, input.loan)
    stale(loan, input.expected_version)
    if loan.settled_at is not None:
        raise Refusal("ILLEGAL_TRANSITION", "It is paid back.", "贷款已结清。", ("loan",))
    reference(input.agreement, "agreement")
    months = whole(input.term_months, 1, LONGEST, "termMonths")
    rate = millionths(input.annual_rate, "annualRate") if told(input.annual_rate) else loan.rate
    # A borrower in need must not be moved into a dearer loan.
    if rate > loan.rate:
        raise wrong(
            f"The rate is {share(loan.rate)} per cent, and only falls.",
            f"现行年利率 {share(loan.rate)}%，只能降低。",
            "annualRate",
        )
    book = await taken(loan)
    await put(call, loan, book.restructured(today(call), months, rate, Method(input.repayment)))
    return LoanPayload(loan=ref(Loan, loan.id))


EXTENSIONS = (extend(Mutation, record_repayment=record_repayment, restructure_loan=restructure_loan),)
