"""Account commands: add and suspend accounts, give them roles and take roles back."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from strawberry import ID, UNSET

from gongzhi.core.access.rules import OVERSEE
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.roles import role_label
from gongzhi.runtime.checks import check_text, duplicate, input_form, invalid_input, is_given, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    check_version,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
    secret_field,
)
from gongzhi.values.codes import Kind
from gongzhi.values.errors import FIELD, Refusal, Text

from .credential_commands import make_invitation
from .independence import belong_together, require_second_entry, require_unconnected, require_unrelated
from .models import AccountKind, AccountRow, GrantRow, IdentityRow, SessionRow
from .rules import (
    CONFIRM,
    CONSOLE,
    GRANT,
    GrantPlace,
    account_name,
    author_of,
    can_appoint,
    can_give_role,
    can_vouch,
    covers_permissions,
    gives_alone,
    is_own_account,
    load_live_grants,
    may_confirm,
    outranks_account,
    place_of,
    require_signed_in,
    role_permissions,
    takes_two_to_enter,
)
from .types import Account, Grant, Identity

EDIT = "accounts.edit"
WHY = 500
NAMED = "The account's name (账户名)."


@strawberry.type(description="An account as it is now, or why nothing was done (账户操作结果).")
class AccountPayload:
    account: Account | None = result_field("The account (账户).")
    errors: list[Problem] = problems()


@strawberry.type(description="The new account, or why there is none (新增账户结果).")
class AddAccountPayload:
    account: Account | None = result_field("The account (账户).")
    code: str | None = secret_field(
        "A code to set the password with, for a person; shown once, good for a week (邀请码)."
    )
    errors: list[Problem] = problems()


@strawberry.input(description="A new account, without any role yet (新增账户).")
class AddAccountInput:
    idempotency_key: str = input_field(KEY)
    name: str = input_field("The name to sign in with; it stays for good (账户名).")
    kind: AccountKind = input_field("Who stands behind it (类型).", default=AccountKind.PERSON)
    grid: str | None = input_field(
        "Where it is looked after, by code; null for everywhere (管理网格编码).", default=UNSET
    )


@command("Add an account (新增账户).", requires=EDIT)
async def add_account(call: Call, input: AddAccountInput) -> AddAccountPayload:
    name = account_name(input.name, "name")
    place = GrantPlace(await find_grid(str(input.grid), "grid") if is_given(input.grid) else None)
    # For good, since an account has no end.
    if not covers_permissions(call, [EDIT], place, None):
        raise not_allowed("grid")
    account = AccountRow(name=name, kind=input.kind, grid=place.grid, created_at=call.now, created_by=author_of(call))
    # A conflict would abort the transaction, so it is passed over, and then it is seen who has the name.
    await AccountRow.bulk_create([account], ignore_conflicts=True)
    if not await AccountRow.exists(id=account.id):
        raise duplicate("This name is taken: choose another.", "该账户名已存在，请更换。", "name")
    # A system gets API keys instead.
    code = (await make_invitation(call, account=account)).code if input.kind is AccountKind.PERSON else None
    return AddAccountPayload(account=ref(Account, account.id), code=code)


@strawberry.input(description="Whether an account may sign in (停用或恢复账户).")
class SetAccountSuspensionInput:
    idempotency_key: str = input_field(KEY)
    account: str = input_field(NAMED)
    expected_version: int = input_field(EXPECTED)
    suspended: bool = input_field("Whether it is suspended from now on (是否停用).")


@command(
    "Suspend an account, which ends its sessions at once, or let it sign in again. That of a data-protection officer "
    "is suspended by two: it is once a second person asks for the same (停用账户).",
    requires=EDIT,
)
async def set_account_suspension(call: Call, input: SetAccountSuspensionInput) -> AccountPayload:
    account = await load_managed_account(call, input.account)
    # Letting an account in again gives it all its roles back, so it takes who may give them.
    if is_own_account(call, account) or not (input.suspended or await can_appoint(call, account)):
        raise not_allowed("account")
    check_version(account, input.expected_version)
    account.version += 1
    # The first request about an officer is only noted.
    if input.suspended and not await ends_office(call, account):
        await account.save()
        return AccountPayload(account=ref(Account, account.id))
    account.suspended_at = call.now if input.suspended else None
    account.suspended_by = author_of(call) if input.suspended else None
    # A request that waited for a second person is settled as well.
    account.suspending_at = account.suspending_by = None
    await account.save()
    if input.suspended:
        # In the same transaction: no session outlives the suspension.
        await SessionRow.filter(account=account, ended_at=None).update(ended_at=call.now)
    return AccountPayload(account=ref(Account, account.id))


@strawberry.type(description="The role that was given or taken back, or why not (授权结果).")
class GrantPayload:
    grant: Grant | None = result_field("The role and where it is held (授权).")
    errors: list[Problem] = problems()


@strawberry.input(description="A role for an account: in a grid, for a unit, or with neither everywhere (授予角色).")
class GrantRoleInput:
    idempotency_key: str = input_field(KEY)
    account: str = input_field(NAMED)
    role: str = input_field("The role, such as grid_worker (角色).")
    grid: str | None = input_field("The grid, by code (网格编码).", default=UNSET)
    unit: str | None = input_field("The unit, by code (单位编码).", default=UNSET)
    since: datetime.datetime | None = input_field("From when; now if not said (起).", default=UNSET)
    until: datetime.datetime | None = input_field("Until when; without end if not said (止).", default=UNSET)


@command(
    "Give a role. Whoever does not appoint gives what, where and as long as they hold it themselves; nobody gives to "
    "themselves; of some roles a second person confirms it (授予角色).",
    requires=GRANT,
)
async def grant_role(call: Call, input: GrantRoleInput) -> GrantPayload:
    account: AccountRow = await call.find(Account, "account", name=input.account)
    since, until = read_period(call, input)
    role = check_role(call, input.role)
    place = await read_place(input)
    # Not to another account of the same person either.
    mine = is_own_account(call, account) or await belong_together(call, author_of(call), account.name)
    if mine or not can_give_role(call, role, place, until):
        raise Refusal(
            "FORBIDDEN",
            "You neither appoint there and for as long, nor hold all that this role may; or it is your own account.",
            "您在该范围或期限内无权任命，也不具备该角色的全部权限，或目标为您本人的账户。",
            ("role",),
        )
    # A role for a unit is held for the unit, wherever that is at home.
    grid = place.grid.id if place.grid and place.unit is None else None
    grant = GrantRow(account=account, role=role, grid_id=grid, unit_id=place.unit, since=since, until=until)
    grant.granted_by, grant.granted_at = author_of(call), call.now
    # It counts once a second person confirms it and nobody can stop it any more.
    if not gives_alone(call, role):
        grant.proposed_at = call.now
        grant.waits_until = call.now + datetime.timedelta(hours=call.context.bounds.proposed)
    await grant.save(force_create=True)
    await tell_of_grant(call, grant, place)
    return GrantPayload(grant=ref(Grant, grant.id))


PROPOSED = Text("Confirm a role, or take it back", "请复核角色授予")
WATCHED = Text("A guarded role was proposed", "有人提议授予受保护角色")
GIVEN = Text("A role was given", "已授予角色")


async def tell_of_grant(call: Call, grant: GrantRow, place: GrantPlace) -> None:
    """Tell who confirms what waits; who watches over personal data, of it and of roles the giver does not hold."""
    about, role = f"Grant:{grant.id}", role_label(grant.role)
    hours = call.context.bounds.proposed
    if grant.waits_until:
        confirmed = Text(f"The role of {role.en} counts once you confirm it.", f"{role.zh}角色经复核后生效。")
        await tell_office(call, NoticeDraft("account.role_proposed", PROPOSED, confirmed, about), CONFIRM, place)
        body = Text(
            f"The role of {role.en} was proposed. You can stop it within {hours} hours, or agree.",
            f"有人提议授予{role.zh}角色，您可在 {hours} 小时内叫停，或表示同意。",
        )
        await tell_office(call, NoticeDraft("account.role_watched", WATCHED, body, about), OVERSEE, place)
    # Who gives what they do not hold appoints, which somebody has to know of.
    elif not covers_permissions(call, role_permissions(call, grant.role), place, grant.until):
        body = Text(f"An administrator gave the role of {role.en}.", f"管理员授予了{role.zh}角色。")
        await tell_office(call, NoticeDraft("account.role_given", GIVEN, body, about), OVERSEE, place)


async def tell_office(call: Call, notice: NoticeDraft, permission: str, place: GrantPlace) -> None:
    """Tell whoever holds the permission over the place; for everywhere, those of every county."""
    if place.grid is not None:
        counties = [place.grid.county_id or place.grid.id]
    else:
        counties = [row.id for row in await GridRow.filter(kind=Kind.COUNTY, valid_to=None).only("id")]
    await send_notice(call, notice, offices=[Office(permission, county) for county in counties])


@strawberry.input(description="A role that waits for a second person (复核角色授予).")
class ConfirmGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")


@command(
    "Confirm a role that somebody else gave, if you were not appointed by the same person; take it back to refuse it. "
    "It counts once the data-protection officer agrees, or the time to stop it is over (复核角色授予).",
    requires=CONFIRM,
    two_persons=True,
)
async def confirm_grant(call: Call, input: ConfirmGrantInput) -> GrantPayload:
    require_signed_in(call)
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    account, place = await AccountRow.get(id=grant.account_id), await place_of(grant)
    if is_own_account(call, account) or not await may_confirm(call, place):
        raise not_allowed("grant")
    # Neither who gave the role nor who gets it may stand behind the one who confirms.
    await require_unconnected(call, "grant", grant.granted_by)
    await require_unrelated(call, "grant", account.name)
    if grant.proposed_at is None or (grant.until is not None and grant.until <= call.now):
        raise invalid_input("It does not wait to be confirmed.", "该授权无须复核或已失效。", "grant")
    grant.proposed_at, grant.confirmed_by = None, author_of(call)
    # Whoever confirms and watches over personal data need not agree once more.
    if covers_permissions(call, [OVERSEE], place, None):
        grant.agreed_by = author_of(call)
    await take_effect(call, grant)
    return GrantPayload(grant=ref(Grant, grant.id))


async def take_effect(call: Call, grant: GrantRow) -> None:
    """Have a confirmed grant count from now on, or once it can no longer be stopped. Raises Refusal."""
    # The officer's agreement lets it count at once.
    waits = grant.waits_until if grant.agreed_by is None and grant.waits_until else call.now
    # It never counts backwards.
    grant.since = max(grant.since, call.now, waits)
    if grant.until is not None and grant.until <= grant.since:
        raise invalid_input("It would end before it counts.", "该授权生效前即已到期，请延长期限。", "grant")
    await grant.save()


@strawberry.input(description="A guarded role that may count without waiting (同意受保护角色的授予).")
class AgreeToGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")


@command(
    "Agree, as the data-protection officer, to a guarded role: it waits for nothing but its confirmation "
    "(同意授予受保护角色).",
    requires=OVERSEE,
)
async def agree_to_grant(call: Call, input: AgreeToGrantInput) -> GrantPayload:
    grant, waits = await load_guarded_grant(call, input.grant)
    grant.agreed_by = author_of(call)
    # Confirmed already, it waited for the officer alone.
    if grant.proposed_at is None and grant.since == waits:
        grant.since = call.now
    await grant.save()
    return GrantPayload(grant=ref(Grant, grant.id))


@strawberry.input(description="A guarded role that is not to be given, and why (叫停受保护角色的授予).")
class StopGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")
    reason: str = input_field("Why; whoever proposed and confirmed it is told (理由).")


STOPPED = Text("A guarded role was stopped", "受保护角色的授予已被叫停")


@command(
    "Stop a guarded role, as the data-protection officer, until it counts (叫停受保护角色的授予).", requires=OVERSEE
)
async def stop_grant(call: Call, input: StopGrantInput) -> GrantPayload:
    reason = check_text(input.reason, WHY, "reason")
    grant, _ = await load_guarded_grant(call, input.grant)
    # Over when it begins: a stopped role stays on record and never counts.
    grant.stopped_by, grant.stopped_why, grant.until = author_of(call), reason, grant.since
    await grant.save()
    body = Text("The reason is with the grant.", "理由见授权记录。")
    notice = NoticeDraft("account.role_stopped", STOPPED, body, f"Grant:{grant.id}")
    await send_notice(call, notice, accounts=[one for one in (grant.granted_by, grant.confirmed_by) if one])
    return GrantPayload(grant=ref(Grant, grant.id))


async def load_guarded_grant(call: Call, id: str) -> tuple[GrantRow, datetime.datetime]:
    """Return a guarded role that does not count yet, which the caller watches over, and until when it waits."""
    require_signed_in(call)
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(id))
    # Neither who gets the role nor who gave it decides about it.
    interested = is_own_account(call, await AccountRow.get(id=grant.account_id)) or author_of(call) == grant.granted_by
    if interested or not covers_permissions(call, [OVERSEE], await place_of(grant), None):
        raise not_allowed("grant")
    over = grant.until is not None and grant.until <= max(grant.since, call.now)
    if grant.waits_until is None or over or (grant.proposed_at is None and grant.since <= call.now):
        raise invalid_input("It counts already, or is over.", "该授权已生效或已失效。", "grant")
    return grant, grant.waits_until


@strawberry.input(description="A role that is taken back (收回角色).")
class RevokeGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")


@command(
    "Take a role back from now on. A data-protection officer's is taken back by two: once a second person asks for the "
    "same (收回角色).",
    requires=GRANT,
)
async def revoke_grant(call: Call, input: RevokeGrantInput) -> GrantPayload:
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    place = await place_of(grant)
    if not covers_permissions(call, [GRANT], place, None):
        raise not_allowed("grant")
    if grant.until is not None and grant.until <= max(call.now, grant.since):
        raise invalid_input("It is over already.", "该授权已失效。", "grant")
    # A role that waits is taken back by one person, and so is any but an officer's.
    if grant.proposed_at is None and not await ends_oversight(call, grant, place):
        await grant.save()
        return GrantPayload(grant=ref(Grant, grant.id))
    # A role that has not begun ends where it would begin.
    grant.until = max(call.now, grant.since)
    grant.revoked_by = author_of(call)
    await grant.save()
    return GrantPayload(grant=ref(Grant, grant.id))


# whoever watches over personal data is not removed by one person


ENDING = Text("Somebody wants to end your office", "有人提议终止您的职务")
ENDED = Text("Your office was ended", "您的职务已被终止")


async def ends_oversight(call: Call, grant: GrantRow, place: GrantPlace) -> bool:
    """Return whether the grant ends now; an officer's needs a second person, and the officer is told of both.

    The first request is written to the row, which the caller saves.
    """
    # Nothing binds the command line here: whoever has it has the database.
    if author_of(call) == CONSOLE or OVERSEE not in role_permissions(call, grant.role):
        return True
    account = await AccountRow.get(id=grant.account_id)
    first = await is_first(call, grant.ending_by, account, place, "grant")
    if first:
        grant.ending_at, grant.ending_by = call.now, author_of(call)
    await tell_officer(call, account, place, first)
    return not first


async def ends_office(call: Call, account: AccountRow) -> bool:
    """Return whether the account is suspended now; an officer's only when a second person asks for it."""
    offices = [one for one in await load_live_grants(call, account) if OVERSEE in role_permissions(call, one.role)]
    # A role that waits to be confirmed is no office yet.
    held = [one for one in offices if one.proposed_at is None]
    if author_of(call) == CONSOLE or not held:
        return True
    place = await place_of(held[0])
    first = await is_first(call, account.suspending_by, account, place, "account")
    if first:
        account.suspending_at, account.suspending_by = call.now, author_of(call)
    await tell_officer(call, account, place, first)
    return not first


async def is_first(call: Call, asked: str | None, account: AccountRow, place: GrantPlace, path: str) -> bool:
    """Return whether the caller is the first to ask for an office to end. Raises Refusal for an unfit second."""
    if asked is None or is_own_account(call, account):
        return not is_own_account(call, account)  # whoever has the office may leave it
    require_signed_in(call)
    if not await may_confirm(call, place):
        raise not_allowed(path)
    await require_unconnected(call, path, asked)
    return False


async def tell_officer(call: Call, account: AccountRow, place: GrantPlace, first: bool) -> None:
    """Tell the officer, and whoever watches beside them."""
    body = (
        Text("It ends once a second person asks for it.", "经第二人提出后即终止。")
        if first
        else Text("Two persons asked for it.", "已由两人提出。")
    )
    notice = NoticeDraft("account.office_ending" if first else "account.office_ended", ENDING if first else ENDED, body)
    await send_notice(call, notice, accounts=[account.name])
    await tell_office(call, notice, OVERSEE, place)


@strawberry.type(description="The identity that was linked, or why not (外部身份结果).")
class IdentityPayload:
    identity: Identity | None = result_field("The identity (外部身份).")
    errors: list[Problem] = problems()


@strawberry.input(description="Who an account is at an identity provider (关联外部身份).")
class LinkIdentityInput:
    idempotency_key: str = input_field(KEY)
    account: str = input_field(NAMED)
    issuer: str = input_field("The provider, as its tokens name it in `iss` (签发方).")
    subject: str = input_field("The account there, as tokens name it in `sub` (主体).")


@command(
    "Let an account sign in by an identity provider. For a resident, and for who holds what nobody gives alone, a "
    "second person confirms it (关联外部身份).",
    requires=EDIT,
)
async def link_identity(call: Call, input: LinkIdentityInput) -> IdentityPayload:
    with input_form() as read:
        issuer = read(check_text, input.issuer, 200, "issuer")
        subject = read(check_text, input.subject, 255, "subject")
    account = await load_managed_account(call, input.account)
    # Whoever makes a way in could take it: they must stand above all that the owner holds, and know the person.
    if not (await outranks_account(call, account) and await can_vouch(call, account)):
        raise not_allowed("account")
    identity = IdentityRow(
        account=account, issuer=issuer, subject=subject, linked_at=call.now, linked_by=author_of(call)
    )
    if await takes_two_to_enter(call, account):
        identity.proposed_at = call.now
    # A conflict would abort the transaction, so it is passed over, and then it is seen whether it was linked.
    await IdentityRow.bulk_create([identity], ignore_conflicts=True)
    if not await IdentityRow.exists(id=identity.id):
        raise duplicate("This identity is linked to an account already.", "该外部身份已关联账户。", "subject")
    await tell_owner(call, account, "account.identity_linked", LINKED, identity.id)
    return IdentityPayload(identity=ref(Identity, identity.id))


LINKED = Text("A way to sign in was added to your account", "您的账户新增了登录方式")


async def tell_owner(call: Call, account: AccountRow, kind: str, title: Text, identity: Any) -> None:
    """Tell whose account it is that somebody made a way in."""
    body = Text(
        "If this was not you, have it taken away and tell the data-protection officer.",
        "如非本人所为，请要求撤销并告知个人信息保护负责人。",
    )
    people = [account.person_id] if account.person_id else []
    # One notice: to the person, where the account is somebody's.
    accounts = [] if people else [account.name]
    await send_notice(call, NoticeDraft(kind, title, body, f"Identity:{identity}"), persons=people, accounts=accounts)


@strawberry.input(description="An identity that waits for a second person (复核外部身份关联).")
class ConfirmIdentityInput:
    idempotency_key: str = input_field(KEY)
    identity: ID = input_field("The identity's id (外部身份标识).")


@command(
    "Confirm that an account signs in by an identity that somebody else linked (复核外部身份关联).",
    requires=EDIT,
    two_persons=True,
)
async def confirm_identity(call: Call, input: ConfirmIdentityInput) -> IdentityPayload:
    require_signed_in(call)
    identity: IdentityRow = await call.find(Identity, "identity", id=key_of(Identity)(input.identity))
    account = await AccountRow.get(id=identity.account_id)
    if is_own_account(call, account) or not (call.may(EDIT, account) and await can_vouch(call, account)):
        raise not_allowed("identity")
    await require_second_entry(call, account, identity.linked_by, "identity")
    if identity.proposed_at is None:
        raise invalid_input("It does not wait to be confirmed.", "该关联无须复核。", "identity")
    identity.proposed_at, identity.confirmed_by = None, author_of(call)
    await identity.save()
    await tell_owner(call, account, "account.identity_confirmed", LINKED, identity.id)
    return IdentityPayload(identity=ref(Identity, identity.id))


@strawberry.input(description="An identity that does not count any more (取消关联).")
class UnlinkIdentityInput:
    idempotency_key: str = input_field(KEY)
    identity: ID = input_field("The identity's id (外部身份标识).")


@command("Unlink an identity: its tokens are refused from now on (取消关联).", requires=EDIT)
async def unlink_identity(call: Call, input: UnlinkIdentityInput) -> AccountPayload:
    identity: IdentityRow = await call.find(Identity, "identity", id=key_of(Identity)(input.identity))
    account = await AccountRow.get(id=identity.account_id)
    # Into their own account those who look after accounts close a way; into an officer's nobody does alone.
    if not call.may(EDIT, account) or not (is_own_account(call, account) or await may_lock_out(call, account)):
        raise not_allowed("identity")
    await identity.delete()
    return AccountPayload(account=ref(Account, account.id))


# what the commands share


async def may_lock_out(call: Call, account: AccountRow) -> bool:
    """Return whether the caller may take a way in from the account: not alone from who watches over personal data."""
    grants = await load_live_grants(call, account)
    return author_of(call) == CONSOLE or not any(OVERSEE in role_permissions(call, one.role) for one in grants)


async def load_managed_account(call: Call, name: str) -> AccountRow:
    """Return the account, locked, if the caller looks after it."""
    account: AccountRow = await call.find(Account, "account", name=name)
    if not call.may(EDIT, account):
        raise not_allowed("account")
    return account


def check_role(call: Call, role: str) -> str:
    try:
        call.context.held(role)
    except KeyError:
        raise not_found("There is no such role.", "没有该角色。", "role") from None
    if role == "stranger":
        raise invalid_input("No account has this role: give another.", "访客角色不能授予账户，请另选。", "role")
    return role


async def read_place(input: Any) -> GrantPlace:
    """Return where the role is to be held."""
    if is_given(input.grid) and is_given(input.unit):
        raise invalid_input("Give a grid or a unit, not both.", "网格与单位只能填写一项。", "unit")
    if is_given(input.unit):
        unit = await find_unit(input.unit, "unit")
        return GrantPlace(await unit.grid, unit.id)
    return GrantPlace(await find_grid(input.grid, "grid") if is_given(input.grid) else None)


def read_period(call: Call, input: Any) -> tuple[datetime.datetime, datetime.datetime | None]:
    """Return from when to when, both aware."""
    since = require_offset(input.since, "since") if is_given(input.since) else call.now
    until = require_offset(input.until, "until") if is_given(input.until) else None
    if until is not None and until <= max(since, call.now):
        raise invalid_input(
            f"{FIELD} must lie after the beginning, and in the future.", f"{FIELD}应晚于起始时间，且晚于现在。", "until"
        )
    return since, until


EXTENSIONS = (
    extend(
        Mutation,
        add_account=add_account,
        set_account_suspension=set_account_suspension,
        grant_role=grant_role,
        confirm_grant=confirm_grant,
        agree_to_grant=agree_to_grant,
        stop_grant=stop_grant,
        revoke_grant=revoke_grant,
        link_identity=link_identity,
        confirm_identity=confirm_identity,
        unlink_identity=unlink_identity,
    ),
)
