"""Checks: what callers give to commands is checked. Each raises a Refusal that names the field, never the value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, TypeGuard, TypeVar
from zoneinfo import ZoneInfo

from strawberry import UNSET

from gongzhi.declare.bounds import SHORT_CODE, Limits, check_argument
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import CodeError
from gongzhi.values.errors import FIELD, Refusal, Refusals

T = TypeVar("T")

CHINA = ZoneInfo("Asia/Shanghai")
SKEW = timedelta(minutes=5)
"""How far a phone's clock may be ahead of ours."""


class Form:
    """Reads the fields of an input, so that all that is wrong with them is said at once.

    with input_form() as read:
        name = read(check_text, input.name, 100, "name")
    """

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def __call__(self, check: Callable[..., T], *given: Any) -> T:
        try:
            return check(*given)
        except Refusal as refusal:
            self.refusals.append(refusal)
            return None  # type: ignore[return-value]  # nobody sees it: the block ends in Refusals


@contextmanager
def input_form() -> Iterator[Form]:
    """Return a form to read fields with. Raises Refusals at the end of the block if any of them was wrong."""
    made = Form()
    yield made
    if made.refusals:
        raise Refusals(made.refusals)


def is_given(value: T | None) -> TypeGuard[T]:
    """Return whether the caller said something: neither left it out nor sent null."""
    return value is not UNSET and value is not None


def invalid_input(en: str, zh: str, *path: str) -> Refusal:
    """Return the refusal for a value that cannot be taken."""
    return Refusal("BAD_USER_INPUT", en, zh, path)


def not_found(en: str, zh: str, *path: str) -> Refusal:
    """Return the refusal for something that is not there."""
    return Refusal("NOT_FOUND", en, zh, path)


def duplicate(en: str, zh: str, *path: str) -> Refusal:
    """Return the refusal for something that is there already."""
    return Refusal("DUPLICATE", en, zh, path)


def check_text(value: str, most: int, *path: str) -> str:
    """Return the text without blanks around it."""
    check_argument(value, *path, limits=Limits(length=(1, most)))
    return value.strip()


def check_whole_number(value: int, least: int, most: int, *path: str) -> int:
    """Return the number, which must lie within bounds, both included."""
    check_argument(value, *path, limits=Limits(between=(least, most)))
    return value


def check_short_code(value: str, *path: str) -> str:
    """Return a code that people give to something: 2 to 24 lower-case letters, digits and hyphens, a letter first."""
    check_argument(value, *path, limits=Limits(pattern=SHORT_CODE))
    return value


def check_code(check: Callable[[str], T], value: str, *path: str) -> T:
    """Return what a check of `gongzhi.values.codes` makes of the value; MASKED_VALUE for a mask that was sent back."""
    try:
        return check(value)
    except CodeError as error:
        code = "MASKED_VALUE" if error.reason == "MASKED" else "BAD_USER_INPUT"
        raise Refusal(code, error.text.en, error.text.zh, path) from None


def today(call: Call) -> date:
    """Return the day of the operation in China."""
    # By the contract's clock, never the machine's.
    return call.now.astimezone(CHINA).date()


def check_moment(now: datetime, at: datetime, oldest: timedelta, *path: str) -> datetime:
    """Return when something was done by a phone's clock, which may be a little ahead and may send it late.

    Never later than now. Refuses a time without an offset, one in the future and one that is too long ago.
    """
    if at.tzinfo is None:
        raise invalid_input("Give the offset with the time, like +08:00.", "时间须带时区，如 +08:00。", *path)
    if at > now + SKEW:
        raise invalid_input(f"{FIELD} must not lie in the future.", f"{FIELD}不能晚于现在。", *path)
    if at < now - oldest:
        days = oldest.days
        raise invalid_input(f"{FIELD} is more than {days} days ago.", f"{FIELD}早于 {days} 天以前。", *path)
    # A clock that is ahead puts nothing into the future.
    return min(at, now)


def check_past_day(call: Call, day: date, *path: str) -> date:
    """Return the day, which must not lie in the future."""
    # By the day in China, whatever the zone of the server.
    if day > today(call):
        raise invalid_input(f"{FIELD} must not lie in the future.", f"{FIELD}不能晚于今天。", *path)
    return day
