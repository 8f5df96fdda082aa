"""Checks: validation and look-ups that commands of this plugin share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import FIELD

CODE = re.compile(r"[a-z][a-z0-9-]{1,23}")
REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{5,39}")


def check_code_format(value: str, *path: str) -> str:
    """Check a code of two to 24 lower-case letters, digits and hyphens."""
    if not CODE.fullmatch(value):
        raise invalid_input(
            "A code has 2 to 24 lower-case letters, digits and hyphens and begins with a letter.",
            "编码须为 2 至 24 位小写字母、数字或连字符，以字母开头。",
            *path,
        )
    return value


def check_reference(value: str, *path: str) -> str:
    """Check a bank's reference: 6 to 40 letters, digits and hyphens."""
    if not REFERENCE.fullmatch(value):
        raise invalid_input(
            "A bank's reference has 6 to 40 letters, digits and hyphens.",
            "银行流水号由 6 至 40 位字母、数字或连字符组成。",
            *path,
        )
    return value


def check_whole_number(value: int, least: int, most: int, *path: str) -> int:
    """Check that a whole number is within bounds."""
    if not least <= value <= most:
        raise invalid_input(f"{FIELD} must be {least} to {most}.", f"{FIELD}应为 {least} 至 {most}。", *path)
    return value


def check_distinct(values: Iterable[str], *path: str) -> list[str]:
    """Return the values, refusing any that comes twice."""
    found = list(values)
    if len(set(found)) != len(found):
        raise invalid_input(f"{FIELD} names something twice.", f"{FIELD}有重复。", *path)
    return found


async def load_current_grid(code: str, *path: str) -> GridRow:
    """Return the grid that has this code now."""
    grid = await GridRow.get_or_none(code=code, valid_to=None)
    if grid is None:
        raise not_found("There is no such grid.", "没有该网格。", *path)
    return grid


async def load_unit(code: str, *path: str) -> UnitRow:
    """Return the unit that has this code and is not closed."""
    unit = await UnitRow.get_or_none(code=code, valid_to=None)
    if unit is None:
        raise not_found("There is no such unit.", "没有该单位。", *path)
    return unit


def acts_for_unit(call: Call, unit: int, permission: str) -> bool:
    """Tell whether the caller holds the permission for the unit."""
    # The grant must be for the unit itself: in a grid, the role of a lender opens nothing.
    return any(grant.unit == unit and permission in grant.permissions for grant in call.viewer.account.grants)
