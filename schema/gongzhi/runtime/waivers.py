"""Waivers: named exceptions, asked for by whoever would refuse and granted by whoever may.

    NIGHT_COLLECTION = Waiver("rubbish.night_collection", "callCollection", Text(…))

    if not await call.waive(NIGHT_COLLECTION, bin, f"Bin:{bin.id}"):
        raise Refusal(…)

Nobody who asks knows who grants. Every use is written into the audit, beside what whoever grants keeps of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tortoise.models import Model

from gongzhi.runtime.commands import Call
from gongzhi.values.errors import DeclarationError, Text


@dataclass(frozen=True)
class Waiver:
    """An exception to a refusal of one mutation. Its name begins with that of the plugin that would refuse."""

    name: str
    mutation: str
    """As it is called in the schema, such as `dispatchCase`."""
    description: Text
    """What may be done by it."""


@dataclass(frozen=True)
class WaiverRequest:
    """One use: the waiver, the located row that it is asked for, and the global id of what is done."""

    waiver: Waiver
    row: Model
    about: str


Grant = Callable[[Call, WaiverRequest], Awaitable[str | None]]
"""Answers with the global id of what grants it, such as an emergency; None grants nothing."""


@dataclass(frozen=True)
class Grantor:
    """A function that may grant some waivers, by their names."""

    waivers: tuple[str, ...]
    function: Grant


def grantor(*waivers: str) -> Callable[[Grant], Grantor]:
    """Make a function a grantor of these waivers, whoever declares them."""
    if not waivers:
        raise DeclarationError("a grantor names the waivers that it grants")
    return lambda function: Grantor(waivers, function)
