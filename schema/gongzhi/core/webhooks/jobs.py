"""What the log of deliveries forgets by itself."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import Run, job

KEPT = timedelta(days=30)
"""How long the log is kept. What still waits stays."""
OLD = "delete from webhooks.delivery where state <> 'WAITING' and at < $1"


@job("webhooks.forget", every=timedelta(days=1), offset=timedelta(hours=4))
async def forgotten(call: Call, run: Run) -> None:
    await call.fetch(OLD, call.now - KEPT)
