"""The page says what the code says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import gongzhi_credit

PACKAGE = Path(gongzhi_credit.__file__).parent
README = PACKAGE.parent / "README.md"
CORE = {"BAD_USER_INPUT", "DUPLICATE", "FORBIDDEN", "FOUR_EYES", "NOT_FOUND", "STALE_VERSION", "CONSENT_REQUIRED"}


def refusal_codes() -> set[str]:
    """The codes of the refusals of the package."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            if (
                named
                and call.func.id in ("Refusal", "Requirement", "BookError")
                and isinstance(call.args[0], ast.Constant)
            ):
                found.add(call.args[0].value)
    return found


def test_refusals_are_listed() -> None:
    table = README.read_text(encoding="utf-8").split("| code | what |")[1].split("\n\n")[0]
    listed = set(re.findall(r"`([A-Z_]+)`", table))
    assert listed - CORE == refusal_codes() - CORE


def test_permissions_are_listed() -> None:
    page = README.read_text(encoding="utf-8")
    for one in gongzhi_credit.permissions():
        assert one.name in page or one.name == "credit_officer", one.name
