"""What readings mean by a rule: debounce, quiet times over midnight, flutter, and work on a device."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from gongzhi_devices.evaluation import Rule, Standing
from gongzhi_devices.models import Trigger

NOON = datetime(2026, 6, 30, 4, tzinfo=UTC)


def rule(minutes: int = 0, quiet: tuple[str, str] | None = None, signal: bool = False, below: bool = False) -> Rule:
    trigger = Trigger.BELOW if below else Trigger.ABOVE
    return Rule(uuid4(), trigger, 3.0, minutes, *(quiet or (None, None)), signal)


def take(standing: Standing, *values: float, silenced: int = 0) -> Standing:
    """Take values, a minute between two."""
    for at, value in enumerate(values):
        standing.take(value, NOON + timedelta(minutes=at), NOON + timedelta(minutes=silenced) if silenced else None)
    return standing


@pytest.mark.parametrize(
    "minutes, values, raised, active",
    [
        (0, (3.0,), 0, False),
        (0, (3.1,), 1, True),
        (0, (4, 4, 4), 1, True),
        (0, (4, 1, 4, 1), 2, False),
        (2, (4, 4), 0, False),
        (2, (4, 4, 4), 1, True),
        (2, (4, 4, 1, 4, 4), 0, False),
        (2, (4, 4, 4, 1, 4), 1, False),
    ],
)
def test_debounce(minutes: int, values: tuple[float, ...], raised: int, active: bool) -> None:
    found = take(Standing(rule(minutes)), *values)
    assert (found.raised, found.active) == (raised, active)


def test_below_and_recovery() -> None:
    found = take(Standing(rule(below=True)), 2.0, 3.0)
    assert (found.raised, found.active, found.recovered_at) == (1, False, NOON + timedelta(minutes=1))
    assert found.since is None and found.value == 2.0


def test_a_signal_counts_each_time_it_is_sent() -> None:
    assert take(Standing(rule(signal=True)), 9, 9, 9).raised == 3


def test_an_answered_alarm_is_raised_anew() -> None:
    """Also if it never went: the case is over, and the water still stands high."""
    assert take(Standing(rule(), since=NOON, active=True), 9).raised == 0
    assert take(Standing(rule(), since=NOON, active=True, over=True), 9, 9).raised == 1


def test_while_it_is_worked_on_nothing_is_raised() -> None:
    found = take(Standing(rule()), 9, 9, silenced=2)
    assert (found.raised, found.since) == (0, NOON)
    assert take(found, 9, 9, 9, silenced=2).raised == 1


@pytest.mark.parametrize(
    "quiet, hour, inside",
    [
        (("06:00", "07:00"), 6, True),
        (("06:00", "07:00"), 7, False),
        (("22:00", "06:00"), 23, True),
        (("22:00", "06:00"), 3, True),
        (("22:00", "06:00"), 12, False),
        (None, 3, False),
    ],
)
def test_quiet_times_are_china_s(quiet: tuple[str, str] | None, hour: int, inside: bool) -> None:
    at = datetime(2026, 6, 30, hour, tzinfo=UTC) - timedelta(hours=8)
    assert rule(quiet=quiet).is_quiet(at) is inside
