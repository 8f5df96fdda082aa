"""Idempotency: keeps requests under their keys, so that one that is sent again is answered as it was."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import strawberry
from gongzhi.core.journal.models import RequestRow
from gongzhi.declare.bounds import check_argument
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Command
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Refusal
from tortoise.backends.base.client import BaseDBAsyncClient
from uuid6 import uuid7

from gongzhi_server.storage.batched_writes import Write
from gongzhi_server.storage.lost_answers import open_answer

from .refusals import restore_answer

# "On conflict do nothing" makes taking a key atomic: of two equal requests at once the
# second waits for the first to commit, and then finds its row instead of inserting one.
TAKE = (
    "insert into journal.request (id, account, idempotency_key, mutation, mac, at, result) "
    "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing"
)
END = "update journal.request set result=$3 where account=$1 and idempotency_key=$2"


def key_owner(viewer: Viewer, key: str) -> tuple[str, str]:
    """Return the owner of an idempotency key, and the key. A stranger's key must be a UUID."""
    if not 1 <= len(key) <= 100:
        raise Refusal(
            "BAD_USER_INPUT",
            "The idempotency key must have 1 to 100 characters.",
            "幂等键长度应为 1 至 100 个字符。",
            ("idempotencyKey",),
        )
    check_argument(key, "idempotencyKey")  # PostgreSQL stores no text that is not Unicode
    if viewer.account.name is not None:
        return viewer.account.name, key
    # All strangers share one account, so a key that can be guessed would answer one stranger with another's payload.
    try:
        return "stranger", str(UUID(key))
    except ValueError as error:
        raise Refusal(
            "BAD_USER_INPUT",
            "Without an account the idempotency key must be a UUID.",
            "未登录时幂等键须为 UUID。",
            ("idempotencyKey",),
        ) from error


def request_mac(context: Context, command: Command, given: Any) -> bytes:
    """Compute a MAC of what was asked, so that a key cannot stand for two different requests."""
    asked = {name: value for name, value in vars(given).items() if name != "idempotency_key"}
    text = json.dumps([command.name, asked], default=json_default, sort_keys=True)  # takes integers of any length
    # Keyed by a secret of the deployment: a plain digest of a
    # short input, such as a telephone number, could be guessed.
    return hmac.digest(context.receipts, text.encode(), hashlib.sha256)


def json_default(value: Any) -> Any:
    if value is strawberry.UNSET:
        return None
    return vars(value) if dataclasses.is_dataclass(value) else str(value)


def claim_write(
    account: str, key: str, command: Command, mac: bytes, now: datetime, result: dict[str, Any] | None = None
) -> Write:
    """Build the statement that stores a request under its key; it writes nothing if the key is taken."""
    kept = None if result is None else orjson.dumps(result).decode()
    return Write(TAKE, [uuid7(), account, key, command.name, mac, now, kept])


async def claim_key(
    connection: BaseDBAsyncClient, account: str, key: str, command: Command, mac: bytes, now: datetime
) -> RequestRow | None:
    """Take the key, or find the request that took it; waits for one that is under way."""
    claim = claim_write(account, key, command, mac, now)
    if await connection.execute_query_dict(f"{claim.sql} returning id", list(claim.values)):
        return None
    # Without a row from "returning" the key was taken, by a transaction that has committed since.
    return await RequestRow.get(account=account, idempotency_key=key)


def replay_request(command: Command, request: RequestRow, mac: bytes, context: Context) -> Any:
    """Return the payload of a request that was carried out before; its objects are planned as they are now."""
    # Compared in constant time, as all MACs are.
    if request.mutation != command.name or not hmac.compare_digest(request.mac, mac):
        raise Refusal(
            "IDEMPOTENCY_KEY_REUSED",
            "This key was used for another request; use a new one.",
            "该幂等键已用于其他请求，请更换。",
            ("idempotencyKey",),
        )
    payload = restore_answer(command, request.result or {}, context.viewer)
    open_answer(payload, request, context.receipts, context.viewer.now)
    return payload
