"""What pages say is missing: it is named so that it can be checked, and it really is missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

import pytest
from graphql import GraphQLNamedType, build_schema

from .pages import ALL, PAGES, ROOT

DENIAL = re.compile(
    r"\b(not (there|available|built|supported|implemented|possible) yet|not yet (there|available|built|supported)"
    r"|(is|are) still missing|no such \w+ yet|later:)|尚未(提供|支持|实现)|暂(不支持|未提供)",
    re.IGNORECASE,
)
NAMED = re.compile(r"`([^`\n]+)`")
FILES = {
    **ALL,
    **{str(path.relative_to(ROOT)): path for path in sorted(ROOT.glob("tests/desks/*.graphql"))},
}


@lru_cache(maxsize=1)
def existing() -> frozenset[str]:
    """The names of everything in the schema, of settings, commands and paths, in lower case."""
    schema = build_schema((ROOT / "schema" / "full.graphql").read_text(encoding="utf-8"), no_location=True)
    found = {name for kind in schema.type_map.values() for name in members(kind)}
    found |= {path.stem for path in (ROOT / "docs").rglob("*.md")}
    operators = PAGES["docs/operators.md"].read_text(encoding="utf-8")
    found |= set(re.findall(r"`gongzhi ([a-z ]+?)`", operators))
    server = ROOT / "server" / "gongzhi_server"
    texts = [path.read_text(encoding="utf-8") for path in (server / "app.py", *(server / "endpoints").glob("*.py"))]
    found |= {path for text in texts for path in re.findall(r'Route\(f?"(/[\w/-]*)', text)}
    found |= set(re.findall(r"GONGZHI_[A-Z_]+", operators))
    found |= {name for path in server.rglob("*.py") for name in identifiers(path.read_text(encoding="utf-8"))}
    return frozenset(name.lower() for name in found)


def identifiers(text: str) -> Iterator[str]:
    """What code defines, imports or has in hand; not what its comments and texts say, which may deny things, too."""
    for node in ast.walk(ast.parse(text)):
        for of in ("id", "attr", "name", "arg"):
            if isinstance(name := getattr(node, of, None), str):
                yield from (name, name.rpartition(".")[2])


def members(kind: GraphQLNamedType) -> set[str]:
    fields = getattr(kind, "fields", None) or getattr(kind, "values", None) or {}
    return {kind.name, *fields}


def denials(text: str) -> list[tuple[str, list[str]]]:
    """Each paragraph that says of something that it is missing, with the names that it denies.

    A heading that denies stands for the section below it.
    """
    found = []
    for section in re.split(r"(?m)^(?=#{2,} )", text):
        heading, _, rest = section.partition("\n")
        if DENIAL.search(heading):
            found.append((section, NAMED.findall(rest)))
            continue
        found += [(part, NAMED.findall(part)) for part in section.split("\n\n") if DENIAL.search(part)]
    return found


@pytest.mark.parametrize("page", FILES)
def test_only_what_is_missing_is_denied(page: str) -> None:
    known = existing()
    for text, names in denials(FILES[page].read_text(encoding="utf-8")):
        assert names, f"{page}: name what is missing in backticks, so that it can be checked: {text[:200]!r}"
        wrong = [name for name in names if name.lower() in known]
        assert not wrong, f"{page} says that {wrong} are missing, and they are there"


def test_denials_are_found() -> None:
    """The lines that once denied half the product are caught."""
    old = (
        "Not there yet: clocks, proposals whom to dispatch to.\n\n## Not there yet\n\nAccounts; `reveal`; `/health`.\n"
    )
    [(_, bare), (_, named)] = denials(old)
    assert not bare and "reveal" in named
    assert {"reveal", "/health", "intakecases", "case"} <= existing()
    assert {"totp", "doctor"} <= existing(), "what only the code names"
    assert denials("中文说明尚未提供。") and not denials("Nobody has inspected it yet.")
