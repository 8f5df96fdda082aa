"""Correcting: the firm says that a hazard is corrected, with proof, or that it is none."""

from __future__ import annotations

import strawberry
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_states
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import Text
from strawberry import ID

from . import telling
from .events import HazardCorrected, HazardObjected
from .hazards import AS_IT_IS, HAZARD, SafetyHazardPayload, answer_with, keep_step, load_hazard, publish_change
from .models import TEXT, HazardState, HazardStep
from .photos import photo_field, receive_photos
from .rules import ANSWERS_FOR
from .types import SafetyHazard

PROOF = "JPEG or PNG in base64, 600 kB at most each (照片)."


@strawberry.input(description="What was corrected (申报整改完成).")
class ReportSafetyCorrectionInput:
    idempotency_key: str = input_field(KEY)
    hazard: ID = input_field(HAZARD)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What was done (整改情况).", length=(1, TEXT))
    photos: list[str] = photo_field(PROOF, least=1)


@command(
    "Say that a hazard of one's site is corrected, with photos; from then on it is not late (申报整改完成).",
    requires=None,
    action=Action(SafetyHazard, ANSWERS_FOR, (require_states((HazardState.OPEN,), AS_IT_IS),)),
)
async def report_safety_correction(call: Call, input: ReportSafetyCorrectionInput) -> SafetyHazardPayload:
    # Before the case is locked, for a scan takes long.
    photos = await receive_photos(call, input.photos, "photos")
    case, row = await load_hazard(call, input.hazard)
    # By our clock and not by the phone's: whether it was in time is worth something to whoever says so.
    row.state, row.corrected_at = HazardState.CORRECTED, call.now
    await publish_change(call, case, row, HazardCorrected(hazard=row.id))
    await telling.tell_supervisors(call, row, telling.CORRECTED)
    await keep_step(call, row, HazardStep.CORRECTED, input.text, photos=photos, by_firm=True)
    return answer_with(row)


@strawberry.input(description="Why something is no hazard (提出隐患异议).")
class ObjectToSafetyHazardInput:
    idempotency_key: str = input_field(KEY)
    hazard: ID = input_field(HAZARD)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("Why it is none, or not as grave (异议理由).", length=(1, TEXT))


# Once: the second time it would be decided by the same words.
NOT_OBJECTED = require_empty(
    "objected_at", Text("There was an objection: read its outcome.", "已提出过异议，请查看处理结果。")
)


@command(
    "Object to a hazard of one's site, once; somebody else than who found it decides, and the deadline runs on "
    "(提出隐患异议).",
    requires=None,
    action=Action(
        SafetyHazard,
        ANSWERS_FOR,
        (require_states((HazardState.OPEN, HazardState.CORRECTED), AS_IT_IS), NOT_OBJECTED),
    ),
)
async def object_to_safety_hazard(call: Call, input: ObjectToSafetyHazardInput) -> SafetyHazardPayload:
    case, row = await load_hazard(call, input.hazard)
    # The state stays: whoever objects corrects all the same, or risks to be late.
    row.objected_at = call.now
    await publish_change(call, case, row, HazardObjected(hazard=row.id))
    await telling.tell_supervisors(call, row, telling.OBJECTED)
    await keep_step(call, row, HazardStep.OBJECTED, input.text, by_firm=True)
    return answer_with(row)


EXTENSIONS = (
    extend(
        Mutation,
        report_safety_correction=report_safety_correction,
        object_to_safety_hazard=object_to_safety_hazard,
    ),
)
