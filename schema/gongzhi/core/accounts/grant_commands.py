"""Grant commands: give roles, confirm, agree to, stop and take them back."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from strawberry import ID, UNSET

from gongzhi.core.access.rules import OVERSEE
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.roles import role_label
from gongzhi.runtime.actions import Action
from gongzhi.runtime.checks import invalid_input, is_given, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import FIELD, Refusal, Text

from .commands import NAMED
from .independence import belong_together, require_office, require_unconnected, require_unrelated
from .models import AccountRow, GrantRow
from .oversight import ends_oversight, tell_office
from .requirements import CONFIRMS_GRANT, LASTS, OVERSEES_GRANT, REVOKES_GRANT, STOPPABLE, WAITS
from .rules import (
    CONFIRM,
    GRANT,
    GrantPlace,
    author_of,
    can_give_role,
    covers_permissions,
    gives_alone,
    holds_over_place,
    is_own_account,
    place_of,
    require_signed_in,
    role_permissions,
)
from .types import Account, Grant

WHY = 500


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


@strawberry.input(description="A role that waits for a second person (复核角色授予).")
class ConfirmGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")


@command(
    "Confirm a role that somebody else gave, if you were not appointed by the same person; take it back to refuse it. "
    "It counts once the data-protection officer agrees, or the time to stop it is over (复核角色授予).",
    requires=CONFIRM,
    two_persons=True,
    action=Action(Grant, CONFIRMS_GRANT, (WAITS,)),
)
async def confirm_grant(call: Call, input: ConfirmGrantInput) -> GrantPayload:
    require_signed_in(call)
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    account, place = await AccountRow.get(id=grant.account_id), await place_of(grant)
    await require_office(call, place, "grant")
    # Neither who gave the role nor who gets it may stand behind the one who confirms.
    await require_unconnected(call, "grant", grant.granted_by)
    await require_unrelated(call, "grant", account.name)
    grant.proposed_at, grant.confirmed_by = None, author_of(call)
    # Whoever confirms and watches over personal data need not agree once more.
    if holds_over_place(call, OVERSEE, place):
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
    action=Action(Grant, OVERSEES_GRANT, (STOPPABLE,)),
)
async def agree_to_grant(call: Call, input: AgreeToGrantInput) -> GrantPayload:
    require_signed_in(call)
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    grant.agreed_by = author_of(call)
    # Confirmed already, it waited for the officer alone.
    if grant.proposed_at is None and grant.since == grant.waits_until:
        grant.since = call.now
    await grant.save()
    return GrantPayload(grant=ref(Grant, grant.id))


@strawberry.input(description="A guarded role that is not to be given, and why (叫停受保护角色的授予).")
class StopGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")
    reason: str = input_field("Why; whoever proposed and confirmed it is told (理由).", length=(1, WHY))


STOPPED = Text("A guarded role was stopped", "受保护角色的授予已被叫停")


@command(
    "Stop a guarded role, as the data-protection officer, until it counts (叫停受保护角色的授予).",
    requires=OVERSEE,
    action=Action(Grant, OVERSEES_GRANT, (STOPPABLE,)),
)
async def stop_grant(call: Call, input: StopGrantInput) -> GrantPayload:
    require_signed_in(call)
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    # Over when it begins: a stopped role stays on record and never counts.
    grant.stopped_by, grant.stopped_why, grant.until = author_of(call), input.reason, grant.since
    await grant.save()
    body = Text("The reason is with the grant.", "理由见授权记录。")
    notice = NoticeDraft("account.role_stopped", STOPPED, body, f"Grant:{grant.id}")
    await send_notice(call, notice, accounts=[one for one in (grant.granted_by, grant.confirmed_by) if one])
    return GrantPayload(grant=ref(Grant, grant.id))


@strawberry.input(description="A role that is taken back (收回角色).")
class RevokeGrantInput:
    idempotency_key: str = input_field(KEY)
    grant: ID = input_field("The grant's id (授权标识).")


@command(
    "Take a role back from now on. A data-protection officer's is taken back by two: once a second person asks for the "
    "same (收回角色).",
    requires=GRANT,
    action=Action(Grant, REVOKES_GRANT, (LASTS,)),
)
async def revoke_grant(call: Call, input: RevokeGrantInput) -> GrantPayload:
    grant: GrantRow = await call.find(Grant, "grant", id=key_of(Grant)(input.grant))
    # A role that waits is taken back by one person, and so is any but an officer's.
    if grant.proposed_at is None and not await ends_oversight(call, grant, await place_of(grant)):
        await grant.save()
        return GrantPayload(grant=ref(Grant, grant.id))
    # A role that has not begun ends where it would begin.
    grant.until = max(call.now, grant.since)
    grant.revoked_by = author_of(call)
    await grant.save()
    return GrantPayload(grant=ref(Grant, grant.id))


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
        grant_role=grant_role,
        confirm_grant=confirm_grant,
        agree_to_grant=agree_to_grant,
        stop_grant=stop_grant,
        revoke_grant=revoke_grant,
    ),
)
