"""Consents without a database: which text is meant, whose they are, and when they end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.register_entries import PrivacyNotice
from gongzhi.declare.registers import Registers
from gongzhi.runtime.checks import CHINA
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.commands import consent_end, find_notice
from gongzhi_rights.representation import fourteenth_birthday
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 30, 10, 0, tzinfo=CHINA)
SAID = Text("Said.", "说明。")


def notice(purpose: str, recipient: str | None, version: int = 1, **more: Any) -> PrivacyNotice:
    return PrivacyNotice(purpose, recipient, version, SAID, SAID, SAID, date(2026, 1, version), **more)


def call(*notices: PrivacyNotice) -> Any:
    """What the functions ask of a call."""
    return SimpleNamespace(now=NOW, context=SimpleNamespace(registers=Registers(notices=notices)))


@given(st.none() | st.integers(1, 120), st.none() | st.dates(date(1940, 1, 1), date(2026, 6, 30)))
def test_when_a_consent_ends(months: int | None, born: date | None) -> None:
    """After the months of its text, or on the day on which the child decides; without either, when it is taken back."""
    end = consent_end(call(), notice("a.b", "village", months=months), PersonRow(birth_date=born))
    ends = []
    if months:
        ends.append(NOW + timedelta(days=round(months * 365.25 / 12)))
    if born and fourteenth_birthday(born) > NOW.date():
        day = fourteenth_birthday(born)
        ends.append(datetime(day.year, day.month, day.day, tzinfo=CHINA))
    assert end == (min(ends) if ends else None)
    assert end is None or end > NOW, "nobody agrees to what is over"


def test_the_text_in_force_is_meant() -> None:
    """The last version that has begun, for the recipient whom it is about."""
    texts = notice("a.b", "village"), notice("a.b", "village", 2), notice("c.d", None)
    assert find_notice(call(*texts), "a.b", None) == (texts[1], "village")
    assert find_notice(call(*texts), "a.b", "village") == (texts[1], "village")
    assert find_notice(call(*texts), "c.d", "bank") == (texts[2], "bank")


@pytest.mark.parametrize(
    ("purpose", "recipient", "code", "path"),
    [
        ("a.b", "somebody", "NOT_FOUND", "purpose"),
        ("none.such", None, "NOT_FOUND", "purpose"),
        ("none.such", "bank", "NOT_FOUND", "purpose"),
        ("c.d", None, "BAD_USER_INPUT", "recipient"),  # the text leaves it open
    ],
)
def test_texts_that_nobody_reads(purpose: str, recipient: str | None, code: str, path: str) -> None:
    with pytest.raises(Refusal) as refused:
        find_notice(call(notice("a.b", "village"), notice("c.d", None)), purpose, recipient)
    assert (refused.value.code, refused.value.path) == (code, (path,))
