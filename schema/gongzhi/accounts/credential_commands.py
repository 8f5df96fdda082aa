"""What may happen to credentials: invitations, API keys, sessions. What is secret of them is shown once."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import strawberry
from strawberry import ID, UNSET

from ..checks import text, told, wrong
from ..commands import KEY, Call, Problem, command, forbidden, given, made, once, problems
from ..entity import key_of, ref
from ..extend import extend
from ..filters import aware
from ..people.models import PersonRow
from ..people.types import Person
from ..roots import Mutation
from . import secrets
from .models import NAME, AccountKind, AccountRow, InvitationRow, KeyRow, SessionRow
from .rules import INVITE, author, by_hand, granted, outranks, own, vouches
from .types import Account, ApiKey, Session

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
    code: str | None = once("The code, to be handed to whom it is for; shown once (邀请码).")
    expires_at: datetime.datetime | None = once("Until when it is good (有效期至).")
    errors: list[Problem] = problems()


@strawberry.input(description="An account whose owner is to set a new password (邀请设置密码).")
class InviteAccountInput:
    idempotency_key: str = given(KEY)
    account: str = given("The account's name (账户名).")


@command("Make a code to set an account's password with; earlier codes are void (邀请设置密码).", requires=EDIT)
async def invite_account(call: Call, input: InviteAccountInput) -> InvitationPayload:
    by_hand(call)
    account: AccountRow = await call.find(Account, "account", name=input.account)
    if not (call.may(EDIT, account) and await outranks(call, account) and await vouches(call, account)):
        raise forbidden("account")
    if account.kind is not AccountKind.PERSON:
        raise wrong("A system has no password; make it an API key.", "系统账户没有密码，请创建接口密钥。", "account")
    return InvitationPayload(code=await invited(call, account_id=account.id), expires_at=call.now + INVITED)


@strawberry.input(description="A resident who is to have an account (邀请居民).")
class InviteResidentInput:
    idempotency_key: str = given(KEY)
    person: ID = given("Who, having shown who they are (人员标识).")


@command(
    "Make a code with which a resident opens an account, links the one they have, or sets a new password (邀请居民).",
    requires=INVITE,
)
async def invite_resident(call: Call, input: InviteResidentInput) -> InvitationPayload:
    by_hand(call)
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    if not call.may(INVITE, person):
        raise forbidden("person")
    account = await AccountRow.get_or_none(person=person)
    if account is not None and not await outranks(call, account):
        raise forbidden("person")
    whom = {"account_id": account.id} if account else {"person_id": person.id}
    return InvitationPayload(code=await invited(call, **whom), expires_at=call.now + INVITED)


@strawberry.type(description="An API key, or why there is none (接口密钥结果).")
class ApiKeyPayload:
    api_key: ApiKey | None = made("What is known of it (接口密钥).")
    secret: str | None = once("The key itself; shown once, and kept nowhere (密钥).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new API key (创建接口密钥).")
class CreateApiKeyInput:
    idempotency_key: str = given(KEY)
    account: str | None = given(OWN, default=UNSET)
    label: str = given("What it is for (用途).")
    permissions: list[str] = given("What it may, of what its account may (权限).")
    expires_at: datetime.datetime | None = given(
        f"Until when, a year at most; {KEYED.days} days if not said (到期时间).", default=UNSET
    )


@command("Make an API key (创建接口密钥).", requires=None)
async def create_api_key(call: Call, input: CreateApiKeyInput) -> ApiKeyPayload:
    account = await keyed(call, input.account if told(input.account) else call.viewer.account.name, input.permissions)
    expires = expiry(call, aware(input.expires_at) if told(input.expires_at) else call.now + KEYED)
    key = KeyRow(label=text(input.label, NAME, "label"), permissions=sorted(set(input.permissions)), account=account)
    return await minted(call, key, expires)


@strawberry.input(description="A key that another one is to take the place of (轮换接口密钥).")
class RotateApiKeyInput:
    idempotency_key: str = given(KEY)
    api_key: ID = given("The key's id (密钥标识).")
    overlap: int = given("For how many hours both are good, a month at most (重叠小时数).", default=OVERLAP)


@command("Make a key like another, which ends after an overlap: no system stands still (轮换接口密钥).", requires=None)
async def rotate_api_key(call: Call, input: RotateApiKeyInput) -> ApiKeyPayload:
    old: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    account = await keyed(call, (await old.account).name, old.permissions)
    if not 0 <= input.overlap <= 31 * 24:
        raise wrong("overlap is 0 to 744 hours.", "overlap 应为 0 至 744 小时。", "overlap")
    if old.revoked_at or old.expires_at <= call.now:
        raise wrong("The key is over; make a new one.", "该密钥已失效，请新建。", "apiKey")
    new = KeyRow(label=old.label, permissions=old.permissions, account=account)
    lifetime = old.expires_at - old.created_at
    old.expires_at = min(old.expires_at, call.now + timedelta(hours=input.overlap))
    await old.save()
    return await minted(call, new, call.now + min(lifetime, LONGEST))


@strawberry.input(description="A key that is not to be good any more (吊销接口密钥).")
class RevokeApiKeyInput:
    idempotency_key: str = given(KEY)
    api_key: ID = given("The key's id (密钥标识).")


@command("Revoke an API key at once (吊销接口密钥).", requires=None)
async def revoke_api_key(call: Call, input: RevokeApiKeyInput) -> ApiKeyPayload:
    key: KeyRow = await call.find(ApiKey, "apiKey", id=key_of(ApiKey)(input.api_key))
    await responsible(call, await key.account, "apiKey")
    key.revoked_at = key.revoked_at or call.now
    await key.save()
    return ApiKeyPayload(api_key=ref(ApiKey, key.id))


@strawberry.type(description="What was ended, or why nothing was (会话结果).")
class SessionPayload:
    session: Session | None = made("The session (会话).")
    errors: list[Problem] = problems()


@strawberry.input(description="A session to be ended (结束会话).")
class EndSessionInput:
    idempotency_key: str = given(KEY)
    session: ID = given("The session's id (会话标识).")


@command("Sign out in one place (结束会话).", requires=None)
async def end_session(call: Call, input: EndSessionInput) -> SessionPayload:
    session: SessionRow = await call.find(Session, "session", id=key_of(Session)(input.session))
    await responsible(call, await session.account, "session")
    session.ended_at = session.ended_at or call.now
    await session.save()
    return SessionPayload(session=ref(Session, session.id))


@strawberry.type(description="The account that was signed out, or why not (全部退出结果).")
class SignOutPayload:
    account: Account | None = made("The account (账户).")
    errors: list[Problem] = problems()


@strawberry.input(description="An account to be signed out everywhere (全部退出).")
class SignOutEverywhereInput:
    idempotency_key: str = given(KEY)
    account: str | None = given(OWN, default=UNSET)


@command("Sign out everywhere, at once (全部退出).", requires=None)
async def sign_out_everywhere(call: Call, input: SignOutEverywhereInput) -> SignOutPayload:
    name = input.account if told(input.account) else call.viewer.account.name
    account: AccountRow = await call.find(Account, "account", name=name)
    await responsible(call, account, "account")
    await SessionRow.filter(account=account, ended_at=None).update(ended_at=call.now)
    return SignOutPayload(account=ref(Account, account.id))


# what the commands share


async def invited(call: Call, **for_whom: Any) -> str:
    """A new code for an account or a person; earlier ones are void."""
    await InvitationRow.filter(**for_whom, used_at=None).delete()
    code, mac = secrets.invitation(call.context.receipts)
    await InvitationRow.create(
        **for_whom, mac=mac, created_at=call.now, created_by=author(call), expires_at=call.now + INVITED
    )
    return code


async def responsible(call: Call, account: AccountRow, path: str) -> None:
    """Refuse whoever neither is the account nor looks after it."""
    if not own(call, account) and not call.may(EDIT, account):
        raise forbidden(path)


async def keyed(call: Call, name: str | None, permissions: Collection[str]) -> AccountRow:
    """The account, if the caller may make it keys with these permissions."""
    by_hand(call)
    account: AccountRow = await call.find(Account, "account", name=name)
    if own(call, account):
        allowed = call.viewer.can(MAKE_KEYS)
    else:
        allowed = call.may(EDIT, account) and await outranks(call, account, permissions)
    if not allowed:
        raise forbidden("account")
    if not permissions or not set(permissions) <= await granted(call, account):
        raise wrong(
            "A key has some of its account's permissions, and none besides.",
            "密钥只能具备其账户已有的权限。",
            "permissions",
        )
    if await KeyRow.filter(account=account, revoked_at=None, expires_at__gt=call.now).count() >= KEYS:
        raise wrong(f"An account has {KEYS} keys at most.", f"每个账户最多 {KEYS} 个密钥。", "account")
    return account


def expiry(call: Call, moment: datetime.datetime) -> datetime.datetime:
    if not call.now < moment <= call.now + LONGEST:
        raise wrong(
            f"A key lasts {LONGEST.days} days at most.",
            f"密钥有效期最长 {LONGEST.days} 天，且须晚于现在。",
            "expiresAt",
        )
    return moment


async def minted(call: Call, key: KeyRow, expires: datetime.datetime) -> ApiKeyPayload:
    secret, key.digest = secrets.api_key()
    key.created_at, key.created_by, key.expires_at = call.now, author(call), expires
    await key.save(force_create=True)
    return ApiKeyPayload(api_key=ref(ApiKey, key.id), secret=secret)


EXTENSIONS = (
    extend(
        Mutation,
        invite_account=invite_account,
        invite_resident=invite_resident,
        create_api_key=create_api_key,
        rotate_api_key=rotate_api_key,
        revoke_api_key=revoke_api_key,
        end_session=end_session,
        sign_out_everywhere=sign_out_everywhere,
    ),
)
