"""Due times: the moment at which a delivery that is put down now is due, whichever process does it."""

from __future__ import annotations

from datetime import datetime

from gongzhi.runtime.commands import Call

# The database's clock counts, in all statements about deliveries, if this process's own is ahead of it: what it puts
# down would wait for hours at those whose clocks are right, and what they put down would be tried by this one again and
# again.
NOW = "least($1, now())"


async def due_now(call: Call) -> datetime:
    """Return when what a command puts down is due."""
    [row] = await call.fetch(f"select {NOW} as due", call.now)
    due: datetime = row["due"]
    return due
