"""Check-in codes: what one screen shows no other has shown, what one phone kept is worth nothing to another."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_party.activities import check_in_codes as codes
from gongzhi_party.organisation.quarter_digest import quarter_span
from hypothesis import assume, example, given
from hypothesis import strategies as st

KEYS = st.binary(min_size=32, max_size=32)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(tzinfo=codes.EPOCH.tzinfo))


@given(KEYS, st.uuids(), MOMENTS)
def test_code_says_where_and_when(key: bytes, activity: UUID, at: datetime) -> None:
    shown = codes.code_at(key, activity, at)
    assert len(shown) == 45 and shown.isascii()
    read = codes.verify_screen_code(key, f" {shown.lower()} ")
    assert read and read.activity == activity, "phones may send it in small letters"
    assert timedelta() <= at - read.shown_at < codes.PERIOD


@given(KEYS, KEYS, st.uuids(), MOMENTS)
def test_code_of_another_screen_is_none(key: bytes, other: bytes, activity: UUID, at: datetime) -> None:
    assume(key != other)
    assert codes.verify_screen_code(other, codes.code_at(key, activity, at)) is None


@given(KEYS, st.uuids(), MOMENTS, st.integers(0, 44), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_changed_code_is_none(key: bytes, activity: UUID, at: datetime, place: int, letter: str) -> None:
    """Neither the activity nor the time in it can be changed; the last letter has bits that say nothing."""
    shown = codes.code_at(key, activity, at)
    changed = shown[:place] + letter + shown[place + 1 :]
    assume(changed != shown and place < 44)
    assert codes.verify_screen_code(key, changed) is None


@given(KEYS, st.text(max_size=60))
@example(b"\0" * 32, "签到码")
@example(b"\0" * 32, "")
@example(b"\0" * 32, "A" * 45)
@example(b"\0" * 32, "=" * 45)
def test_any_text_is_read_or_none(key: bytes, text: str) -> None:
    """Anybody may send anything: what a camera read of another code is an answer, and no fault of the server."""
    assert codes.verify_screen_code(key, text) is None


@given(st.binary(min_size=32), st.uuids(), st.uuids())
def test_keys_of_different_uses_differ(secret: bytes, first: UUID, second: UUID) -> None:
    """A screen's key is no phone's, even for one id, and no two screens have one key."""
    assert codes.screen_key(secret, first) != codes.participation_ticket(secret, first)
    assume(first != second)
    assert codes.screen_key(secret, first) != codes.screen_key(secret, second)
    assert codes.participation_ticket(secret, first) != codes.participation_ticket(secret, second)


@given(KEYS, KEYS, st.uuids(), MOMENTS)
def test_proof_is_of_one_phone_and_one_code(mine: bytes, other: bytes, activity: UUID, at: datetime) -> None:
    assume(mine != other)
    code = codes.code_at(mine, activity, at)
    proof = codes.offline_proof(mine, code)
    assert codes.is_proven(mine, code.lower(), f" {proof.lower()} ")
    assert not codes.is_proven(other, code, proof)
    later = codes.code_at(mine, activity, at + codes.PERIOD)
    assert not codes.is_proven(mine, later, proof), "a proof is not for the next code"


@given(KEYS, st.text(max_size=30))
def test_any_proof_is_read(ticket: bytes, said: str) -> None:
    assume(said.isprintable())
    assert not codes.is_proven(ticket, "A" * 45, said)


@given(st.integers(2000, 2098), st.integers(1, 4))
def test_quarters_lie_side_by_side(year: int, number: int) -> None:
    """No day is in two quarters, and none is in no quarter."""
    first, end = quarter_span(f"{year}Q{number}")
    after = quarter_span(f"{year + number // 4}Q{number % 4 + 1}")
    assert end == after[0] and 90 <= (end - first).days <= 92 and first.day == 1


@pytest.mark.parametrize("said", ["", "2026", "2026Q0", "2026Q5", "1999Q1", "2026q1", "2026Q1 ", "二〇二六Q1"])
def test_what_is_no_quarter(said: str) -> None:
    with pytest.raises(Refusal) as caught:
        quarter_span(said)
    assert caught.value.path == ("quarter",)
