"""Reminders: whom to remind of which clock, and when it goes one level up; from rows, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gongzhi.core.cases.events import Escalated, Reminded
from gongzhi.core.cases.models import SettlementLevel as Level
from gongzhi.core.cases.rules import SEALED
from gongzhi.core.notices.sending import Office
from gongzhi.declare.events import Code
from gongzhi.values.errors import Text

from gongzhi_deadlines.worktime import WARNING

from .models import Stage

OVER = 100
"""Per cent of the time after which a clock has run out."""
# There is no level above the county, so the county is told itself.
ABOVE = {Level.GRID: Level.VILLAGE, Level.VILLAGE: Level.TOWN, Level.TOWN: Level.COUNTY, Level.COUNTY: Level.COUNTY}
NAMES = {
    Stage.RESPOND: Text("to respond", "响应"),
    Stage.ACCEPT: Text("to accept it", "受理"),
    Stage.DISPATCH: Text("to dispatch it", "派单"),
    Stage.CONTACT: Text("to contact the requester", "首次联系"),
    Stage.HANDLE: Text("to handle it", "办理"),
    Stage.REPLY: Text("to reply", "答复"),
    Stage.FOLLOW_UP: Text("to follow up", "回访"),
    Stage.EXTERNAL: Text("that the system above has set", "上级要求"),
}


@dataclass(frozen=True)
class RunningClock:
    """A running clock, and who has the case. Without a unit, the town's dispatchers have it."""

    clock: UUID
    case: UUID
    number: str
    sealed: bool
    stage: Stage
    warn_at: datetime
    due_at: datetime
    reminded: int
    unit: int | None
    unit_code: str | None
    level: Level
    town: int | None
    county: int
    accused: int | None = None
    emergency: bool = False


@dataclass(frozen=True)
class Reminder:
    """What is to be said of a clock: at 80 % to whoever has the case, at 100 % one level up as well."""

    of: RunningClock
    threshold: int

    @property
    def escalated(self) -> Level | None:
        """The level that it goes up to; the responsibility stays where it is. A tip-off stays with its unit."""
        kept = self.of.sealed and self.of.unit
        return ABOVE[self.of.level] if self.threshold == OVER and not kept else None

    @property
    def units(self) -> tuple[int, ...]:
        return (self.of.unit,) if self.of.unit else ()

    @property
    def grids(self) -> tuple[int, ...]:
        """Where dispatchers are told. Of a tip-off they are told in the county alone, and only while no unit has it."""
        if self.of.sealed:
            return () if self.of.unit else (self.of.county,)
        told = {Level.TOWN: self.of.town or self.of.county, Level.COUNTY: self.of.county}
        levels = [None if self.of.unit else self.of.level, self.escalated]
        return tuple(dict.fromkeys(told.get(level, told[Level.TOWN]) for level in levels if level))

    @property
    def offices(self) -> list[Office]:
        """The offices that are told; of a tip-off, whoever may see it, but not the people it is against."""
        if self.of.sealed:
            return [Office(SEALED, grid, self.of.accused) for grid in self.grids]
        return [Office("cases.dispatch", grid) for grid in self.grids]

    @property
    def title(self) -> Text:
        stage, number = NAMES[self.of.stage], self.of.number
        if self.threshold == OVER:
            return Text(f"Case {number}: the time {stage.en} is over", f"诉求 {number}：{stage.zh}已超期")
        return Text(
            f"Case {number}: {WARNING} % of the time {stage.en} is spent",
            f"诉求 {number}：{stage.zh}时限已用 {WARNING}%",
        )

    @property
    def event(self) -> Reminded:
        """What the case's timeline keeps: who was responsible then, and whom it went up to."""
        number, stage, unit = Code(self.of.number), Code(self.of.stage.value), self.of.unit_code
        responsible = Code(unit) if unit else None
        if level := self.escalated:
            return Escalated(number, stage, self.threshold, responsible, Code(level.value))
        return Reminded(number, stage, self.threshold, responsible)


def due_reminders(clocks: Iterable[RunningClock], now: datetime) -> Iterator[Reminder]:
    """Yield a reminder for each clock past a threshold that nobody was reminded of; the later one, if past both."""
    for clock in clocks:
        reached = OVER if clock.due_at <= now else WARNING if clock.warn_at <= now else 0
        if reached > clock.reminded:
            yield Reminder(clock, reached)
