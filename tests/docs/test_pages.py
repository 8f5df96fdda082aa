"""The pages say what the code says, and their links lead somewhere."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from .pages import ALL, PAGES, ROOT, anchors, links, tokens

TABLES = runpy.run_path(str(ROOT / "docs" / "tables.py"))
RAISERS = [
    *sorted((ROOT / "schema" / "gongzhi").rglob("*.py")),
    *sorted((ROOT / "plugins" / "contacts" / "gongzhi_contacts").rglob("*.py")),
    *sorted((ROOT / "plugins" / "deadlines" / "gongzhi_deadlines").rglob("*.py")),
    *sorted((ROOT / "plugins" / "dispatch" / "gongzhi_dispatch").rglob("*.py")),
    *sorted((ROOT / "plugins" / "operations" / "gongzhi_operations").rglob("*.py")),
    *sorted((ROOT / "plugins" / "disclosure" / "gongzhi_disclosure").rglob("*.py")),
    *sorted((ROOT / "plugins" / "list_exports" / "gongzhi_list_exports").rglob("*.py")),
    *sorted((ROOT / "plugins" / "resolutions" / "gongzhi_resolutions").rglob("*.py")),
    *sorted((ROOT / "plugins" / "rights" / "gongzhi_rights").rglob("*.py")),
    *sorted((ROOT / "server" / "gongzhi_server" / "commands").rglob("*.py")),
]
MODULES = [
    path
    for folder in ("benchmarks", "docs", "plugins", "releasing", "schema", "server", "tests", "tools")
    for path in (ROOT / folder).rglob("*.py")
]
REQUIRING = {"Requirement", "require_states"}
"""Words that declare what a command requires of its row."""
CODE = re.compile(r"[A-Z]+(_[A-Z]+)+|DUPLICATE|FORBIDDEN")


@pytest.mark.parametrize("page", ALL)
def test_tables_are_current(page: str) -> None:
    text = ALL[page].read_text(encoding="utf-8")
    assert text == TABLES["filled"](text), f"{page} is behind the code: run python docs/tables.py"


def test_every_table_is_shown() -> None:
    shown = {found[2] for path in ALL.values() for found in TABLES["PLACE"].finditer(path.read_text(encoding="utf-8"))}
    assert shown == set(TABLES["PIECES"])


@pytest.mark.parametrize("page", ALL)
def test_links_lead_somewhere(page: str) -> None:
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ALL[page].parent / path).resolve() if path else ALL[page]
        assert target.exists(), f"{page} links to {link}, which is not there"
        assert not anchor or unquote(anchor) in anchors(target.relative_to(ROOT).as_posix()), (
            f"{page} links to {link}, and there is no such heading"
        )


def test_refusals_are_listed() -> None:
    section = PAGES["docs/frontends.md"].read_text(encoding="utf-8").split("### In a payload\n")[1].split("\n#")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == sorted({code for path in RAISERS for code in raised(path)})


def raised(path: Path) -> Iterator[str]:
    """The codes of refusals a module raises or requires; where a name stands for one, all its function mentions."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        # What actions require is refused by the server, with the code that stands in the declaration.
        if isinstance(function, ast.Call) and isinstance(function.func, ast.Name) and function.func.id in REQUIRING:
            yield from (code for one in (*function.args, *function.keywords) for code in constants(one))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Refusal":
                    first = call.args[0]
                    yield from constants(first if isinstance(first, ast.Constant) else function)


def constants(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value):
            yield one.value


def test_decisions_are_in_the_index() -> None:
    """Each topic is a page that the index lists; each paragraph begins with what was decided, or is its table."""
    index = "docs/decisions/README.md"
    topics = {page for page in ALL if page.startswith("docs/decisions/") and page != index}
    assert {f"docs/decisions/{link}" for link in links(index)} == topics
    for page in topics:
        _, *paragraphs = ALL[page].read_text(encoding="utf-8").strip().split("\n\n")
        assert [one for one in paragraphs if not re.match(r"\*\*[^*]+\*\*|\|", one)] == [], page


OWN_INDEX = ("docs/decisions/", "docs/reference/")


def test_every_page_is_in_the_index() -> None:
    """Whoever looks for a page finds it from docs/README.md, by who reads it; two folders have their own index."""
    listed = {(ROOT / "docs" / link).resolve() for link in links("docs/README.md")}
    pages = [page for page in ALL if page.startswith("docs/") and not page.startswith(OWN_INDEX)]
    assert [page for page in pages if page != "docs/README.md" and ALL[page] not in listed] == []


@pytest.mark.parametrize("page", [page for page in ALL if page != "CHANGELOG.md"])
def test_files_of_code_are_there(page: str) -> None:
    """A page that names a module by its file, such as `planner/rows.py`, leads to it."""
    inline = {one.content for token in tokens(page) for one in token.children or () if one.type == "code_inline"}
    named = {one.partition("::")[0] for one in inline if re.fullmatch(r"(\w+/)*\w+\.py(::\w+)?", one)}
    assert [one for one in named if not any(str(path).endswith(f"/{one}") for path in MODULES)] == []
