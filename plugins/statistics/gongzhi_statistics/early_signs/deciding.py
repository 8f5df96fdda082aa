"""Deciding: what people make of an early sign; nothing follows from one by itself."""

from __future__ import annotations

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held, require_states, tell_state
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
from gongzhi_operations.whistles.calls import call_units, load_summoned
from gongzhi_operations.whistles.rules import CALL
from strawberry import ID

from .. import rules
from ..events import SignChanged
from ..models import SignDismissal, SignRow, SignState
from .types import EarlySign

TEXT = 2_000
SIGN = "The early sign (预警标识)."
AS_IT_IS = tell_state(Text("early sign", "该预警"))
UNDECIDED = (SignState.OPEN, SignState.PATROL_PROPOSED)
RUNNING = (*UNDECIDED, SignState.WHISTLED)


def decide_on(*states: SignState, also: str = "") -> Action:
    """Return the action of a command that is given about signs in these states."""
    permissions = [rules.DECIDE, *([also] if also else [])]
    who = tuple(require_held(one) for one in permissions)
    return Action(EarlySign, who, (require_states(states, AS_IT_IS),))


@strawberry.type(description="The early sign, or why nothing was done (预警处置结果).")
class EarlySignPayload:
    sign: EarlySign | None = result_field("The early sign (预警).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


async def load_sign(call: Call, id: str) -> SignRow:
    row: SignRow = await call.find(EarlySign, "sign", id=key_of(EarlySign)(id))
    return row


async def save_sign(call: Call, row: SignRow, state: SignState) -> EarlySignPayload:
    """Save what somebody has decided, under the next version."""
    # The last who decided; the audit has all of them.
    row.state, row.decided_by = state, call.viewer.account.name
    if state in (SignState.DISMISSED, SignState.ENDED):
        row.ended_at = call.now
    row.version += 1
    await row.save()
    call.publish(SignChanged(row.id, state), row)
    return EarlySignPayload(sign=ref(EarlySign, row.id))


@strawberry.input(description="A patrol that somebody proposes about an early sign (提议巡查).")
class ProposeSignPatrolInput:
    idempotency_key: str = input_field(KEY)
    sign: ID = input_field(SIGN)
    expected_version: int = input_field(EXPECTED)
    note: str = free_text("What to look at; no names of people (巡查要点).", length=(1, TEXT))


@command(
    "Propose to those who work there that they look round; whether they go is theirs to say (提议巡查).",
    requires=rules.DECIDE,
    action=decide_on(SignState.OPEN),
)
async def propose_sign_patrol(call: Call, input: ProposeSignPatrolInput) -> EarlySignPayload:
    row = await load_sign(call, input.sign)
    # In the sign and not in the notice: what somebody writes may name people, and goes with its row.
    row.note, row.proposed_at = input.note, call.now
    title = Text("A patrol is proposed", "提议开展巡查")
    body = Text(
        f"{row.counted} like cases came together: read what to look at in the early sign.",
        f"同类诉求 {row.counted} 件聚集，巡查要点见民情预警。",
    )
    draft = NoticeDraft("statistics.patrol_proposed", title, body, f"EarlySign:{row.id}", office_hours_of=row.county_id)
    # Whoever settles matters in a grid is who walks there.
    await send_notice(call, draft, offices=[Office("cases.settle", row.grid_id)])
    return await save_sign(call, row, SignState.PATROL_PROPOSED)


@strawberry.input(description="Units that are called together about an early sign (预警吹哨).")
class CallUnitsOnSignInput:
    idempotency_key: str = input_field(KEY)
    sign: ID = input_field(SIGN)
    expected_version: int = input_field(EXPECTED)
    units: list[str] = input_field("Who is to come, by units' codes (报到单位编码).", items=(1, 30))
    matter: str = free_text("What it is about; no names of people (事由).", length=(1, TEXT))
    check_in_within: str = input_field("How long they have to come, as ISO 8601 (报到时限).", default="P1D")


# To decide about signs is one permission, to call units another; this needs both.
@command(
    "Call units together about an early sign, as a routine whistle (预警吹哨).",
    requires=rules.DECIDE,
    action=decide_on(*UNDECIDED, also=CALL),
)
async def call_units_on_sign(call: Call, input: CallUnitsOnSignInput) -> EarlySignPayload:
    row = await load_sign(call, input.sign)
    # The units read what is written for them, and not the cases: those may be somebody's own.
    units = await load_summoned(call, input.units, None)
    whistle = await call_units(call, row.grid_id, units, input.matter, input.check_in_within)
    row.whistle_id = whistle.id
    return await save_sign(call, row, SignState.WHISTLED)


@strawberry.input(description="Why nothing is done about an early sign (排除预警).")
class DismissEarlySignInput:
    idempotency_key: str = input_field(KEY)
    sign: ID = input_field(SIGN)
    expected_version: int = input_field(EXPECTED)
    dismissal: SignDismissal = input_field("Why (排除原因).")
    text: str = free_text("In what words (说明).", length=(1, TEXT))


@command(
    "Dismiss an early sign; false alarms are counted, and published with the rule's card (排除预警).",
    requires=rules.DECIDE,
    action=decide_on(*UNDECIDED),
)
async def dismiss_early_sign(call: Call, input: DismissEarlySignInput) -> EarlySignPayload:
    row = await load_sign(call, input.sign)
    row.dismissal, row.outcome = input.dismissal, input.text
    # What is known already was no false alarm, and is nothing that the rule has found either.
    row.confirmed = False if input.dismissal is SignDismissal.FALSE_ALARM else None
    return await save_sign(call, row, SignState.DISMISSED)


@strawberry.input(description="What came of an early sign (办结预警).")
class EndEarlySignInput:
    idempotency_key: str = input_field(KEY)
    sign: ID = input_field(SIGN)
    expected_version: int = input_field(EXPECTED)
    confirmed: bool = input_field("Whether the cases had something in common (是否确有共同原因).")
    text: str = free_text("What was found and done (办理结果).", length=(1, TEXT))


@command(
    "End an early sign with what was found, be it that there was nothing (办结预警).",
    requires=rules.DECIDE,
    action=decide_on(*RUNNING),
)
async def end_early_sign(call: Call, input: EndEarlySignInput) -> EarlySignPayload:
    row = await load_sign(call, input.sign)
    row.confirmed, row.outcome = input.confirmed, input.text
    return await save_sign(call, row, SignState.ENDED)


EXTENSIONS = (
    extend(
        Mutation,
        propose_sign_patrol=propose_sign_patrol,
        call_units_on_sign=call_units_on_sign,
        dismiss_early_sign=dismiss_early_sign,
        end_early_sign=end_early_sign,
    ),
)
