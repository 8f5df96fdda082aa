"""Operation lines: a line of the log for each operation, where the operator wants them all, written many at a time.

By way of `logging` a line takes twenty microseconds of a processor, a fifteenth of what a small operation takes; kept
for a moment and written with its neighbours it takes a few.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson

from gongzhi_server.clock import CHINA
from gongzhi_server.gateway.operations import Observation, Operations
from gongzhi_server.settings import Settings
from gongzhi_server.telemetry.requests import REQUEST, RequestNote

HELD = 0.2
"""Seconds for which lines are kept. A process that is killed takes those with it."""
MOST = 2_000
"""Lines that are kept at a time."""
Held = tuple[float, RequestNote | None, Observation]


@asynccontextmanager
async def logging_operations(operations: Operations[Any], settings: Settings) -> AsyncIterator[None]:
    """Write a line for each operation for as long as the block lasts, if the settings ask for that."""
    if settings.log_level != "info":
        yield
        return
    lines = OperationLines(format_json if settings.log == "json" else format_console, operations.settings.slow)
    operations.observers.append(lines.observe)
    try:
        yield
    finally:
        lines.write()


class OperationLines:
    """Writes a line for each operation that was not slow: those have a warning."""

    def __init__(self, form: Callable[[Iterable[Held]], Iterator[str]], slow: float) -> None:
        self.form, self.slow = form, slow
        self._held: list[Held] = []

    def observe(self, seen: Observation) -> None:
        """Keep what there is to say of an operation that has ended, and write it soon."""
        if seen.seconds >= self.slow or seen.outcome == "timeout":
            return
        if not self._held:
            asyncio.get_running_loop().call_later(HELD, self.write)
        self._held.append((time.time(), REQUEST.get(), seen))
        if len(self._held) >= MOST:
            self.write()

    def write(self) -> None:
        """Write what is kept."""
        held, self._held = self._held, []
        sys.stderr.write("".join(self.form(held)))
        sys.stderr.flush()


def format_json(held: Iterable[Held]) -> Iterator[str]:
    """Yield a JSON object a line, as the other lines of the log are."""
    for at, fields in describe(held, "%Y-%m-%dT%H:%M:%S"):
        head = f'{{"time":"{at[0]}.{at[1]:03d}+08:00","level":"info","logger":"gongzhi","message":"operation",'
        yield f"{head}{orjson.dumps(fields).decode()[1:]}\n"


def format_console(held: Iterable[Held]) -> Iterator[str]:
    """Yield lines for people."""
    for (second, _), fields in describe(held, "%Y-%m-%d %H:%M:%S"):
        yield f"{second} INFO operation{''.join(f' {name}={value}' for name, value in fields.items())}\n"


def describe(held: Iterable[Held], form: str) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    """Yield the second, as text, and the millisecond in it, and what there is to say."""
    known, text = -1, ""
    for at, note, seen in held:
        if int(at) != known:  # the same for most of those that are written together
            known = int(at)
            text = datetime.fromtimestamp(known, CHINA).strftime(form)
        fields: dict[str, Any] = {}
        if note is not None:
            fields["request"] = note.id
            if note.account is not None:
                fields["account"] = note.account
            if note.operation is not None:
                fields["operation"] = note.operation
        fields |= {"kind": seen.kind, "outcome": seen.outcome, "seconds": round(seen.seconds, 4), "cost": seen.cost}
        yield (text, int(at * 1000) % 1000), fields
