"""What may happen to accounts: they are added, suspended, given roles and relieved of them."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from strawberry import ID, UNSET

from ..checks import duplicate, form, missing, text, told, wrong
from ..commands import EXPECTED, KEY, Call, Problem, command, forbidden, given, made, once, problems, stale
from ..entity import key_of, ref
from ..errors import Refusal, Text
from ..extend import extend
from ..filters import aware
from ..grids.commands import standing
from ..notices.sending import Notice, Office, notify
from ..people.rules import OVERSEE
from ..roles import role_label
from ..roots import Mutation
from ..units.models import UnitRow
from .credential_commands import invited
from .models import AccountKind, AccountRow, GrantRow, IdentityRow, SessionRow
from .rules import (
    GRANT,
    Place,
    account_name,
    alone,
    appoints,
    author,
    covers,
    gives,
    outranks,
    own,
    permissions,
    place_of,
    vouches,
)
from .types import Account, Grant, Identity

EDIT = "accounts.edit"
CONFIRM = "accounts.confirm"
NAMED = "The account's name (账户名)."


@strawberry.type(description="An account as it is now, or why nothing was done (账户操作结果).")
class AccountPayload:
    account: Account | None = made("The account (账户).")
    errors: list[Problem] = problems()


@strawberry.type(description="The new account, or why there is none (新增账户结果).")
class AddAccountPayload:
    account: Account | None = made("The account (账户).")
    code: str | None = once("A code to set the password with, for a person; shown once, good for a week (邀请码).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new account, without any role yet (新增账户).")
class AddAccountInput:
    idempotency_key: str = given(KEY)
    name: str = given("The name to sign in with; it stays for good (账户名).")
    kind: AccountKind = given("Who stands behind it (类型).", default=AccountKind.PERSON)
    grid: str | None = given("Where it is looked after, by code; null for everywhere (管理网格编码).", default=UNSET)


@command("Add an account (新增账户).", requires=EDIT)
async def add_account(call: Call, input: AddAccountInput) -> AddAccountPayload:
    name = account_name(input.name, "name")
    place = Place(await standing(str(input.grid), "grid") if told(input.grid) else None)
    if not covers(call, [EDIT], place, None):
        raise forbidden("grid")
    account = AccountRow(name=name, kind=input.kind, grid=place.grid, created_at=call.now, created_by=author(call))
    await AccountRow.bulk_create([account], ignore_conflicts=True)
    if not await AccountRow.exists(id=account.id):
        raise duplicate("There is an account with this name already.", "该账户名已存在。", "name")
    code = await invited(call, account_id=account.id) if input.kind is AccountKind.PERSON else None
    return AddAccountPayload(account=ref(Account, account.id), code=code)


@strawberry.input(description="Whether an account may sign in (停用或恢复账户).")
class SetAccountSuspensionInput:
    idempotency_key: str = given(KEY)
    account: str = given(NAMED)
    expected_version: int = given(EXPECTED)
    suspended: bool = given("Whether it is suspended from now on (是否停用).")


@command("Suspend an account, which ends its sessions at once, or let it sign in again (停用账户).", requires=EDIT)
async def set_account_suspension(call: Call, input: SetAccountSuspensionInput) -> AccountPayload:
    account = await looked_after(call, input.account)
    if own(call, account) or not (input.suspended or await appoints(call, account)):
        raise forbidden("account")
    stale(account, input.expected_version)
    account.suspended_at = call.now if input.suspended else None
    account.suspended_by = author(call) if input.suspended else None
    account.version += 1
    await account.save()
    if input.suspended:
        await SessionRow.filter(account=account, ended_at=None).update(ended_at=call.now)
    return AccountPayload(account=ref(Account, account.id))


@strawberry.type(description="The role that was given or taken back, or why not (授权结果).")
class GrantPayload:
    grant: Grant | None = made("The role and where it is held (授权).")
    errors: list[Problem] = problems()


@strawberry.input(description="A role for an account: in a grid, for a unit, or with neither everywhere (授予角色).")
class GrantRoleInput:
    idempotency_key: str = given(KEY)
    account: str = given(NAMED)
    role: str = given("The role, such as grid_worker (角色).")
    grid: str | None = given("The grid, by code (网格编码).", default=UNSET)
    unit: str | None = given("The unit, by code (单位编码).", default=UNSET)
    since: datetime.datetime | None = given("From when; now if not said (起).", default=UNSET)
    until: datetime.datetime | None = given("Until when; without end if not said (止).", default=UNSET)


@command(
    "Give a role. Whoever does not appoint gives what, where and as long as they hold it themselves; nobody gives to "
    "themselves; of some roles a second person confirms it (授予角色).",
    requires=GRANT,
)
async def grant_role(call: Call, input: GrantRoleInput) -> GrantPayload:
    account: AccountRow = await call.find(Account, "account", name=input.account)
    since, until = span(call, input)
    role = declared(call, input.role)
    place = await placed(input)
    if own(call, account) or not gives(call, role, place, until):
        raise Refusal(
            "FORBIDDEN",
            "You neither appoint there and for as long, nor hold all that this role may; or it is your own account.",
            "您在该范围或期限内无权任命，也不具备该角色的全部权限，或目标为您本人的账户。",
            ("role",),
        )
    grid = place.grid.id if place.grid and place.unit is None else None
    grant = GrantRow(account=account, role=role, grid_id=grid, unit_id=place.unit, since=since, until=until)
    grant.granted_by = author(call)
    if not alone(call, role):
        grant.proposed_at = call.now
    await grant.save(force_create=True)
    await told_of(call, grant, place)
    return GrantPayload(grant=ref(Grant, grant.id))


PROPOSED = Text("Confirm a role, or take it back", "请复核角色授予")
GIVEN = Text("A role was given", "已授予角色")


async def told_of(call: Call, grant: GrantRow, place: Place) -> None:
    """Tell who confirms what waits, and who watches over personal data of roles the giver does not hold."""
    if place.grid is None:
        return
    role = role_label(grant.role)
    if grant.proposed_at:
        body = Text(f"The role of {role.en} counts once you confirm it.", f"{role.zh}角色经复核后生效。")
        notice, office = Notice("account.role_proposed", PROPOSED, body, f"Grant:{grant.id}"), CONFIRM
    elif not covers(call, permissions(call, grant.role), place, grant.until):
        body = Text(f"An administrator gave the role of {role.en}.", f"管理员授予了{role.zh}角色。")
        notice, office = Notice("account.role_given", GIVEN, body, f"Grant:{grant.id}"), OVERSEE
    else:
        return
    await notify(call, notice, offices=[Office(office, place.grid.county_id or place.grid.id)])


@strawberry.input(description="A role that waits for a second person (复核角色授予).")
class ConfirmGrantInput:
    idempotency_key: str = given(KEY)
    grant: ID = given("The grant's id (授权标识).")


@command("Confirm a role that somebody else gave; take it back to refuse it (复核角色授予).", requires=CONFIRM)
async def confirm_grant(call: Call, input: ConfirmGrantInput) -> GrantPayload:
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    others = author(call) != grant.granted_by and not own(call, await AccountRow.get(id=grant.account_id))
    if not (others and covers(call, [CONFIRM], await place_of(grant), None)):
        raise forbidden("grant")
    if grant.proposed_at is None or (grant.until is not None and grant.until <= call.now):
        raise wrong("It does not wait to be confirmed.", "该授权无须复核或已失效。", "grant")
    grant.proposed_at, grant.confirmed_by = None, author(call)
    grant.since = max(grant.since, call.now)
    await grant.save()
    return GrantPayload(grant=ref(Grant, grant.id))


@strawberry.input(description="A role that is taken back (收回角色).")
class RevokeGrantInput:
    idempotency_key: str = given(KEY)
    grant: ID = given("The grant's id (授权标识).")


@command("Take a role back from now on (收回角色).", requires=GRANT)
async def revoke_grant(call: Call, input: RevokeGrantInput) -> GrantPayload:
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    if not covers(call, [GRANT], await place_of(grant), None):
        raise forbidden("grant")
    if grant.until is not None and grant.until <= call.now:
        raise wrong("It is over already.", "该授权已失效。", "grant")
    grant.until = max(call.now, grant.since)
    grant.revoked_by = author(call)
    await grant.save()
    return GrantPayload(grant=ref(Grant, grant.id))


@strawberry.type(description="The identity that was linked, or why not (外部身份结果).")
class IdentityPayload:
    identity: Identity | None = made("The identity (外部身份).")
    errors: list[Problem] = problems()


@strawberry.input(description="Who an account is at an identity provider (关联外部身份).")
class LinkIdentityInput:
    idempotency_key: str = given(KEY)
    account: str = given(NAMED)
    issuer: str = given("The provider, as its tokens name it in `iss` (签发方).")
    subject: str = given("The account there, as tokens name it in `sub` (主体).")


@command("Let an account sign in by an identity provider (关联外部身份).", requires=EDIT)
async def link_identity(call: Call, input: LinkIdentityInput) -> IdentityPayload:
    with form() as read:
        issuer = read(text, input.issuer, 200, "issuer")
        subject = read(text, input.subject, 255, "subject")
    account = await looked_after(call, input.account)
    if not (await outranks(call, account) and await vouches(call, account)):
        raise forbidden("account")
    identity = IdentityRow(account=account, issuer=issuer, subject=subject, linked_at=call.now, linked_by=author(call))
    await IdentityRow.bulk_create([identity], ignore_conflicts=True)
    if not await IdentityRow.exists(id=identity.id):
        raise duplicate("This identity is linked to an account already.", "该外部身份已关联账户。", "subject")
    return IdentityPayload(identity=ref(Identity, identity.id))


@strawberry.input(description="An identity that does not count any more (取消关联).")
class UnlinkIdentityInput:
    idempotency_key: str = given(KEY)
    identity: ID = given("The identity's id (外部身份标识).")


@command("Unlink an identity: its tokens are refused from now on (取消关联).", requires=EDIT)
async def unlink_identity(call: Call, input: UnlinkIdentityInput) -> AccountPayload:
    identity: IdentityRow = await call.find(Identity, "identity", id=key_of(Identity)(input.identity))
    account = await AccountRow.get(id=identity.account_id)
    if not call.may(EDIT, account):
        raise forbidden("identity")
    await identity.delete()
    return AccountPayload(account=ref(Account, account.id))


# what the commands share


async def looked_after(call: Call, name: str) -> AccountRow:
    """The account, locked, if the caller looks after it."""
    account: AccountRow = await call.find(Account, "account", name=name)
    if not call.may(EDIT, account):
        raise forbidden("account")
    return account


def declared(call: Call, role: str) -> str:
    try:
        call.context.held(role)
    except KeyError:
        raise missing("There is no such role.", "没有该角色。", "role") from None
    if role == "stranger":
        raise wrong("Whoever has an account is no stranger.", "访客角色不能授予账户。", "role")
    return role


async def placed(input: Any) -> Place:
    """Where the role is to be held."""
    if told(input.grid) and told(input.unit):
        raise wrong("Give a grid or a unit, not both.", "网格与单位只能填写一项。", "unit")
    if told(input.unit):
        unit = await UnitRow.get_or_none(code=input.unit, valid_to=None)
        if unit is None:
            raise missing("There is no unit with this code, or it is closed.", "单位编码不存在或已停用。", "unit")
        return Place(await unit.grid, unit.id)
    return Place(await standing(input.grid, "grid") if told(input.grid) else None)


def span(call: Call, input: Any) -> tuple[datetime.datetime, datetime.datetime | None]:
    """From when to when."""
    since = aware(input.since) if told(input.since) else call.now
    until = aware(input.until) if told(input.until) else None
    if until is not None and until <= max(since, call.now):
        raise wrong("until must lie after since, and in the future.", "until 应晚于 since 且晚于现在。", "until")
    return since, until


EXTENSIONS = (
    extend(
        Mutation,
        add_account=add_account,
        set_account_suspension=set_account_suspension,
        grant_role=grant_role,
        confirm_grant=confirm_grant,
        revoke_grant=revoke_grant,
        link_identity=link_identity,
        unlink_identity=unlink_identity,
    ),
)
