"""Reactions: start, stop, pause and move clocks in the transaction of the step that causes it."""

from __future__ import annotations

from functools import partial

from gongzhi.core.cases import machine
from gongzhi.core.cases.steps import WAITS
from gongzhi.runtime.commands import Call
from gongzhi.runtime.reactions import Happening, Later, reaction

from . import running
from .storage import save_clocks


@reaction("clocks.begin", machine.REPORT.event)
async def begin(call: Call, happening: Happening) -> Later:
    """Start the clocks of a new case; they refer to its row, so they are saved after it."""
    return partial(save_clocks, call, (), await running.begin_clocks(call, happening.row, happening.event))


@reaction("clocks.follow")
async def follow(call: Call, happening: Happening) -> None:
    """Bring the clocks to where a step leaves them. What concerns no clock costs nothing."""
    # A report has started its clocks already.
    if happening.event != machine.REPORT.event:
        await running.follow_step(call, happening.row, happening.event)


@reaction("clocks.hold", WAITS)
async def hold(call: Call, happening: Happening) -> None:
    """Let no time of handling pass until the moment that the case waits for."""
    await running.hold_until(call, happening.row, happening.facts["until"])


REACTIONS = (begin, follow, hold)
