"""Poolers: refuses one that lends its connections for a transaction, where nothing of a session stays."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from uuid import uuid4

import asyncpg

from gongzhi_server.errors import Problem

from .availability import open_session

MARK = "gongzhi.session"
"""A setting of a session that nobody else has."""
OTHERS = 4
"""Connections that take what a pooler has at hand, so that the one with the mark would get another."""
PATIENCE = 5.0
"""Seconds in which a pooler has to give them."""
# Without parameters and without an answer, so that nothing is prepared: that would already fail behind some poolers.
EXPECT = "do $$ begin if ({0}) is distinct from '{1}' then raise 'another'; end if; end $$"
PROCESS = "pg_backend_pid()::text"
REASON = (
    "DATABASE_URL: a pooler lends its connections for a transaction, in which a session's settings, locks and "
    "notifications get lost: have it keep sessions (pool_mode = session), or connect to PostgreSQL itself"
)
FEW = (
    "DATABASE_URL: a pooler has no connections left: let it have as many for each process as gongzhi doctor says that "
    "one takes"
)


async def refuse_transaction_pooling(connection: asyncpg.Connection, dsn: str) -> None:
    """Refuse a pooler that keeps no sessions. Raises Problem.

    Behind one the server would start, and later be told of nothing that happens, or do twice what must be done once.
    """
    # Whoever answers in the place of PostgreSQL names a process that is none of its own.
    if await answers_with(connection, PROCESS, str(connection.get_server_pid())):
        return
    mark = uuid4().hex
    await connection.execute(f"set {MARK} = '{mark}'")
    with ExitStack() as stack:
        try:
            async with asyncio.timeout(PATIENCE):
                others = []
                for _ in range(OTHERS):
                    others.append(await open_session(dsn))
                    stack.callback(others[-1].terminate)  # whatever it waits for
                for other in others:
                    # Holds what it was lent, which most probably is what the connection with the mark had before.
                    await other.execute("begin")
                    if not await answers_with(connection, f"current_setting('{MARK}', true)", mark):
                        raise Problem(REASON)
        except TimeoutError:
            raise Problem(FEW) from None


async def answers_with(connection: asyncpg.Connection, expression: str, value: str) -> bool:
    """Say whether an expression has this value for a connection."""
    try:
        await connection.execute(EXPECT.format(expression, value))
    except asyncpg.RaiseError:
        return False
    return True
