"""Money: whole fen inside and a Decimal of yuan at the edges; rates are millionths a year. No floats."""

from __future__ import annotations

from decimal import Decimal

from gongzhi.runtime.checks import invalid_input
from gongzhi.values.errors import FIELD

MILLION = 1_000_000
"""A rate of 38 500 is 3.85 per cent a year."""
POINT = 100
"""A basis point, in millionths."""
MOST = 10_000_000_00
"""Ten million yuan: more is no loan to a household."""


def round_ratio(numerator: int, denominator: int) -> int:
    """Return the nearest whole number, halves away from zero (四舍五入)."""
    # Whole numbers throughout: Python's `round` goes to even, and a float has no half of a fen.
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def to_fen(amount: Decimal, *path: str, least: int = 1, most: int = MOST) -> int:
    """Convert yuan to fen. Raises Refusal for parts of a fen and for what lies beyond the bounds."""
    # Infinity, NaN and what is far too large become half a fen, which the next line refuses.
    scaled = amount * 100 if amount.is_finite() and abs(amount) < MOST else Decimal("0.5")
    if scaled != scaled.to_integral_value():
        raise invalid_input(
            f"{FIELD} is yuan with two decimals at most.", f"{FIELD}应为金额（元），最多两位小数。", *path
        )
    if not least <= scaled <= most:
        raise invalid_input(
            f"{FIELD} must be {to_yuan(least)} to {to_yuan(most)} yuan.",
            f"{FIELD}应在 {to_yuan(least)} 元至 {to_yuan(most)} 元之间。",
            *path,
        )
    return int(scaled)


def to_yuan(amount: int) -> Decimal:
    """Convert fen to yuan."""
    return Decimal(amount).scaleb(-2)


def to_millionths(percent: Decimal, *path: str, least: int = 0, most: int = 240_000) -> int:
    """Convert per cent a year to millionths. Raises Refusal beyond four decimals and beyond the bounds."""
    scaled = percent * 10_000 if percent.is_finite() and abs(percent) < MILLION else Decimal("0.5")
    if scaled != scaled.to_integral_value() or not least <= scaled <= most:
        raise invalid_input(
            f"{FIELD} is per cent a year, {to_percent(least)} to {to_percent(most)}, with four decimals at most.",
            f"{FIELD}为年利率百分数，{to_percent(least)} 至 {to_percent(most)}，最多四位小数。",
            *path,
        )
    return int(scaled)


def to_percent(rate: int) -> Decimal:
    """Convert millionths to per cent."""
    # `+ 0` turns `1E+1` back into `10`, which `normalize` leaves behind.
    return Decimal(rate).scaleb(-4).normalize() + 0
