"""Decisions: what a lender does with an application (asks for more, decides with reasons, records the contract)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import strawberry
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_states, tell_state
from gongzhi.runtime.checks import (
    CHINA,
    check_past_day,
    input_form,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.releases import revoke_release
from strawberry import ID, UNSET

from ..actions import require_lender
from ..appraisals.banned_inputs import screen_input
from ..checks import acts_for_unit, check_distinct, check_reference
from ..models import ApplicationRow, DocumentRow, Outcome, ProductRow, State
from ..money import to_fen, to_millionths, to_percent, to_yuan
from ..visibility import ASKED, LEND
from .commands import LoanApplicationPayload, check_term
from .states import (
    APPLICATION,
    load_release,
    move_to_state,
    notify_applicant,
    refresh_preview,
    require_consent_and_release,
)
from .types import LoanApplication

MOST = 10
OFFER = 30
"""Days a lender stands by its offer if it says nothing else; at most 180."""
PRIVATE = frozenset({"RELIGION", "BODY", "HEALTH"})
"""What no lender may ask for (征信业管理条例 14)."""


def on_lent(*states: State, more: tuple[Requirement, ...] = (), who: tuple[Requirement, ...] = ()) -> Action:
    """Return what the lender's people do to an application in one of these states."""
    standing = require_states(states, tell_state(APPLICATION))
    return Action(LoanApplication, (require_lender(), *who), (standing, *more))


WAITING = require_states(ASKED, Text("It does not wait for a decision.", "该申请不在审批中。"))
DECIDING = Action(LoanApplication, (require_lender(),), (WAITING,))
# The offer is bound to its day; the nightly job ends it, and this holds until it has run.
OFFERED = Requirement(
    "OFFER_OVER",
    lambda row, viewer: [Sql("{0} is null", row.offer_until), Sql("{0}>={1}", row.offer_until, viewer.today)],
    lambda row: Text(f"The offer stood until {row.offer_until}.", f"审批结果有效期至 {row.offer_until}。"),
)


async def load_lender_application(call: Call, id: str, *path: str) -> ApplicationRow:
    """Return an application that lies with the caller's unit, locked.

    Raises Refusal with the reason where the applicant no longer lets the lender read; NOT_FOUND for any other.
    """
    key = key_of(LoanApplication)(id)
    # Read without sight, to tell the lender why: once the release is revoked the row is invisible to it, and
    # NOT_FOUND would look like an error. Only for its own unit, so nobody else learns of it.
    known = await ApplicationRow.get_or_none(id=key) if key else None
    if known and known.state in ASKED and acts_for_unit(call, known.lender_id, LEND):
        await load_release(call, known, *path)
    row: ApplicationRow = await call.find(LoanApplication, *path, id=key)
    return row


@strawberry.input(description="What a lender wants besides (要求补充材料).")
class RequestLoanSupplementInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application (申请).")
    documents: list[str] = input_field(
        "Papers to be handed in to the lender (补充材料).", items=(1, MOST), length=(1, 40)
    )
    statements: list[str] = input_field(
        "Kinds of statements it relies on; only what was released can be asked for (所依据的证明种类).",
        default_factory=list,
    )


@command(
    "Ask the applicant for more papers; the lender's time stands still until they are there (要求补充材料).",
    requires=LEND,
    action=on_lent(State.SENT),
)
async def request_loan_supplement(call: Call, input: RequestLoanSupplementInput) -> LoanApplicationPayload:
    row = await load_lender_application(call, input.application, "application")
    await require_consent_and_release(call, row, "application")
    # The lender may ask for papers of its own, but for no statement beyond the release.
    release = await load_release(call, row, "application")
    if beyond := sorted(set(input.statements) - set(release.kinds)):
        raise Refusal(
            "NOT_RELEASED",
            f"The applicant has not released {', '.join(beyond)}, and need not.",
            f"申请人未授权披露 {'、'.join(beyond)}，且无须授权。",
            ("statements",),
        )
    papers = input.documents
    check_documents_asked(papers)
    known = await DocumentRow.filter(application=row, document__in=papers).values_list("document", flat=True)
    if known:
        raise invalid_input("This was asked for before.", "该材料已要求过。", "documents")
    await DocumentRow.bulk_create([DocumentRow(application=row, document=one, asked_at=call.now) for one in papers])
    # The end is open until the last paper comes; the deadline is reckoned without the pause.
    row.pauses = [*row.pauses, [call.now.isoformat(), None]]
    await move_to_state(call, row, State.SUPPLEMENT)
    title = Text("The lender asks for more papers", "贷款机构要求补充材料")
    await notify_applicant(
        call, row, "credit.supplement", title, Text(f"Papers: {len(papers)}.", f"需补充 {len(papers)} 项材料。")
    )
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


def check_documents_asked(papers: Sequence[str]) -> None:
    """Refuse papers that are named twice, and those about what no lender may ask for."""
    with input_form() as read:
        read(check_distinct, papers, "documents")
        # Only what the law bans: income and property are for the lender to ask, with written consent.
        read(screen_input, "\n".join(papers), "documents", PRIVATE)


@strawberry.input(description="What a lender decides (审批决定).")
class DecideApplicationInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application (申请).")
    outcome: Outcome = input_field("Whether it lends (结果).")
    reasons: list[str] = input_field("Why; the applicant reads it (理由).", items=(1, MOST), length=(1, 500))
    officer: str = input_field(
        "The lender's number of the person who decided: no system decides alone (审批人工号).", length=(1, 100)
    )
    amount: Decimal | None = input_field("How much, if less than was asked (金额).", default=UNSET)
    term_months: int | None = input_field("For how many months, if not as asked (期限，月).", default=UNSET)
    annual_rate: Decimal | None = input_field("Per cent a year, if less than was shown (年利率，%).", default=UNSET)
    offer_until: datetime.date | None = input_field("The last day the lender stands by it (有效期至).", default=UNSET)
    expected_version: int | None = input_field(EXPECTED, default=UNSET)


@command("Decide on an application, as a lender's person, with reasons (审批贷款申请).", requires=LEND, action=DECIDING)
async def decide_application(call: Call, input: DecideApplicationInput) -> LoanApplicationPayload:
    row = await load_lender_application(call, input.application, "application")
    await apply_decision(call, row, input)
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


async def apply_decision(call: Call, row: ApplicationRow, input: DecideApplicationInput) -> None:
    """Put a lender's decision into force, and notify the applicant; that it is the lender's was checked before."""
    if row.state not in ASKED:
        raise DECIDING.when[0].refusal(row, ("application",))
    # Asked again at this moment: a consent that was withdrawn today is no ground for a decision.
    await require_consent_and_release(call, row, "application")
    row.reasons, row.decided_by = input.reasons, input.officer
    product = await ProductRow.get(id=row.product_id)
    outcome = Outcome(input.outcome)
    if outcome is Outcome.APPROVED:
        await apply_offer(call, row, product, input)
    row.outcome, row.decided_at = outcome, call.now
    await move_to_state(call, row, State[outcome.name])
    title = Text("The lender has decided on your application", "贷款机构已作出审批决定")
    await notify_applicant(call, row, "credit.decided", title, Text("The reasons are with it.", "理由见申请详情。"))


async def apply_offer(call: Call, row: ApplicationRow, product: ProductRow, input: DecideApplicationInput) -> None:
    """Put the lender's offer on the application: never more, and never dearer, than was asked and shown."""
    if is_given(input.amount):
        # At most what was asked for: nobody is talked into a larger loan.
        row.amount = to_fen(input.amount, "amount", least=product.amount_from, most=row.amount)
    if is_given(input.term_months):
        row.months = check_term(product, input.term_months)
    if is_given(input.annual_rate):
        rate = to_millionths(input.annual_rate, "annualRate")
        if rate > row.rate:
            raise Refusal(
                "RATE_ABOVE_OFFER",
                f"The applicant was shown {to_percent(row.rate)} per cent; it can only be less.",
                f"已向申请人展示年利率 {to_percent(row.rate)}%，只能降低。",
                ("annualRate",),
            )
        row.rate = rate
    last = input.offer_until if is_given(input.offer_until) else today(call) + timedelta(days=OFFER)
    if not today(call) <= last <= today(call) + timedelta(days=180):
        raise invalid_input("An offer stands for 180 days at most.", "有效期自今日起最长 180 天。", "offerUntil")
    row.offer_until = last
    # The schedule that is shown from now on is that of the offer.
    await refresh_preview(call, row, product)


@strawberry.input(description="A contract that was signed (登记贷款合同).")
class RecordLoanContractInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application (申请).")
    contract: str = input_field("The contract's number (合同编号).")
    signed_on: datetime.date = input_field("When it was signed (签约日期).")
    amount: Decimal = input_field("The amount in it, in yuan: the one that was decided (合同金额).")


@command(
    "Record that the contract is signed, as it was decided (登记贷款合同).",
    requires=LEND,
    action=on_lent(State.APPROVED, more=(OFFERED,)),
)
async def record_loan_contract(call: Call, input: RecordLoanContractInput) -> LoanApplicationPayload:
    row = await load_lender_application(call, input.application, "application")
    with input_form() as read:
        number = read(check_reference, input.contract, "contract")
        day = read(check_past_day, call, input.signed_on, "signedOn")
        amount = read(to_fen, input.amount, "amount")
    # The contract must say what was decided, or the platform would show a schedule that nobody signed.
    if amount != row.amount:
        raise invalid_input(
            f"{to_yuan(row.amount)} yuan were decided.", f"审批金额为 {to_yuan(row.amount)} 元。", "amount"
        )
    # Whoever signed before the decision signed something else.
    if row.decided_at and day < (decided := row.decided_at.astimezone(CHINA).date()):
        raise invalid_input(f"It was decided on {decided}.", f"审批日期为 {decided}，不能早于该日。", "signedOn")
    row.contract, row.contracted_on = number, day
    await move_to_state(call, row, State.CONTRACTED)
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


async def expire_application(call: Call, row: ApplicationRow) -> None:
    """End an application that nobody took further, with its release."""
    await move_to_state(call, row, State.EXPIRED)
    await revoke_release(call, row.release_id)
    title = Text("Your application is over", "贷款申请已失效")
    await notify_applicant(call, row, "credit.expired", title, Text("You may apply again.", "您可以重新申请。"))


EXTENSIONS = (
    extend(
        Mutation,
        request_loan_supplement=request_loan_supplement,
        decide_application=decide_application,
        record_loan_contract=record_loan_contract,
    ),
)
