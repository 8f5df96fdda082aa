"""Disbursement: paying out with four eyes; one of the lender's people prepares it, another one approves."""

from __future__ import annotations

from datetime import date

import strawberry
from gongzhi.core.accounts.independence import require_independence, require_other
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement
from gongzhi.runtime.checks import duplicate, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from strawberry import ID

from ..actions import require_lender
from ..applications.commands import LoanApplicationPayload
from ..applications.decisions import load_lender_application, on_lent
from ..applications.states import move_to_state, notify_applicant
from ..applications.types import LoanApplication
from ..checks import check_reference
from ..models import ApplicationRow, InstalmentRow, LoanRow, ProductRow, State
from ..products.pricing import make_schedule
from ..visibility import DISBURSE
from .types import Loan


@strawberry.input(description="A loan that is to be paid out (准备放款).")
class PrepareDisbursementInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application, with its contract (申请).")
    reference: str = input_field("The bank's reference of the payment (银行流水号).")


def on_contracted(*more: Requirement) -> Action:
    """Return what the lender's people who pay out do to an application whose contract is signed."""
    return on_lent(State.CONTRACTED, who=(require_lender(DISBURSE),), more=more)


PREPARED = Requirement(
    "NOT_PREPARED",
    lambda row, viewer: [Sql("{0} is not null and {1} is not null", row.disbursing_by, row.reference)],
    Text("Somebody has to prepare it first.", "须先由他人准备放款。"),
)


@command("Prepare paying a loan out; somebody else approves it (准备放款).", requires=DISBURSE, action=on_contracted())
async def prepare_disbursement(call: Call, input: PrepareDisbursementInput) -> LoanApplicationPayload:
    row = await load_lender_application(call, input.application, "application")
    row.reference = check_reference(input.reference, "reference")
    await require_own_payment(row)
    # Preparing again, by somebody else too, replaces who prepared: whoever approves must differ from the last one.
    row.disbursing_by, row.version = call.viewer.account.name, row.version + 1
    await row.save()
    return LoanApplicationPayload(application=ref(LoanApplication, row.id))


async def require_own_payment(row: ApplicationRow) -> None:
    """Refuse a reference that stands for another loan: it is the bank's own payment, and unique for each lender."""
    if await LoanRow.exists(lender_id=row.lender_id, reference=row.reference):
        raise duplicate("This reference is another payment's.", "该流水号已用于其他放款。", "reference")


@strawberry.input(description="A loan that is paid out (批准放款).")
class ApproveDisbursementInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field("The application (申请).")
    reference: str = input_field("The bank's reference, the one that was prepared (银行流水号).")


@strawberry.type(description="The loan, or why there is none (放款结果).")
class LoanPayload:
    loan: Loan | None = result_field("The loan (贷款).")
    errors: list[Problem] = problems()


@command(
    "Pay a loan out that somebody else has prepared; interest runs from today (批准放款).",
    requires=DISBURSE,
    two_persons=True,
    action=on_contracted(PREPARED, require_other("disbursing_by")),
)
async def approve_disbursement(call: Call, input: ApproveDisbursementInput) -> LoanPayload:
    row = await load_lender_application(call, input.application, "application")
    account = call.viewer.account.name or ""
    assert row.disbursing_by and row.reference
    # Two names are not enough: the second must not have been appointed by the first.
    await require_independence(call, "application", row.disbursing_by)
    # Typed again by the second person, so that they have looked at the payment and not only at a button.
    if input.reference != row.reference:
        raise Refusal(
            "WRONG_REFERENCE", "Another reference was prepared.", "流水号与准备放款时不一致。", ("reference",)
        )
    # Asked again: another application may have been prepared under it as well, and paid out meanwhile.
    await require_own_payment(row)
    loan = await create_loan(call, row, await ProductRow.get(id=row.product_id), account)
    await move_to_state(call, row, State.DISBURSED)
    title = Text("Your loan was paid out", "贷款已发放")
    await notify_applicant(
        call,
        row,
        "credit.disbursed",
        title,
        Text(f"First due: {loan.next_due_on}.", f"首次还款日：{loan.next_due_on}。"),
    )
    return LoanPayload(loan=ref(Loan, loan.id))


async def create_loan(
    call: Call, row: ApplicationRow, product: ProductRow, account: str, day: date | None = None
) -> LoanRow:
    """Create the loan with its schedule, from a day on; today if not given."""
    begins = day or today(call)
    # Laid out anew: the preview began on the day of the decision, and interest runs from the day of paying out.
    made = make_schedule(product, row.amount, row.months, row.rate, begins)
    loan = await LoanRow.create(
        application=row,
        product=product,
        person_id=row.person_id,
        household_id=row.household_id,
        lender_id=row.lender_id,
        grid_id=row.grid_id,
        principal=row.amount,
        outstanding=row.amount,
        rate=row.rate,
        # Terms are copied to the loan: what the product says later must not change it.
        surcharge=product.surcharge,
        method=product.method,
        count=product.count,
        every=product.every,
        starts_on=begins,
        reckoned_on=begins,
        planned_on=begins,
        next_due_on=made[0].due_on,
        disbursed_at=call.now,
        reference=row.reference,
        prepared_by=row.disbursing_by,
        approved_by=account,
    )
    await InstalmentRow.bulk_create([InstalmentRow(loan=loan, **one._asdict()) for one in made])
    return loan


EXTENSIONS = (extend(Mutation, prepare_disbursement=prepare_disbursement, approve_disbursement=approve_disbursement),)
