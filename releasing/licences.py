"""Licence list: writes docs/licences.md from the lock file. Run it after the lock file has changed."""

from __future__ import annotations

from collections import Counter

from inventory import ROOT, read_lock

PAGE = ROOT / "docs" / "licences.md"
BEGIN = "<!-- written by releasing/licences.py -->"


def table() -> str:
    """Build the list of dependencies with their licences, and how often each licence comes."""
    found = read_lock()
    counted = Counter(one.licence for one in found)
    lines = ["| licence | distributions |", "|---|---|"]
    lines += [f"| {licence or 'unknown'} | {count} |" for licence, count in sorted(counted.items())]
    lines += ["", "| distribution | version | licence |", "|---|---|---|"]
    lines += [f"| {one.name} | {one.version} | {one.licence or 'unknown'} |" for one in found]
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    """Return the page with the tables of today."""
    return text.partition(BEGIN)[0] + BEGIN + "\n\n" + table()


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
