"""Applying for a loan: the draft, its papers, consent and release, submitting, sending, taking back."""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.people.models import MembershipRow, PersonRow
from gongzhi.core.people.tiers import add_months
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states, tell_state
from gongzhi.runtime.checks import duplicate, input_form, invalid_input, is_given, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import FIELD, Refusal, Text
from gongzhi_rights.models import ReleaseRow
from gongzhi_rights.releases import create_release, revoke_release
from gongzhi_rights.representation import SPEAKS, load_subject, require_speaker
from strawberry import ID, UNSET

from ..models import ApplicationRow, DocumentRow, ProductRow, State
from ..money import to_fen, to_yuan
from ..ownership import lock_person
from ..products.pricing import find_valid_appraisal
from ..products.types import LoanProduct
from .reminders import schedule_reminder
from .states import (
    APPLICATION,
    PURPOSE,
    UNDECIDED,
    decision_deadline,
    load_release,
    missing_documents,
    move_to_state,
    reprice_application,
    require_consent_and_release,
    states_before,
)
from .types import LoanApplication

ADULT = 18 * 12
DIGEST = re.compile(r"[0-9a-f]{64}")
APPRAISAL = "credit.appraisal"


@strawberry.input(description="What the lender may read (授权披露).")
class LoanReleaseInput:
    kinds: list[str] = input_field(
        "Kinds of `statementKinds`; APPRAISAL is short for credit.appraisal, and the name of a plugin in capitals, "
        "such as POINTS, for all its kinds (证明种类)."
    )
    expires_on: datetime.date = input_field("The last day, within a year (截止日).")


@strawberry.input(description="A loan somebody asks for (申请贷款).")
class ApplyForLoanInput:
    idempotency_key: str = input_field(KEY)
    product: ID = input_field("The product (产品).")
    amount: Decimal = input_field("How much, in yuan (金额).")
    term_months: int = input_field("For how many months, one of the product's (期限，月).")
    purpose: str = input_field("What for (用途).", length=(1, 200))
    release: LoanReleaseInput = input_field("What the lender may read, and until when (授权披露).")
    person: ID | None = input_field("For whom, if somebody speaks for them (申请人).", default=UNSET)


@strawberry.type(description="The application, or why there is none (贷款申请结果).")
class LoanApplicationPayload:
    application: LoanApplication | None = result_field("The application (申请).")
    errors: list[Problem] = problems()


@command("Begin an application; nothing goes to the lender yet (申请贷款).", requires=None)
async def apply_for_loan(call: Call, input: ApplyForLoanInput) -> LoanApplicationPayload:
    person = await load_subject(call, input.person or None)
    # Whoever acts for somebody else must be allowed to speak for them; a grid worker's sight is not enough.
    await require_speaker(call, person)
    product: ProductRow = await call.find(LoanProduct, "product", id=key_of(LoanProduct)(input.product))
    with input_form() as read:
        amount = read(sum_of, product, input.amount)
        read(check_term, product, input.term_months)
    check_eligibility(call, product, person)
    await lock_person(person.id)
    # Under one product at a time, so that nobody spreads one request over many drafts.
    if await ApplicationRow.exists(person=person, product=product, state__in=UNDECIDED):
        raise duplicate("An application for this product is under way.", "该产品已有进行中的申请。", "product")
    kinds = whole_kinds(call, input.release.kinds)
    # Built before it is saved, because the release and the preview are made from it and stored with it.
    row = ApplicationRow(
        number=new_application_number(call),
        person=person,
        grid_id=person.grid_id,
        household_id=await find_household(call, person.id),
        product=product,
        lender_id=product.lender_id,
        amount=amount,
        months=input.term_months,
        purpose=input.purpose,
        kinds=kinds,
        expires_on=input.release.expires_on,
        created_at=call.now,
        # Never null, so that lists are ordered by it with one index; NEVER until the application is sent.
        due_at=NEVER,
        account=call.viewer.account.name or "",
    )
    # The release freezes today's statements. The lender reads nothing before the application is sent.
    row.release = await given_to(call, person, row)
    await reprice_application(call, row, product)
    await row.save(force_create=True)
    await DocumentRow.bulk_create([DocumentRow(application=row, document=one) for one in product.documents])
    return LoanApplicationPayload(application=ref(LoanApplication, row.id, shown=True))


def sum_of(product: ProductRow, amount: Decimal) -> int:
    """Check that the amount lies within the product's bounds, and return it in fen."""
    asked = to_fen(amount, "amount")
    if not product.amount_from <= asked <= product.amount_to:
        least, most = to_yuan(product.amount_from), to_yuan(product.amount_to)
        raise Refusal(
            "AMOUNT_OUTSIDE_PRODUCT",
            f"This product lends {least} to {most} yuan.",
            f"该产品金额为 {least} 元至 {most} 元。",
            ("amount",),
        )
    return asked


def check_term(product: ProductRow, months: int) -> int:
    """Check that a term in months is one of the product's."""
    if months not in product.terms:
        offered = ", ".join(map(str, product.terms))
        raise Refusal(
            "TERM_OUTSIDE_PRODUCT",
            f"This product runs for {offered} months.",
            f"该产品期限为 {offered} 个月。",
            ("termMonths",),
        )
    return months


def check_eligibility(call: Call, product: ProductRow, person: PersonRow) -> None:
    """Refuse what is not offered today, or here, and whoever is not of age (Civil Code, art. 17 and 18)."""
    day = today(call)
    if not covers_row(product, person) or product.starts_on > day or (product.ends_on and product.ends_on <= day):
        raise Refusal(
            "NOT_OFFERED", "This product is not offered here today.", "该产品目前不适用于申请人所在区域。", ("product",)
        )
    # Whoever has no date of birth on file is let through: the lender sees the papers.
    if person.birth_date and add_months(person.birth_date, ADULT) > day:
        raise Refusal("NOT_OF_AGE", "Loans are for adults.", "申请人须年满十八周岁。", ("person",))


def whole_kinds(call: Call, asked: Sequence[str]) -> list[str]:
    """Return the kinds of statements that are meant, each once; a plugin's name in capitals means all of its kinds."""
    known = [one.kind for one in call.context.registers.statements]
    found: list[str] = []
    for kind in asked:
        prefix = f"{kind.lower()}."
        whole = [one for one in known if kind.isupper() and one.startswith(prefix)]
        found += [APPRAISAL] if kind == "APPRAISAL" else whole or [kind]
    return list(dict.fromkeys(found))


async def given_to(call: Call, person: PersonRow, row: ApplicationRow) -> ReleaseRow:
    """Release today's statements to the lender."""
    unit = await UnitRow.get(id=row.lender_id)
    return await create_release(
        call, person, kinds=row.kinds, recipient=unit.code, purpose=PURPOSE, expires_on=row.expires_on
    )


def new_application_number(call: Call) -> str:
    """Make a number to tell at the counter: the day, and eight digits that nobody can guess from another."""
    return f"{today(call):%Y%m%d}-{secrets.randbelow(10**8):08}"


async def find_household(call: Call, person: UUID) -> UUID | None:
    """Return the household somebody belongs to now; None if there is none."""
    members = await MembershipRow.filter(person_id=person)
    return next((one.household_id for one in members if one.until is None or one.until > today(call)), None)


@strawberry.input(description="A paper that was handed in to the lender (登记已交材料).")
class HandInLoanDocumentInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application (申请).")
    document: str = input_field("Which paper, of `missing` (材料).")
    digest: str | None = input_field(
        "SHA-256 of the file, in hexadecimal, if a file was sent (文件摘要).", default=UNSET
    )


def on_application(*states: State) -> Action:
    """Return what an applicant, or who speaks for them, does to an application in one of these states."""
    return Action(LoanApplication, SPEAKS, (require_states(states, tell_state(APPLICATION)),))


async def load_application(call: Call, id: str) -> ApplicationRow:
    """Return the application, locked, as the command's action allows."""
    row: ApplicationRow = await call.find(LoanApplication, "application", id=key_of(LoanApplication)(id))
    return row


HANDING_IN = require_states(UNDECIDED, Text("The application is past that.", "申请已过材料阶段。"))


@command(
    "Say that a paper was handed in to the lender; the paper itself is not kept here (登记已交材料).",
    requires=None,
    action=Action(LoanApplication, SPEAKS, (HANDING_IN,)),
)
async def hand_in_loan_document(call: Call, input: HandInLoanDocumentInput) -> LoanApplicationPayload:
    row = await load_application(call, input.application)
    # Only that it was handed in is noted, and its digest at most. Copies of identity papers would be worth stealing,
    # and the lender must see the originals anyway.
    paper = await DocumentRow.get_or_none(application=row, document=input.document)
    if paper is None or paper.given_at is not None:
        raise invalid_input("This paper is not asked for, or is handed in.", "该材料未被要求或已提交。", "document")
    if is_given(input.digest) and not DIGEST.fullmatch(input.digest):
        raise invalid_input(f"{FIELD} is 64 hexadecimal digits.", f"{FIELD}应为 64 位十六进制数。", "digest")
    paper.given_at, paper.digest = call.now, input.digest if is_given(input.digest) else None
    await paper.save()
    # With the last paper that was asked for, the lender's time runs on.
    if row.state is State.SUPPLEMENT and not await missing_documents(row):
        # The pause was open (its end was None); it ends now, and the deadline is reckoned from all pauses.
        row.pauses = [*row.pauses[:-1], [row.pauses[-1][0], call.now.isoformat()]]
        await to_lender(call, row, await ProductRow.get(id=row.product_id))
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


@strawberry.input(description="An application of one's own (贷款申请).")
class LoanApplicationInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application (申请).")


@command(
    "Submit an application that is complete: papers, consent, release (提交贷款申请).",
    requires=None,
    action=on_application(State.DRAFT),
)
async def submit_loan_application(call: Call, input: LoanApplicationInput) -> LoanApplicationPayload:
    row = await load_application(call, input.application)
    await check_documents(row)
    await require_consent_and_release(call, row, "application")
    product = await ProductRow.get(id=row.product_id)
    # Priced anew, for days may lie between draft and submission: the rate of today is shown, not that of the draft.
    await reprice_application(call, row, product)
    # Only a product that gives a discount for a grade waits for the appraisal; without one it is priced without.
    waits = product.appraised and row.appraisal_id is None
    await move_to_state(call, row, State.SUBMITTED if waits else State.APPRAISED)
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


async def check_documents(row: ApplicationRow) -> None:
    """Refuse an application that lacks papers."""
    if lacks := await missing_documents(row):
        raise Refusal(
            "DOCUMENTS_MISSING",
            f"Still to be handed in: {', '.join(lacks)}.",
            f"尚缺材料：{'、'.join(lacks)}。",
            ("application",),
        )


@command(
    "Send an application to the lender, with what one releases as it is today; without an appraisal as well, for "
    "nobody is refused by a rule (送达贷款机构).",
    requires=None,
    action=on_application(*states_before(State.SENT)),
)
async def send_loan_application(call: Call, input: LoanApplicationInput) -> LoanApplicationPayload:
    row = await load_application(call, input.application)
    await check_documents(row)
    await require_consent_and_release(call, row, "application")
    product = await ProductRow.get(id=row.product_id)
    # First the release, then the price: both are for the day it is sent.
    await renew_release(call, row)
    await reprice_application(call, row, product)
    row.sent_at = call.now
    await to_lender(call, row, product)
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


async def to_lender(call: Call, row: ApplicationRow, product: ProductRow) -> None:
    row.due_at = await decision_deadline(call, row, product.decide_days)
    # Enqueued in the same transaction as the state, so a deadline without its reminder cannot be.
    schedule_reminder(call, row)
    await move_to_state(call, row, State.SENT)


async def renew_release(call: Call, row: ApplicationRow) -> None:
    """Freeze the statements anew where there is an appraisal by now; the earlier release ends."""
    before = await load_release(call, row, "application")
    appraisal = await find_valid_appraisal(row.person_id, today(call))
    # A release that has the appraisal already is kept: the applicant consented to what it says.
    if APPRAISAL not in row.kinds or appraisal is None or APPRAISAL in before.kinds:
        return
    row.release = await given_to(call, await PersonRow.get(id=row.person_id), row)
    # The new one exists before the old one ends, so the lender is never without what was released.
    await revoke_release(call, before.id)


@command(
    "Take an application back; no reason is asked (撤回贷款申请).",
    requires=None,
    action=on_application(*states_before(State.WITHDRAWN)),
)
async def withdraw_loan_application(call: Call, input: LoanApplicationInput) -> LoanApplicationPayload:
    row = await load_application(call, input.application)
    await move_to_state(call, row, State.WITHDRAWN)
    await end_release(call, row)
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


async def end_release(call: Call, row: ApplicationRow) -> None:
    """End the release of an application that comes to nothing."""
    await revoke_release(call, row.release_id)


async def withdraw_applications(call: Any, person: UUID) -> None:
    """Take back what rested on a consent that is withdrawn: applications that no lender has decided on."""
    # Locked: a lender may be deciding on the same application at this moment.
    for row in await ApplicationRow.filter(person_id=person, state__in=UNDECIDED).select_for_update():
        try:
            # Consent is given for each lender, and what went to others is still covered.
            await require_consent_and_release(call, row, "application")
        except Refusal:
            # A draft has reached no lender and stays with its applicant.
            if row.state is not State.DRAFT:
                await move_to_state(call, row, State.WITHDRAWN)
                await end_release(call, row)


EXTENSIONS = (
    extend(
        Mutation,
        apply_for_loan=apply_for_loan,
        hand_in_loan_document=hand_in_loan_document,
        submit_loan_application=submit_loan_application,
        send_loan_application=send_loan_application,
        withdraw_loan_application=withdraw_loan_application,
    ),
)
