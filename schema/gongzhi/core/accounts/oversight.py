"""Oversight: whoever watches over personal data is removed by two persons, and hears of it."""

from __future__ import annotations

from gongzhi.core.access.rules import OVERSEE
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Text

from .independence import refuse_alone, require_office, require_unconnected
from .models import AccountRow, GrantRow
from .rules import (
    CONSOLE,
    GrantPlace,
    author_of,
    is_own_account,
    load_live_grants,
    place_of,
    require_signed_in,
    role_permissions,
)

ENDING = Text("Somebody wants to end your office", "有人提议终止您的职务")
ENDED = Text("Your office was ended", "您的职务已被终止")
LOCKS_OUT = Text(
    "Nobody alone takes a way to sign in from a data-protection officer: end the office first, by two persons.",
    "不得由一人取消个人信息保护负责人的登录方式，请先由两人终止其职务。",
)


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
    await require_office(call, place, path)
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


async def require_no_office(call: Call, account: AccountRow, path: str) -> None:
    """Refuse to take a way in from whoever watches over personal data: nobody does so alone."""
    grants = await load_live_grants(call, account)
    if author_of(call) != CONSOLE and any(OVERSEE in role_permissions(call, one.role) for one in grants):
        raise refuse_alone(LOCKS_OUT, path)


async def tell_office(call: Call, notice: NoticeDraft, permission: str, place: GrantPlace) -> None:
    """Tell whoever holds the permission over the place; for everywhere, those of every county."""
    if place.grid is not None:
        counties = [place.grid.county_id or place.grid.id]
    else:
        counties = [row.id for row in await GridRow.filter(kind=Kind.COUNTY, valid_to=None).only("id")]
    await send_notice(call, notice, offices=[Office(permission, county) for county in counties])
