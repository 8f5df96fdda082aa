"""Deliberation: a case's timeline says what residents decided about its matter.

This is the word that a plugin has for it. Who raised the matter and how each voted stays with the plugin.
"""

from __future__ import annotations

from uuid import UUID

from gongzhi.runtime.commands import Call

from .models import CaseRow
from .steps import record_event

DELIBERATED = "case.deliberated"


async def record_deliberation(call: Call, case: UUID, resolution: UUID) -> None:
    """Put a resolution about a case's matter on its timeline, and tell the requester."""
    row = await CaseRow.select_for_update().get(id=case)
    await record_event(call, row, DELIBERATED, resolution=str(resolution))
