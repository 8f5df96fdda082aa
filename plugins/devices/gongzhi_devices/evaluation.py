"""Evaluation: what a reading means by the rules: when a breach begins, when it is an alarm, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gongzhi.runtime.checks import CHINA

from .models import Trigger


@dataclass(frozen=True)
class Rule:
    """As much of a rule as decides; `signal`: its measure is an alarm that the device raises itself."""

    id: UUID
    trigger: Trigger
    threshold: float | None
    minutes: int
    quiet_from: str | None
    quiet_until: str | None
    signal: bool = False

    def is_broken(self, value: float) -> bool:
        """Return whether a value lies beyond the threshold."""
        # Silence has no threshold, and no reading breaks it.
        if self.threshold is None:
            return False
        return value > self.threshold if self.trigger is Trigger.ABOVE else value < self.threshold

    def is_quiet(self, at: datetime) -> bool:
        """Return whether the rule raises nothing at this time of day."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        # Texts of one shape compare as the times do.
        time = f"{at.astimezone(CHINA):%H:%M}"
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= time < self.quiet_until
        # Over midnight.
        return time >= self.quiet_from or time < self.quiet_until

    def is_due(self, since: datetime, at: datetime) -> bool:
        """Return whether what has lasted since then is an alarm at this moment."""
        return at - since >= timedelta(minutes=self.minutes) and not self.is_quiet(at)


@dataclass
class Standing:
    """How a device stands by one rule, and what a batch of readings makes of it."""

    rule: Rule
    since: datetime | None = None
    """Since when it is beyond what the rule allows."""
    active: bool = False
    """Whether its alarm goes on."""
    over: bool = False
    """Whether the case of its alarm is answered, so that what goes on is raised anew."""
    raised: int = 0
    """How often the alarm was raised in this batch."""
    recovered_at: datetime | None = None
    last_at: datetime | None = None
    value: float | None = None

    def take(self, value: float, at: datetime, silenced_until: datetime | None = None) -> None:
        """Take a reading, which is later than all before it."""
        if not self.rule.is_broken(value):
            self.since = None
            if self.active:
                self.active, self.recovered_at = False, at
            return
        # Kept while nobody may be told, so that what lasts is raised as soon as somebody may.
        self.since = self.since or at
        if silenced_until is not None and at < silenced_until or not self.rule.is_due(self.since, at):
            return
        # A signal is raised each time that it is sent; a number once for as long as it lies beyond.
        if not self.active or self.over or self.rule.signal:
            self.raised += 1
            self.last_at, self.value = at, value
        self.active, self.over, self.recovered_at = True, False, None
