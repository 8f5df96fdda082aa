"""Locks: of rows that are about to be changed, in an order that everybody keeps, and of what has no row yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from tortoise.models import Model

from gongzhi.declare.columns import remember_row
from gongzhi.runtime.commands import Call

M = TypeVar("M", bound=Model)
LOCK_NAME = "select pg_advisory_xact_lock(hashtextextended($1::text, $2::bigint))::text"
"""What `lock_name` does, for connections that are of no command."""


async def lock_rows(model: type[M], keys: Iterable[Any], *, skip_locked: bool = False) -> list[M]:
    """Read the rows with these keys and lock them until the transaction ends, in the order of their keys.

    Two who lock many rows of a table by this never wait for each other in a ring. Those that are gone are left out;
    with `skip_locked` so are those that somebody else has locked. Other rows may go on referring to them.
    """
    wanted = model.filter(pk__in=list(keys)).order_by(model._meta.pk_attr)
    # FOR NO KEY UPDATE, so that others may insert rows that point at these meanwhile.
    rows = await wanted.select_for_update(skip_locked=skip_locked, no_key=True)
    # Remembered, so that saving one writes what changed and no more.
    for row in rows:
        remember_row(row)
    return rows


async def lock_name(call: Call, name: str, seed: int) -> None:
    """Let one transaction at a time go on with this name, until it ends: where two would make a row, none is there yet.

    The seed keeps the locks of one subject apart from those of others. It is part of the lock and never changes:
    servers of two versions run side by side while they are upgraded, and keep each other out by it alone.
    """
    await call.fetch(LOCK_NAME, name, seed)
