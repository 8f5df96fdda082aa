"""API keys: for lenders' systems, which read and decide what was sent to the unit, and do nothing else."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.credential_commands import KEYED, KEYS, ApiKeyPayload, check_key_expiry, mint_key
from gongzhi.core.accounts.models import NAME, AccountRow, KeyRow
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, is_given, not_found
from gongzhi.runtime.commands import KEY, Call, command, input_field
from strawberry import UNSET

from ..visibility import LEND


@strawberry.input(description="An API key for a lender's system (创建贷款机构接口密钥).")
class CreateLenderKeyInput:
    idempotency_key: str = input_field(KEY)
    label: str = input_field("What it is for (用途).", length=(1, NAME))
    expires_at: datetime.datetime | None = input_field(
        f"Until when, a year at most; {KEYED.days} days if not said (到期时间).", default=UNSET
    )


@command(
    "Make an API key of one's own account that may do what `credit.lend` allows, and no more (创建贷款机构接口密钥).",
    requires=LEND,
)
async def create_lender_key(call: Call, input: CreateLenderKeyInput) -> ApiKeyPayload:
    # An API key makes no keys: revoking a stolen one must be enough.
    require_signed_in(call)
    mine = AccountRow.select_for_update(no_key=True)  # else two at once find room for one more key each
    account = await mine.get_or_none(id=call.viewer.account.id) if call.viewer.account.id else None
    if account is None:
        raise not_found("Sign in with an account of your own.", "请使用本人账户登录后操作。", "label")
    if await KeyRow.filter(account=account, revoked_at=None, expires_at__gt=call.now).count() >= KEYS:
        raise invalid_input(f"An account has {KEYS} keys at most.", f"每个账户最多 {KEYS} 个密钥。", "label")
    expires = check_key_expiry(
        call, require_offset(input.expires_at, "expiresAt") if is_given(input.expires_at) else call.now + KEYED
    )
    # One permission, whatever the account has: a key that is stolen can neither pay out nor read files.
    key = KeyRow(label=input.label, permissions=[LEND], account=account)
    return await mint_key(call, key, expires)


EXTENSIONS = (extend(Mutation, create_lender_key=create_lender_key),)
