"""Mediation: from the request to its end: joining, choosing, meeting, more time, the level above, and ending it."""

from __future__ import annotations

import datetime
from uuid import UUID

import strawberry
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.declare.entity import key_of
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import duplicate, invalid_input, is_given, not_found
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field, not_allowed
from gongzhi.values.errors import FIELD, Refusal
from strawberry import ID, UNSET

from ..actions import IS_PARTY, MEDIATES
from ..durations import MEDIATION, term_end
from ..matters.sealed_words import open_cipher
from ..models import (
    Acting,
    AdviserKind,
    AdviserRow,
    Chooser,
    MatterRow,
    MediationOutcome,
    MediationRow,
    MediationState,
    MediatorRow,
    MessageRow,
    PartyRow,
    Referral,
    SeatRole,
    SessionRow,
)
from ..panel.candidates import (
    LEVELS,
    find_candidate,
    give_seat,
    level_of,
    nobody_free,
    require_disinterested,
    take_seat,
)
from ..panel.types import LegalAdviser
from .lookups import OPEN, find_own_party, is_mediator, load_mediation, main_parties, on_mediation, save_mediation
from .requests import MediationPayload, appoint_mediators, find_referrer, pick_mediators
from .source_case import finish_mediation, prolong_mediation
from .types import MediationParty

MOST = 30
"""Days by which a term can be moved in all."""
WHICH = "The mediation (调解)."


@strawberry.input(description="Whether a party takes part (确认是否参加调解).")
class JoinMediationInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    agree: bool = input_field("Whether they take part; no is a no, and costs nothing (是否同意调解).")
    rights_acknowledged: bool = input_field("That they have been shown their rights (已告知权利).")
    party: ID | None = input_field("For a mediator: which party said so before them (当事人).", default=UNSET)


@command(
    "Take part in a mediation, or not: a party, or the mediator who heard it (同意或拒绝调解).",
    requires=None,
    action=on_mediation(IS_PARTY, MediationState.REQUESTED),
)
async def join_mediation(call: Call, input: JoinMediationInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    party = await find_joining_party(call, matter, input.party if is_given(input.party) else None)
    # Voluntary (People's Mediation Law 3, 17): one party's refusal ends it.
    if not input.agree:
        return await end_mediation_as(call, row, matter, MediationOutcome.REFUSED)
    # The rights are shown before anybody takes part, whoever records it.
    if not input.rights_acknowledged:
        raise Refusal(
            "RIGHTS_NOT_ACKNOWLEDGED", "Their rights must be shown to them first.", "请先向当事人告知权利。",
            ("rightsAcknowledged",),
        )  # fmt: skip
    # When the rights were read, and by whom that was put down.
    party.acknowledged_at = party.joined_at = call.now
    party.recorded_by = call.viewer.account.name
    await party.save(update_fields=["acknowledged_at", "joined_at", "recorded_by"])
    # It begins when every party has agreed, and not before; representatives are no parties.
    if all(one.joined_at for one in await main_parties(matter)):
        row.state, row.started_at = MediationState.MEDIATING, call.now
    return await save_mediation(call, row, matter)


async def find_joining_party(call: Call, matter: MatterRow, id: str | None) -> PartyRow:
    """Return which party it is about: the caller's own, or one that a mediator names."""
    if id is None:
        own = await find_own_party(call, matter)
        if own is None:
            raise not_found("Say which party it is.", "请指定当事人。", "party")
        return own
    if not await is_mediator(call, matter):
        raise not_allowed("party")
    return await find_party(matter, id, "party")


async def find_party(matter: MatterRow, id: str, *path: str) -> PartyRow:
    """Return a party of this very matter, not who speaks for one."""
    row = await PartyRow.get_or_none(id=key_of(MediationParty)(id), matter=matter, represents_id=None)
    if row is None:
        raise not_found("They are no party to this.", "该人员不是本调解的当事人。", *path)
    return row


@strawberry.input(description="Whom the parties want to mediate (选定调解员).")
class ChooseMediatorsInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    mediators: list[ID] = input_field("From the panel, three at most; they take the place of those before (调解员).")


@command(
    "Choose who mediates: a party, or the mediator at the parties' wish (选定调解员).",
    requires=None,
    action=on_mediation(IS_PARTY, *OPEN),
)
async def choose_mediators(call: Call, input: ChooseMediatorsInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    if not input.mediators:
        raise not_found("Name one at least.", "请至少选定一位调解员。", "mediators")
    # Conflicts are looked for among everybody in it, representatives too.
    wanted = await pick_mediators(call, matter, input.mediators, await filed_people(matter))
    # Those before leave first, so that whoever stays gets a new seat and the others see nothing more.
    await dismiss_mediators(call, matter)
    await appoint_mediators(call, matter, wanted)
    # The lowest level among them: that is where it is settled (小事不出村).
    row.level = min((level for _, level, _ in wanted), key=LEVELS.index)
    return await save_mediation(call, row, matter)


async def filed_people(matter: MatterRow) -> list[UUID]:
    """Return everybody in it who is on file."""
    return [one.person_id for one in await PartyRow.filter(matter=matter) if one.person_id]


async def dismiss_mediators(call: Call, matter: MatterRow) -> None:
    """End the seats of mediators and experts; from now on they see nothing of it."""
    for one in await MediatorRow.filter(matter=matter, until=None).select_related("adviser"):
        one.until = call.now
        await one.save(update_fields=["until"])
        await take_seat(call, matter.id, account=one.adviser.account)


@strawberry.input(description="An expert for a mediation (邀请专家).")
class InviteMediationExpertInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    expert: ID = input_field("Somebody on the panel, such as a lawyer or a judge (专家).")


@command(
    "Ask somebody on the panel to support a mediation (邀请专家).",
    requires="legal.handle",
    action=on_mediation(MEDIATES, *OPEN),
)
async def invite_mediation_expert(call: Call, input: InviteMediationExpertInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    # Experts have a seat too, so conflicts of interest keep them out as they do mediators.
    expert: AdviserRow = await call.find(LegalAdviser, "expert", id=key_of(LegalAdviser)(input.expert))
    if expert.left_on is not None:
        raise Refusal("LEFT_PANEL", "They have left the panel.", "该专家已解聘。", ("expert",))
    # Once: whoever mediates, or was asked before, is in it already.
    if await MediatorRow.exists(matter=matter, adviser=expert, until=None):
        raise duplicate("They take part already.", "该人员已参与本调解。", "expert")
    await require_disinterested(call, expert.id, await filed_people(matter), "expert")
    level = await level_of(call, expert.id, matter, "expert")
    await MediatorRow.create(
        matter=matter, adviser=expert, acting=Acting.EXPERT, chosen_by=Chooser.COMMITTEE, level=level, since=call.now
    )
    await give_seat(call, matter.id, SeatRole.HANDLER, account=expert.account)
    return await save_mediation(call, row, matter)


@strawberry.input(description="A meeting of a mediation (记录调解).")
class RecordMediationSessionInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    at: datetime.datetime = input_field("When it was (时间).")
    place: str = input_field("Where, or that it was online (地点).", length=(1, 200))
    minutes: str = input_field("What was said and done; the parties read it (调解笔录).", length=(1, 20_000))
    expected_version: int = input_field(EXPECTED)


@command(
    "Record a meeting and its minutes (记录调解).",
    requires="legal.handle",
    action=on_mediation(MEDIATES, MediationState.MEDIATING),
)
async def record_mediation_session(call: Call, input: RecordMediationSessionInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    if require_offset(input.at, "at") > call.now:
        raise invalid_input("It must not lie in the future.", "时间不能晚于现在。", "at")
    session = SessionRow(matter=matter, at=input.at, account=call.viewer.account.name)
    (await open_cipher(call.context, matter)).write(session, place=input.place, minutes=input.minutes)
    await session.save()
    return await save_mediation(call, row, matter)


@strawberry.input(description="More time, by the parties' consent (延长调解期限).")
class ExtendMediationInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    days: int = input_field(f"How many days more; {MOST} in all (延长天数).")
    consents: list[ID] = input_field("The parties who agreed: all of them (同意的当事人).")


@command(
    "Move the end of the term, if all parties agree (延长调解期限).",
    requires="legal.handle",
    action=on_mediation(MEDIATES, *OPEN),
)
async def extend_mediation(call: Call, input: ExtendMediationInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    # Counted over all extensions, or many small ones would pass the bound.
    added = sum(one["days"] for one in row.extensions)
    if not 1 <= input.days <= MOST - added:
        raise invalid_input(f"{FIELD} must be 1 to {MOST - added}.", f"{FIELD}应为 1 至 {MOST - added}。", "days")
    agreed = {(await find_party(matter, one, "consents", str(at))).id for at, one in enumerate(input.consents)}
    # All of the parties, each by name: a mediator cannot agree for them.
    if {one.id for one in await main_parties(matter)} - agreed:
        raise Refusal("CONSENT_REQUIRED", "All parties must agree.", "须经各方当事人同意。", ("consents",))
    # Kept as facts, from which the term is reckoned anew each time: a calendar that changes moves it rightly.
    row.extensions = [*row.extensions, {"days": input.days, "at": call.now.isoformat()}]
    days = [one["days"] for one in row.extensions]
    # Reckoned from the request with all extensions, never from the last due date; and it may be overdue anew.
    row.due_at, row.overdue_told_at = await term_end(call, matter.county_id, row.requested_at, MEDIATION, days), None
    if row.case_id:
        # The case waits as long as its mediation: its clocks are paused until the new end.
        await prolong_mediation(call, row.case_id, row.due_at)
    return await save_mediation(call, row, matter)


@strawberry.input(description="A dispute that this level cannot settle (逐级移送).")
class EscalateMediationInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    reason: str = input_field("Why; the parties and the next mediator read it (理由).", length=(1, 2_000))


@command(
    "Give a mediation to the level above: village, town, county (逐级移送).",
    requires="legal.handle",
    action=on_mediation(MEDIATES, *OPEN),
)
async def escalate_mediation(call: Call, input: EscalateMediationInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    # Upwards only, and to the first level above where somebody is free.
    above = LEVELS[LEVELS.index(row.level) + 1 :]
    if not above:
        raise Refusal("TOP_LEVEL", "It is with the county already.", "已在县级，无上级可移送。", ("mediation",))
    found = await find_candidate(call, matter, (AdviserKind.MEDIATOR,), await filed_people(matter), levels=above)
    if found is None:
        # Refused, not left without anybody: a matter nobody handles would be seen by nobody.
        raise nobody_free("mediation")
    # The reason is a message of the matter, so that parties read it and no list shows it.
    note = MessageRow(matter=matter, at=call.now, by=SeatRole.HANDLER, account=call.viewer.account.name)
    (await open_cipher(call.context, matter)).write(note, text=input.reason)
    await note.save()
    # The mediators before lose their seats: nothing more of it is theirs.
    await dismiss_mediators(call, matter)
    await appoint_mediators(call, matter, [(await AdviserRow.get(id=found.id), found.level, Chooser.COMMITTEE)])
    row.level = found.level
    return await save_mediation(call, row, matter)


@strawberry.input(description="A mediation that ends without an agreement (终止调解).")
class EndMediationInput:
    idempotency_key: str = input_field(KEY)
    mediation: ID = input_field(WHICH)
    outcome: MediationOutcome = input_field(
        "FAILED or REFERRED by the mediator; WITHDRAWN or REFUSED by a party, at any time (结果)."
    )
    referred_to: Referral | None = input_field("Where the parties go on (后续途径).", default=UNSET)
    reason: str | None = input_field("Why; a party need not say (原因).", length=(1, 2_000), default=UNSET)


BY_MEDIATOR = (MediationOutcome.FAILED, MediationOutcome.REFERRED)
BY_PARTY = (MediationOutcome.WITHDRAWN, MediationOutcome.REFUSED)


@command(
    "End a mediation without an agreement; a party may at any time, for no reason (终止调解).",
    requires=None,
    action=on_mediation(IS_PARTY, *OPEN),
)
async def end_mediation(call: Call, input: EndMediationInput) -> MediationPayload:
    row, matter = await load_mediation(call, input.mediation)
    if input.outcome not in (*BY_MEDIATOR, *BY_PARTY):
        raise invalid_input("An agreement is recorded, not ended with.", "达成协议请登记协议。", "outcome")
    # A mediator's reasons and a party's are apart: only a party may walk away, and only a mediator finds that it
    # failed.
    if input.outcome in BY_MEDIATOR and not await is_mediator(call, matter):
        raise not_allowed("outcome")
    target: Referral | None = input.referred_to if is_given(input.referred_to) else None
    if input.outcome == MediationOutcome.REFERRED and target is None:
        raise not_found("Say where the parties go on.", "请说明后续途径。", "referredTo")
    reason = input.reason or None
    # A party owes nobody a reason (art. 23).
    if input.outcome in BY_MEDIATOR and reason is None:
        raise not_found("Say why it ends; the parties read it.", "请说明终止原因。", "reason")
    row.referred_to = target  # type: ignore[assignment]  # Tortoise forgets that it may be null
    return await end_mediation_as(call, row, matter, input.outcome, reason)


async def end_mediation_as(
    call: Call, row: MediationRow, matter: MatterRow, outcome: MediationOutcome, reason: str | None = None
) -> MediationPayload:
    """End it without an agreement; the parties go on seeing it, and who works on the case learns no more than that."""
    # Without a word on who walked away: the outcome is for the parties, and the case learns that it is over.
    row.state, row.outcome, row.ended_at = MediationState.ENDED, outcome, call.now
    (await open_cipher(call.context, matter)).write(row, reason=reason)
    matter.closed_at = call.now
    await matter.save(update_fields=["closed_at"])
    await give_back(call, row)
    return await save_mediation(call, row, matter)


async def give_back(call: Call, row: MediationRow, settled: SettlementLevel | None = None) -> None:
    """Give the case back, with the level of an agreement if there is one; what was said or agreed is not told."""
    if row.case_id:
        await finish_mediation(call, row.case_id, settled, await find_referrer(row))


EXTENSIONS = (
    extend(
        Mutation,
        join_mediation=join_mediation,
        choose_mediators=choose_mediators,
        invite_mediation_expert=invite_mediation_expert,
        record_mediation_session=record_mediation_session,
        extend_mediation=extend_mediation,
        escalate_mediation=escalate_mediation,
        end_mediation=end_mediation,
    ),
)
