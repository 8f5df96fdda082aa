"""Reviewing: somebody of the county looks again, confirms, gives more time, or decides on an objection."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.cases.models import CaseRow
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_states
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import Text
from gongzhi_deadlines.calendars.reading import load_calendar
from gongzhi_deadlines.clocks.led_cases import finish_case, hold_case
from strawberry import ID

from . import telling
from .checklists import DAYS
from .correcting import PROOF
from .events import HazardClosed, HazardExtended, HazardFailed, HazardPassed, ObjectionDecided
from .hazards import (
    AS_IT_IS,
    AT,
    GONE,
    HAZARD,
    SafetyHazardPayload,
    answer_with,
    check_look,
    keep_step,
    load_hazard,
    publish_change,
)
from .inspecting import reckon_due
from .models import TEXT, HazardLevel, HazardRow, HazardState, HazardStep
from .photos import photo_field, receive_photos
from .rules import CONFIRMS, DECIDES, LOOKS_AGAIN, SUPERVISES
from .types import SafetyHazard

WAITING = (HazardState.OPEN, HazardState.CORRECTED)


@strawberry.input(description="What somebody found who looked again (复查隐患).")
class ReinspectSafetyHazardInput:
    idempotency_key: str = input_field(KEY)
    hazard: ID = input_field(HAZARD)
    at: datetime.datetime = input_field(AT)
    passed: bool = input_field("Whether it is gone (是否通过).")
    text: str = free_text("What was found (复查情况).", length=(1, TEXT))
    photos: list[str] = photo_field(f"The proof; what is gone needs one. {PROOF}")


def check_proof(call: Call, input: ReinspectSafetyHazardInput) -> None:
    """Refuse to let a hazard go without a photo."""
    if input.passed and not input.photos:
        raise invalid_input("Show that it is gone: add a photo.", "复查通过须附照片。", "photos")


@command(
    "Look again at a hazard, whenever it was: it goes on, or it is gone; that a major one is gone a second person "
    "confirms (复查隐患).",
    requires=None,
    # Without a version: a phone sends it later, and what counts is that nobody has looked since.
    action=Action(SafetyHazard, LOOKS_AGAIN, (require_states(WAITING, AS_IT_IS),)),
    form=check_proof,
)
async def reinspect_safety_hazard(call: Call, input: ReinspectSafetyHazardInput) -> SafetyHazardPayload:
    check_proof(call, input)
    # Before the case is locked, for a scan takes long.
    photos = await receive_photos(call, input.photos, "photos")
    case, row = await load_hazard(call, input.hazard)
    row.looked_at = check_look(call, row, input.at)
    # Kept in the words of whoever looked, also where it becomes another's decision.
    kind = HazardStep.PASSED if input.passed else HazardStep.FAILED
    if not input.passed:
        await reopen_hazard(call, case, row)
    else:
        # By when it was seen: a phone that comes home late makes nobody late.
        row.passed_at, row.passed_by = row.looked_at, call.viewer.account.name
        if row.level is HazardLevel.MAJOR:
            row.state = HazardState.PASSED
            await publish_change(call, case, row, HazardPassed(hazard=row.id))
            await telling.tell_supervisors(call, row, telling.PASSED)
        else:
            await close_hazard(call, case, row)
    await keep_step(call, row, kind, input.text, at=row.looked_at, photos=photos)
    await settle_case(call, case, row)
    return answer_with(row)


async def reopen_hazard(call: Call, case: CaseRow | None, row: HazardRow) -> None:
    """Have a hazard go on that is still there, with the deadline that it has."""
    # The deadline stays: else a word that is not so would be worth some days.
    row.state, row.corrected_at, row.passed_at, row.passed_by = HazardState.OPEN, None, None, None
    await publish_change(call, case, row, HazardFailed(hazard=row.id))
    await telling.tell_firm(call, row, telling.FAILED)


async def close_hazard(call: Call, case: CaseRow | None, row: HazardRow) -> None:
    row.state, row.closed_at = HazardState.CLOSED, call.now
    await publish_change(call, case, row, HazardClosed(hazard=row.id))
    await telling.tell_firm(call, row, telling.CLOSED)


async def settle_case(call: Call, case: CaseRow | None, row: HazardRow) -> None:
    """End the case of a hazard that is over; after this is saved, for others may not end it before."""
    if row.state in GONE:
        gone = row.state is HazardState.CLOSED
        await finish_case(call, case, "隐患已整改并经两人确认销号。" if gone else "经复核，异议成立，隐患撤销。")


@strawberry.input(description="What a second person says of a major hazard (重大隐患销号).")
class ConfirmSafetyHazardInput:
    idempotency_key: str = input_field(KEY)
    hazard: ID = input_field(HAZARD)
    expected_version: int = input_field(EXPECTED)
    confirmed: bool = input_field("Whether it is gone; if not, it goes on (是否销号).")
    text: str = free_text("What the proof shows (核实意见).", length=(1, TEXT))


@command(
    "Confirm that a major hazard is gone, as another person than who looked again; or have it go on (重大隐患销号).",
    requires=None,
    two_persons=True,
    action=Action(SafetyHazard, CONFIRMS, (require_states((HazardState.PASSED,), AS_IT_IS),)),
)
async def confirm_safety_hazard(call: Call, input: ConfirmSafetyHazardInput) -> SafetyHazardPayload:
    case, row = await load_hazard(call, input.hazard)
    # The action has asked for another account; this asks for another person.
    await require_independence(call, "hazard", row.passed_by)
    if input.confirmed:
        await close_hazard(call, case, row)
    else:
        await reopen_hazard(call, case, row)
    await keep_step(call, row, HazardStep.CONFIRMED if input.confirmed else HazardStep.DECLINED, input.text)
    await settle_case(call, case, row)
    return answer_with(row)


@strawberry.input(description="More time for a hazard (隐患整改延期).")
class ExtendSafetyDeadlineInput:
    idempotency_key: str = input_field(KEY)
    hazard: ID = input_field(HAZARD)
    expected_version: int = input_field(EXPECTED)
    days: int = input_field("Working days more, from the deadline or from today (延长工作日).", between=(1, DAYS))
    text: str = free_text("Why, and what keeps people safe until then (延期理由和防范措施).", length=(1, TEXT))


@command(
    "Give a firm more time for a hazard, with the reason, which it reads (隐患整改延期).",
    requires=None,
    action=Action(SafetyHazard, SUPERVISES, (require_states((HazardState.OPEN,), AS_IT_IS),)),
)
async def extend_safety_deadline(call: Call, input: ExtendSafetyDeadlineInput) -> SafetyHazardPayload:
    case, row = await load_hazard(call, input.hazard)
    calendar = await load_calendar(call.fetch, row.county_id)
    # From today where it is late already: days that are over help nobody.
    row.due_at = reckon_due(calendar, max(row.due_at, call.now), input.days)
    if case is not None:
        await hold_case(call, case, row.due_at)
    await publish_change(call, case, row, HazardExtended(hazard=row.id))
    await telling.tell_firm(call, row, telling.EXTENDED)
    await keep_step(call, row, HazardStep.EXTENDED, input.text)
    return answer_with(row)


@strawberry.input(description="Whether an objection is right (处理隐患异议).")
class DecideSafetyObjectionInput:
    idempotency_key: str = input_field(KEY)
    hazard: ID = input_field(HAZARD)
    expected_version: int = input_field(EXPECTED)
    upheld: bool = input_field("Whether it is: then there is no hazard (异议是否成立).")
    text: str = free_text("Why; the firm reads it (理由).", length=(1, TEXT))


OBJECTED = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql("({0} is not null and {1} is null)", row.objected_at, row.decided_at)],
    Text("No objection waits here.", "该隐患没有待处理的异议。"),
)


@command(
    "Decide on the objection of a firm, as another person than who found the hazard (处理隐患异议).",
    requires=None,
    two_persons=True,
    action=Action(
        SafetyHazard,
        DECIDES,
        (require_states((*WAITING, HazardState.PASSED), AS_IT_IS), OBJECTED),
    ),
)
async def decide_safety_objection(call: Call, input: DecideSafetyObjectionInput) -> SafetyHazardPayload:
    case, row = await load_hazard(call, input.hazard)
    # Whoever found it has said what they think of it.
    await require_independence(call, "hazard", row.found_by)
    row.decided_at = call.now
    # One that is not right leaves the hazard as it is, with its deadline.
    if input.upheld:
        row.state, row.closed_at = HazardState.REVOKED, call.now
    await publish_change(call, case, row, ObjectionDecided(hazard=row.id, upheld=input.upheld))
    await telling.tell_firm(call, row, telling.DECIDED)
    await keep_step(call, row, HazardStep.UPHELD if input.upheld else HazardStep.DISMISSED, input.text)
    await settle_case(call, case, row)
    return answer_with(row)


EXTENSIONS = (
    extend(
        Mutation,
        reinspect_safety_hazard=reinspect_safety_hazard,
        confirm_safety_hazard=confirm_safety_hazard,
        extend_safety_deadline=extend_safety_deadline,
        decide_safety_objection=decide_safety_objection,
    ),
)
