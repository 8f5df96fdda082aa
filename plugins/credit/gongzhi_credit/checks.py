"""Checks: validation and look-ups that commands of this plugin share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import FIELD

REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{5,39}")


def check_reference(value: str, *path: str) -> str:
    """Check a bank's reference: 6 to 40 letters, digits and hyphens."""
    if not REFERENCE.fullmatch(value):
        raise invalid_input(
            "A bank's reference has 6 to 40 letters, digits and hyphens.",
            "银行流水号由 6 至 40 位字母、数字或连字符组成。",
            *path,
        )
    return value


def check_distinct(values: Iterable[str], *path: str) -> list[str]:
    """Return the values, refusing any that comes twice."""
    found = list(values)
    if len(set(found)) != len(found):
        raise invalid_input(f"{FIELD} names something twice.", f"{FIELD}有重复。", *path)
    return found


def acts_for_unit(call: Call, unit: int, permission: str) -> bool:
    """Tell whether the caller holds the permission for the unit."""
    # The grant must be for the unit itself: in a grid, the role of a lender opens nothing.
    return any(grant.unit == unit and permission in grant.permissions for grant in call.viewer.account.grants)
