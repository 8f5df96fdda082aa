"""Rights commands: what people agree to and take back, who speaks for them, what they let others read."""

from __future__ import annotations

import datetime
import hashlib
from datetime import time

import strawberry
from gongzhi.core.accounts.rules import author_of
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.register_entries import PrivacyNotice
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_held
from gongzhi.runtime.checks import CHINA, duplicate, invalid_input, not_found, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from .consents import valid_consents
from .models import Capacity, ConsentRow, ReleaseRow, RepresentativeRow, WordingRow
from .representation import (
    AGE,
    SPEAKS,
    find_representatives,
    fourteenth_birthday,
    is_minor,
    load_subject_and_speaker,
)
from .rules import RECORD, REPRESENT
from .types import Consent, Release, Representative

CODE = 80
PERSON = "Whose data; one's own if not said (个人标识)."
BY = "Who signed on paper, as staff record it: the person or whoever speaks for them (书面签字人)."


@strawberry.type(description="The consent as it is now, or why nothing was done (同意操作结果).")
class ConsentPayload:
    consent: Consent | None = result_field("The consent (同意).")
    errors: list[Problem] = problems()


@strawberry.input(description="A consent to one purpose and one recipient (单独同意).")
class GiveConsentInput:
    idempotency_key: str = input_field(KEY)
    purpose: str = input_field("The purpose, of `privacyNotices` (目的代码).")
    recipient: str | None = input_field(
        "Who receives the data, where the text leaves it open (接收方代码).", length=(0, CODE), default=UNSET
    )
    notice_version: int = input_field("The version of the text that was shown (告知书版本).")
    person: ID | None = input_field(PERSON, default=UNSET)
    by: ID | None = input_field(BY, default=UNSET)


@command("Agree to a purpose, after reading its text; nothing else hangs on it (作出同意).", requires=None)
async def give_consent(call: Call, input: GiveConsentInput) -> ConsentPayload:
    notice, recipient = find_notice(call, input.purpose, input.recipient)
    # PIPL 13: where the law is the ground, a consent that can be withdrawn would promise what cannot be kept.
    if not notice.consent:
        raise invalid_input(
            "This purpose rests on the law and needs no consent.", "此项依法进行，无须同意。", "purpose"
        )
    # Consent is to the words that were shown, so those must be the ones in force.
    if input.notice_version != notice.version:
        raise Refusal(
            "NOTICE_CHANGED",
            "The text has changed since it was shown; show the one in force.",
            "告知书已更新，请出示现行版本。",
            ("noticeVersion",),
        )
    person, who = await load_subject_and_speaker(call, input, RECORD)
    # A new consent takes the place of the one before.
    await valid_consents(call, person.id, notice.purpose, recipient).update(expires_at=call.now)
    consent = await ConsentRow.create(
        # It lies where the person lives, whose officer watches over it.
        grid_id=person.grid_id,
        person=person,
        purpose=notice.purpose,
        recipient=recipient,
        version=notice.version,
        # The words as they were shown, for the text may change later.
        wording=await keep_wording(notice),
        # Who signed and who typed it in are two: `account` is the worker, where it was on paper.
        given_by_id=who,
        given_at=call.now,
        expires_at=consent_end(call, notice, person),
        account=author_of(call),
    )
    return ConsentPayload(consent=ref(Consent, consent.id, shown=True))


@strawberry.input(description="A consent that is taken back (撤回同意).")
class WithdrawConsentInput:
    idempotency_key: str = input_field(KEY)
    purpose: str = input_field("The purpose (目的代码).")
    recipient: str | None = input_field(
        "Who receives the data, where the text leaves it open (接收方代码).", length=(0, CODE), default=UNSET
    )
    person: ID | None = input_field(PERSON, default=UNSET)
    by: ID | None = input_field(BY, default=UNSET)


@command("Take a consent back; no reason is asked and no service is lost (撤回同意).", requires=None)
async def withdraw_consent(call: Call, input: WithdrawConsentInput) -> ConsentPayload:
    notice, recipient = find_notice(call, input.purpose, input.recipient)
    person, _ = await load_subject_and_speaker(call, input, RECORD)
    given = valid_consents(call, person.id, notice.purpose, recipient)
    # All that stand are withdrawn; the last one is the answer.
    last = await given.order_by("-given_at", "-id").first()
    # Without a consent on file there may still be something to undo.
    if last is None and notice.withdrawn is None:
        raise not_found("There is no such consent.", "没有此项同意。", "purpose")
    await given.update(withdrawn_at=call.now)
    # What rested on the consent is undone in the same transaction.
    if notice.withdrawn:
        await notice.withdrawn(call, person.id)
    return ConsentPayload(consent=ref(Consent, last.id, shown=True) if last else None)


def find_notice(call: Call, purpose: str, recipient: str | None) -> tuple[PrivacyNotice, str]:
    """Return the text in force and the recipient it is about."""
    registers, day = call.context.registers, today(call)
    fixed = {one.recipient for one in registers.notices if one.purpose == purpose}
    # The one that the person names, or else the one that the notice is about.
    whom = recipient or next((one for one in fixed if one), None)
    if whom is None and None in fixed:
        raise invalid_input("Say who receives the data.", "请指明接收方。", "recipient")
    notice = registers.notice(purpose, whom, day) if whom else None
    if notice is None or whom is None:
        raise not_found("There is no such purpose; see the privacy notices.", "没有该目的，请查阅告知书。", "purpose")
    return notice, whom


async def keep_wording(notice: PrivacyNotice) -> WordingRow:
    """Return the text as it is shown today, kept once."""
    title, body = vars(notice.title), vars(notice.text)
    # Apart by a character that no text holds, so that no two wordings read alike.
    digest = hashlib.sha256("\0".join([*title.values(), *body.values()]).encode()).hexdigest()
    row, _ = await WordingRow.get_or_create(
        {"title": title, "text": body, "since": notice.since},
        purpose=notice.purpose,
        version=notice.version,
        digest=digest,
    )
    return row


def consent_end(call: Call, notice: PrivacyNotice, person: PersonRow) -> datetime.datetime | None:
    """Return when a consent ends: after the text's months; one for a child, on the day the child may decide."""
    ends = []
    if notice.months:
        ends.append(call.now + datetime.timedelta(days=round(notice.months * 365.25 / 12)))
    # What a guardian agreed to ends when the child decides.
    if person.birth_date and is_minor(person.birth_date, today(call)):
        ends.append(datetime.datetime.combine(fourteenth_birthday(person.birth_date), time(), CHINA))
    return min(ends, default=None)


# who speaks for whom


@strawberry.type(description="Who speaks for whom, or why nothing was done (代理登记结果).")
class RepresentativePayload:
    representative: Representative | None = result_field("The representative (代理人).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody who speaks for another (登记代理人).")
class NameRepresentativeInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("For whom: a child under 14, or somebody who died (被代理人标识).")
    representative: ID = input_field("Who (代理人标识).")
    capacity: Capacity = input_field("Why; staff have seen the proof, which is not kept (代理身份).")


@command("Put a guardian or next of kin on file, after seeing proof (登记代理人).", requires=REPRESENT)
async def name_representative(call: Call, input: NameRepresentativeInput) -> RepresentativePayload:
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    other: PersonRow = await call.find(Person, "representative", id=key_of(Person)(input.representative))
    if not call.may(REPRESENT, person):
        raise not_allowed("person")
    check_representative(call, person, other, input.capacity)
    # Several may speak for one person, each with an entry of their own: two parents, say.
    if other.id in await find_representatives(person.id, today(call)):
        raise duplicate("They do so already.", "已登记为代理人。", "representative")
    # A guardian's office ends by itself when the child decides.
    until = (
        fourteenth_birthday(person.birth_date) if input.capacity == Capacity.GUARDIAN and person.birth_date else None
    )
    named = await RepresentativeRow.create(
        grid_id=person.grid_id,
        person=person,
        representative=other,
        capacity=input.capacity,
        since=today(call),
        until=until,
        account=author_of(call),
    )
    return RepresentativePayload(representative=ref(Representative, named.id))


def check_representative(call: Call, person: PersonRow, other: PersonRow, capacity: Capacity) -> None:
    """Refuse who cannot speak for this person."""
    if capacity == Capacity.GUARDIAN and not is_minor(person.birth_date, today(call)):
        raise invalid_input(f"From {AGE} on people decide for themselves.", f"年满 {AGE} 周岁由本人决定。", "person")
    if capacity == Capacity.NEXT_OF_KIN and person.died_on is None:
        raise invalid_input("Next of kin speak for the dead.", "近亲属仅可代理已死亡人员。", "person")
    if other.id == person.id or other.died_on or is_minor(other.birth_date, today(call)):
        raise invalid_input("They cannot speak for another.", "此人不能担任代理人。", "representative")


@strawberry.input(description="Somebody who speaks for another no longer (终止代理).")
class EndRepresentationInput:
    idempotency_key: str = input_field(KEY)
    representative: ID = input_field("The entry (代理登记标识).")


SPEAKS_ON = Requirement(
    "ILLEGAL_TRANSITION",
    lambda row, viewer: [Sql("{0} is null or {0}>{1}", row.until, viewer.today)],
    Text("They speak for them no longer.", "该代理已终止。"),
)


@command(
    "End somebody's speaking for another from today (终止代理).",
    requires=REPRESENT,
    action=Action(Representative, (require_held(REPRESENT),), (SPEAKS_ON,)),
)
async def end_representation(call: Call, input: EndRepresentationInput) -> RepresentativePayload:
    row: RepresentativeRow = await call.find(
        Representative, "representative", id=key_of(Representative)(input.representative)
    )
    # The first day no longer: from this very day on they speak for nobody.
    row.until = today(call)
    await row.save(update_fields=["until"])
    return RepresentativePayload(representative=ref(Representative, row.id))


# what others may read


@strawberry.type(description="The release as it is now, or why nothing was done (授权披露结果).")
class ReleasePayload:
    release: Release | None = result_field("The release (授权披露).")
    errors: list[Problem] = problems()


@strawberry.input(description="A release that is revoked (撤回授权披露).")
class RevokeReleaseInput:
    idempotency_key: str = input_field(KEY)
    release: ID = input_field("The release's id (授权标识).")


UNREVOKED = require_empty("revoked_at", Text("It was revoked before.", "该授权已撤回。"))


@command(
    "Revoke a release; its recipient reads it no longer from this moment (撤回授权披露).",
    requires=None,
    # Whoever may give a release may revoke it.
    action=Action(Release, SPEAKS, (UNREVOKED,)),
)
async def revoke_release(call: Call, input: RevokeReleaseInput) -> ReleasePayload:
    row: ReleaseRow = await call.find(Release, "release", id=key_of(Release)(input.release))
    # Its term of retention counts from here, so that it is revoked once.
    row.revoked_at = call.now
    await row.save(update_fields=["revoked_at"])
    return ReleasePayload(release=ref(Release, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        give_consent=give_consent,
        withdraw_consent=withdraw_consent,
        name_representative=name_representative,
        end_representation=end_representation,
        revoke_release=revoke_release,
    ),
)
