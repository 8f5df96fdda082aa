"""API keys: for lenders' systems, which read and decide what was sent to the unit, and do nothing else."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.credential_commands import KEYED, KEYS, ApiKeyPayload, expiry, mint_key
from gongzhi.core.accounts.models import NAME, AccountRow, KeyRow
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import aware
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import missing, text, told, wrong
from gongzhi.runtime.commands import KEY, Call, command, given
from strawberry import UNSET

from .visibility import LEND


@strawberry.input(description="An API key for a lender's system (创建贷款机构接口密钥).")
class CreateLenderKeyInput:
    idempotency_key: str = given(KEY)
    label: str = given("What it is for (用途).")
    expires_at: datetime.datetime | None = given(
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
        raise missing("Sign in with an account of your own.", "请使用本人账户登录后操作。", "label")
    if await KeyRow.filter(account=account, revoked_at=None, expires_at__gt=call.now).count() >= KEYS:
        raise wrong(f"An account has {KEYS} keys at most.", f"每个账户最多 {KEYS} 个密钥。", "label")
    expires = expiry(call, aware(input.expires_at, "expiresAt") if told(input.expires_at) else call.now + KEYED)
    # One permission, whatever the account has: a key that is stolen can neither pay out nor read files.
    key = KeyRow(label=text(input.label, NAME, "label"), permissions=[LEND], account=account)
    return await mint_key(call, key, expires)


EXTENSIONS = (extend(Mutation, create_lender_key=create_lender_key),)
