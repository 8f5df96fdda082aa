"""Account commands: add accounts, suspend them and let them sign in again."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import duplicate, is_given
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

from .credential_commands import AccountPayload, make_invitation
from .models import AccountKind, AccountRow, SessionRow
from .oversight import ends_office
from .rules import EDIT, LENGTH, GrantPlace, account_name, author_of, can_appoint, covers_permissions, is_own_account
from .types import Account

NAMED = "The account's name (账户名)."


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
    name: str = input_field("The name to sign in with; it stays for good (账户名).", length=LENGTH)
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


async def load_managed_account(call: Call, name: str) -> AccountRow:
    """Return the account, locked, if the caller looks after it."""
    account: AccountRow = await call.find(Account, "account", name=name)
    if not call.may(EDIT, account):
        raise not_allowed("account")
    return account


EXTENSIONS = (extend(Mutation, add_account=add_account, set_account_suspension=set_account_suspension),)
