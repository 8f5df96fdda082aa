"""Adoption: record and look up resolutions, so that a plugin knows a rule was adopted whoever held the vote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call

from .models import Body, ResolutionRow


async def create_resolution(
    call: Call, grid: GridRow, body: Body, title: str, text: str, decided_on: date, adopts: Sequence[str] = (),
    *, votes: tuple[int, int, int] | None = None,
) -> ResolutionRow:  # fmt: skip
    """Record what was decided; `votes` are for, against, abstained. The caller has checked who may."""
    given: dict[str, Any] = dict(zip(("votes_for", "votes_against", "abstentions"), votes or (), strict=False))
    return await ResolutionRow.create(
        grid=grid,
        body=body,
        title=title,
        text=text,
        decided_on=decided_on,
        adopts=list(dict.fromkeys(adopts)),
        recorded_at=call.now,
        account=call.viewer.account.name or "",
        **given,
    )


async def find_adoption(call: Call, rule: str, grid: int) -> ResolutionRow | None:
    """Return the last resolution in force that adopts this rule for a grid: made there, or above it."""
    # What is adopted above holds below: the path of a grid begins with those of the grids above it.
    # In SQL, since Tortoise has no operator for paths.
    found = await call.fetch(
        "select r.id from resolutions.resolution r join grids.grid a on a.id=r.grid_id "
        "join grids.grid g on g.path<@a.path where g.id=$1 and $2::text=any(r.adopts) and r.revoked_at is null "
        "order by r.decided_on desc, r.id desc limit 1",
        grid,
        rule,
    )
    return await ResolutionRow.get(id=found[0]["id"]) if found else None
