"""Layout: figures of how the repository is built, each beside its goal. `tests/test_layout.py` holds them.

.venv/bin/python tools/layout.py
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "schema" / "gongzhi"
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
}  # fmt: skip
DEFINITION = re.compile(r"^(?:type|input|enum|interface|union|scalar) ", re.MULTILINE)
ABSENT = re.compile(r"\brulings? ?\d+|\bdomain \d+\.\d+")
"""Pages that are not in the repository, as comments once named them."""
SHARED = 5
"""Files that a public name of a module may stand in before it says too little."""


@dataclass(frozen=True)
class Figure:
    """A figure: what was counted, how much there is now, and how much there may be in the end."""

    name: str
    now: int
    goal: int
    found: tuple[str, ...] = ()
    """What makes it more than it should be."""


def figures() -> list[Figure]:
    """Return all of them, counted anew."""
    return [
        Figure("lines of code of the contract", sum(map(code_lines, sources(CONTRACT))), 11_500),
        Figure("definitions in core.graphql", definitions(), 320),
        listed("packages of the contract in a circle", circle()),
        listed("modules of the contract that our plugins import and no page names", undocumented()),
        listed(f"public names in more than {SHARED} files", overloaded(), 12),
        listed("references to pages that are not here", absent_pages()),
    ]


def listed(name: str, found: list[str], goal: int = 0) -> Figure:
    """Build the figure of a list, whose entries it names."""
    return Figure(name, len(found), goal, tuple(found))


def sources(folder: Path) -> Iterator[Path]:
    """Yield the modules below a folder, without migrations, tests and the template."""
    for path in sorted(folder.rglob("*.py")):
        if not {"migrations", "tests", "_template", ".venv"} & set(path.relative_to(ROOT).parts):
            yield path


def code_lines(path: Path) -> int:
    """Count the lines that hold code; comments, docstrings and blank lines are free, so explaining costs nothing."""
    text = path.read_text(encoding="utf-8")
    words: set[int] = set()
    # Strings that stand alone are documentation, of attributes, too.
    for node in ast.walk(ast.parse(text)):
        for inner in getattr(node, "body", []) if isinstance(getattr(node, "body", []), list) else []:
            if (
                isinstance(inner, ast.Expr)
                and isinstance(inner.value, ast.Constant)
                and isinstance(inner.value.value, str)
            ):
                words |= set(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    held: set[int] = set()
    # By tokens rather than lines: a statement over several lines,
    # or a string with line breaks, counts each of its lines.
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            held |= set(range(token.start[0], token.end[0] + 1))
    return len(held - words)


def definitions() -> int:
    """Count the types, inputs, enums, interfaces, unions and scalars that the core alone brings."""
    return len(DEFINITION.findall((ROOT / "schema" / "core.graphql").read_text(encoding="utf-8")))


def packages() -> Mapping[str, set[str]]:
    """Return which packages of the contract import which."""
    # Imports for types alone make no ring when the program runs.
    graph = grimp.build_graph("gongzhi", exclude_type_checking_imports=True)

    def package(module: str) -> str:
        return module if (CONTRACT.parent / module.replace(".", "/")).is_dir() else module.rpartition(".")[0]

    found: dict[str, set[str]] = {}
    for module in graph.modules:
        if ".migrations" not in module:
            uses = {package(one) for one in graph.find_modules_directly_imported_by(module)}
            found.setdefault(package(module), set()).update(uses - {package(module), "gongzhi"})
    return found


def circle() -> list[str]:
    """Return packages that import each other by way of each other; none, if they lie in layers."""
    try:
        TopologicalSorter(packages()).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def undocumented() -> list[str]:
    """Return the modules of the contract that our plugins import and the vendors' pages do not name."""
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "plugins").glob("*.md"))
    used = {
        name
        for path in sources(ROOT / "plugins")
        for name in re.findall(r"^\s*from (gongzhi(?:\.\w+)+) import", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    return sorted(name for name in used if name not in pages)


def overloaded() -> list[str]:
    """Return public functions and classes whose name stands in many files and so says little; hooks are left out."""
    hooks = set(re.findall(r"^def (\w+)", (CONTRACT / "plugin" / "hooks.py").read_text(encoding="utf-8"), re.MULTILINE))
    count: Counter[str] = Counter()
    for folder in ("schema", "server", "plugins"):
        for path in sources(ROOT / folder):
            body = ast.parse(path.read_text(encoding="utf-8")).body
            defined = (one for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
            count.update({one.name for one in defined if not one.name.startswith("_")} - hooks)
    return [f"{name} ({times})" for name, times in count.most_common() if times > SHARED]


def absent_pages() -> list[str]:
    """Return where a comment or docstring refers to a page that readers do not have."""
    return [
        f"{path.relative_to(ROOT)}: {found}"
        for folder in ("schema", "server", "plugins")
        for path in sources(ROOT / folder)
        for found in ABSENT.findall(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Print the figures, and what is behind those that are not yet what they are to be."""
    table = Table("figure", "now", "goal")
    found = figures()
    for one in found:
        table.add_row(one.name, f"{one.now:,}", f"{one.goal:,}", style="" if one.now <= one.goal else "yellow")
    console = Console()
    console.print(table)
    if "--long" in sys.argv:
        for one in found:
            for line in one.found if one.now > one.goal else ():
                console.print(f"{one.name}: {line}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
