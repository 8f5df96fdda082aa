"""Appointments: times with an adviser, each booked once; the slot is locked meanwhile, and an index holds it too."""

from __future__ import annotations

from uuid import UUID

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_rows
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID

from ..actions import own_bookings
from ..models import AdviserRow, BookingRow, SlotRow
from .candidates import require_disinterested
from .types import LegalBooking, LegalSlot


@strawberry.type(description="The appointment, or why there is none (预约结果).")
class LegalBookingPayload:
    booking: LegalBooking | None = result_field("The appointment (预约).")
    errors: list[Problem] = problems()


@strawberry.input(description="An appointment with an adviser (预约).")
class BookLegalSlotInput:
    idempotency_key: str = input_field(KEY)
    slot: ID = input_field("The time (时段).")


@command("Book a time with an adviser, for oneself (预约顾问).", requires=None)
async def book_legal_slot(call: Call, input: BookLegalSlotInput) -> LegalBookingPayload:
    person = call.viewer.account.person
    if person is None:
        raise not_found("Sign in as the person who comes.", "请以本人身份登录后预约。", "slot")
    booking = await book_slot(call, input.slot, person)
    return LegalBookingPayload(booking=ref(LegalBooking, booking.id))


async def book_slot(call: Call, id: str, person: UUID) -> BookingRow:
    """Book a slot for somebody, and notify the adviser."""
    # Locked by this, so the second of two who want the slot sees the booking of the first.
    slot: SlotRow = await call.find(LegalSlot, "slot", id=key_of(LegalSlot)(id))
    if slot.starts_at <= call.now:
        raise Refusal("SLOT_OVER", "This time has passed; choose another.", "该时段已过，请另选。", ("slot",))
    # A cancelled booking frees its slot, so only those that stand count.
    if await BookingRow.exists(slot=slot, cancelled_at=None):
        raise Refusal("SLOT_TAKEN", "Somebody has booked this; choose another.", "该时段已被预约，请另选。", ("slot",))
    # Locked, for they may be taken off the panel at this moment.
    adviser = await AdviserRow.filter(id=slot.adviser_id).select_for_update().get()
    if adviser.left_on is not None:
        raise Refusal("LEFT_PANEL", "They have left the panel; choose another.", "该顾问已解聘，请另选。", ("slot",))
    await require_disinterested(call, slot.adviser_id, [person], "slot")
    booking = await BookingRow.create(slot=slot, person_id=person, booked_at=call.now)
    # That somebody booked, not who: notices leave the room, and the name does not.
    await send_notice(call, booking_notice(booking), accounts=[adviser.account])
    return booking


def booking_notice(booking: BookingRow, *, cancelled: bool = False) -> NoticeDraft:
    """Build the notice of an appointment that was made, or is cancelled."""
    if cancelled:
        title, body = Text("An appointment was cancelled", "预约已取消"), Text("The time is free.", "该时段已释放。")
        return NoticeDraft("legal.booking_cancelled", title, body, f"LegalBooking:{booking.id}")
    title, body = Text("An appointment", "新的预约"), Text("Somebody booked a time.", "有群众预约了您的时段。")
    return NoticeDraft("legal.booked", title, body, f"LegalBooking:{booking.id}")


@strawberry.input(description="An appointment that is cancelled (取消预约).")
class CancelLegalBookingInput:
    idempotency_key: str = input_field(KEY)
    booking: ID = input_field("The appointment (预约).")


def bookings_ahead(booking: Table, viewer: ViewerScope) -> Alternatives:
    """Return appointments that stand, and whose time has not come."""
    ahead = "{0} is null and exists(select from legal.slot t where t.id={1} and t.starts_at>{2})"
    return [Sql(ahead, booking.cancelled_at, booking.slot_id, viewer.now)]


IS_AHEAD = Requirement("ILLEGAL_TRANSITION", bookings_ahead, Text("It is cancelled or over.", "该预约已取消或已过。"))
CANCELLING = Action(LegalBooking, (require_rows(own_bookings),), (IS_AHEAD,))


@command("Cancel an appointment that is ahead: its person or its adviser (取消预约).", requires=None, action=CANCELLING)
async def cancel_legal_booking(call: Call, input: CancelLegalBookingInput) -> LegalBookingPayload:
    booking: BookingRow = await call.find(LegalBooking, "booking", id=key_of(LegalBooking)(input.booking))
    slot = await SlotRow.get(id=booking.slot_id)
    adviser = await AdviserRow.get(id=slot.adviser_id)
    mine = booking.person_id is not None and booking.person_id == call.viewer.account.person
    # Kept, so that a slot shows who let it go; the index that allows one booking leaves these out.
    booking.cancelled_at = call.now
    await booking.save()
    # Whoever cancelled knows; the other one is told.
    if mine:
        await send_notice(call, booking_notice(booking, cancelled=True), accounts=[adviser.account])
    elif booking.person_id:
        await send_notice(call, booking_notice(booking, cancelled=True), persons=[booking.person_id])
    return LegalBookingPayload(booking=ref(LegalBooking, booking.id))


async def cancel_bookings_ahead(call: Call, adviser: AdviserRow) -> None:
    """Cancel the appointments ahead of an adviser who leaves, and notify whoever would come."""
    ahead = BookingRow.filter(slot__adviser_id=adviser.id, slot__starts_at__gt=call.now, cancelled_at=None)
    for booking in await ahead.order_by("id"):
        booking.cancelled_at = call.now
        await booking.save()
        if booking.person_id:
            await send_notice(call, booking_notice(booking, cancelled=True), persons=[booking.person_id])


EXTENSIONS = (extend(Mutation, book_legal_slot=book_legal_slot, cancel_legal_booking=cancel_legal_booking),)
