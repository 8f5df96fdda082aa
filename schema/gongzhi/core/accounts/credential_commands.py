"""Credential commands: invitations and sessions, and how API keys are made; what is secret is shown once."""

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
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action
from gongzhi.runtime.checks import invalid_input, is_given
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
from gongzhi.values.errors import Text

from . import secrets
from .independence import require_independence, require_second_entry
from .models import AccountKind, AccountRow, InvitationRow, KeyRow, SessionRow
from .requirements import PRINTABLE, PRINTS, RESPONSIBLE, SIGNED_IN
from .rules import (
    CONFIRM,
    CONSOLE,
    EDIT,
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

MAKE_KEYS = "accounts.make_keys"
INVITED = timedelta(days=7)
KEYED, LONGEST = timedelta(days=90), timedelta(days=366)
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
    return invitation_payload(await invite_owner(call, input.account))


async def invite_owner(call: Call, name: str) -> NewInvitation:
    """Return an invitation for the owner of an account, if the caller may let them in."""
    require_signed_in(call)
    account: AccountRow = await call.find(Account, "account", name=name)
    if not (call.may(EDIT, account) and await outranks_account(call, account) and await can_vouch(call, account)):
        raise not_allowed("account")
    if account.kind is not AccountKind.PERSON:
        raise invalid_input(
            "A system has no password; make it an API key.", "系统账户没有密码，请创建接口密钥。", "account"
        )
    return await make_invitation(call, account=account)


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
    action=Action(Invitation, PRINTS, (PRINTABLE,)),
)
async def print_invitation(call: Call, input: PrintInvitationInput) -> InvitationPayload:
    require_signed_in(call)
    row: InvitationRow = await call.find(Invitation, "invitation", id=key_of(Invitation)(input.invitation))
    account = await AccountRow.get_or_none(id=row.account_id) if row.account_id else None
    person = await PersonRow.get_or_none(id=row.person_id) if row.person_id else None
    # With an account it is the account's roles that decide who may be the second.
    if account is not None:
        await require_second_entry(call, account, row.created_by, "invitation")
    else:
        await require_independence(call, "invitation", row.created_by)
    # The new code takes the place of one that was printed before.
    code, row.mac = secrets.new_invitation(call.context.receipts)
    row.printed_at, row.printed_by = call.now, author_of(call)
    await row.save()
    await tell_invited(call, account, person, "account.code_printed", PRINTED)
    return invitation_payload(NewInvitation(row, code))


@strawberry.type(description="An API key, or why there is none (接口密钥结果).")
class ApiKeyPayload:
    api_key: ApiKey | None = result_field("What is known of it (接口密钥).")
    secret: str | None = secret_field("The key itself; shown once, and kept nowhere (密钥).")
    errors: list[Problem] = problems()


@strawberry.type(description="What was ended, or why nothing was (会话结果).")
class SessionPayload:
    session: Session | None = result_field("The session (会话).")
    errors: list[Problem] = problems()


@strawberry.type(description="An account as it is now, or why nothing was done (账户操作结果).")
class AccountPayload:
    account: Account | None = result_field("The account (账户).")
    errors: list[Problem] = problems()


@strawberry.input(description="A session to be ended (结束会话).")
class EndSessionInput:
    idempotency_key: str = input_field(KEY)
    session: ID = input_field("The session's id (会话标识).")


@command("Sign out in one place (结束会话).", requires=None, action=Action(Session, (RESPONSIBLE,), (SIGNED_IN,)))
async def end_session(call: Call, input: EndSessionInput) -> SessionPayload:
    session: SessionRow = await call.find(Session, "session", id=key_of(Session)(input.session))
    session.ended_at = call.now
    await session.save()
    return SessionPayload(session=ref(Session, session.id))


@strawberry.input(description="An account to be signed out everywhere (全部退出).")
class SignOutEverywhereInput:
    idempotency_key: str = input_field(KEY)
    account: str | None = input_field(OWN, default=UNSET)


@command("Sign out everywhere, at once (全部退出).", requires=None)
async def sign_out_everywhere(call: Call, input: SignOutEverywhereInput) -> AccountPayload:
    name = input.account if is_given(input.account) else call.viewer.account.name
    account: AccountRow = await call.find(Account, "account", name=name)
    if not is_own_account(call, account) and not call.may(EDIT, account):
        raise not_allowed("account")
    await SessionRow.filter(account=account, ended_at=None).update(ended_at=call.now)
    return AccountPayload(account=ref(Account, account.id))


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
    body = Text("See who it is for, print the code, and hand it over.", "请核对本人身份后打印邀请码并当面交付。")
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
        end_session=end_session,
        sign_out_everywhere=sign_out_everywhere,
    ),
)
