"""Quotas: a lock for what is counted before it is done."""

from __future__ import annotations

from gongzhi.runtime.commands import Call
from gongzhi.runtime.locks import lock_name

SEED = 46
"""Keeps these locks apart from others that are made of a text."""


async def lock_quota(call: Call, quota: str, whose: str) -> None:
    """Let one operation at a time count what is used of a quota, until its transaction ends.

    Without it several at once count the same, and each finds room for itself. Hold it before counting; the row
    that is counted must be committed before this transaction is, or be part of it.
    """
    await lock_name(call, f"{quota} {whose}", SEED)
