"""Console: what operators have done with figures, as `gongzhi statistics NAME`."""

from __future__ import annotations

from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.commands import Call


async def rebuild_figures(call: Call) -> None:
    """Count all cases anew (重建统计). Events wait until it is done."""
    [row] = await call.fetch("select statistics.rebuild() as counted")
    # The tables were filled from nothing: without fresh statistics the planner would guess wrong until the next
    # analyze.
    await call.fetch("analyze statistics.fact, statistics.rollup")
    print(f"{row['counted']:,} cases counted (已统计).")


ERRANDS = (Errand("rebuild", rebuild_figures),)
