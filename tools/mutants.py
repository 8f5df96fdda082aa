"""Mutants: the planner, working time and the ledgers broken in small ways, one at a time, to see whether tests notice.

    .venv/bin/python tools/mutants.py [WORD …]

Words choose the mutants whose suites or names have them. They are made in a copy of the tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COPIED = "schema", "server", "plugins", "tests"
PLANNER = "server/gongzhi_server/planner/"
WORKTIME = "plugins/deadlines/gongzhi_deadlines/worktime.py"
BOOK = "plugins/credit/gongzhi_credit/loans/book.py"
LEDGER = "plugins/points/gongzhi_points/ledger/posting.py"
SUITES = {
    "planner": {
        "differential": ["tests/planner/test_differential.py"],
        "promises": [
            "tests/planner",
            "--ignore=tests/planner/test_differential.py",
            "--ignore=tests/planner/test_snapshots.py",
        ],
    },
    "worktime": {"worktime": ["plugins/deadlines/tests/test_worktime.py"]},
    "points": {"ledger": ["plugins/points/tests/test_ledger.py"], "expiry": ["plugins/points/tests/test_expiry.py"]},
    "credit": {"book": ["plugins/credit/tests/test_book.py", "plugins/credit/tests/test_schedules.py"]},
}
"""What may notice: the suites of each part, each with what pytest is given; a pattern stands for the files it fits."""


class Mutant(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    part: str = "planner"

    @property
    def path(self) -> str:
        return f"{PLANNER}{self.file}.py" if self.part == "planner" else self.file


MUTANTS = (
    Mutant("variables in literals stay as first seen", "arguments", "parts = {key: part", "parts = {} and {key: part"),
    Mutant("viewers share what differs", "document", "answers(viewer, self.asked),", "(),"),
    Mutant("values share what differs", "document", "tuple(trait(variables, way, of) for way, of in self.traits),", ""),
    Mutant("true is as good as false", "document", "if value is None or isinstance(value, bool):", "if value is None:"),
    Mutant("everywhere is nowhere", "viewer_scope", "if any(grant.everywhere", "if all(grant.everywhere"),
    Mutant("all areas are the first", "viewer_scope", "answer(viewer, where)[at]", "answer(viewer, where)[0]"),
    Mutant("all units are the first", "viewer_scope", '("units", permission))[at]', '("units", permission))[0]'),
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
    Mutant("plugins stay on for ever", "rows", "and a.until is null and a.active", "and a.active"),
    Mutant("not is unknown of null", "filters", "not coalesce({0},false)", "not ({0})"),
    Mutant("an empty choice is no choice", "filters", 'return None if inner else Sql("false")', "return None"),
    Mutant("infinity is a word", "scalars", 'if value == "infinity":', 'if value == "":'),
    Mutant("parameters are mixed up", "parameters", "self._numbers.get(id(value))", "self._numbers.get(id(self))"),
    Mutant(
        "offices are open at closing time",
        WORKTIME,
        "moment < self.closes[at]",
        "moment <= self.closes[at]",
        "worktime",
    ),
    Mutant("a day that was over counts", WORKTIME, "if due <= begins:", "if due < begins:", "worktime"),
    Mutant("warnings come at the end", WORKTIME, "allowed * WARNING // 100", "allowed", "worktime"),
    Mutant("a day late is not late", BOOK, "row.due_on < on]", "row.due_on <= on]", "credit"),
    Mutant("days are counted twice", BOOK, "max(row.due_on, self.reckoned_on)", "row.due_on", "credit"),
    Mutant("there is no surcharge", BOOK, "(100 + self.surcharge) // 100", "100 // 100", "credit"),
    Mutant(
        "running interest falls below zero", BOOK, "return max(0, self.gone(on) -", "return (self.gone(on) -", "credit"
    ),
    Mutant("the same key is posted twice", LEDGER, "if one.key not in known]", "]", "points"),
    Mutant("legs need not sum to nothing", LEDGER, "if sum(amounts) or len(amounts)", "if len(amounts)", "points"),
    Mutant(
        "an account twice in a posting",
        LEDGER,
        " or len({leg.account for leg in posting.legs}) < len(amounts)",
        "",
        "points",
    ),
    Mutant("links stand alone", LEDGER, "chain.link(head,", 'chain.link(b"",', "points"),
)


def main(words: list[str]) -> int:
    chosen = [one for one in MUTANTS if all(word in f"{one.part} {one.name}" for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node*"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        for part in sorted({one.part for one in chosen}):
            if found := noticed(tree, part):
                sys.exit(f"the tests fail as it is: {found}")
        survived = [one.name for one in chosen if not killed(one, tree)]
    print(
        f"{len(chosen) - len(survived)} of {len(chosen)} killed", *(f"survived: {name}" for name in survived), sep="\n"
    )
    return len(survived)


def killed(mutant: Mutant, tree: Path) -> bool:
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        sys.exit(f"{mutant.name}: the text to change is {text.count(mutant.old)} times in {mutant.path}")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    found = noticed(tree, mutant.part)
    path.write_text(text, encoding="utf-8")
    print(f"{mutant.name}:", *(f"\n    {suite}: {test}" for suite, test in found.items()), flush=True)
    return bool(found)


def noticed(tree: Path, part: str) -> dict[str, str]:
    """Return the first test of each suite of a part that fails."""
    found = {suite: first_failure(tree, given) for suite, given in SUITES[part].items()}
    return {suite: test for suite, test in found.items() if test}


def first_failure(tree: Path, given: list[str]) -> str:
    sources = [tree / "server", tree / "schema", *(tree / "plugins").iterdir()]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sources))}
    files = [str(path) for one in given for path in (sorted(tree.glob(one)) if "*" in one else [one])]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *files]
    ran = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True)
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0].partition("::")[2] if failed else "" if ran.returncode == 0 else ran.stdout[-200:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
