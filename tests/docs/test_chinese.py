"""The pages in Chinese are in step with those in English: the same sections, examples and rows in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from .pages import ALL, links, tokens

SUFFIX = ".zh-CN.md"
PAGES = [page for page in ALL if page.startswith("docs/") and page.endswith(SUFFIX)]
HAN = re.compile(r"[\u4e00-\u9fff]")


def english(page: str) -> str:
    return page.removesuffix(SUFFIX) + ".md"


def outline(page: str) -> Iterator[str]:
    """Its headings by level, and its blocks of code by what they hold."""
    for token in tokens(page):
        if token.type == "heading_open":
            yield token.tag
        elif token.type == "fence":
            yield f"{token.info}\n{token.content}"


def tables(page: str) -> dict[int, list[list[str]]]:
    """The codes in the first column of each row of the tables of a section, by its place in the page."""
    found: dict[int, list[list[str]]] = {}
    section, first = 0, False
    for token in tokens(page):
        section += token.type == "heading_open"
        if token.type == "tr_open":
            first = True
        elif token.type == "inline" and first:
            first = False
            codes = [one.content for one in token.children or () if one.type == "code_inline"]
            found.setdefault(section, []).extend([codes] if codes else [])
    return {section: rows for section, rows in found.items() if rows}


def test_there_are_pages() -> None:
    assert {english(page) for page in PAGES} >= {"docs/frontends.md", "docs/operators.md", "docs/plugins/tutorial.md"}


@pytest.mark.parametrize("page", PAGES)
def test_sections_and_examples_are_the_same(page: str) -> None:
    assert list(outline(page)) == list(outline(english(page)))


@pytest.mark.parametrize("page", PAGES)
def test_rows_are_the_same(page: str) -> None:
    """A table that a Chinese page has names what the English one names; what it leaves to that page it links to."""
    theirs = tables(english(page))
    for section, rows in tables(page).items():
        lacking = [row for row in theirs[section] if row not in rows]
        assert lacking == [], f"{page} lacks these rows of {english(page)}: {lacking}"
        assert rows == theirs[section]
    if left := theirs.keys() - tables(page).keys():
        assert any(link.startswith(english(page).rpartition("/")[2] + "#") for link in links(page)), left


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_each_other(page: str) -> None:
    assert english(page).rpartition("/")[2] in set(links(page))
    assert page.rpartition("/")[2] in set(links(english(page)))


@pytest.mark.parametrize("page", PAGES)
def test_prose_is_chinese(page: str) -> None:
    """Every paragraph has been translated."""
    prose = [one.content for one in tokens(page) if one.type == "inline"]
    long = [one for one in prose if len(re.sub(r"`[^`]*`", "", one)) > 60]
    assert [one for one in long if not HAN.search(one)] == []
