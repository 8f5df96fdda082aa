"""Progress: where an application goes from where, what has to hold for it, and by when the lender decides."""

from __future__ import annotations

from datetime import datetime

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Refusal, Text
from gongzhi.values.labels import label_of
from gongzhi_deadlines.clocks.rules import load_standing
from gongzhi_deadlines.worktime import Course, Pause, Term, Unit, compute_deadline
from gongzhi_rights.consents import require_consent
from gongzhi_rights.models import ReleaseRow

from ..appraisal_models import AppraisalRow
from ..events import ApplicationChanged
from ..models import ApplicationRow, DocumentRow, ProductRow, State
from ..products.pricing import find_valid_appraisal, make_schedule, preview_schedule, price_loan

PURPOSE = "credit.loan"
"""The purpose of the consent and of the release, for each lender apart."""

# The only transitions there are. From SENT on the lender's people decide: no rule leads to REFUSED.
NEXT = {
    State.DRAFT: {State.SUBMITTED, State.APPRAISED, State.WITHDRAWN, State.EXPIRED},
    State.SUBMITTED: {State.APPRAISED, State.SENT, State.WITHDRAWN, State.EXPIRED},
    State.APPRAISED: {State.SENT, State.WITHDRAWN, State.EXPIRED},
    State.SENT: {State.SUPPLEMENT, State.APPROVED, State.REFUSED, State.WITHDRAWN, State.EXPIRED},
    State.SUPPLEMENT: {State.SENT, State.APPROVED, State.REFUSED, State.WITHDRAWN, State.EXPIRED},
    State.APPROVED: {State.CONTRACTED, State.WITHDRAWN, State.EXPIRED},
    State.CONTRACTED: {State.DISBURSED, State.WITHDRAWN},
    State.DISBURSED: {State.REPAYING, State.SETTLED},
    State.REPAYING: {State.SETTLED},
}
APPLICATION = Text("application", "申请")
UNDECIDED = (State.DRAFT, State.SUBMITTED, State.APPRAISED, State.SENT, State.SUPPLEMENT)


def states_before(state: State) -> list[State]:
    """Return the states from which an application goes into this one."""
    return [one for one, following in NEXT.items() if state in following]


async def move_to_state(call: Call, row: ApplicationRow, state: State) -> None:
    """Bring an application into another state and save it. Raises Refusal for a transition there is not."""
    if state not in NEXT.get(row.state, ()):
        raise Refusal(
            "ILLEGAL_TRANSITION",
            f"This cannot be done with the application as it is ({label_of(row.state).en}), so that it becomes: "
            f"{label_of(state).en}.",
            f"申请{label_of(row.state).zh}，不能转为{label_of(state).zh}。",
            ("application",),
        )
    row.state, row.version = state, row.version + 1
    # Only what lies with the lender has a deadline.
    if state is not State.SENT:
        row.due_at = NEVER
    await row.save()
    call.publish(ApplicationChanged(application=row.id, state=state), row)


async def require_consent_and_release(call: Call, row: ApplicationRow, *path: str) -> None:
    """Refuse where the applicant's consent or release is missing, taken back, or over."""
    unit = await UnitRow.get(id=row.lender_id)
    # For this lender alone: consent is given for each recipient (PIPL 23).
    await require_consent(call, row.person_id, PURPOSE, unit.code, *path)
    await load_release(call, row, *path)


async def load_release(call: Call, row: ApplicationRow, *path: str) -> ReleaseRow:
    """Return the release, in force. Raises Refusal where it is revoked or over."""
    release = await ReleaseRow.get_or_none(id=row.release_id) if row.release_id else None
    if release is None or release.revoked_at is not None:
        raise Refusal("RELEASE_REVOKED", "The applicant has revoked the release.", "申请人已撤回授权披露。", path)
    if release.expires_at <= call.now:
        raise Refusal("RELEASE_EXPIRED", "The release is over.", "授权披露已到期。", path)
    return release


async def reprice_application(call: Call, row: ApplicationRow, product: ProductRow) -> None:
    """Reckon rate, schedule and annualised rate anew, for today and the appraisal that counts now."""
    appraisal = await find_valid_appraisal(row.person_id, today(call))
    found = await price_loan(product, appraisal.grade if appraisal else None, today(call))
    row.appraisal_id = appraisal.id if appraisal else None
    row.rate, row.base = found.rate, found.base
    await refresh_preview(call, row, product)


async def refresh_preview(call: Call, row: ApplicationRow, product: ProductRow) -> None:
    """Put the preview for what the application says on it, from today."""
    made = make_schedule(product, row.amount, row.months, row.rate, today(call))
    row.preview, row.annualised = preview_schedule(made, row.amount, today(call))


async def resume_waiting(call: Call, appraisal: AppraisalRow) -> None:
    """Let applications go on that waited for this appraisal."""
    # Locked: the applicant may be taking one back at this moment.
    for row in await ApplicationRow.filter(person_id=appraisal.person_id, state=State.SUBMITTED).select_for_update():
        await reprice_application(call, row, await ProductRow.get(id=row.product_id))
        await move_to_state(call, row, State.APPRAISED)


async def decision_deadline(call: Call, row: ApplicationRow, days: int) -> datetime:
    """Return by when the lender decides: so many working days from the day after it was sent, less its pauses."""
    # The county's own calendar, with the year's make-up days (调休).
    by = await load_standing(call.fetch, row.county_id)  # type: ignore[arg-type]
    pauses = tuple(Pause(parse_moment(since), parse_moment(until)) for since, until in row.pauses)
    return compute_deadline(
        by.calendar, Term(days, Unit.WORKING_DAY, True), Course(row.sent_at or call.now, pauses)
    ).due


# An open pause has no end yet, so the deadline is nowhere near while it lasts.
def parse_moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else NEVER


async def missing_documents(row: ApplicationRow) -> list[str]:
    """Return the papers that are not handed in yet."""
    found = await DocumentRow.filter(application=row, given_at=None).order_by("document")
    return [one.document for one in found]


async def notify_applicant(call: Call, row: ApplicationRow, kind: str, title: Text, body: Text) -> None:
    """Notify the applicant, and nobody else."""
    if row.person_id:
        await send_notice(call, NoticeDraft(kind, title, body, f"LoanApplication:{row.id}"), persons=[row.person_id])
