"""Credential commands: invitations, API keys and sessions; what is secret of them is shown once."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple

import strawberry
from strawberry import ID, UNSET

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_text, invalid_input, is_given
from gongzhi.runtime.commands import (
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
    secret_field,
)
from gongzhi.values.errors import FIELD, Text

from . import secrets
from .independence import require_independence, require_second_entry
from .models import NAME, AccountKind, AccountRow, InvitationRow, KeyRow, SessionRow
from .rules import (
    CONFIRM,
    CONSOLE,
    INVITE,
    author_of,
    can_vouch,
    granted_permissions,
    is_own_account,
    outranks_account,
    require_signed_in,
    takes_two_to_enter,
)
from .types import Account, ApiKey, Invitation, Session

EDIT = "accounts.edit"
MAKE_KEYS = "accounts.make_keys"
INVITED = timedelta(days=7)
KEYED, LONGEST = timedelta(days=90), timedelta(days=366)
OVERLAP = 24
"""Hours that a rotated key goes on for, if nobody says how many."""
KEYS = 10
"""How many keys of an account may be good at a time."""
OWN = "The account's name; one's own if not said (账户名)."


@strawberry.type(description="An invitation, or why there is none (邀请结果).")
class InvitationPayload:
    invitation: Invitation | None = result_field("The invitation (邀请).")
    code: str | None = secret_field(
        "The code, to be handed to whom it is for; shown once. Null where a second person prints it (邀请码)."
    )
    expires_at: datetime.datetime | None = secret_field("Until when it is good (有效期至).")
    errors: list[Problem] = problems()


@strawberry.input(description="An account whose owner is to set a new password (邀请设置密码).")
class InviteAccountInput:
    idempotency_key: str = input_field(KEY)
    account: str = input_field("The account's name (账户名).")


@command(
    "Make a code to set an account's password with; earlier codes are void. For a resident, and for who holds what "
    "nobody gives alone, a second person prints it (邀请设置密码).",
    requires=EDIT,
)
async def invite_account(call: Call, input: InviteAccountInput) -> InvitationPayload:
    require_signed_in(call)
    account: AccountRow = await call.find(Account, "account", name=input.account)
    if not (call.may(EDIT, account) and await outranks_account(call, account) and await can_vouch(call, account)):
        raise not_allowed("account")
    if account.kind is not AccountKind.PERSON:
        raise invalid_input(
            "A system has no password; make it an API key.", "系统账户没有密码，请创建接口密钥。", "account"
        )
    return invitation_payload(await make_invitation(call, account=account))


@strawberry.input(description="A resident who is to have an account (邀请居民).")
class InviteResidentInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("Who, having shown who they are (人员标识).")


@command(
    "Invite a resident to open an account, to link the one they have, or to set a new password for a forgotten one. "
    "A second worker prints the code (printInvitation) and hands it over (邀请居民).",
    requires=INVITE,
)
async def invite_resident(call: Call, input: InviteResidentInput) -> InvitationPayload:
    require_signed_in(call)
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    if not call.may(INVITE, person):
        raise not_allowed("person")
    account = await AccountRow.get_or_none(person=person)
    # The account may hold more than being a resident, so the caller must stand above that.
    if account is not None and not await outranks_account(call, account):
        raise not_allowed("person")
    return invitation_payload(await make_invitation(call, account=account, person=person))


@strawberry.input(description="An invitation to be printed and handed over (打印邀请码).")
class PrintInvitationInput:
    idempotency_key: str = input_field(KEY)
    invitation: ID = input_field("The invitation's id (邀请标识).")


@command(
    "Print the code of an invitation that somebody else made, having seen whom it is for; shown once, and a code that "
    "was printed before is void (打印邀请码).",
    requires=None,
    two_persons=True,
)
async def print_invitation(call: Call, input: PrintInvitationInput) -> InvitationPayload:
    require_signed_in(call)
    row: InvitationRow = await call.find(Invitation, "invitation", id=key_of(Invitation)(input.invitation))
    account = await AccountRow.get_or_none(id=row.account_id) if row.account_id else None
    person = await PersonRow.get_or_none(id=row.person_id) if row.person_id else None
    if not can_invite(call, account, person):
        raise not_allowed("invitation")
    # With an account it is the account's roles that decide who may be the second.
    if account is not None:
        await require_second_entry(call, account, row.created_by, "invitation")
    else:
        await require_independence(call, "invitation", row.created_by)
    # A code whose maker was shown it is never shown to a second person.
    if row.used_at is not None or row.expires_at <= call.now or (row.mac is not None and row.printed_by is None):
        raise invalid_input("It is used, over or shown: make another.", "该邀请已失效，请重新创建。", "invitation")
    # The new code takes the place of one that was printed before.
    code, row.mac = secrets.new_invitation(call.context.receipts)
    row.printed_at, row.printed_by = call.now, author_of(call)
    await row.save()
    await tell_invited(call, account, person, "account.code_printed", PRINTED)
    return invitation_payload(NewInvitation(row, code))


def can_invite(call: Call, account: AccountRow | None, person: PersonRow | None) -> bool:
    """Return whether the caller may let them in, and is not them."""
    if (account is not None and is_own_account(call, account)) or (person and person.id == call.viewer.account.person):
        return False
    if person is not None:
        return call.may(INVITE, person)
    return account is not None and call.may(EDIT, account)


@strawberry.type(description="An API key, or why there is none (接口密钥结果).")
class ApiKeyPayload:
    api_key: ApiKey | None = result_field("What is known of it (接口密钥).")
    secret: str | None = secret_field("The key itself; shown once, and kept nowhere (密钥).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new API key (创建接口密钥).")
class CreateApiKeyInput:
    idempotency_key: str = input_field(KEY)
    account: str | None = input_field(OWN, default=UNSET)
    label: str = input_field("What it is for (用途).")
    permissions: list[str] = input_field("What it may, of what its account may (权限).")
    expires_at: datetime.datetime | None = input_field(
        f"Until when, a year at most; {KEYED.days} days if not said (到期时间).", default=UNSET
    )


@command("Make an API key (创建接口密钥).", requires=None)
async def create_api_key(call: Call, input: CreateApiKeyInput) -> ApiKeyPayload:
    account = await load_key_account(
        call, input.account if is_given(input.account) else call.viewer.account.name, input.permissions
    )
    expires = check_key_expiry(
        call, require_offset(input.expires_at, "expiresAt") if is_given(input.expires_at) else call.now + KEYED
    )
    key = KeyRow(
        label=check_text(input.label, NAME, "label"), permissions=sorted(set(input.permissions)), account=account
    )
    return await mint_key(call, key, expires)


@strawberry.input(description="A key that another one is to take the place of (轮换接口密钥).")
class RotateApiKeyInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field("The key's id (密钥标识).")
    overlap: int = input_field("For how many hours both are good, a month at most (重叠小时数).", default=OVERLAP)


@command("Make a key like another, which ends after an overlap: no system stands still (轮换接口密钥).", requires=None)
async def rotate_api_key(call: Call, input: RotateApiKeyInput) -> ApiKeyPayload:
    old: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    account = await load_key_account(call, (await old.account).name, old.permissions)
    if not 0 <= input.overlap <= 31 * 24:
        raise invalid_input(f"{FIELD} is 0 to 744 hours.", f"{FIELD}应为 0 至 744 小时。", "overlap")
    if old.revoked_at or old.expires_at <= call.now:
        raise invalid_input("The key is over; make a new one.", "该密钥已失效，请新建。", "apiKey")
    # With the same permissions, though the account may have got more since, and bound to the same addresses and keys.
    same = {name: getattr(old, name) for name in ("label", "permissions", "networks", "public_keys")}
    new = KeyRow(**same, account=account)
    # The new key lasts as long as the old one was made for, a year at most.
    lifetime = old.expires_at - old.created_at
    old.expires_at = min(old.expires_at, call.now + timedelta(hours=input.overlap))
    await old.save()
    return await mint_key(call, new, call.now + min(lifetime, LONGEST))


@strawberry.input(description="A key that is not to be good any more (吊销接口密钥).")
class RevokeApiKeyInput:
    idempotency_key: str = input_field(KEY)
    api_key: ID = input_field("The key's id (密钥标识).")


@command("Revoke an API key at once (吊销接口密钥).", requires=None)
async def revoke_api_key(call: Call, input: RevokeApiKeyInput) -> ApiKeyPayload:
    key: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    await require_responsible(call, await key.account, "apiKey")
    # Revoked twice, it was revoked the first time.
    key.revoked_at = key.revoked_at or call.now
    await key.save()
    return ApiKeyPayload(api_key=ref(ApiKey, key.id))


@strawberry.type(description="What was ended, or why nothing was (会话结果).")
class SessionPayload:
    session: Session | None = result_field("The session (会话).")
    errors: list[Problem] = problems()


@strawberry.input(description="A session to be ended (结束会话).")
class EndSessionInput:
    idempotency_key: str = input_field(KEY)
    session: ID = input_field("The session's id (会话标识).")


@command("Sign out in one place (结束会话).", requires=None)
async def end_session(call: Call, input: EndSessionInput) -> SessionPayload:
    session: SessionRow = await call.find(Session, "session", id=key_of(Session)(input.session))
    await require_responsible(call, await session.account, "session")
    session.ended_at = session.ended_at or call.now
    await session.save()
    return SessionPayload(session=ref(Session, session.id))


@strawberry.type(description="The account that was signed out, or why not (全部退出结果).")
class SignOutPayload:
    account: Account | None = result_field("The account (账户).")
    errors: list[Problem] = problems()


@strawberry.input(description="An account to be signed out everywhere (全部退出).")
class SignOutEverywhereInput:
    idempotency_key: str = input_field(KEY)
    account: str | None = input_field(OWN, default=UNSET)


@command("Sign out everywhere, at once (全部退出).", requires=None)
async def sign_out_everywhere(call: Call, input: SignOutEverywhereInput) -> SignOutPayload:
    name = input.account if is_given(input.account) else call.viewer.account.name
    account: AccountRow = await call.find(Account, "account", name=name)
    await require_responsible(call, account, "account")
    await SessionRow.filter(account=account, ended_at=None).update(ended_at=call.now)
    return SignOutPayload(account=ref(Account, account.id))


# what the commands share


class NewInvitation(NamedTuple):
    """An invitation, and its code, where whoever made it may see that."""

    row: InvitationRow
    code: str | None


def invitation_payload(made: NewInvitation) -> InvitationPayload:
    # Whoever makes an invitation sees it, whatever else they may see.
    return InvitationPayload(
        invitation=ref(Invitation, made.row.id, shown=True), code=made.code, expires_at=made.row.expires_at
    )


INVITED_TO = Text("A new password for your account was asked for", "有人为您的账户申请了新密码")
PRINTED = Text("A code for your account was printed", "您的账户邀请码已打印")
TO_PRINT = Text("Print an invitation for a resident", "请为居民打印邀请码")


async def make_invitation(
    call: Call, *, account: AccountRow | None = None, person: PersonRow | None = None
) -> NewInvitation:
    """Return a new invitation for an account or a person; earlier ones are void.

    It has a code at once only where whoever makes it may know it; else a second person has one printed.
    """
    whose = person.id if person else account.person_id if account else None
    for column, value in (("account_id", account and account.id), ("person_id", whose)):
        if value is not None:
            await InvitationRow.filter(**{column: value}, used_at=None).delete()
    two = author_of(call) != CONSOLE and (account is None or await takes_two_to_enter(call, account))
    code, mac = (None, None) if two else secrets.new_invitation(call.context.receipts)
    row = await InvitationRow.create(
        account_id=account.id if account else None,
        person_id=whose,
        mac=mac,
        created_at=call.now,
        created_by=author_of(call),
        expires_at=call.now + INVITED,
    )
    if two:
        await tell_colleagues(call, row, account, whose)
        # Nobody asks for somebody's new password behind their back.
        if account is not None:
            await tell_invited(call, account, None, "account.password_asked", INVITED_TO)
    return NewInvitation(row, code)


async def tell_colleagues(call: Call, row: InvitationRow, account: AccountRow | None, person: Any) -> None:
    """Tell those who can print the code that it waits."""
    grid, office = (account.grid_id, CONFIRM) if account else (None, CONFIRM)
    if person is not None:
        grid, office = (await PersonRow.get(id=person)).grid_id, "people.edit"
    body = Text(
        "See who it is for, print the code, and hand it over.",
        "请核对本人身份后打印邀请码并当面交付。",
    )
    # Where the account lies nowhere nobody is told; the invitation waits all the same.
    if grid is not None:
        notice = NoticeDraft("account.invitation_waits", TO_PRINT, body, f"Invitation:{row.id}")
        await send_notice(call, notice, offices=[Office(office, grid)])


async def tell_invited(
    call: Call, account: AccountRow | None, person: PersonRow | None, kind: str, title: Text
) -> None:
    """Tell whose account it is, or is to be."""
    body = Text(
        "If you did not ask for it, do not use the code and tell the data-protection officer.",
        "如非本人申请，请勿使用邀请码，并告知个人信息保护负责人。",
    )
    whose = person.id if person else account.person_id if account else None
    accounts = [account.name] if account and whose is None else []
    await send_notice(call, NoticeDraft(kind, title, body), persons=[whose] if whose else [], accounts=accounts)


async def require_responsible(call: Call, account: AccountRow, path: str) -> None:
    """Refuse whoever neither is the account nor looks after it."""
    if not is_own_account(call, account) and not call.may(EDIT, account):
        raise not_allowed(path)


async def load_key_account(call: Call, name: str | None, permissions: Collection[str]) -> AccountRow:
    """Return the account, if the caller may make it keys with these permissions."""
    require_signed_in(call)
    account: AccountRow = await call.find(Account, "account", name=name)
    if is_own_account(call, account):
        allowed = call.viewer.can(MAKE_KEYS)
    else:  # a key is the account to whoever has it, so nobody makes one for another that does what takes two
        alone = author_of(call) == CONSOLE or set(permissions).isdisjoint(call.context.guarded)
        allowed = alone and call.may(EDIT, account) and await outranks_account(call, account, permissions)
    if not allowed:
        raise not_allowed("account")
    if not permissions or not set(permissions) <= await granted_permissions(call, account):
        raise invalid_input(
            "A key has some of its account's permissions, and none besides.",
            "密钥只能具备其账户已有的权限。",
            "permissions",
        )
    return account


def check_key_expiry(call: Call, moment: datetime.datetime) -> datetime.datetime:
    if not call.now < moment <= call.now + LONGEST:
        raise invalid_input(
            f"A key lasts {LONGEST.days} days at most.",
            f"密钥有效期最长 {LONGEST.days} 天，且须晚于现在。",
            "expiresAt",
        )
    return moment


async def mint_key(call: Call, key: KeyRow, expires: datetime.datetime) -> ApiKeyPayload:
    if await KeyRow.filter(account=key.account, revoked_at=None, expires_at__gt=call.now).count() >= KEYS:
        raise invalid_input(f"An account has {KEYS} keys at most.", f"每个账户最多 {KEYS} 个密钥。", "account")
    # The secret leaves with the answer; its digest alone is saved.
    secret, key.digest = secrets.api_key()
    key.created_at, key.created_by, key.expires_at = call.now, author_of(call), expires
    await key.save(force_create=True)
    return ApiKeyPayload(api_key=ref(ApiKey, key.id), secret=secret)


EXTENSIONS = (
    extend(
        Mutation,
        invite_account=invite_account,
        invite_resident=invite_resident,
        print_invitation=print_invitation,
        create_api_key=create_api_key,
        rotate_api_key=rotate_api_key,
        revoke_api_key=revoke_api_key,
        end_session=end_session,
        sign_out_everywhere=sign_out_everywhere,
    ),
)
