"""The pages as readers see them: their headings, links, fenced blocks, and the examples these make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]


def named(*patterns: str) -> dict[str, Path]:
    """Pages by their place in the repository, such as `docs/frontends.md`."""
    return {path.relative_to(ROOT).as_posix(): path for pattern in patterns for path in sorted(ROOT.glob(pattern))}


ALL = named(
    "*.md",
    ".github/**/*.md",
    "benchmarks/*.md",
    "docs/**/*.md",
    "plugins/*/README.md",
    "clients/*/README.md",
    "examples/*/README.md",
    "releasing/*.md",
)
PAGES = {
    page: path
    for page, path in named("*.md", "docs/*.md", "docs/integrators/*.md").items()
    if page == "README.zh-CN.md" or not page.endswith(".zh-CN.md")
}
"""Those whose examples are carried out as a reader would. Pages in Chinese have the same ones: test_chinese.py."""
WHO = re.compile(r"# (?P<role>\w+)(?:, grid (?P<grid>\S+))?(?:, unit (?P<unit>\S+))?(?:, person (?P<person>\S+))?\n")
SIGNS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it says it is, what is in it."""

    page: str
    line: int
    end: int
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Example:
    """An operation with its variables, who asks (claims of a token; none: a stranger), and the answer if it is told."""

    block: Block
    claims: dict[str, str]
    variables: dict[str, Any]
    answer: dict[str, Any] | None


@cache
def tokens(page: str) -> list[Token]:
    """What a page is made of. Each is read for many tests, and while these are collected."""
    return MarkdownIt().enable("table").parse(ALL[page].read_text(encoding="utf-8"))


def blocks(page: str) -> list[Block]:
    fences = (token for token in tokens(page) if token.type == "fence")
    return [Block(page, token.map[0] + 1, token.map[1], token.info, token.content) for token in fences if token.map]


def examples(page: str) -> Iterator[Example]:
    """Each `graphql` block; a `json` block right after it has the variables, a `json answer` block the answer."""
    found = blocks(page)
    for at, block in enumerate(found):
        if block.info == "graphql":
            more = {one.info: json.loads(one.text) for one in following(found[at:])}
            yield Example(block, claims(block.text), more.get("json", {}), more.get("json answer"))


def following(run: list[Block]) -> Iterator[Block]:
    """The blocks with nothing but a blank line between them and the one before."""
    for before, block in pairwise(run):
        if not block.info.startswith("json") or block.line > before.end + 2:
            return
        yield block


def claims(text: str) -> dict[str, str]:
    """Who asks, as the first line says."""
    found = WHO.match(text)
    return {name: value for name, value in found.groupdict().items() if value} if found else {}


def shells(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.info == "sh"]


def links(page: str) -> Iterator[str]:
    for token in tokens(page):
        for child in token.children or ():
            if child.type in ("link_open", "image"):
                yield str(child.attrs.get("href") or child.attrs.get("src"))


def anchors(page: str) -> set[str]:
    """What a link to a heading is called, as code hosts make it from the text."""
    found = tokens(page)
    titles = (found[at + 1].content for at, token in enumerate(found) if token.type == "heading_open")
    return {SIGNS.sub("", title.lower()).replace(" ", "-") for title in titles}
