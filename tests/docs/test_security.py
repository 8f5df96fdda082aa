"""The page about attacks names tests that are there, and is found from the first pages."""

from __future__ import annotations

import re

import pytest

from .pages import PAGES, ROOT, links

NAMED = re.compile(r"`((?:tests|plugins)/[\w/.-]+\.py)(?:::(test_\w+))?`")
PAGE = PAGES["docs/security.md"].read_text(encoding="utf-8")


def test_named_tests_are_there() -> None:
    found = NAMED.findall(PAGE)
    assert len(found) > 50
    for path, name in found:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not name or re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path} has no {name}"


def test_every_finding_has_a_row() -> None:
    """Fourteen were found; each stands there with a test, or as open."""
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if re.match(r"\| [\d, ]+ \|", line)]
    assert {number.strip() for row in rows for number in row[0].split(",")} == {str(at) for at in range(1, 15)}
    for row in rows:
        assert len(row) == 6 and ("::" in row[5] or "**Open:**" in row[4]), row[2]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "docs/operators.md", "docs/data-protection.md"])
def test_it_is_found(page: str) -> None:
    named = {link.rpartition("/")[2].partition("#")[0] for link in links(page)}
    assert {"security.md", "threat-model.md", "SECURITY.md"} <= named
