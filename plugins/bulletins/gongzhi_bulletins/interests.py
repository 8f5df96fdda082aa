"""Interests: of which kinds of bulletins somebody is told, for as long as they agree to that."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import strawberry
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.register_entries import PrivacyNotice
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.consents import require_consent

from .models import BulletinKind, InterestRow
from .telling import PURPOSE, RECIPIENT
from .types import BulletinInterest


async def forget_interests(call: Call, person: UUID) -> None:
    """Tell somebody nothing any more who takes their consent back."""
    # In the transaction that takes the consent back: nothing rests on it any more.
    await InterestRow.filter(person_id=person).delete()


NOTICES = (
    PrivacyNotice(
        PURPOSE,
        RECIPIENT,
        1,
        Text("Being told of bulletins", "接收信息推送"),
        Text(
            "You choose of which kinds of bulletins you are told. Your choice is kept with your account, used for that "
            "alone, and deleted when you take this back. Warnings of danger reach you in any case, and everything that "
            "is published can be read without it.",
            "您可选择接收哪些类别的信息推送。该选择仅用于向您推送，撤回同意后立即删除。险情预警无论是否同意均会送达；不同意也可随时查阅公开信息。",
        ),
        Text("Consent, PIPL 13(1)(1)", "本人同意，《个人信息保护法》第十三条第一款第一项"),
        since=date(2026, 1, 1),
        withdrawn=forget_interests,
    ),
)


@strawberry.type(description="What one is told of, or why nothing was changed (订阅结果).")
class BulletinInterestPayload:
    interest: BulletinInterest | None = result_field("The kinds (订阅的信息类别).")
    errors: list[Problem] = problems()


@strawberry.input(description="Of which kinds of bulletins one wants to be told; none ends it (订阅信息类别).")
class SetBulletinInterestsInput:
    idempotency_key: str = input_field(KEY)
    kinds: list[BulletinKind] = input_field("Which kinds (类别).", items=len(BulletinKind))


@command(
    f"Choose of which kinds of bulletins one is told, after agreeing to `{PURPOSE}` (订阅信息类别).", requires=None
)
async def set_bulletin_interests(call: Call, input: SetBulletinInterestsInput) -> BulletinInterestPayload:
    person = call.viewer.account.person
    if person is None:
        raise Refusal("FORBIDDEN", "Sign in as somebody who lives here.", "请以居民身份登录。")
    # PIPL 14: before anything is kept of what somebody wants to hear of.
    await require_consent(call, person, PURPOSE, RECIPIENT, "kinds")
    # Each once, in one order, so that a choice that is made again is the same row.
    kinds = sorted({one.value for one in input.kinds})
    row, _ = await InterestRow.update_or_create({"kinds": kinds, "since": call.now}, person_id=person)
    return BulletinInterestPayload(interest=ref(BulletinInterest, row.id))


EXTENSIONS = (extend(Mutation, set_bulletin_interests=set_bulletin_interests),)
