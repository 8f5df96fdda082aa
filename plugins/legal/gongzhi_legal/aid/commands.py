"""Legal aid: a published rule proposes, a person decides, a firm helps, and time is told (法律援助)."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, Requirement, require_rows, require_states, tell_state
from gongzhi.runtime.checks import (
    check_past_day,
    invalid_input,
    not_found,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Text
from gongzhi_deadlines.worktime import Term, Unit
from gongzhi_rights.decisions import Contribution, record_decision
from gongzhi_rights.representation import load_subject, require_speaker
from strawberry import ID, UNSET

from ..actions import ADVISES, assigned_aid
from ..durations import answer_deadline
from ..events import AidChanged
from ..matters.commands import notify_seats
from ..matters.sealed_words import begin_matter, open_cipher
from ..models import (
    AdviserKind,
    AidGround,
    AidMatter,
    AidRow,
    AidState,
    HoursRow,
    MatterKind,
    MatterRow,
    SeatRole,
)
from ..panel.candidates import find_candidate, give_seat, nobody_free
from ..visibility import REPRESENT
from .eligibility import CARD, Step, judge_eligibility
from .types import LegalAid

DECIDING = (AdviserKind.LAWYER, AdviserKind.LEGAL_WORKER)
DAY = 24 * 60
"""Minutes of a day."""
TERM = Term(7, Unit.DAY, next_day=True)
"""How long a decision may take (Legal Aid Law 43)."""


@strawberry.type(description="The application, or why nothing was done (法律援助结果).")
class LegalAidPayload:
    aid: LegalAid | None = result_field("The application (申请).")
    errors: list[Problem] = problems()


@strawberry.input(description="An application for legal aid (申请法律援助).")
class ApplyForLegalAidInput:
    idempotency_key: str = input_field(KEY)
    about: AidMatter = input_field("What aid is asked for (事项类别).")
    ground: AidGround = input_field("Why (申请理由).")
    below_standard: bool = input_field(
        "For INCOME: that the household's income per head is below the county's standard, as one declares "
        "(承诺经济困难).",
        default=False,
    )
    facts: str = input_field("What it is about (事实和理由).", length=(1, 5_000))
    person: ID | None = input_field("Who asks, if one speaks for them (申请人).", default=UNSET)


@command("Ask for legal aid; a published rule proposes, a person decides (申请法律援助).", requires=None)
async def apply_for_legal_aid(call: Call, input: ApplyForLegalAidInput) -> LegalAidPayload:
    person = await load_subject(call, input.person or None)
    await require_speaker(call, person)
    matter, cipher = await begin_matter(call, MatterKind.AID, await GridRow.get(id=person.grid_id))
    # Somebody who decides is found before anything is written: an application nobody handles would be lost, since no
    # list shows it.
    found = await find_candidate(call, matter, DECIDING, [person.id])
    if found is None:
        raise nobody_free("about")
    # The rule proposes and never refuses; its inputs and steps are on record as a decision (PIPL 24).
    outcome, steps = judge_eligibility(input.about, input.ground, input.below_standard)
    inputs = {"about": str(input.about), "ground": str(input.ground), "belowStandard": input.below_standard}
    await record_decision(
        call, CARD, person, outcome, inputs, [Contribution(one.name, one.value, one.text) for one in steps]
    )
    row = AidRow(
        matter=matter,
        adviser_id=found.id,
        about=input.about,
        ground=input.ground,
        proposed=outcome,
        trace=[step_json(one) for one in steps],
        applied_at=call.now,
        due_at=await answer_deadline(call, matter.county_id, TERM),
        version=0,
    )
    cipher.write(row, facts=input.facts)
    await give_seat(call, matter.id, SeatRole.PARTY, person_id=person.id)
    if call.viewer.account.person and call.viewer.account.person != person.id:
        await give_seat(call, matter.id, SeatRole.REPRESENTATIVE, person_id=call.viewer.account.person)
    await give_seat(call, matter.id, SeatRole.HANDLER, account=found.account)
    return await save_aid(call, row, matter)


def step_json(step: Step) -> dict[str, str]:
    return {"name": step.name, "value": str(step.value), "text": step.text.zh}


def on_aid(state: AidState, who: Requirement) -> Action:
    """Return what is done to applications in a state, by those whom `who` lets."""
    return Action(LegalAid, (who,), (require_states((state,), tell_state(Text("application", "申请"))),))


async def load_aid(call: Call, id: str) -> tuple[AidRow, MatterRow]:
    """Return the application, locked, as the command's action allows, and its matter."""
    row: AidRow = await call.find(LegalAid, "aid", id=key_of(LegalAid)(id))
    return row, await MatterRow.get(id=row.matter_id)


async def save_aid(call: Call, row: AidRow, matter: MatterRow) -> LegalAidPayload:
    row.version += 1
    await row.save()
    call.publish(AidChanged(matter.id, row.id, row.state), matter)
    await notify_seats(call, matter.id, CHANGED, f"LegalAid:{row.id}", except_caller=True)
    return LegalAidPayload(aid=ref(LegalAid, row.id))


CHANGED = (
    "legal.aid_changed",
    Text("An application for legal aid went on", "法律援助有新进展"),
    Text("Open it to read on.", "请打开查看。"),
)


@strawberry.input(description="A decision on an application (审查法律援助).")
class DecideLegalAidInput:
    idempotency_key: str = input_field(KEY)
    aid: ID = input_field("The application (申请).")
    grant: bool = input_field("Whether aid is given (是否给予援助).")
    grounds: str | None = input_field(
        "Why not, with the remedy; needed to refuse (理由).", length=(1, 2_000), default=UNSET
    )


@command(
    "Decide on an application; to refuse takes grounds (审查法律援助).",
    requires="legal.handle",
    action=on_aid(AidState.APPLIED, ADVISES),
)
async def decide_legal_aid(call: Call, input: DecideLegalAidInput) -> LegalAidPayload:
    row, matter = await load_aid(call, input.aid)
    grounds = input.grounds or None
    if not input.grant and grounds is None:
        raise not_found(
            "Say why it is refused, and what one can do about it.", "请说明不予援助的理由和救济途径。", "grounds"
        )
    row.state, row.decided_at = AidState.GRANTED if input.grant else AidState.REFUSED, call.now
    # Grounds are sealed like all words of a matter; the state is not, for lists and terms need it.
    (await open_cipher(call.context, matter)).write(row, grounds=grounds)
    # A refused application ends its matter: nothing more is said in it.
    if not input.grant:
        matter.closed_at = call.now
        await matter.save(update_fields=["closed_at"])
    return await save_aid(call, row, matter)


@strawberry.input(description="The firm that helps (指派律所).")
class AssignLegalAidInput:
    idempotency_key: str = input_field(KEY)
    aid: ID = input_field("The application (申请).")
    firm: str = input_field("The firm, by its unit's code (律所单位编码).")


@command(
    "Assign a granted application to a firm; its people see it from then on (指派律所).",
    requires="legal.handle",
    action=on_aid(AidState.GRANTED, ADVISES),
)
async def assign_legal_aid(call: Call, input: AssignLegalAidInput) -> LegalAidPayload:
    row, matter = await load_aid(call, input.aid)
    firm = await find_unit(input.firm, "firm")
    row.firm_id, row.assigned_at, row.state = firm.id, call.now, AidState.ASSIGNED
    # The seat is the firm's: whoever works for it sees the matter, and nobody else of another firm.
    await give_seat(call, matter.id, SeatRole.REPRESENTATIVE, unit_id=firm.id)
    return await save_aid(call, row, matter)


@strawberry.input(description="Time that was spent (登记工时).")
class RecordLegalAidHoursInput:
    idempotency_key: str = input_field(KEY)
    aid: ID = input_field("The application (申请).")
    day: datetime.date = input_field("Which day (日期).")
    minutes: int = input_field("How long (分钟).", between=(1, DAY))


@command(
    "Record time that the firm spent (登记工时).",
    requires=REPRESENT,
    action=on_aid(AidState.ASSIGNED, require_rows(assigned_aid)),
)
async def record_legal_aid_hours(call: Call, input: RecordLegalAidHoursInput) -> LegalAidPayload:
    row, matter = await load_aid(call, input.aid)
    day, minutes = check_past_day(call, input.day, "day"), input.minutes
    # Time by day and minutes, and nothing of what was done. The application is locked, so that sums hold.
    whose: dict[str, Any] = {"matter": matter, "day": day, "account": call.viewer.account.name}
    before: Any = await HoursRow.filter(**whose).values_list("minutes", flat=True)
    said = sum(before)
    if said + minutes > DAY:
        raise invalid_input(
            f"{said} minutes of that day are recorded, and it has {DAY}.",
            f"该日已登记 {said} 分钟，合计不能超过 {DAY} 分钟。",
            "minutes",
        )
    await HoursRow.create(minutes=minutes, **whose)
    return await save_aid(call, row, matter)


@strawberry.input(description="An application that is done (法律援助结案).")
class CloseLegalAidInput:
    idempotency_key: str = input_field(KEY)
    aid: ID = input_field("The application (申请).")


@command(
    "Close what a firm has done (法律援助结案).", requires="legal.handle", action=on_aid(AidState.ASSIGNED, ADVISES)
)
async def close_legal_aid(call: Call, input: CloseLegalAidInput) -> LegalAidPayload:
    row, matter = await load_aid(call, input.aid)
    row.state, row.closed_at = AidState.CLOSED, call.now
    matter.closed_at = call.now
    await matter.save(update_fields=["closed_at"])
    return await save_aid(call, row, matter)


EXTENSIONS = (
    extend(
        Mutation,
        apply_for_legal_aid=apply_for_legal_aid,
        decide_legal_aid=decide_legal_aid,
        assign_legal_aid=assign_legal_aid,
        record_legal_aid_hours=record_legal_aid_hours,
        close_legal_aid=close_legal_aid,
    ),
)
