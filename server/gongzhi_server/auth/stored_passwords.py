"""Stored passwords: the hash of an account's one password, and what ends when it changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from uuid6 import uuid7

SET = """
insert into accounts.password (id, account_id, hash, changed_at) values ($1, $2, $3, $4)
on conflict (account_id) do update set hash = excluded.hash, changed_at = excluded.changed_at
"""
END_ALL = "update accounts.session set ended_at=$2 where account_id=$1 and ended_at is null"


async def store_password(connection: Any, account: UUID, hash: str, now: datetime) -> None:
    """Store a hash, and end every session that the old password opened."""
    await connection.execute(SET, uuid7(), account, hash, now)
    await connection.execute(END_ALL, account, now)
