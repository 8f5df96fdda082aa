"""Suppression: which numbers of a line are withheld, so that neither they nor the line's total tell a small one.

A line is a subject, with a number for each town and their total. What is below ten is withheld, but for zero. What is
left of the total after the numbers that are shown must allow each withheld number to be ten or more: else whoever
subtracts would know that it is small, or what it is. So the smallest others go along until it does, and at last the
total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEAST = 10
"""The smallest number that is published, but for zero (k ≥ 10)."""


@dataclass(frozen=True)
class Line:
    """The numbers of a line as they are published; None where they are withheld."""

    cells: Mapping[str, int | None]
    total: int | None


def suppress(cells: Mapping[str, int]) -> Line:
    """Withhold what is small of a line, and what would tell it."""
    total = sum(cells.values())
    # By their numbers, and then by their codes, so that the same line is always published alike.
    some = sorted((code for code, number in cells.items() if number), key=lambda code: (cells[code], code))
    hidden = {code for code in some if cells[code] < LEAST}
    for code in some:
        if not hidden or is_safe([cells[one] for one in hidden]):
            break
        hidden.add(code)
    # Nothing is left that could go along: then there is no total to subtract from.
    told = None if hidden and not is_safe([cells[one] for one in hidden]) else total
    shown = {code: None if code in hidden else number for code, number in cells.items()}
    return Line(shown, None if told is not None and 0 < told < LEAST else told)


def is_safe(hidden: list[int]) -> bool:
    """Tell whether each of the withheld numbers, none of which is zero, may be ten for all that their sum tells."""
    return len(hidden) > 1 and sum(hidden) - (len(hidden) - 1) >= LEAST
