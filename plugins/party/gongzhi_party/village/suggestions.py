"""Deputies' proposals: how one is made, also by plugins that hear what voters ask of a deputy."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from ..models import SuggestionRow

REPLY = timedelta(days=90)
"""Deputies are answered within three months (Law on Deputies, art. 42)."""


async def submit_suggestion(
    call: Call, grid: GridRow, unit: UnitRow, deputy: UUID, *, title: str, text: str
) -> SuggestionRow:
    """Make a proposal in a deputy's name, and tell the unit that has to reply. Whoever may do so is asked before."""
    row = await SuggestionRow.create(
        grid=grid,
        unit=unit,
        person_id=deputy,
        title=title,
        text=text,
        submitted_at=call.now,
        reply_by=today(call) + REPLY,
    )
    about = NoticeDraft(
        "party.suggestion_submitted",
        Text("A deputy's proposal waits for your reply", "有代表建议待答复"),
        Text(f"Reply by {row.reply_by}.", f"请于 {row.reply_by} 前答复。"),
        f"DeputySuggestion:{row.id}",
    )
    await send_notice(call, about, units=[unit.id])
    return row
