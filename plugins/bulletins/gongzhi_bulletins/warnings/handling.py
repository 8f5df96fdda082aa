"""Handling: what comes of a message: a bulletin in each county that it reaches, or the end of an earlier one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job

from ..events import Ended
from ..models import BulletinKind, BulletinRow, Outcome, WarningRow
from ..publishing import create_bulletin
from ..telling import Change, enqueue_telling
from .areas import find_reached

AT_ONCE = 100
# By their own words alone: a message says nothing about those of other senders.
NAMING = """
select w.id from bulletins.warning w where w.sender = $1 and w.status = 'Actual' and w.scope = 'Public'
and w.message_type in ('Update', 'Cancel') and $2 = any(w."references")
"""


@job("bulletins.handle_warnings", every=timedelta(minutes=5))
async def handle_warnings(call: Call, run: JobRun) -> None:
    """Handle the messages that have come, the first first; each once, whatever happened to an earlier run."""
    waiting = WarningRow.filter(handled_at=None).order_by("sent", "id").limit(AT_ONCE).select_for_update()
    for row in await waiting:
        row.outcome, row.handled_at = await handle_warning(call, row, run.counties), call.now
        await row.save(update_fields=["outcome", "handled_at"])


async def handle_warning(call: Call, row: WarningRow, counties: Collection[int]) -> Outcome:
    """Publish what a message warns of, or lift what it cancels."""
    # Exercises and tests are told to nobody, nor what is not for the public.
    if row.status != "Actual" or row.scope != "Public" or row.message_type not in ("Alert", "Update", "Cancel"):
        return Outcome.IGNORED
    if row.message_type != "Alert":
        lifted = await end_bulletins(call, row)
        if row.message_type == "Cancel":
            return Outcome.LIFTED if lifted else Outcome.IGNORED
    # A source that was away sends what is over.
    if row.expires <= call.now:
        return Outcome.EXPIRED
    # A message may come after the one that updates or cancels it.
    if await call.fetch(NAMING, row.sender, row.reference):
        return Outcome.RECALLED
    reached = await find_reached(call, row, counties)
    # One bulletin a county: each switches the plugin on, and answers for its own.
    for county, grids in reached.items():
        await create_bulletin(
            call,
            await GridRow.get(id=county),
            BulletinKind.WARNING,
            row.title,
            row.text,
            until=row.expires,
            reaches=grids,
            warning=row,
        )
    return Outcome.PUBLISHED if reached else Outcome.ELSEWHERE


async def end_bulletins(call: Call, row: WarningRow) -> int:
    """End the bulletins of the messages that a message names, of the same sender; how many held still."""
    named = WarningRow.filter(sender=row.sender, reference__in=row.references)
    held = BulletinRow.filter(warning_id__in=await named.values_list("id", flat=True), withdrawn_at=None)
    ended = await held.filter(until__gt=call.now).order_by("id").select_for_update()
    for bulletin in ended:
        bulletin.until = call.now
        bulletin.version += 1
        await bulletin.save()
        call.publish(Ended(bulletin=bulletin.id, kind=bulletin.kind), bulletin)
        # Of an update people are told by the bulletin that takes its place.
        if row.message_type == "Cancel":
            enqueue_telling(call, bulletin, Change.ENDED)
    return len(ended)
