"""Feeding: lets handlers hear of what points or credit may be given for, where nobody gives it to themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from gongzhi.core.cases.ratings import INDEPENDENT
from gongzhi.declare.events import Event, Occurrence
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import Handler


def feed_handler(one: Handler, fed: Sequence[type[Event]]) -> Handler:
    """Return the handler, called also for events it may be fed by; cases only their handlers asked for are left out."""
    types = {event.type for event in fed} - {event.type for event in one.events}

    async def is_earned(call: Call, happened: Occurrence) -> bool:
        # Whoever handles a case could otherwise file it themselves, and earn points or credit by it.
        return happened.type not in types or happened.case is None or await is_independent(call, happened.case)

    async def hear(call: Call, happened: Occurrence) -> None:
        if await is_earned(call, happened):
            await one.function(call, happened)

    async def hear_together(call: Call, events: Sequence[Occurrence]) -> None:
        if earned := [each for each in events if await is_earned(call, each)]:
            await one.function(call, earned)

    return replace(one, events=(*one.events, *fed), function=hear_together if one.together else hear)


async def is_independent(call: Call, case: UUID) -> bool:
    """Return whether somebody asked who did not handle the case, and whoever filed it did not handle it either.

    Only then does what is said of its answers count in figures, and may points or credit be given for it.
    """
    [row] = await call.fetch(INDEPENDENT, case)
    independent: bool = row["independent"]
    return independent
