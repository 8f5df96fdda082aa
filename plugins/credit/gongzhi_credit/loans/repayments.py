"""Repayments: what is paid back, once for each reference of the bank, and a new plan for who cannot pay."""

from __future__ import annotations

import datetime
from decimal import Decimal

import strawberry
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty
from gongzhi.runtime.checks import check_past_day, invalid_input, is_given, today
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import require_lender
from ..checks import check_reference
from ..models import LoanRow, RepaymentRow
from ..money import to_fen, to_millionths, to_percent, to_yuan
from ..visibility import LEND
from .book import Book, BookError, Prepayment
from .disbursement import LoanPayload
from .repository import load_book, save_book
from .schedules import Method
from .types import Loan

LONGEST = 120
"""Months of a new plan, at most."""


@strawberry.input(description="A payment, as the lender's books have it (登记还款).")
class RecordRepaymentInput:
    idempotency_key: str = input_field(KEY)
    loan: ID = input_field("The loan (贷款).")
    reference: str = input_field("The bank's reference; the same one is booked once (银行流水号).")
    amount: Decimal = input_field("How much, in yuan (金额).")
    paid_on: datetime.date | None = input_field("When; today if not said (还款日).", default=UNSET)
    ahead: Prepayment | None = input_field("What changes, if it pays ahead (提前还款方式).", default=UNSET)


@command(
    "Book a payment: overdue interest first, then interest, then principal (登记还款).",
    requires=LEND,
    action=Action(Loan, (require_lender(),)),
)
async def record_repayment(call: Call, input: RecordRepaymentInput) -> LoanPayload:
    # Locks the loan: payments are booked one after the other.
    loan = await load_loan(call, input.loan)
    number = check_reference(input.reference, "reference")
    amount = to_fen(input.amount, "amount")
    day = check_past_day(call, input.paid_on, "paidOn") if is_given(input.paid_on) else today(call)
    # Looked up under that lock. The bank may send the same payment twice, after a time-out for instance.
    before = await RepaymentRow.get_or_none(lender_id=loan.lender_id, reference=number)
    if before is not None:
        check_same_payment(before, loan, amount)
        return LoanPayload(loan=ref(Loan, loan.id))
    # Interest is reckoned up to the last booking, so nothing can be put in before it.
    await check_after_bookings(loan, day)
    ahead = Prepayment(input.ahead) if is_given(input.ahead) else None
    # The arithmetic is in the book, without a database; rows are read before and written after.
    book = await load_book(loan)
    try:
        made, split = book.pay(amount, day, ahead)
    except BookError as error:
        raise payment_refusal(str(error), book, day) from None
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
    await save_book(call, loan, made, amount)
    return LoanPayload(loan=ref(Loan, loan.id))


async def load_loan(call: Call, id: str) -> LoanRow:
    """Return the loan, locked, as the command's action allows."""
    loan: LoanRow = await call.find(Loan, "loan", id=key_of(Loan)(id))
    return loan


def check_same_payment(before: RepaymentRow, loan: LoanRow, amount: int) -> None:
    """Refuse a reference that was booked for another loan or amount."""
    if before.loan_id != loan.id or before.amount != amount:
        raise Refusal(
            "WRONG_REFERENCE",
            "This reference was booked for another loan or amount.",
            "该流水号已登记于其他贷款或金额。",
            ("reference",),
        )


async def check_after_bookings(loan: LoanRow, day: datetime.date) -> None:
    """Refuse days before something that is booked: interest has been reckoned up to then."""
    if day < loan.starts_on:
        raise invalid_input(f"Interest runs from {loan.starts_on}.", f"起息日为 {loan.starts_on}。", "paidOn")
    last = await RepaymentRow.filter(loan=loan).order_by("-paid_on").first()
    booked = max(last.paid_on if last else day, loan.reckoned_on)
    if day < booked:
        raise invalid_input(f"Something is booked up to {booked}.", f"已登记至 {booked}，不能倒记。", "paidOn")


def payment_refusal(code: str, book: Book, day: datetime.date) -> Refusal:
    """Explain why a payment is not booked, with the figures that would be."""
    debt, expected = to_yuan(book.payoff(day)), to_yuan(book.expected_payment(day))
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
    idempotency_key: str = input_field(KEY)
    loan: ID = input_field("The loan (贷款).")
    agreement: str = input_field("The number of the agreement (协议编号).")
    term_months: int = input_field("For how many months from today (期限，月).", between=(1, LONGEST))
    repayment: Method = input_field("How it is paid back (还款方式).")
    annual_rate: Decimal | None = input_field("Per cent a year, if less than before (年利率，%).", default=UNSET)
    expected_version: int = input_field(EXPECTED)


UNSETTLED = require_empty("settled_at", Text("It is paid back.", "贷款已结清。"))


@command(
    "Plan a loan anew from today, as borrower and lender agreed; what has run bears no interest (贷款重组).",
    requires=LEND,
    action=Action(Loan, (require_lender(),), (UNSETTLED,)),
)
async def restructure_loan(call: Call, input: RestructureLoanInput) -> LoanPayload:
    loan = await load_loan(call, input.loan)
    check_reference(input.agreement, "agreement")
    rate = to_millionths(input.annual_rate, "annualRate") if is_given(input.annual_rate) else loan.rate
    # A borrower in need must not be moved into a dearer loan.
    if rate > loan.rate:
        raise invalid_input(
            f"The rate is {to_percent(loan.rate)} per cent, and only falls.",
            f"现行年利率 {to_percent(loan.rate)}%，只能降低。",
            "annualRate",
        )
    book = await load_book(loan)
    await save_book(call, loan, book.restructure(today(call), input.term_months, rate, Method(input.repayment)))
    return LoanPayload(loan=ref(Loan, loan.id))


EXTENSIONS = (extend(Mutation, record_repayment=record_repayment, restructure_loan=restructure_loan),)
