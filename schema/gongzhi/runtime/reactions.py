"""Reactions: what packages and plugins do in the transaction of a step that a case takes.

A handler hears of an event when it is committed; a reaction is part of it. Those of the phase CHECK run before anything
is changed: one refuses the step by raising a Refusal, or answers with facts that the event is to carry. Those of the
phase FOLLOW run once the event is written: they change rows of their own and what the case keeps for them, such as when
it is due. What one wants written after the case itself it answers with as a function, which is awaited then.

    @reaction("deposits.hold", "case.suspended", after=("deadlines.follow",))
    async def hold(call: Call, happening: Happening) -> None: ...

They run in a declared order, each behind those that it names. One that fails fails the command, by name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from gongzhi.declare.events import Event
from gongzhi.values.errors import DeclarationError
from gongzhi.values.names import DOTTED

if TYPE_CHECKING:
    from gongzhi.runtime.commands import Call


class Phase(Enum):
    """When a reaction runs."""

    CHECK = "CHECK"
    """Before anything is changed: it may refuse, or add facts."""
    FOLLOW = "FOLLOW"
    """When the event is written: it changes what is its own."""


@dataclass(frozen=True)
class Happening:
    """What is done: the event's type, the row that it is done to (mostly a case, locked), and its facts."""

    event: str
    row: Any
    facts: Mapping[str, Any] = field(default_factory=dict)


Later = Callable[[], Awaitable[None]]
"""What a reaction has written once the row itself is."""


@dataclass(frozen=True)
class Reaction:
    """A function that runs in the transaction of some events."""

    name: str
    events: tuple[str, ...]
    """Types of events; of every one, if there are none."""
    phase: Phase
    after: tuple[str, ...]
    function: Callable[[Any, Happening], Awaitable[Any]]


def reaction(
    name: str, *events: type[Event] | str, phase: Phase = Phase.FOLLOW, after: Sequence[str] = ()
) -> Callable[[Callable[[Any, Happening], Awaitable[Any]]], Reaction]:
    """Make a function a reaction to these events, behind the reactions that `after` names where those are there.

    Without events it reacts to every one of a case. The name begins with the plugin's name and a dot.
    """
    if not DOTTED.fullmatch(name):
        raise DeclarationError(f"the reaction {name!r} must be called like 'plugin.what'")
    types = tuple(one if isinstance(one, str) else one.type for one in events)
    return lambda function: Reaction(name, types, phase, tuple(after), function)


class Reactions(Protocol):
    """The reactions of a deployment, in their order."""

    def to(self, phase: Phase, event: str) -> Sequence[Callable[[Any, Happening], Awaitable[Any]]]:
        """Return the reactions to an event in a phase, each ready to be called."""


class NoReactions:
    """Nothing reacts."""

    def to(self, phase: Phase, event: str) -> Sequence[Callable[[Any, Happening], Awaitable[Any]]]:
        return ()


async def run_checks(call: Call, event: str, row: Any, /, **facts: Any) -> dict[str, Any]:
    """Let reactions refuse what is about to happen, and return the facts with those they add. Raises Refusal."""
    for one in call.context.reactions.to(Phase.CHECK, event):
        facts |= await one(call, Happening(event, row, facts)) or {}
    return facts


async def run_follows(call: Call, event: str, row: Any, /, **facts: Any) -> list[Later]:
    """Let reactions follow what happened, and return what is to be awaited once the row is written."""
    happening = Happening(event, row, facts)
    found = [await one(call, happening) for one in call.context.reactions.to(Phase.FOLLOW, event)]
    return [one for one in found if one is not None]
