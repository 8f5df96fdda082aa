"""One-time codes: what is written is read, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from gongzhi_points.rewards.codes import EPOCH, LENGTH, NONCES, NUMBERS, Code, counter_key, format_code, parse_code
from hypothesis import given
from hypothesis import strategies as st

KEY = counter_key(b"secret", UUID(int=1))
CODES = st.builds(
    Code,
    st.integers(0, NUMBERS - 1),
    st.integers(0, NONCES - 1),
    st.integers(0, (1 << 24) - 1).map(lambda minute: EPOCH + timedelta(minutes=minute)),
)


@given(CODES)
def test_code_is_read_back(code: Code) -> None:
    text = format_code(KEY, code)
    assert parse_code(KEY, text) == code
    assert parse_code(KEY, text.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code


@given(CODES, st.integers(0, LENGTH - 1), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_changed_code_is_not_read(code: Code, at: int, letter: str) -> None:
    text = format_code(KEY, code).replace("-", "")
    changed = text[:at] + letter + text[at + 1 :]
    assert changed == text or parse_code(KEY, changed) is None


@given(CODES)
def test_code_is_for_one_shop(code: Code) -> None:
    assert parse_code(counter_key(b"secret", UUID(int=2)), format_code(KEY, code)) is None


@given(st.text(max_size=40))
def test_nonsense_is_not_read(text: str) -> None:
    assert parse_code(KEY, text) is None
