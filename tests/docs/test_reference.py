"""The reference is what `make docs` makes of the code, has each operation once, and says what is so."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.testing import INSTALLED, built_graphql_schema
from graphql import parse, validate

from .pages import ALL, tokens

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"
ENGLISH = [page for page in ALL if page.startswith("docs/reference/") and not page.endswith(".zh-CN.md")]


@cache
def made() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "reference.py"))


def test_pages_are_current() -> None:
    pages = made()["pages"]()
    assert {path.name for path in FOLDER.iterdir()} == pages.keys(), "make docs"
    for name, text in pages.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"make docs: {name}"


def test_each_operation_is_there_once() -> None:
    schema = built_graphql_schema(INSTALLED)
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    found = Counter(
        token.content.strip("`")
        for page in ENGLISH
        for before, token in pairwise(tokens(page))
        if before.tag == "h3" and before.type == "heading_open"
    )
    # The first page tells of what finds anything by its id.
    wanted = Counter(name for root in roots if root for name in root.fields if not name.startswith("node"))
    assert found == wanted


def test_examples_are_valid() -> None:
    """They are those that the tests of desks and plugins send."""
    schema = built_graphql_schema(INSTALLED)
    blocks = {token.content for page in ENGLISH for token in tokens(page) if token.type == "fence"}
    assert len(blocks) > 40
    assert [text for text in blocks if validate(schema, parse(text))] == []


def test_what_it_says_of_a_command() -> None:
    """Permission, lengths and refusals, as the tests of cases meet them."""
    [accept] = [one.command for one in made()["operations"]() if one.name == "acceptCase"]
    assert accept.requires == "cases.accept"
    limits = accept.input.__strawberry_definition__.get_field("title").metadata["bound"]
    assert [*made()["tell_limits"](limits, "en")] == ["1–200 characters"]
    assert {"STALE_VERSION", "ILLEGAL_TRANSITION", "CONFLICT_OF_INTEREST"} <= set(made()["refusals"](accept))


@pytest.mark.parametrize("end", [".md", ".zh-CN.md"])
def test_changes_name_all_that_concerns_clients(end: str) -> None:
    """All that breaks or may surprise somebody who comes from the last release, each below its heading."""
    sections = (FOLDER / f"changes{end}").read_text(encoding="utf-8").split("\n## ")[1:]
    for meaning, section in zip(made()["MEANINGS"], sections, strict=True):
        found = made()["changes"]()[meaning]
        assert str(sum(map(len, found.values()))) in re.findall(r"\d+", section)
        codes = set(re.findall(r"`([^`]+)`", section))
        named = {name for change, members in found.items() for name in (change.type, *members) if name}
        assert meaning == "is safe" or named <= codes, named - codes
        missing = {
            name for change, members in found.items() for name in members if change.kind == "FIELD_ADDED"
        } - codes
        assert missing == set()
    assert "`clocks`" in sections[0] and "`deadlines`" in sections[0] and "`AMBER`" in sections[1]
