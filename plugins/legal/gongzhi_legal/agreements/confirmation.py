"""Judicial confirmation (司法确认): asked for by both sides within 30 days, then in the hands of the court."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_states, tell_state
from gongzhi.runtime.checks import check_past_day, invalid_input
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    problems,
    result_field,
)
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import IS_PARTY, MEDIATES
from ..durations import ACCEPTANCE, DECISION, day_of, day_start, term_end
from ..matters.commands import notify_seats
from ..mediation.commands import find_party
from ..models import ConfirmationRow, ConfirmationState, MatterRow, PartyRow, SignatureRow
from .commands import bound_parties
from .types import JudicialConfirmation


@strawberry.type(description="The confirmation, or why nothing was done (司法确认结果).")
class JudicialConfirmationPayload:
    confirmation: JudicialConfirmation | None = result_field("The confirmation (司法确认).")
    errors: list[Problem] = problems()


@strawberry.input(description="Both sides ask the court (共同申请司法确认).")
class RequestConfirmationInput:
    idempotency_key: str = input_field(KEY)
    confirmation: ID = input_field("The confirmation of the agreement (司法确认).")
    parties: list[ID] = input_field("Who asks: everybody who signed (共同申请人).")
    court: str = input_field("Which court (法院).", length=(1, 100))
    expected_version: int = input_field(EXPECTED)


def on_confirmation(who: Requirement, *states: ConfirmationState, more: tuple[Requirement, ...] = ()) -> Action:
    standing = require_states(states, tell_state(Text("confirmation", "司法确认")))
    return Action(JudicialConfirmation, (who,), (standing, *more))


# The last day is stored when the agreement is made, moved behind days off (People's Mediation Law 33).
IN_TIME = Requirement(
    "TERM_OVER",
    lambda row, viewer: [Sql("{0}<={1}", viewer.now, row.due_at)],
    lambda row: Text(
        f"The last day was {day_of(row.due_at)}: 30 days from the effect of the agreement (art. 33). It still "
        "binds; whoever breaks it can be sued.",
        f"申请期限已于 {day_of(row.due_at)} 届满（协议生效之日起三十日，第三十三条）。协议仍有约束力，可依法起诉。",
    ),
)
# The mediator may send it for both sides, who must all be named: art. 33 asks for a common request.
REQUESTING = on_confirmation(IS_PARTY, ConfirmationState.OPEN, more=(IN_TIME,))


@command(
    "Ask the court to confirm an agreement, together and in time (申请司法确认).", requires=None, action=REQUESTING
)
async def request_confirmation(call: Call, input: RequestConfirmationInput) -> JudicialConfirmationPayload:
    row, matter = await load_confirmation(call, input.confirmation)
    asking = {(await find_party(matter, one, "parties", str(at))).id for at, one in enumerate(input.parties)}
    # Jointly (art. 33): whoever signed and does not ask stops it.
    if await bound_signers(matter) - asking:
        raise Refusal(
            "MISSING_PARTY", "Everybody who signed must ask for it together.", "须由签署协议的各方共同申请。",
            ("parties",),
        )  # fmt: skip
    row.state, row.court, row.requested_at = (
        ConfirmationState.REQUESTED,
        input.court,
        call.now,
    )
    # Kept as a date: the court counts whole days.
    row.accept_by = day_of(await term_end(call, matter.county_id, call.now, ACCEPTANCE))
    return await save_confirmation(call, row, matter)


async def load_confirmation(call: Call, id: str) -> tuple[ConfirmationRow, MatterRow]:
    """Return the confirmation, locked, as the command's action allows, and its matter."""
    row: ConfirmationRow = await call.find(JudicialConfirmation, "confirmation", id=key_of(JudicialConfirmation)(id))
    return row, await MatterRow.get(id=row.matter_id)


async def bound_signers(matter: MatterRow) -> set[object]:
    """Return the parties who are bound by the agreement."""
    known = {one.id: one for one in await PartyRow.filter(matter=matter)}
    signed = {one.party_id for one in await SignatureRow.filter(matter=matter)}
    return set(bound_parties(known, signed))


@strawberry.input(description="What the court said (登记司法确认结果).")
class RecordConfirmationInput:
    idempotency_key: str = input_field(KEY)
    confirmation: ID = input_field("The confirmation (司法确认).")
    state: ConfirmationState = input_field("ACCEPTED, CONFIRMED or REJECTED (结果).")
    on: datetime.date = input_field("When (日期).")
    reference: str | None = input_field("The number of the ruling (裁定书文号).", length=(1, 60), default=UNSET)
    expected_version: int = input_field(EXPECTED)


# The court may reject without accepting first, and confirms only what it accepted.
STEPS = {
    ConfirmationState.ACCEPTED: (ConfirmationState.REQUESTED,),
    ConfirmationState.CONFIRMED: (ConfirmationState.ACCEPTED,),
    ConfirmationState.REJECTED: (ConfirmationState.REQUESTED, ConfirmationState.ACCEPTED),
}


RECORDING = on_confirmation(MEDIATES, *STEPS[ConfirmationState.REJECTED])


@command("Record what the court said (登记司法确认结果).", requires="legal.handle", action=RECORDING)
async def record_confirmation(call: Call, input: RecordConfirmationInput) -> JudicialConfirmationPayload:
    if input.state not in STEPS:
        raise invalid_input(
            "Say that the court accepted, confirmed or rejected it.", "请填写法院受理、确认或驳回。", "state"
        )
    row, matter = await load_confirmation(call, input.confirmation)
    if row.state not in STEPS[input.state]:
        raise RECORDING.when[0].refusal(row, ("confirmation",))
    day = check_past_day(call, input.on, "on")
    before = row.accepted_on or (day_of(row.requested_at) if row.requested_at else day)
    # A day before the last step would put the court's terms where nobody could keep them.
    if day < before:
        raise invalid_input(f"The step before was on {before}.", f"不能早于上一步骤的日期 {before}。", "on")
    if input.state == ConfirmationState.ACCEPTED:
        # From the day the court accepted it, not from the day that was noted.
        row.accepted_on, row.decide_by = day, day_of(await term_end(call, matter.county_id, day_start(day), DECISION))
    else:
        row.decided_on = day
        row.reference = input.reference or None
    row.state = input.state
    return await save_confirmation(call, row, matter)


async def save_confirmation(call: Call, row: ConfirmationRow, matter: MatterRow) -> JudicialConfirmationPayload:
    row.version += 1
    await row.save()
    await notify_seats(call, matter.id, CHANGED, f"JudicialConfirmation:{row.id}", except_caller=True)
    return JudicialConfirmationPayload(confirmation=ref(JudicialConfirmation, row.id))


CHANGED = (
    "legal.confirmation_changed",
    Text("A judicial confirmation went on", "司法确认有新进展"),
    Text("Open it to see where it stands.", "请查看最新进展。"),
)

EXTENSIONS = (extend(Mutation, request_confirmation=request_confirmation, record_confirmation=record_confirmation),)
