"""Purchased services: what a unit buys of a social organisation is published, and accepted by two persons."""

from __future__ import annotations

import datetime
from decimal import Decimal

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states, tell_state
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Text
from strawberry import ID

from .community import PurchasedService, SocialOrganisation
from .events import PurchaseChanged
from .models import TEXT, OrganisationRow, PurchaseRow, PurchaseState
from .organisations import acts_for
from .rules import ACCEPTS, PURCHASE, PURCHASES

MOST = 100_000_000_000
"""A thousand million yuan, in fen."""
PURCHASED = "The purchase's id (购买服务标识)."
AS_IT_IS = tell_state(Text("purchase", "该购买服务"))


@strawberry.type(description="The purchase, or why nothing was done (购买服务结果).")
class PurchasedServicePayload:
    purchase: PurchasedService | None = result_field("The purchase (购买服务).")
    errors: list[Problem] = problems()


@strawberry.input(description="A service that a unit buys (登记购买服务).")
class RecordPurchasedServiceInput:
    idempotency_key: str = input_field(KEY)
    organisation: ID = input_field("Of whom (承接社会组织标识).")
    unit: str = input_field("Who buys it, by code (购买单位编码).")
    grid: str = input_field("Where it is for, by the grid's code (服务地网格编码).")
    title: str = input_field("What (服务内容).", length=(1, 200))
    since: datetime.date = input_field("The first day (起).")
    ends_on: datetime.date = input_field("The first day after it (止，不含).")
    amount: Decimal = input_field("For how much, in yuan, to the fen (金额，元).")


def check_purchase(call: Call, input: RecordPurchasedServiceInput) -> None:
    """Refuse an amount that is no whole number of fen, and days in the wrong order."""
    # Whole fen, and a thousand million yuan at most: more is a slip of the pen.
    fen = input.amount * 100 if input.amount.is_finite() else Decimal(0)
    if not 1 <= fen <= MOST or fen != fen.to_integral_value():
        raise invalid_input("Give yuan, to the fen.", "金额以元为单位，最多两位小数。", "amount")
    if not input.since < input.ends_on <= input.since + datetime.timedelta(days=5 * 366):
        raise invalid_input("It lasts a day to five years.", "服务期为一天至五年。", "endsOn")


@command(
    "Write down a service that a unit buys of a social organisation; it is published (登记购买服务).",
    requires=PURCHASE,
    form=check_purchase,
)
async def record_purchased_service(call: Call, input: RecordPurchasedServiceInput) -> PurchasedServicePayload:
    check_purchase(call, input)
    # In the unit's name, or in a place: a town buys for itself through whoever dispatches there.
    unit, grid = await find_unit(input.unit, "unit"), await find_grid(input.grid, "grid")
    if not (call.may(PURCHASE, grid) or acts_for(call, unit, PURCHASE)):
        raise not_allowed("unit")
    if grid.county_id is None:
        raise invalid_input("Name a grid inside a county.", "请选择县级以下网格。", "grid")
    # Locked, so that nothing is bought of one that is being deregistered.
    organisation: OrganisationRow = await call.find(
        SocialOrganisation, "organisation", id=key_of(SocialOrganisation)(input.organisation)
    )
    if organisation.deregistered_on is not None:
        raise invalid_input("It is deregistered.", "该社会组织已注销。", "organisation")
    row = PurchaseRow(grid=grid, county_id=grid.county_id, organisation=organisation, unit=unit)
    row.title, row.since, row.ends_on = input.title, input.since, input.ends_on
    row.amount_fen, row.recorded_at = int(input.amount * 100), call.now
    await row.save(force_create=True)
    call.publish(PurchaseChanged(purchase=row.id, state=row.state), row)
    return PurchasedServicePayload(purchase=ref(PurchasedService, row.id))


@strawberry.input(description="What came of a purchased service (申请验收).")
class DeliverPurchasedServiceInput:
    idempotency_key: str = input_field(KEY)
    purchase: ID = input_field(PURCHASED)
    expected_version: int = input_field(EXPECTED)
    result: str = input_field("What came of it, which is published (实施结果).", length=(1, TEXT))


@command(
    "Say that a service was delivered, and what came of it; a second person accepts it (申请验收).",
    requires=None,
    action=Action(PurchasedService, PURCHASES, (require_states((PurchaseState.AGREED,), AS_IT_IS),)),
)
async def deliver_purchased_service(call: Call, input: DeliverPurchasedServiceInput) -> PurchasedServicePayload:
    row: PurchaseRow = await call.find(PurchasedService, "purchase", id=key_of(PurchasedService)(input.purchase))
    # By the account, whom the second person is compared with.
    row.state, row.result = PurchaseState.DELIVERED, input.result
    row.delivered_at, row.delivered_by = call.now, call.viewer.account.name
    about = NoticeDraft(
        "ties.delivered",
        Text("A purchased service waits for a second person", "购买服务待验收"),
        Text("Accept it, or send it back.", "请另一人验收或退回。"),
        f"PurchasedService:{row.id}",
        office_hours_of=row.county_id,
    )
    await send_notice(call, about, units=[row.unit_id])
    return await save_purchase(call, row)


@strawberry.input(description="Whether a service is accepted (验收购买服务).")
class AcceptPurchasedServiceInput:
    idempotency_key: str = input_field(KEY)
    purchase: ID = input_field(PURCHASED)
    expected_version: int = input_field(EXPECTED)
    accepted: bool = input_field("Whether it is; if not, it goes on (是否通过验收).")


@command(
    "Accept a service as a second person, whom nothing connects with the first, or send it back (验收购买服务).",
    requires=None,
    two_persons=True,
    action=Action(PurchasedService, ACCEPTS, (require_states((PurchaseState.DELIVERED,), AS_IT_IS),)),
)
async def accept_purchased_service(call: Call, input: AcceptPurchasedServiceInput) -> PurchasedServicePayload:
    row: PurchaseRow = await call.find(PurchasedService, "purchase", id=key_of(PurchasedService)(input.purchase))
    await require_independence(call, "purchase", row.delivered_by)
    if input.accepted:
        row.state, row.accepted_at = PurchaseState.ACCEPTED, call.now
        row.accepted_by = call.viewer.account.name
    else:
        # What was not so is not left standing as what came of it.
        row.state, row.result, row.delivered_at, row.delivered_by = PurchaseState.AGREED, None, None, None
    return await save_purchase(call, row)


@strawberry.input(description="A purchase that comes to nothing (取消购买服务).")
class CancelPurchasedServiceInput:
    idempotency_key: str = input_field(KEY)
    purchase: ID = input_field(PURCHASED)
    expected_version: int = input_field(EXPECTED)
    reason: str = input_field("Why, which is published (原因).", length=(1, TEXT))


@command(
    "Cancel a purchase that is not accepted, with a reason that is published (取消购买服务).",
    requires=None,
    action=Action(PurchasedService, PURCHASES, (require_states((PurchaseState.AGREED,), AS_IT_IS),)),
)
async def cancel_purchased_service(call: Call, input: CancelPurchasedServiceInput) -> PurchasedServicePayload:
    row: PurchaseRow = await call.find(PurchasedService, "purchase", id=key_of(PurchasedService)(input.purchase))
    # In the place of a result: a reader looks in one place for what came of it.
    row.state, row.result = PurchaseState.CANCELLED, input.reason
    return await save_purchase(call, row)


async def save_purchase(call: Call, row: PurchaseRow) -> PurchasedServicePayload:
    """Save a purchase under its next version, and publish what became of it."""
    row.version += 1
    await row.save()
    call.publish(PurchaseChanged(purchase=row.id, state=row.state), row)
    return PurchasedServicePayload(purchase=ref(PurchasedService, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        record_purchased_service=record_purchased_service,
        deliver_purchased_service=deliver_purchased_service,
        accept_purchased_service=accept_purchased_service,
        cancel_purchased_service=cancel_purchased_service,
    ),
)
