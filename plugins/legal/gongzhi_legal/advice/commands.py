"""Advice: asking and answering; somebody on the panel answers in time, hands over if need be, and is rated."""

from __future__ import annotations

import base64
from uuid import UUID

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, Requirement, require_states, tell_state
from gongzhi.runtime.checks import is_given, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.file_checks import ReceivedFile
from gongzhi.values.errors import Text
from gongzhi_deadlines.worktime import Term, Unit
from gongzhi_rights.representation import load_subject, require_speaker
from strawberry import ID, UNSET

from ..actions import ADVISES, ASKED
from ..durations import answer_deadline
from ..events import AdviceChanged
from ..matters.commands import notify_seats
from ..matters.files import BYTES, RECORDINGS, receive_file
from ..matters.sealed_words import MatterCipher, begin_matter, open_cipher
from ..models import (
    AdviceChannel,
    AdviceRow,
    AdviceState,
    AdviserKind,
    AdviserRow,
    FileRow,
    LegalTopic,
    MatterKind,
    MatterRow,
    MessageRow,
    SeatRole,
    SlotRow,
)
from ..panel.bookings import book_slot
from ..panel.candidates import find_candidate, give_seat, level_of, nobody_free, require_disinterested, take_seat
from ..panel.types import LegalAdviser
from .types import LegalAdvice

ANSWERING = (
    AdviserKind.LAWYER,
    AdviserKind.LEGAL_WORKER,
    AdviserKind.JUDGE,
    AdviserKind.PROSECUTOR,
    AdviserKind.POLICE,
)
BY_TOPIC = {LegalTopic.CRIMINAL: (AdviserKind.LAWYER, AdviserKind.POLICE, AdviserKind.PROSECUTOR)}
"""Who answers what; everything else is for anybody but mediators."""
TERM, URGENT = Term(3, Unit.WORKING_DAY, next_day=True), Term(4, Unit.WORKING_HOUR)
"""How long an answer may take, by the calendar of the county."""


@strawberry.type(description="The question, or why nothing was done (咨询结果).")
class LegalAdvicePayload:
    matter: LegalAdvice | None = result_field("The question (咨询).")
    errors: list[Problem] = problems()


@strawberry.input(description="A question about the law (法律咨询).")
class AskAdviceInput:
    idempotency_key: str = input_field(KEY)
    question: str = input_field("The question; with a recording, what it is about (问题).", length=(1, 5_000))
    topic: LegalTopic = input_field("What it is about (事项).", default=LegalTopic.OTHER)
    urgent: bool = input_field("Whether it cannot wait; in danger call 110 (是否紧急).", default=False)
    person: ID | None = input_field("Who asks, if one speaks for them; oneself if not given (咨询人).", default=UNSET)
    grid: str | None = input_field("Where, by code; where they live if not given (网格编码).", default=UNSET)
    slot: ID | None = input_field("A time to meet, which is booked with it (预约时段).", default=UNSET)
    recording: str | None = input_field("The question by voice, in base64 (语音).", default=UNSET, longest=2 * BYTES)


@command("Ask about the law: in writing, by voice, or at an appointment (法律咨询).", requires=None)
async def ask_advice(call: Call, input: AskAdviceInput) -> LegalAdvicePayload:
    # Somebody else may ask for a person only if they may exercise that person's rights.
    person = await load_subject(call, input.person or None)
    await require_speaker(call, person)
    recording = await receive_recording(call, input.recording) if is_given(input.recording) else None
    grid = await find_grid(input.grid, "grid") if is_given(input.grid) else await GridRow.get(id=person.grid_id)
    # The matter comes first: the words below are sealed under its key.
    matter, cipher = await begin_matter(call, MatterKind.ADVICE, grid)
    # An appointment names its adviser; only a question without one is triaged.
    booking = await book_slot(call, input.slot, person.id) if is_given(input.slot) else None
    adviser = (
        await find_slot_adviser(booking.slot_id)
        if booking
        else await triage_question(call, matter, input.topic, person)
    )
    row = AdviceRow(
        matter=matter,
        adviser_id=adviser.id,
        channel=AdviceChannel.APPOINTMENT if booking else AdviceChannel.VOICE if recording else AdviceChannel.TEXT,
        topic=input.topic,
        urgent=input.urgent,
        asked_at=call.now,
        due_at=await answer_deadline(call, matter.county_id, URGENT if input.urgent else TERM),
        booking=booking,
    )
    # Sealed before the row is saved, bound to table, column and row: the database never has the words in clear.
    cipher.write(row, question=input.question)
    row.version = 0
    await row.save()
    if recording:
        await save_recording(call, matter, cipher, recording)
    # The seats open the matter: from here on these people see it, and nobody else.
    await give_seat(call, matter.id, SeatRole.PARTY, person_id=person.id)
    # Whoever asked for somebody else reads along, so that they can go on speaking for them.
    if call.viewer.account.person and call.viewer.account.person != person.id:
        await give_seat(call, matter.id, SeatRole.REPRESENTATIVE, person_id=call.viewer.account.person)
    await give_seat(call, matter.id, SeatRole.HANDLER, account=adviser.account)
    return await save_advice(call, row, matter)


async def receive_recording(call: Call, encoded: str) -> ReceivedFile:
    """Receive a question by voice."""
    # A picture or a document belongs to the matter's files, where it has a title and a place in the bundle.
    return await receive_file(call.context.files, encoded, "recording", RECORDINGS)


async def save_recording(call: Call, matter: MatterRow, cipher: MatterCipher, recording: ReceivedFile) -> None:
    """Keep a question by voice among the files of its matter, sealed."""
    file = FileRow(
        matter=matter,
        media_type=recording.media_type,
        size=len(recording.content),
        at=call.now,
        by=SeatRole.PARTY,
        account=call.viewer.account.name,
    )
    cipher.write(file, title="语音", content=base64.b64encode(recording.content).decode())
    await file.save()


async def find_slot_adviser(slot: UUID) -> AdviserRow:
    """Return the adviser whom a slot is with."""
    return await AdviserRow.get(id=(await SlotRow.get(id=slot)).adviser_id)


async def triage_question(call: Call, matter: MatterRow, topic: LegalTopic, person: PersonRow) -> AdviserRow:
    """Find who answers (分诊): by what it is about, near by, on duty first, and in no conflict."""
    found = await find_candidate(call, matter, BY_TOPIC.get(topic, ANSWERING), [person.id])
    if found is None:
        raise nobody_free("topic")
    return await AdviserRow.get(id=found.id)


def on_advice(who: Requirement, *states: AdviceState, more: tuple[Requirement, ...] = ()) -> Action:
    """Return what is done to questions in one of these states that meet more, by those whom `who` lets."""
    return Action(LegalAdvice, (who,), (require_states(states, tell_state(Text("question", "咨询"))), *more))


async def load_advice(call: Call, id: str) -> tuple[AdviceRow, MatterRow]:
    """Return the question, locked, as the command's action allows, and its matter."""
    row: AdviceRow = await call.find(LegalAdvice, "advice", id=key_of(LegalAdvice)(id))
    return row, await MatterRow.get(id=row.matter_id)


async def save_advice(call: Call, row: AdviceRow, matter: MatterRow) -> LegalAdvicePayload:
    row.version += 1
    await row.save()
    call.publish(AdviceChanged(matter.id, row.id, row.state), matter)
    await notify_seats(call, matter.id, CHANGED, f"LegalAdvice:{row.id}", except_caller=True)
    return LegalAdvicePayload(matter=ref(LegalAdvice, row.id))


CHANGED = (
    "legal.advice_changed",
    Text("A question about the law went on", "法律咨询有新进展"),
    Text("Open it to read on.", "请打开查看。"),
)


@strawberry.input(description="An answer (答复咨询).")
class AnswerAdviceInput:
    idempotency_key: str = input_field(KEY)
    advice: ID = input_field("The question (咨询).")
    text: str = input_field("The answer (答复).", length=(1, 10_000))


@command(
    "Answer a question; the clock stops with the first answer (答复咨询).",
    requires="legal.handle",
    action=on_advice(ADVISES, AdviceState.ASKED, AdviceState.ANSWERED),
)
async def answer_advice(call: Call, input: AnswerAdviceInput) -> LegalAdvicePayload:
    row, matter = await load_advice(call, input.advice)
    message = MessageRow(matter=matter, at=call.now, by=SeatRole.HANDLER, account=call.viewer.account.name)
    (await open_cipher(call.context, matter)).write(message, text=input.text)
    await message.save()
    # The first answer stops the clock; later ones do not move it.
    row.answered_at, row.state = row.answered_at or call.now, AdviceState.ANSWERED
    return await save_advice(call, row, matter)


@strawberry.input(description="A question that somebody else answers better (移交咨询).")
class HandOverAdviceInput:
    idempotency_key: str = input_field(KEY)
    advice: ID = input_field("The question (咨询).")
    adviser: ID = input_field("Who takes it: somebody on the panel here (接办顾问).")


@command(
    "Hand a question over; from then on one sees nothing of it (移交咨询).",
    requires="legal.handle",
    action=on_advice(ADVISES, AdviceState.ASKED, AdviceState.ANSWERED),
)
async def hand_over_advice(call: Call, input: HandOverAdviceInput) -> LegalAdvicePayload:
    row, matter = await load_advice(call, input.advice)
    adviser: AdviserRow = await call.find(LegalAdviser, "adviser", id=key_of(LegalAdviser)(input.adviser))
    if adviser.left_on is not None or adviser.id == row.adviser_id:
        raise not_found("Name somebody else on the panel.", "请指定其他在聘顾问。", "adviser")
    # Asked again for the new adviser, who may live with somebody in it.
    await level_of(call, adviser.id, matter, "adviser")
    await require_disinterested(call, adviser.id, await seated_people(call, matter), "adviser")
    row.adviser_id = adviser.id
    # Whoever hands over sees nothing from now on, not even what they wrote.
    await take_seat(call, matter.id, account=call.viewer.account.name)
    await give_seat(call, matter.id, SeatRole.HANDLER, account=adviser.account)
    return await save_advice(call, row, matter)


async def seated_people(call: Call, matter: MatterRow) -> list[UUID]:
    rows = await call.fetch("select person_id from legal.seat where matter_id=$1 and person_id is not null", matter.id)
    return [row["person_id"] for row in rows]


@strawberry.input(description="What one makes of an answer (评价咨询).")
class RateAdviceInput:
    idempotency_key: str = input_field(KEY)
    advice: ID = input_field("The question (咨询).")
    rating: int = input_field("1 is worst, 5 is best (评分).", between=(1, 5))
    share: bool = input_field(
        "Whether it may become an entry for everybody, without names, once reviewed (是否同意匿名入库).", default=False
    )


# Only the person who asked: an adviser cannot rate, nor consent to publishing.
@command(
    "Rate the answer and close one's own question (评价并结束咨询).",
    requires=None,
    action=on_advice(ASKED, AdviceState.ANSWERED),
)
async def rate_advice(call: Call, input: RateAdviceInput) -> LegalAdvicePayload:
    row, matter = await load_advice(call, input.advice)
    # Consent to an anonymous entry stands with the rating; it may be taken back afterwards.
    row.rating, row.shared_at = input.rating, call.now if input.share else None
    # Closed by whoever asked: an adviser cannot end a question.
    row.state, row.closed_at = AdviceState.CLOSED, call.now
    matter.closed_at = call.now
    await matter.save(update_fields=["closed_at"])
    return await save_advice(call, row, matter)


EXTENSIONS = (
    extend(
        Mutation,
        ask_advice=ask_advice,
        answer_advice=answer_advice,
        hand_over_advice=hand_over_advice,
        rate_advice=rate_advice,
    ),
)
