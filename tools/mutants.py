"""Mutants: the planner, clocks, ledgers and rules broken in small ways, one at a time, to see whether tests notice.

    .venv/bin/python tools/mutants.py [WORD …]

Words choose the mutants whose parts or names have them. They are made in copies of the tree, one for each process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Queue
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = 2
COPIED = "schema", "server", "plugins", "tests"
PLANNER = "server/gongzhi_server/planner/"
WORKTIME = "plugins/deadlines/gongzhi_deadlines/worktime.py"
CLOCKS = "plugins/deadlines/gongzhi_deadlines/clocks/"
COURSE, RUNNING, REMINDERS = f"{CLOCKS}course.py", f"{CLOCKS}running.py", f"{CLOCKS}reminders.py"
RULES, LIMITS, RECKONED = f"{CLOCKS}rules.py", f"{CLOCKS}limits.py", f"{CLOCKS}recalculation.py"
DURATIONS = "plugins/deadlines/gongzhi_deadlines/calendars/durations.py"
MATCHING = "plugins/dispatch/gongzhi_dispatch/directory/matching.py"
TERMS = "plugins/dispatch/gongzhi_dispatch/deadlines.py"
ACTS = "plugins/points/gongzhi_points/programmes/acts.py"
SIGHT = "schema/gongzhi/core/cases/rules.py"
BOOK = "plugins/credit/gongzhi_credit/loans/book.py"
LEDGER = "plugins/points/gongzhi_points/ledger/posting.py"
BROWSERS = "server/gongzhi_server/auth/browser_sessions.py"
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
    "clocks": {
        "alone": [
            f"plugins/deadlines/tests/test_{name}.py" for name in ("course", "durations", "reminders", "reading")
        ],
        "stories": ["plugins/deadlines/tests/test_clocks.py", "plugins/legal/tests/test_mediation.py"],
    },
    "deadline rules": {
        "alone": ["plugins/deadlines/tests/test_town_deadlines.py"],
        "stories": ["plugins/deadlines/tests/test_clocks.py"],
    },
    "dispatch rules": {
        "directory": ["plugins/dispatch/tests/test_directory.py"],
        "desks": ["plugins/dispatch/tests", "--ignore=plugins/dispatch/tests/test_directory.py"],
    },
    "points rules": {"acts": ["plugins/points/tests/test_acts.py"], "rules": ["plugins/points/tests/test_rules.py"]},
    "visibility rules": {
        "cases": ["tests/core/test_cases.py"],
        "promises": ["tests/planner/test_promises.py"],
        "matrix": ["tests/access/test_matrix.py"],
        "differential": ["tests/planner/test_differential.py"],
    },
    "points ledger": {
        "ledger": ["plugins/points/tests/test_ledger.py"],
        "expiry": ["plugins/points/tests/test_expiry.py"],
    },
    "browser sessions": {"sessions": ["tests/accounts/test_browser_sessions.py"]},
    "credit ledger": {"book": ["plugins/credit/tests/test_book.py", "plugins/credit/tests/test_schedules.py"]},
}
"""What may notice: the suites of each part, the quickest first, each with what pytest is given."""


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
    Mutant("viewers share what differs", "document", "answer_all(viewer, self.asked),", "(),"),
    Mutant(
        "values share what differs", "document", "tuple(read_trait(variables, way, of) for way, of in self.traits),", ""
    ),
    Mutant("true is as good as false", "document", "if value is None or isinstance(value, bool):", "if value is None:"),
    Mutant("everywhere is nowhere", "viewer_scope", "if any(grant.everywhere", "if all(grant.everywhere"),
    Mutant(
        "all areas are the first",
        "viewer_scope",
        "answer_question(viewer, where)[at]",
        "answer_question(viewer, where)[0]",
    ),
    Mutant("all units are the first", "viewer_scope", '("units", permission))[at]', '("units", permission))[0]'),
    Mutant("branches overlap", "rows", "for other in rows[:at])", "for other in rows[:0])"),
    Mutant("owners are not asked", "rows", "if scope and target.through and", "if not scope and target.through and"),
    Mutant("owners are asked twice", "rows", "and not isinstance(table, ReachedTable):", "and table:"),
    Mutant(
        "ties are left open", "rows", "dict.fromkeys((column, self.target.key))]", "dict.fromkeys((column, column))]"
    ),
    Mutant("cursors point the other way", "lists", "is Order.asc) == follows", "is Order.asc) != follows"),
    Mutant("pages do not look ahead", "lists", "window.size + more", "window.size"),
    Mutant("pages lose their last row", "lists", "{{1}}<={self.window.size}", "{{1}}<{self.window.size}"),
    Mutant("caps are not kept", "lists", "not 0 <= size <= plan.cap", "not 0 <= size"),
    Mutant("nested lists cost their sum", "lists", "compiler.times * times", "compiler.times + times"),
    Mutant("guards stand open", "compiler", "if guard and not self.scope.can", "if guard and self.scope.can"),
    Mutant(
        "to-one sees everything",
        "relations",
        "rows = Rows(target, table, scope, None)",
        "rows = Rows(target, table, None, None)",
    ),
    Mutant(
        "aggregates count everything",
        "relations",
        "rows = related_rows(compiler, target, plan, at, entity, compiler.scope)\n    return",
        "rows = related_rows(compiler, target, plan, at, entity, None)\n    return",
    ),
    Mutant("plugins stay on for ever", "rows", "and a.until is null and a.active", "and a.active"),
    Mutant("not is unknown of null", "filters", "not coalesce({0},false)", "not ({0})"),
    Mutant("an empty choice is no choice", "filters", 'return None if inner else Sql("false")', "return None"),
    Mutant("infinity is a word", "scalars", 'infinity":\n        field', '":\n        field'),
    Mutant("parameters are mixed up", "parameters", 'Parameter(f"${number}")', 'Parameter(f"${len(self.values)}")'),
    Mutant(
        "offices are open at closing time",
        WORKTIME,
        "moment < self.closes[at]",
        "moment <= self.closes[at]",
        "worktime",
    ),
    Mutant("a day that was over counts", WORKTIME, "if due <= begins:", "if False:", "worktime"),
    Mutant("warnings come at the end", WORKTIME, "allowed * WARNING // 100", "allowed", "worktime"),
    Mutant("a day late is not late", BOOK, "row.due_on < on]", "row.due_on <= on]", "credit ledger"),
    Mutant("days are counted twice", BOOK, "max(row.due_on, self.reckoned_on)", "row.due_on", "credit ledger"),
    Mutant("there is no surcharge", BOOK, "(100 + self.surcharge) // 100", "100 // 100", "credit ledger"),
    Mutant(
        "running interest falls below zero",
        BOOK,
        "return max(0, self.gone(on) -",
        "return (self.gone(on) -",
        "credit ledger",
    ),
    Mutant("the same key is posted twice", LEDGER, "if one.key not in known]", "]", "points ledger"),
    Mutant(
        "legs need not sum to nothing", LEDGER, "if sum(amounts) or len(amounts)", "if len(amounts)", "points ledger"
    ),
    Mutant(
        "an account twice in a posting",
        LEDGER,
        " or len({leg.account for leg in posting.legs}) < len(amounts)",
        "",
        "points ledger",
    ),
    Mutant("links stand alone", LEDGER, "chain.link_hash(head,", 'chain.link_hash(b"",', "points ledger"),
    Mutant("a pause within a pause ends both", COURSE, "max(found[-1].until, pause.until)", "pause.until", "clocks"),
    Mutant("a pause begins a moment late", COURSE, "pause.since <= now < pause", "pause.since < now < pause", "clocks"),
    Mutant(
        "a hold is the last pause",
        COURSE,
        "place = len(clock.pauses) - is_paused(clock)",
        "place = len(clock.pauses)",
        "clocks",
    ),
    Mutant(
        "a second hold adds to the first",
        COURSE,
        "    release_clock(clock, now)\n    # Before",
        "    # Before",
        "clocks",
    ),
    Mutant("any pause is a hold", COURSE, "len(pause) > 2 and ", "", "clocks"),
    Mutant("stopped clocks go on", COURSE, "clock.stopped_at is not None or goes_on", "goes_on", "clocks"),
    Mutant("what is stopped is spent until now", COURSE, "clock.stopped_at or now).total", "now).total", "clocks"),
    Mutant("mediation holds every stage", RUNNING, "if held and rule.stage in HANDLING:", "if held:", "clocks"),
    Mutant("who was reminded stays so", RUNNING, "        clock.reminded = 0\n", "        pass\n", "clocks"),
    Mutant(
        "handling is nobody's to meet", RUNNING, "in (Stage.CONTACT, Stage.HANDLE)", "in (Stage.CONTACT,)", "clocks"
    ),
    Mutant("a tip-off goes one level up", REMINDERS, "kept = self.of.sealed and self.of.unit", "kept = 0", "clocks"),
    Mutant(
        "the accused are reminded", REMINDERS, "Office(SEALED, grid, self.of.accused)", "Office(SEALED, grid)", "clocks"
    ),
    Mutant("reminders come again", REMINDERS, "if reached > clock.reminded:", "if reached:", "clocks"),
    Mutant("overdue begins a moment late", REMINDERS, "clock.due_at <= now", "clock.due_at < now", "clocks"),
    Mutant(
        "days and hours are mixed",
        DURATIONS,
        "mixed = not wall and bool(days)",
        "mixed = False and bool(days)",
        "clocks",
    ),
    Mutant("a day has 23 hours", DURATIONS, "(days * 24 + hours) * 60", "(days * 23 + hours) * 60", "clocks"),
    Mutant(
        "a road is a roadside",
        RULES,
        'f"{matter.category}.".startswith(f"{self.category}.")',
        "matter.category.startswith(self.category)",
        "deadline rules",
    ),
    Mutant("towns decide emergencies", RULES, "matter.urgency == Urgency.EMERGENCY or ", "", "deadline rules"),
    Mutant("towns shorten the grace", RULES, " or stage in FIXED", "", "deadline rules"),
    Mutant(
        "towns need no limit", RULES, "if own and limit and is_within(own.term, limit.term)", "if own", "deadline rules"
    ),
    Mutant("a rule is for any stage", RULES, "rule.stage is stage and rule.fits", "rule.fits", "deadline rules"),
    Mutant("the next day is today", LIMITS, " and (limit.next_day or not term.next_day)", "", "deadline rules"),
    Mutant("days are working days", LIMITS, "term.unit.working == limit.unit.working and ", "", "deadline rules"),
    Mutant("evenings are not looked at", LIMITS, "(dawn, dawn + DAY - TICK)", "(dawn,)", "deadline rules"),
    Mutant(
        "towns' clocks follow the county",
        RECKONED,
        " and clock.rule_id not in of_towns",
        "",
        "deadline rules",
    ),
    Mutant(
        "the accused unit is proposed",
        MATCHING,
        "\nand {rule}.unit_id is distinct from {case}.accused_unit_id",
        "",
        "dispatch rules",
    ),
    Mutant(
        "the accused unit helps",
        MATCHING,
        "s.rule_id={rule}.id and s.unit_id={case}.accused_unit_id)",
        "s.rule_id={rule}.id and false)",
        "dispatch rules",
    ),
    Mutant("closed units are proposed", MATCHING, " and u.valid_to is null)", ")", "dispatch rules"),
    Mutant("ended entries fit", MATCHING, 'RULE = """{rule}.valid_to is null\nand ', 'RULE = """', "dispatch rules"),
    Mutant(
        "places outweigh subjects", MATCHING, '(category.count(".") + 1) * 10', 'category.count(".")', "dispatch rules"
    ),
    Mutant(
        "a subject is all that begins like it",
        MATCHING,
        "starts_with(c.code, k.code||'.') where c.id={case}",
        "starts_with(c.code, k.code) where c.id={case}",
        "dispatch rules",
    ),
    Mutant("a case is returned once more", TERMS, "default=2", "default=3", "dispatch rules"),
    Mutant(
        "orders are due in days of the calendar",
        TERMS,
        "Term(amount, Unit.WORKING_DAY, next_day=True)",
        "Term(amount, Unit.DAY, next_day=True)",
        "dispatch rules",
    ),
    Mutant(
        "a rule gives more than its act",
        ACTS,
        'act["least"] <= amount <= act["most"]',
        'act["least"] <= amount',
        "points rules",
    ),
    Mutant(
        "a claim brings less", ACTS, "if order.index(proof) < order", "if order.index(proof) > order", "points rules"
    ),
    Mutant("an act ends at once", ACTS, "if input.on <= max(", "if input.on < max(", "points rules"),
    Mutant("versions begin in any order", ACTS, "max(today(call), last.starts_on)", "today(call)", "points rules"),
    Mutant("two versions hold", ACTS, "last.ends_on is None or last.ends_on > starts", "False", "points rules"),
    Mutant("standard acts are the county's", ACTS, '[Sql("{0} is not null", act.county_id)]', "None", "points rules"),
    Mutant("tip-offs are seen by all", SIGHT, "if not viewer.covers(SEALED, VIEW):", "if False:", "visibility rules"),
    Mutant(
        "units see what is said of them",
        SIGHT,
        "rows = narrow_rows(rows, spares_unit(case.accused_unit_id, unit))",
        "pass",
        "visibility rules",
    ),
    Mutant(
        "one's own cases are not one's own",
        SIGHT,
        "widen_rows(disinterested_cases(case, viewer, seen), *own_cases(case, viewer))",
        "disinterested_cases(case, viewer, seen)",
        "visibility rules",
    ),
    Mutant(
        "helping units see nothing",
        SIGHT,
        "case.lead_unit_id, unit), helped]",
        "case.lead_unit_id, unit)]",
        "visibility rules",
    ),
    Mutant(
        "who filed it does not see it",
        SIGHT,
        "(case.requester_id, case.filed_by_id)",
        "(case.requester_id,)",
        "visibility rules",
    ),
    Mutant(
        "staff notes are for all",
        SIGHT,
        "return [any_of(public, *seen)] if seen else [public]",
        "return None",
        "visibility rules",
    ),
    Mutant("cookies need no header", BROWSERS, "headers.get(HEADER) == COOKIE", "True", "browser sessions"),
    Mutant(
        "any word in the header will do",
        BROWSERS,
        "headers.get(HEADER) == COOKIE",
        "HEADER in headers",
        "browser sessions",
    ),
    Mutant(
        "neighbouring hosts count as our own",
        BROWSERS,
        'b"same-origin") == b"same-origin"',
        'b"same-origin") in (b"same-origin", b"same-site")',
        "browser sessions",
    ),
    Mutant(
        "no origin is foreign",
        BROWSERS,
        'headers.get(b"origin", scheme',
        'headers.get(b"none", scheme',
        "browser sessions",
    ),
    Mutant(
        "pages in clear count over TLS",
        BROWSERS,
        'b"https://" if self.secure else b"http://"',
        'b"http://"',
        "browser sessions",
    ),
    Mutant("scripts read cookies", BROWSERS, "httponly=True", "httponly=False", "browser sessions"),
    Mutant("other sites send cookies", BROWSERS, 'samesite="strict"', 'samesite="none"', "browser sessions"),
    Mutant("cookies go in clear", BROWSERS, "secure=self.secure,", "secure=False,", "browser sessions"),
    Mutant(
        "neighbours plant cookies", BROWSERS, 'f"__Host-{name}" if self.secure else name', "name", "browser sessions"
    ),
    Mutant(
        "ended sessions look like strangers",
        BROWSERS,
        "found if found or self._name(REFRESH) not in cookies else",
        "found if True else",
        "browser sessions",
    ),
)


def main(words: list[str]) -> int:
    chosen = [one for one in MUTANTS if all(word in f"{one.part} {one.name}" for word in words)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PROCESSES) as pool:
        trees = Queue[Path]()
        for at in range(PROCESSES):
            trees.put(copy_tree(Path(folder) / str(at)))
        for part, found in pool.map(partial(tried, trees), sorted({one.part for one in chosen})):
            if found:
                sys.exit(f"{part}: the tests fail as it is: {found}")
        survived = [one.name for one, found in pool.map(partial(killed, trees), chosen) if not found]
    print(
        f"{len(chosen) - len(survived)} of {len(chosen)} killed", *(f"survived: {name}" for name in survived), sep="\n"
    )
    return len(survived)


def copy_tree(tree: Path) -> Path:
    """Copy what is changed and tried, and return where it is."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, tree)
    return tree


def tried(trees: Queue[Path], part: str) -> tuple[str, str]:
    """Return what fails of a part as it is."""
    tree = trees.get()
    try:
        return part, noticed(tree, part)
    finally:
        trees.put(tree)


def killed(trees: Queue[Path], mutant: Mutant) -> tuple[Mutant, str]:
    """Return a mutant with the test that notices it, if one does."""
    tree = trees.get()
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    try:
        if text.count(mutant.old) != 1:
            raise ValueError(f"{mutant.name}: the text to change is {text.count(mutant.old)} times in {mutant.path}")
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        found = noticed(tree, mutant.part)
    finally:
        path.write_text(text, encoding="utf-8")
        trees.put(tree)
    print(f"{mutant.part}, {mutant.name}: {found or 'nobody notices'}", flush=True)
    return mutant, found


def noticed(tree: Path, part: str) -> str:
    """Return the first test of a part that fails; suites after it are not run."""
    for given in SUITES[part].values():
        if failed := first_failure(tree, given):
            return failed
    return ""


def first_failure(tree: Path, given: list[str]) -> str:
    sources = [tree / "server", tree / "schema", *(tree / "plugins").iterdir()]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sources))}
    # For a plugin's tests its own configuration would be taken, without what the whole tree's says of a busy machine.
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    ran = subprocess.run([*command, *given], cwd=tree, env=environ, capture_output=True, text=True)
    if ran.returncode == 0:
        return ""
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    # A file that cannot be collected has no test whose name could be told.
    return failed[0].partition(" ")[2].split(" - ")[0].rpartition("::")[2] if failed else ran.stdout[-200:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
