"""The clocks of the county's cases: of those under way, and of those reported in the last year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.cases.machine import DISPATCH, OPEN
from gongzhi.core.clocks import stages
from gongzhi.core.clocks.models import Stage
from gongzhi.core.clocks.reminding import OVER
from gongzhi.core.clocks.rules import Matter, Rule, Standing
from gongzhi.values.worktime import NEVER, WARNING, Course, Deadline, Pause, reckon, spent

from . import clock
from .cases import Case, given
from .chance import uuid7

YEAR = 365 * clock.DAY
COLUMNS = (
    "id", "case_id", "stage", "rule_id", "calendar_id", "calendar_version", "unit_id", "started_at", "warn_at",
    "due_at", "stopped_at", "pauses", "extensions", "working", "allowed", "counted", "counted_at", "reminded",
)  # fmt: skip


@dataclass
class Dial:
    """A clock of a case on its way through the case's steps; moments are seconds."""

    stage: Stage
    rule: Rule
    start: int
    unit: int | None = None
    stop: int | None = None
    pauses: list[list[int | None]] = field(default_factory=list)

    def course(self) -> Course:
        pauses = (Pause(clock.utc(a or 0), NEVER if b is None else clock.utc(b)) for a, b in self.pauses)
        return Course(clock.utc(self.start), tuple(pauses))

    def idle(self) -> bool:
        return self.stop is not None or bool(self.pauses and self.pauses[-1][1] is None)


@dataclass
class Dials:
    """Makes the clocks, as they stand on the morning of the demo's day."""

    by: Standing
    horizon: int

    def __post_init__(self) -> None:
        self.next: dict[UUID, tuple[datetime, datetime]] = {}
        """Warning and deadline of the cases that have running clocks."""

    def rows(self, random: Random, cases: Iterable[Case]) -> Iterator[tuple[Any, ...]]:
        """The rows of `clocks.clock`; afterwards `next` is complete."""
        for case in cases:
            if case.status in OPEN or case.turns[0].at >= self.horizon - YEAR:
                yield from self._rows(random, case)

    def _rows(self, random: Random, case: Case) -> Iterator[tuple[Any, ...]]:
        moments = []
        for dial in self._dials(case):
            course = dial.course()
            found = reckon(self.by.calendar, dial.rule.term, course)
            yield self._row(random, case, dial, course, found)
            if dial.stop is None and dial.stage not in stages.HIDDEN:
                moments.append((found.warns, found.due))
        if moments:
            warns, dues = zip(*moments, strict=True)
            self.next[case.id] = min(warns), min(dues)

    def _row(self, random: Random, case: Case, dial: Dial, course: Course, found: Deadline) -> tuple[Any, ...]:
        now, stop = clock.utc(self.horizon), None if dial.stop is None else clock.utc(dial.stop)
        counted = spent(self.by.calendar, dial.rule.term, course, stop or now)
        passed = OVER if found.due <= now else WARNING if found.warns <= now else 0
        return (
            uuid7(random, course.start), case.id, dial.stage, dial.rule.id, self.by.calendar_id, self.by.version,
            dial.unit, course.start, found.warns, found.due, stop, _json(dial.pauses), "[]",
            dial.rule.term.unit.working, int(found.allowed.total_seconds()), int(counted.total_seconds()),
            None if dial.idle() else max(now, found.begins), passed,
        )  # fmt: skip

    def _dials(self, case: Case) -> list[Dial]:
        """What the case's steps did to its clocks."""
        about = Matter(case.story.kind, case.story.category, case.urgency, case.asker.channel)
        found: list[Dial] = []
        running: dict[Stage, Dial] = {}
        for place, turn in enumerate(case.turns):
            for stage in stages.STOPS.get(turn.event, ()):
                if stage in running:
                    stop(running.pop(stage), turn.at)
            hold(running, turn.event, turn.at)
            for stage in stages.STARTS.get(turn.event, ()):
                rule = self.by.rule(stage, about)
                if rule and stage not in running:
                    found.append(Dial(stage, rule, turn.at, self._unit(case, place, stage)))
                    running[stage] = found[-1]
        return found

    def _unit(self, case: Case, place: int, stage: Stage) -> int | None:
        """Who is responsible for handling from this step on."""
        if stage not in (Stage.CONTACT, Stage.HANDLE):
            return None
        sent = case.turns[place].event == DISPATCH.event
        body = given(case, place) if sent else case.hands.lead
        return body.id if body else None


def stop(dial: Dial, at: int) -> None:
    dial.stop = at
    if dial.pauses and dial.pauses[-1][1] is None:
        dial.pauses[-1][1] = at


def hold(running: Mapping[Stage, Dial], event: str, at: int) -> None:
    """Pause the clocks, or let them go on."""
    for dial in running.values():
        if event == stages.PAUSES:
            dial.pauses.append([at, None])
        elif event == stages.RESUMES and dial.pauses:
            dial.pauses[-1][1] = at


def _json(pauses: Iterable[Iterable[int | None]]) -> str:
    return orjson.dumps([[at and clock.utc(at).isoformat() for at in one] for one in pauses]).decode()
