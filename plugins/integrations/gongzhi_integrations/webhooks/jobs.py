"""Jobs: the log of deliveries forgets what is old, and endpoints their secrets of before."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job

from .due_times import NOW

KEPT = timedelta(days=30)
"""How long the log is kept. What still waits stays."""
OVER = f"delete from webhooks.retired_secret where until <= {NOW}"
OLD = f"delete from webhooks.delivery where state <> 'WAITING' and at < {NOW} - $2::interval"


@job("webhooks.forget", every=timedelta(days=1), offset=timedelta(hours=4))
async def forget_deliveries(call: Call, run: JobRun) -> None:
    """Delete what is older than the log is kept, and secrets whose overlap is over."""
    await call.fetch(OLD, call.now, KEPT)
    await call.fetch(OVER, call.now)
