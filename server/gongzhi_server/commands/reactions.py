"""Reactions: calls those of built-in packages and plugins at a step of a case, in order, each contained."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from gongzhi.runtime.reactions import Happening, Phase, Reaction
from gongzhi.values.errors import DeclarationError, Refusal, Refusals

from gongzhi_server.errors import Fault
from gongzhi_server.plugins.ownership import acting_as

from .transaction import is_on

LONGEST = 5.0
"""Seconds that a reaction of a plugin may take: somebody waits for the step, and the case is locked."""

Run = Callable[[Any, Happening], Awaitable[Any]]


class ReactionTable:
    """Reactions by phase and event, looked up once for each."""

    def __init__(self, reactions: Iterable[tuple[str | None, Reaction]]) -> None:
        found = list(reactions)
        # A plugin may name only its own reactions, so a name tells whose it is.
        whose = {one.name: plugin for plugin, one in found}
        self._ordered = [(whose[one.name], one) for one in in_order(one for _, one in found)]
        self._known: dict[tuple[Phase, str], tuple[Run, ...]] = {}
        """One entry an event type of the schema."""

    def to(self, phase: Phase, event: str) -> Sequence[Run]:
        """Return the reactions that run at an event in a phase, in their order."""
        found = self._known.get((phase, event))
        if found is None:
            # Each distinct event type is looked up once; steps of cases are the most frequent mutation.
            found = self._known[phase, event] = tuple(
                one.function if plugin is None else contain_reaction(plugin, one)
                for plugin, one in self._ordered
                if one.phase is phase and (not one.events or event in one.events)
            )
        return found


def contain_reaction(plugin: str, one: Reaction) -> Run:
    """Wrap a plugin's reaction: it writes as the plugin, is cut off when it hangs, and is named when it fails."""

    async def run(call: Any, happening: Happening) -> Any:
        try:
            county = getattr(happening.row, "county_id", None)
            if county is not None and not await is_on(plugin, county):
                return None
            async with asyncio.timeout(LONGEST):
                with acting_as(plugin):
                    return await one.function(call.as_plugin(plugin), happening)
        # A refusal is an answer to the caller, and stops the step; everything else is a fault of the plugin.
        except (Refusal, Refusals):
            raise
        except TimeoutError as error:
            raise Fault(plugin, f"the reaction {one.name!r} took more than {LONGEST:g} s") from error
        except Exception as error:
            raise Fault(plugin, f"the reaction {one.name!r} failed: {type(error).__name__}") from error

    return run


def in_order(reactions: Iterable[Reaction]) -> list[Reaction]:
    """Return the reactions, each behind those it names. Raises DeclarationError where two are behind each other."""
    known = {one.name: one for one in reactions}
    placed: dict[str, Reaction] = {}

    def place(one: Reaction, waiting: tuple[str, ...]) -> None:
        if one.name in waiting:
            raise DeclarationError(f"the reaction {one.name!r} is to run after itself, by way of {', '.join(waiting)}")
        for name in one.after:
            # What belongs to a plugin that is not installed is passed over.
            if name in known and name not in placed:
                place(known[name], (*waiting, one.name))
        placed[one.name] = one

    # By name, so that the order is the same at every start.
    for one in sorted(known.values(), key=lambda one: one.name):
        if one.name not in placed:
            place(one, ())
    return list(placed.values())
