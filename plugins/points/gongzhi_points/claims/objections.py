"""Objections: to what was decided or booked, decided by somebody who had no part in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states
from gongzhi.runtime.checks import CHINA, duplicate, invalid_input, is_given, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import UNINVOLVED, require_through
from ..ledger.accounts import can_spend, find_holders
from ..ledger.types import PointsAccount, PointsEntry
from ..models import (
    AccountRow,
    ClaimRow,
    ClaimState,
    EntryRow,
    ObjectionRow,
    ObjectionState,
    PostingRow,
    RuleRow,
)
from ..programmes.commands import reverse_posting
from ..visibility import APPEAL
from .commands import pay_claim
from .types import PointsClaim, PointsObjection

TERM = 15
"""Days in which one may object where no rule says otherwise, and in which an objection is decided."""


@strawberry.input(description="An objection (提出异议).")
class ObjectToPointsInput:
    idempotency_key: str = input_field(KEY)
    claim: ID | None = input_field("The claim that was refused (未获认定的申报).", default=UNSET)
    entry: ID | None = input_field("Or the entry that is wrong (有误的流水).", default=UNSET)
    reason: str = input_field("Why (理由).", length=(1, 2000))


@strawberry.type(description="The objection, or why there is none (异议结果).")
class PointsObjectionPayload:
    objection: PointsObjection | None = result_field("The objection (异议).")
    errors: list[Problem] = problems()


@command("Object to a refused claim or to an entry on one's account (对积分提出异议).", requires=None)
async def object_to_points(call: Call, input: ObjectToPointsInput) -> PointsObjectionPayload:
    if is_given(input.claim) == is_given(input.entry):
        raise invalid_input("Name the claim or the entry, one of them.", "请指定申报或流水中的一项。", "claim")
    # Names the claim or posting, and whose account it is about.
    about = (
        await load_refused_claim(call, str(input.claim))
        if is_given(input.claim)
        else await load_booked_entry(call, str(input.entry))
    )
    # Several objections one after another are allowed, but one at a time.
    if await ObjectionRow.exists(**about, state=ObjectionState.OPEN):
        raise duplicate("There is an open objection to this.", "已有待处理的异议。", "reason")
    row = await ObjectionRow.create(
        **about,
        reason=input.reason,
        raised_at=call.now,
        decide_by=today(call) + timedelta(days=TERM),
        account=call.viewer.account.name,
    )
    return PointsObjectionPayload(objection=ref(PointsObjection, row.id, shown=True))


async def load_refused_claim(call: Call, id: str) -> dict[str, Any]:
    """Return one's own claim that was refused, within the rule's term."""
    claim: ClaimRow = await call.find(PointsClaim, "claim", id=key_of(PointsClaim)(id))
    account = await AccountRow.get(id=claim.beneficiary_id)
    # Whoever claimed may object, and whoever may use the account it was for.
    mine = claim.person_id is not None and claim.person_id == call.viewer.account.person
    if not mine and not await can_spend(call, account):
        raise not_allowed("claim")
    if claim.state is not ClaimState.REFUSED or claim.decided_at is None:
        raise Refusal(
            "NOT_REFUSED", "Only a refused claim can be objected to.", "仅可对未获认定的申报提出异议。", ("claim",)
        )
    rule = await RuleRow.get(id=claim.rule_id)
    # Terms count days in China from the day of the decision.
    check_term(call, claim.decided_at.astimezone(CHINA).date() + timedelta(days=rule.objection_days), "claim")
    return {"claim_id": claim.id, "beneficiary_id": claim.beneficiary_id}


async def load_booked_entry(call: Call, id: str) -> dict[str, Any]:
    """Return a posting to an account one may use, within the rule's term."""
    entry: EntryRow = await call.find(PointsEntry, "entry", id=key_of(PointsEntry)(id))
    # Found again as an account, so that the caller must be able to see it, and its row is locked.
    account: AccountRow = await call.find(PointsAccount, "entry", id=entry.account_id)
    if not await can_spend(call, account):
        raise not_allowed("entry")
    posting = await PostingRow.get(id=entry.posting_id)
    term = (await RuleRow.get(id=posting.rule_id)).objection_days if posting.rule_id else TERM
    check_term(call, posting.posted_at.astimezone(CHINA).date() + timedelta(days=term), "entry")
    return {"posting_id": posting.id, "beneficiary_id": account.id}


def check_term(call: Call, last: date, *path: str) -> None:
    if today(call) > last:
        raise Refusal("TERM_OVER", f"The term for objections ended on {last}.", f"异议期限已于 {last} 届满。", path)


@strawberry.input(description="A decision on an objection (处理异议).")
class DecidePointsObjectionInput:
    idempotency_key: str = input_field(KEY)
    objection: ID = input_field("The objection (异议).")
    uphold: bool = input_field("Whether it is right (是否成立).")
    answer: str = input_field("What was found; whoever objected reads it (处理意见).", length=(1, 2000))


DECIDING = Action(
    PointsObjection,
    (require_through("account", "beneficiary_id", APPEAL), UNINVOLVED),
    (require_states((ObjectionState.OPEN,), Text("This objection has been decided.", "该异议已有结论。")),),
)


@command(
    "Decide on an objection: what was refused is given, what was wrongly booked is reversed (处理异议).",
    requires=APPEAL,
    two_persons=True,
    action=DECIDING,
)
async def decide_points_objection(call: Call, input: DecidePointsObjectionInput) -> PointsObjectionPayload:
    row: ObjectionRow = await call.find(PointsObjection, "objection", id=key_of(PointsObjection)(input.objection))
    account = await AccountRow.get(id=row.beneficiary_id)
    claim = await ClaimRow.get_or_none(id=row.claim_id) if row.claim_id else None
    # Independent of whoever filed the claim, and of the first decision.
    await require_independence(call, "objection", *([claim.account, claim.decided_by] if claim else ()))
    if input.uphold and claim:
        await grant_claim(call, claim)
    elif input.uphold:
        await reverse_posting(call, row.posting_id, "objection upheld / 异议成立")
    row.state = ObjectionState.UPHELD if input.uphold else ObjectionState.DISMISSED
    row.answer, row.decided_at = input.answer, call.now
    await row.save()
    await send_notice(call, objection_notice(row), persons=await find_holders(call, account))
    return PointsObjectionPayload(objection=ref(PointsObjection, row.id))


async def grant_claim(call: Call, claim: ClaimRow) -> None:
    """Give what was wrongly refused, by the rule's terms, and approve the claim."""
    rule = await RuleRow.get(id=claim.rule_id)
    await pay_claim(call, claim, rule, "objection")
    claim.state, claim.version = ClaimState.APPROVED, claim.version + 1
    await claim.save()


def objection_notice(row: ObjectionRow) -> NoticeDraft:
    upheld = row.state is ObjectionState.UPHELD
    return NoticeDraft(
        "points.objection_decided",
        Text("Your objection was upheld", "异议成立") if upheld else Text("Your objection was dismissed", "异议不成立"),
        Text("The answer is with the objection.", "处理意见见异议详情。"),
        f"PointsObjection:{row.id}",
    )


EXTENSIONS = (extend(Mutation, object_to_points=object_to_points, decide_points_objection=decide_points_objection),)
