"""Jobs: work in the background, as handlers of events, and as jobs on demand or every so often.

Both run inside a transaction with a `Call`. What they write, and that they have run, is committed together; where
they reach outside the database they may do so more than once. What fails is tried again, later each time, and
parked in the end; `gongzhi jobs list` shows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gongzhi.declare.events import Event
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import DeclarationError
from gongzhi.values.names import DOTTED

LONGEST = 60


@dataclass(frozen=True)
class Handler:
    """A function that is called with an `Occurrence` of some types, once for each, in their order."""

    name: str
    events: tuple[type[Event], ...]
    function: Callable[[Call, Any], Awaitable[None]]
    feedable: bool = False
    """Whether it is called for every event that points or credit may be given for, whoever declares it."""
    latest: bool = False
    """Whether the last of the events that wait is enough for it."""
    batch: int = 1
    """Events that it has in one transaction at most."""
    together: bool = False
    """Whether it is called once with a list of them."""


@dataclass(frozen=True)
class JobRun:
    """One run of a job."""

    id: UUID
    due: datetime
    attempt: int
    """1 the first time."""
    counties: tuple[int, ...]
    """The keys of the counties in which the plugin is on."""
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BackgroundJob:
    """A function that runs when somebody asks for it (`call.enqueue`), and every so often if `every` says so."""

    name: str
    function: Callable[[Call, JobRun], Awaitable[None]]
    every: timedelta | None = None
    offset: timedelta = timedelta()


def handler(
    name: str,
    *events: type[Event],
    feedable: bool = False,
    latest: bool = False,
    batch: int = 1,
    together: bool = False,
) -> Callable[[Callable[[Call, Any], Awaitable[None]]], Handler]:
    """Make a function a handler of these events. Its name stays for ever: what it has done is kept under it.

    With `feedable` it hears of whatever points or credit may be given for, from plugins it knows nothing of, too.
    With `latest` it may be spared an event if a later one waits already, of whatever case, and may rest for half a
    second between two: for handlers that look for themselves at what there is to do.
    With `batch` it has so many events in one transaction, up to 500: for those that do not mind that what they did for
    the events before is undone with the one that fails, and done again. If it takes them `together` it is called once
    for all of them, with a list, so that it can do for a thousand events what needs few statements.
    """
    check_name(name)
    # A handler that fails does its whole batch again.
    if not 1 <= batch <= 500:
        raise DeclarationError(f"the handler {name!r} has a batch of {batch}; it can be 1 to 500")
    if not (events or feedable) or not all(one.type for one in events):
        raise DeclarationError(f"the handler {name!r} must name events that are declared with @event")
    return lambda function: Handler(name, events, function, feedable, latest, batch, together)


def job(
    name: str, *, every: timedelta | None = None, offset: timedelta = timedelta()
) -> Callable[[Callable[[Call, JobRun], Awaitable[None]]], BackgroundJob]:
    """Make a function a job. With `every` it runs by itself, once in the whole deployment.

    Runs are counted from midnight in China: `every=timedelta(days=1), offset=timedelta(hours=3)` is three at night.
    """
    check_name(name)
    if every is not None and every < timedelta(seconds=1):
        raise DeclarationError(f"the job {name!r} must not run more often than every second")
    return lambda function: BackgroundJob(name, function, every, offset)


def check_name(name: str) -> None:
    if not DOTTED.fullmatch(name) or len(name) > LONGEST:
        raise DeclarationError(f"{name!r} is no name of a handler or job; write plugin.what, such as points.award")
