"""Lost answers: secrets of payloads that a repeated request gets once more, kept sealed for some minutes.

Whoever makes a secret and loses the answer has something that nobody can use. So a payload may say for how long the
same request, of the same account and with the same idempotency key, gets it again (`secret_field(again=)`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from gongzhi.core.journal.models import RequestRow
from gongzhi.runtime.commands import AGAIN
from gongzhi.runtime.sealing import open_value, seal_value

SEALED = "@sealed"
"""Where a stored answer has them; no field is called like this."""
LONGEST = timedelta(days=1)
"""No secret may be asked for again for longer."""
# What is sealed says itself until when it is good, and goes as soon as the last of it is over. The keys begin with the
# time, so that what is new is found by them: an index by results would be written anew with each of them.
DESTROY = f"""
update journal.request set result = result - '{SEALED}'
where ($2::timestamptz is null or id >= access.first_id($2)) and result ? '{SEALED}'
  and (result -> '{SEALED}' ->> 'until')::timestamptz <= $1
"""


@cache
def find_terms(kind: type) -> dict[str, timedelta]:
    """Return for how long each secret of a payload may be asked for again."""
    fields = kind.__strawberry_definition__.fields  # type: ignore[attr-defined]
    return {field.python_name: term for field in fields if (term := field.metadata.get(AGAIN))}


def seal_answer(payload: Any, secret: bytes, account: str, key: str, now: datetime) -> dict[str, Any]:
    """Return what is stored of a payload's secrets; nothing for nearly all payloads, which have none."""
    kind: type = type(payload)
    terms = find_terms(kind)
    values = {name: value for name in terms if (value := getattr(payload, name)) is not None}
    if not values:
        return {}
    until = {name: (now + min(terms[name], LONGEST)).isoformat() for name in values}
    blob = seal_value(derive_sealing_key(secret), place_of(account, key), orjson.dumps([values, until]).decode())
    return {SEALED: {"until": max(until.values()), "blob": base64.b64encode(blob).decode()}}


def open_answer(payload: Any, request: RequestRow, secret: bytes, now: datetime) -> None:
    """Put the secrets into the payload of a repeated request, as long as they may be asked for again."""
    sealed = (request.result or {}).get(SEALED)
    if sealed is None:
        return
    place = place_of(request.account, request.idempotency_key)
    values, until = orjson.loads(open_value(derive_sealing_key(secret), place, base64.b64decode(sealed["blob"])))
    kind: type = type(payload)
    for name in find_terms(kind).keys() & values.keys():
        if now < datetime.fromisoformat(until[name]):
            setattr(payload, name, values[name])


def place_of(account: str, key: str) -> str:
    """Name the place that a value is sealed for, so that it opens nowhere else."""
    return f"journal.request:{account}:{key}"


def derive_sealing_key(secret: bytes) -> bytes:
    """Derive the key that these are sealed with, which is used for nothing else."""
    return hmac.digest(secret, b"gongzhi lost answers", hashlib.sha256)


async def destroy_answers(execute: Callable[..., Awaitable[Any]], now: datetime, last: datetime | None = None) -> None:
    """Destroy what nobody may ask for any more, of what could be asked for when that was done last."""
    await execute(DESTROY, now, last and last - LONGEST)
