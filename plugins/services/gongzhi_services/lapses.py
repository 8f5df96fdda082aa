"""Lapses: what a unit did otherwise than it promised is found at once, told to whom it concerns, and answered by it."""

from __future__ import annotations

import strawberry
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_rows
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Text
from gongzhi.values.labels import label_of
from strawberry import ID

from .clocks import ANSWER, reckon_term
from .events import Lapsed
from .models import ApplicationRow, Lapse, LapseRow
from .rules import handled_rows
from .types import ServiceLapse

REPLY = 1_000


async def raise_lapse(call: Call, case: CaseRow, row: ApplicationRow, kind: Lapse, allowed: int, counted: int) -> None:
    """Put what a unit did otherwise before supervision, once of a kind; what is there already counts on."""
    known = await LapseRow.get_or_none(application_id=row.id, kind=kind)
    if known is not None:
        # What happens again is answered again; what was said of the first time stays until then.
        known.counted, known.answered_at = counted, None
        known.answer_by = await reckon_term(call, row.county_id, ANSWER)
        known.version += 1
        return await known.save()
    lapse = await LapseRow.create(
        # Where the unit serves, and not where the applicant lives: who supervises learns nothing of them.
        grid_id=(await row.matter).grid_id,
        application_id=row.id,
        matter_id=row.matter_id,
        unit_id=row.unit_id,
        kind=kind,
        allowed=allowed,
        counted=counted,
        raised_at=call.now,
        answer_by=await reckon_term(call, row.county_id, ANSWER),
    )
    # By the timeline the applicant reads it without looking for it.
    await record_on_timeline(call, case, Lapsed(application=row.id, kind=kind))
    named = label_of(kind)
    notice = NoticeDraft(
        "services.lapsed",
        Text(f"Supervision: {named.en}", f"效能监察：{named.zh}"),
        Text(
            f"Application {case.number}: the unit answers for it, and the applicant reads that.",
            f"办件 {case.number} 已列入效能监察，由办理单位答复，申请人可查看。",
        ),
        about=f"ServiceLapse:{lapse.id}",
        office_hours_of=row.county_id,
    )
    await send_notice(call, notice, persons=[row.person_id] if row.person_id else (), units=[row.unit_id])


@strawberry.type(description="The lapse, or why nothing was done (效能监察答复结果).")
class ServiceLapsePayload:
    lapse: ServiceLapse | None = result_field("The lapse (效能监察).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="What the unit says of a lapse (答复效能监察).")
class AnswerServiceLapseInput:
    idempotency_key: str = input_field(KEY)
    lapse: ID = input_field("The lapse's id (效能监察标识).")
    expected_version: int = input_field(EXPECTED)
    text: str = free_text(
        "Why it came so, and what is done about it; the applicant reads it (答复内容).", length=(1, REPLY)
    )


UNANSWERED = require_empty("answered_at", Text("It is answered.", "该事项已答复。"))


@command(
    "Answer for what one's unit did otherwise than it promised (答复效能监察).",
    requires=None,
    action=Action(ServiceLapse, (require_rows(handled_rows),), (UNANSWERED,)),
)
async def answer_service_lapse(call: Call, input: AnswerServiceLapseInput) -> ServiceLapsePayload:
    row: LapseRow = await call.find(ServiceLapse, "lapse", id=key_of(ServiceLapse)(input.lapse))
    row.answer, row.answered_at, row.account = input.text, call.now, call.viewer.account.name
    row.version += 1
    await row.save()
    return ServiceLapsePayload(lapse=ref(ServiceLapse, row.id))


EXTENSIONS = (extend(Mutation, answer_service_lapse=answer_service_lapse),)
