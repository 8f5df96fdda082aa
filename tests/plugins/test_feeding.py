"""Handlers that may be fed: what is earned reaches them, one by one or together, and what nobody earned does not."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from gongzhi.declare.events import Code, Event, Occurrence, event
from gongzhi.runtime.jobs import Handler, handler
from gongzhi_server.plugins.feeding import feed_handler


@event("tests.planted", "A tree was planted (植树).")
class Planted(Event):
    place: Code


OWN, OTHERS, ALONE = uuid4(), uuid4(), None


def occurrence(case: UUID | None) -> Occurrence:
    """What happened to a case, told of by a plugin that the handler knows nothing of."""
    known: Any = SimpleNamespace(type=Planted.type, case=case, at=datetime(2026, 6, 30, tzinfo=UTC))
    return known  # type: ignore[no-any-return]


class Asked:
    """A call in which whoever handled the case `OWN` also filed it."""

    async def fetch(self, sql: str, case: UUID) -> list[dict[str, bool]]:
        return [{"independent": case != OWN}]


def listen(heard: list[Any], *, together: bool) -> Handler:
    @handler("tests.thank", feedable=True, batch=50, together=together)
    async def thank(call: Any, given: Any) -> None:
        heard.append([one.case for one in given] if together else given.case)

    return feed_handler(thank, [Planted])


async def test_each_is_heard_that_is_earned() -> None:
    heard: list[Any] = []
    one = listen(heard, together=False)
    for case in (OWN, OTHERS, ALONE):
        await one.function(Asked(), occurrence(case))  # type: ignore[arg-type]
    assert heard == [OTHERS, ALONE]


async def test_those_are_heard_together_that_are_earned() -> None:
    """And nobody is called for nothing."""
    heard: list[Any] = []
    one = listen(heard, together=True)
    await one.function(Asked(), [occurrence(case) for case in (OTHERS, OWN, ALONE)])  # type: ignore[arg-type]
    await one.function(Asked(), [occurrence(OWN)])  # type: ignore[arg-type]
    assert heard == [[OTHERS, ALONE]]
