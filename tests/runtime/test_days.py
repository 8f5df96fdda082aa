"""Days are days in China: a moment gives one only where its zone is said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAIVE = {
    # What an operator types, what a table holds: days without a zone, parsed as moments.
    "server/gongzhi_server/cli/contents.py: today.date()",
    "server/gongzhi_server/imports/tables.py: cell.date()",
    "plugins/points/gongzhi_points/console.py: before.date()",
    "plugins/points/gongzhi_points/console.py: since.date()",
    "plugins/points/gongzhi_points/ledger/paper_import.py: value.date()",
    # The day of the tests, whatever the zone.
    "server/gongzhi_server/testing.py: TODAY.date()",
    "plugins/devices/benchmark.py: testing.TODAY.date()",
    "plugins/points/benchmark.py: testing.TODAY.date()",
    # Chinese time, with the offset added by hand.
    "plugins/deadlines/gongzhi_deadlines/worktime.py: (moment.astimezone(UTC) + EAST).date()",
}
"""Moments that have no zone, or whose day is the same in all."""
SQL = re.compile(r"\w+_at\s*::\s*date\b|now\(\)\s*::\s*date\b|\bcurrent_date\b")


def sources() -> Iterator[tuple[str, str]]:
    for top in ("schema/gongzhi", "server/gongzhi_server", "plugins"):
        for file in sorted((ROOT / top).rglob("*.py")):
            if "tests" not in file.parts:
                yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def days_without_zone(name: str, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Attribute)
            or node.func.attr != "date"
            or node.args
        ):
            continue
        moment = node.func.value
        said = isinstance(moment, ast.Call) and isinstance(moment.func, ast.Attribute)
        if not said or moment.func.attr not in ("astimezone", "strptime"):  # type: ignore[attr-defined]
            yield f"{name}: {ast.unparse(node)}"


def test_moments_say_the_zone_of_their_day() -> None:
    """`moment.date()` is the day in the moment's own zone, UTC: eight hours late. Use `today(call)` or `CHINA`."""
    found = {one for name, text in sources() for one in days_without_zone(name, text)}
    assert found - NAIVE == set()
    assert NAIVE - found == set(), "these are gone: take them off the list"


def test_database_says_the_zone_of_a_day() -> None:
    found = [f"{name}: {one}" for name, text in sources() for one in SQL.findall(text)]
    assert found == [], "write (… at time zone 'Asia/Shanghai')::date"
