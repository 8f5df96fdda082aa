"""When something is tried again: within a day, later each time, never all at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from gongzhi_integrations.webhooks import retries
from hypothesis import given
from hypothesis.strategies import integers, text

NOW = datetime(2026, 6, 30, tzinfo=UTC)


@given(integers())
def test_waits_grow_over_a_day(seed: int) -> None:
    chance = random.Random(seed)
    waits = [retries.find_wait(attempt, chance) for attempt in range(1, retries.ATTEMPTS)]
    known = [one for one in waits if one is not None]
    assert len(known) == len(waits) and retries.find_wait(retries.ATTEMPTS, chance) is None
    assert known[0] <= timedelta(seconds=12)
    assert retries.LASTING < sum(known, timedelta()) < timedelta(hours=40)
    assert all(later > earlier for earlier, later in zip(known[:7], known[1:8], strict=True))


@given(text())
def test_any_retry_after_is_read(said: str) -> None:
    assert timedelta() <= retries.read_retry_after(said, NOW) <= retries.FARTHEST


def test_dates_and_seconds() -> None:
    assert retries.read_retry_after("120", NOW) == timedelta(minutes=2)
    assert retries.read_retry_after("Tue, 30 Jun 2026 00:05:00 GMT", NOW) == timedelta(minutes=5)
    assert retries.read_retry_after("Tue, 30 Jun 2020 00:05:00 GMT", NOW) == timedelta()
    assert retries.read_retry_after("999999999999", NOW) == retries.FARTHEST


@pytest.mark.parametrize(
    "said",
    [
        "Mon, 01 Jan 2024 00:00:00 +9999999999999999",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT",
        "Mon, 01 Jan 2024 99999999999999:00:00 GMT",
    ],
)
def test_dates_of_no_calendar_are_none(said: str) -> None:
    assert retries.read_retry_after(said, NOW) == timedelta()
