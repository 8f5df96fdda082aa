"""Honours: awards by published criteria, shown to others only if their holder wants, and services by tier."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held, require_rows
from gongzhi.runtime.checks import (
    duplicate,
    input_form,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import rows_of_own_account
from ..ledger.accounts import find_holders
from ..ledger.types import PointsAccount
from ..models import AccountKind, AccountRow, AwardRow, EntitlementRow, HonourRow
from ..programmes.commands import HOLDERS, MANAGING, load_account, load_programme
from ..programmes.screening import screen_reward, screen_rule
from ..visibility import MANAGE
from .types import EARNED, PointsAward, PointsEntitlement, PointsHonour


@strawberry.input(description="An honour and its criteria (设立荣誉).")
class AddPointsHonourInput:
    idempotency_key: str = input_field(KEY)
    programme: ID = input_field("The programme (项目).")
    code: str = input_field("Its code (编码).", pattern=SHORT_CODE)
    title: str = input_field("Its title, such as 文明家庭 (名称).", length=(1, 100))
    criteria: str = input_field("For what it is given; everybody can read it (评定标准).", length=(1, 1000))
    kind: AccountKind = input_field("To whom: a person, a household, a group (对象).", default=AccountKind.HOUSEHOLD)
    least: int = input_field("How many points must have been earned (最低积分).", between=(0, 1_000_000))
    months: int = input_field("In how many months (统计月数).", between=(1, 60), default=12)


@strawberry.type(description="The honour, or why there is none (荣誉结果).")
class PointsHonourPayload:
    honour: PointsHonour | None = result_field("The honour (荣誉).")
    errors: list[Problem] = problems()


@command("Set up an honour (设立荣誉).", requires=MANAGE, action=MANAGING)
async def add_points_honour(call: Call, input: AddPointsHonourInput) -> PointsHonourPayload:
    programme = await load_programme(call, input.programme)
    if input.kind not in HOLDERS:
        raise invalid_input("Honours are for persons, households and groups.", "荣誉仅授予个人、家庭或集体。", "kind")
    # Criteria are held to the same safeguards as rules: an honour must not reward silence either.
    screen_rule(f"{input.title}\n{input.criteria}", "criteria")
    if await HonourRow.exists(programme=programme, code=input.code):
        raise duplicate("There is an honour with this code.", "该编码的荣誉已存在。", "code")
    row = await HonourRow.create(
        programme=programme,
        code=input.code,
        title=input.title,
        criteria=input.criteria,
        kind=input.kind,
        least=input.least,
        months=input.months,
    )
    return PointsHonourPayload(honour=ref(PointsHonour, row.id))


@strawberry.input(description="An honour for somebody (授予荣誉).")
class AwardPointsHonourInput:
    idempotency_key: str = input_field(KEY)
    honour: ID = input_field("The honour (荣誉).")
    account: ID = input_field("The account of whom it is for (账户).")


@strawberry.type(description="What was given, or why not (授予结果).")
class PointsAwardPayload:
    award: PointsAward | None = result_field("What was given (授予记录).")
    errors: list[Problem] = problems()


@command(
    "Give an honour to somebody who meets its criteria (授予荣誉).",
    requires=MANAGE,
    action=Action(PointsAccount, (require_held(MANAGE),), field="account"),
)
async def award_points_honour(call: Call, input: AwardPointsHonourInput) -> PointsAwardPayload:
    honour: HonourRow = await call.find(PointsHonour, "honour", id=key_of(PointsHonour)(input.honour))
    account = await load_account(call, key_of(PointsAccount)(input.account), "account")
    if account.programme_id != honour.programme_id or account.kind is not honour.kind:
        raise invalid_input("The honour is for other accounts.", "该荣誉不适用于此账户。", "account")
    # Counted again here and stored with the award, for the criteria must hold on the day it is given.
    earned = await points_earned(call, account, honour.months)
    if earned < honour.least:
        raise Refusal(
            "CRITERIA_NOT_MET",
            f"{honour.least} points must have been earned in {honour.months} months.",
            f"须在 {honour.months} 个月内获得 {honour.least} 分。",
            ("account",),
        )
    if await AwardRow.exists(honour=honour, account=account):
        raise duplicate("It has been given to them.", "已授予。", "account")
    row = await AwardRow.create(honour=honour, account=account, awarded_at=call.now, earned=earned)
    holders = await find_holders(call, account)
    call.concern(*holders)
    await send_notice(call, honour_notice(row), persons=holders)
    return PointsAwardPayload(award=ref(PointsAward, row.id))


def honour_notice(row: AwardRow) -> NoticeDraft:
    return NoticeDraft(
        "points.honoured",
        Text("You were given an honour", "您获得一项荣誉"),
        Text("Others see it only if you choose so.", "是否公开由您决定。"),
        f"PointsAward:{row.id}",
    )


async def points_earned(call: Call, account: AccountRow, months: int) -> int:
    text = EARNED.format("$1", "$2::int", "$3::date")
    [found] = await call.fetch(f"select {text}::bigint earned", account.id, months, today(call))
    earned: int = found["earned"]
    return earned


@strawberry.input(description="Whether others see an honour (公开荣誉).")
class PublishPointsAwardInput:
    idempotency_key: str = input_field(KEY)
    award: ID = input_field("What was given (授予记录).")
    published: bool = input_field("Whether others see it (是否公开).")


# The holder alone decides on publication, whatever permissions somebody else has (PIPL 25).
@command(
    "Let others see one's honour, or no longer (公开荣誉).",
    requires=None,
    action=Action(PointsAward, (require_rows(rows_of_own_account),)),
)
async def publish_points_award(call: Call, input: PublishPointsAwardInput) -> PointsAwardPayload:
    row: AwardRow = await call.find(PointsAward, "award", id=key_of(PointsAward)(input.award))
    row.published = input.published
    await row.save(update_fields=["published"])
    return PointsAwardPayload(award=ref(PointsAward, row.id))


@strawberry.input(description="A service by tier (政策激励).")
class AddPointsEntitlementInput:
    idempotency_key: str = input_field(KEY)
    programme: ID = input_field("The programme (项目).")
    title: str = input_field("Its title (名称).", length=(1, 100))
    text: str = input_field(
        "What it gives on top of what everybody is due, and where to ask for it (内容).", length=(1, 1000)
    )
    least: int = input_field("How many points must have been earned (最低积分).", between=(1, 1_000_000))
    months: int = input_field("In how many months (统计月数).", between=(1, 60), default=12)
    ends_on: datetime.date | None = input_field("The first day it is no longer given (终止日).", default=UNSET)


@strawberry.type(description="The service, or why there is none (政策激励结果).")
class PointsEntitlementPayload:
    entitlement: PointsEntitlement | None = result_field("The service (服务).")
    errors: list[Problem] = problems()


@command(
    "Offer a service to those who earned so much; never a benefit due by law (政策激励).",
    requires=MANAGE,
    action=MANAGING,
)
async def add_points_entitlement(call: Call, input: AddPointsEntitlementInput) -> PointsEntitlementPayload:
    programme = await load_programme(call, input.programme)
    with input_form() as read:
        # A service that the law grants anyhow must not be sold for points.
        read(screen_reward, f"{input.title}\n{input.text}", "text")
        read(screen_rule, f"{input.title}\n{input.text}", "text")
    row = await EntitlementRow.create(
        programme=programme,
        title=input.title,
        text=input.text,
        least=input.least,
        months=input.months,
        ends_on=input.ends_on if is_given(input.ends_on) else None,
    )
    return PointsEntitlementPayload(entitlement=ref(PointsEntitlement, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        add_points_honour=add_points_honour,
        award_points_honour=award_points_honour,
        publish_points_award=publish_points_award,
        add_points_entitlement=add_points_entitlement,
    ),
)
