"""Sweep: does what time alone brings about, in transactions of its own, for the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gongzhi.core.clocks.sweeping import Swept, sweep
from gongzhi.declare.viewer import Account, Grant, Viewer
from gongzhi.runtime.context import Context
from gongzhi.runtime.sealing import KeyRing
from tortoise.transactions import in_transaction

from gongzhi_server.commands.mutations import Transaction
from gongzhi_server.commands.reactions import ReactionTable
from gongzhi_server.events.outbox import Outbox
from gongzhi_server.plugins.loader import Plugins
from gongzhi_server.storage import database

CORE = Account("system:core", grants=(Grant("system", frozenset()),))
"""Whom the job of the same name acts as."""


async def once(dsn: str, now: datetime, keys: KeyRing, plugins: Plugins) -> Swept:
    """Sweep the clocks of every county until nothing is due, and tell what was done."""
    async with database.connected(database.config(dsn, plugins.apps, 2)):
        total = Swept(0, 0, 0)
        # A portion at a time: each has a transaction of its own, and ends when nothing is due any more.
        while (done := await _swept(now, keys, plugins)) != Swept(0, 0, 0):
            total = Swept(total.recounted + done.recounted, total.reminded + done.reminded, total.closed + done.closed)
        return total


async def _swept(now: datetime, keys: KeyRing, plugins: Plugins) -> Swept:
    """Sweep one portion, and tell what was done."""
    context = Context(
        Viewer(CORE, now),
        keys,
        # No receipts, looks or files: a sweep issues no receipt and answers nobody.
        b"",
        _nothing,
        _nothing,
        _nothing,
        held=plugins.held,
        holders=plugins.holders,
        registers=plugins.registers,
        reactions=ReactionTable(plugins.reactions),
    )
    outbox = Outbox(plugins.registry, {one.name for _, one in plugins.jobs})
    async with in_transaction() as connection:
        call = Transaction(context, connection, outbox=outbox)
        done = await sweep(call)
        await call.told.write(connection)
        return done


async def _nothing(*given: Any) -> Any:
    raise NotImplementedError("a sweep carries out no commands")
