"""What the plugin does by itself: when something happens, and every night."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.cases.events import Closed
from gongzhi.core.people.models import HouseholdRow
from gongzhi.declare.events import Occurrence
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, handler, job

from .models import NoteRow


@handler("sample.note_closing", Closed)
async def count(call: Call, event: Occurrence) -> None:
    """Note on the requester's household that a case of theirs was closed."""
    found = await call.fetch(
        "select m.household_id from cases.case c join people.membership m on m.person_id = c.requester_id "
        "where c.id = $1 and m.until is null limit 1",
        event.case,
    )
    for row in found:
        household = await HouseholdRow.get(id=row["household_id"])
        await NoteRow.create(household=household, text="A case was closed (诉求已办结).", at=event.at)


@job("sample.tidy", every=timedelta(days=1), offset=timedelta(hours=3))
async def tidy(call: Call, run: JobRun) -> None:
    """Remove notes that are older than three years, where the plugin is on."""
    old = NoteRow.filter(at__lt=call.now - timedelta(days=3 * 365), household__county_id__in=run.counties)
    await NoteRow.filter(id__in=[one.id for one in await old]).delete()
