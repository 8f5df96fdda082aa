"""Breaks the planner in small ways, one at a time, and asks whether the tests notice. Run by hand:

    python tests/planner/mutants.py [WORD …]

Words choose the mutants whose names have them. They are made in a copy of the tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COPIED = "schema", "server", "tests"
SUITES = {
    "differential": ["tests/planner/test_differential.py"],
    "promises": [
        "tests/planner",
        "--ignore=tests/planner/test_differential.py",
        "--ignore=tests/planner/test_snapshots.py",
    ],
}


class Mutant(NamedTuple):
    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant("variables in literals stay as first seen", "arguments", "parts = {key: part", "parts = {} and {key: part"),
    Mutant("viewers share what differs", "document", "tuple(answer(viewer, question) for question in self.asked),", ""),
    Mutant("values share what differs", "document", "tuple(trait(variables, way, of) for way, of in self.traits),", ""),
    Mutant("true is as good as false", "document", "if value is None or isinstance(value, bool):", "if value is None:"),
    Mutant("everywhere is nowhere", "viewer_scope", "if any(grant.everywhere", "if all(grant.everywhere"),
    Mutant(
        "all areas are the first", "viewer_scope", "if grant.grid is not None][at]", "if grant.grid is not None][0]"
    ),
    Mutant("all units are the first", "viewer_scope", "if one.unit is not None][at]", "if one.unit is not None][0]"),
    Mutant("branches overlap", "rows", "for other in rows[:at])", "for other in rows[:0])"),
    Mutant("owners are not asked", "rows", "if lens and target.through and", "if not lens and target.through and"),
    Mutant("owners are asked twice", "rows", "and owner != target.through:", "and owner != '':"),
    Mutant(
        "ties are left open", "rows", "dict.fromkeys((column, self.target.key))]", "dict.fromkeys((column, column))]"
    ),
    Mutant("cursors point the other way", "lists", "is Order.asc) == follows", "is Order.asc) != follows"),
    Mutant("pages do not look ahead", "lists", "window.size + 1, window", "window.size, window"),
    Mutant("pages lose their last row", "lists", "{{1}}<={self.window.size}", "{{1}}<{self.window.size}"),
    Mutant("caps are not kept", "lists", "not 0 <= size <= plan.cap", "not 0 <= size"),
    Mutant("nested lists cost their sum", "lists", "compiler.times * times", "compiler.times + times"),
    Mutant("guards stand open", "compiler", "if guard and not self.lens.can", "if guard and self.lens.can"),
    Mutant(
        "to-one sees everything",
        "compiler",
        "rows = Rows(target, table, self.lens, None, None)",
        "rows = Rows(target, table, None, None, None)",
    ),
    Mutant(
        "aggregates count everything",
        "compiler",
        "rows = self.rows(target, plan, at, entity, self.lens)\n        return",
        "rows = self.rows(target, plan, at, entity, None)\n        return",
    ),
    Mutant("plugins that were off stay off", "compiler", "and a.until is null and not a.active", "and not a.active"),
    Mutant("not is unknown of null", "filters", "not coalesce({0},false)", "not ({0})"),
    Mutant("an empty choice is no choice", "filters", 'return None if inner else Sql("false")', "return None"),
    Mutant("infinity is a word", "scalars", 'if value == "infinity":', 'if value == "":'),
    Mutant("parameters are mixed up", "parameters", "self._numbers.get(id(value))", "self._numbers.get(id(self))"),
)


def main(words: list[str]) -> int:
    chosen = [one for one in MUTANTS if all(word in one.name for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node*"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        if found := noticed(tree):
            sys.exit(f"the tests fail as it is: {found}")
        survived = [one.name for one in chosen if not killed(one, tree)]
    print(
        f"{len(chosen) - len(survived)} of {len(chosen)} killed", *(f"survived: {name}" for name in survived), sep="\n"
    )
    return len(survived)


def killed(mutant: Mutant, tree: Path) -> bool:
    path = tree / "server" / "gongzhi_server" / "planner" / f"{mutant.file}.py"
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        sys.exit(f"{mutant.name}: the text to change is {text.count(mutant.old)} times in {mutant.file}.py")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    found = noticed(tree)
    path.write_text(text, encoding="utf-8")
    print(f"{mutant.name}:", *(f"\n    {suite}: {test}" for suite, test in found.items()), flush=True)
    return bool(found)


def noticed(tree: Path) -> dict[str, str]:
    """The first test of each suite that fails."""
    found = {suite: first_failure(tree, suite) for suite in SUITES}
    return {suite: test for suite, test in found.items() if test}


def first_failure(tree: Path, suite: str) -> str:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join((str(tree / "server"), str(tree / "schema")))}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *SUITES[suite]]
    ran = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True)
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0].partition("::")[2] if failed else "" if ran.returncode == 0 else ran.stdout[-200:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
