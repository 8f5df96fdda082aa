"""Benchmarks: they run from a fresh clone as the pages say, and tell the same answer from another one."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [page for page in ROOT.rglob("*.md") if not {".venv", ".npm", "node_modules"} & set(page.parts)]
COMMAND = re.compile(r"python (-m benchmarks[.\w]*|(?:benchmarks|plugins)/[\w/]+\.py)")
COMMANDS = sorted({found for page in PAGES for found in COMMAND.findall(page.read_text())})


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("target", ["bench", "bench-quick"])
def test_make_runs_the_package(target: str) -> None:
    """Run as a folder, `python benchmarks` cannot import its own modules."""
    [command] = [line for line in run("make", "-s", "-n", target).splitlines() if "benchmarks" in line]
    assert command.split()[1:3] == ["-m", "benchmarks"]


def test_named_commands_can_start() -> None:
    """Every benchmark that a page names imports what it needs, started the way the page starts it.

    In one process: what all of them import takes most of the time.
    """
    # Dataclasses look for the module that they are of.
    starts = ["import runpy, sys, types", "sys.modules['imported'] = types.ModuleType('imported')"]
    for command in COMMANDS:
        option, _, module = command.partition(" ")
        module = "benchmarks.__main__" if module == "benchmarks" else module
        start = f"run_module({module!r}" if option == "-m" else f"run_path({command!r}"
        starts.append(f"runpy.{start}, run_name='imported')")
    assert len(starts) > 5
    run(sys.executable, "-W", "ignore::RuntimeWarning:runpy", "-c", "; ".join(starts))


@pytest.mark.slow  # .ci/nightly runs it, as make bench-quick does
def test_quick_form_compares_everybody(tmp_path: Path) -> None:
    try:
        found = run(sys.executable, "-m", "benchmarks", "--quick", "--data", str(tmp_path))
    except AssertionError as problem:
        if "npm could not install" in str(problem) and os.environ.get("CI") != "true":
            pytest.skip(str(problem))
        raise
    rows = {tuple(line.split()[1:4:2]) for line in found.splitlines() if line.startswith("│")}
    everybody = ("ours", "postgraphile", "strawberry", "floor")
    assert {(question, server) for question in ("list", "point", "nested") for server in everybody} <= rows
    assert ("plugin", "without") in rows
    assert "no figure to quote" in found


@pytest.mark.parametrize(
    ("ours", "theirs", "equal"),
    [
        ("2026-01-01T08:30:00.12345+00:00", "2026-01-01T08:30:00.123450+00:00", True),
        ("2026-01-01T08:30:00.5+00:00", "2026-01-01T08:30:00.500000+00:00", True),
        ("2026-01-01T08:30:00+00:00", "2026-01-01T08:30:00.000000+00:00", True),
        ("2026-01-01T08:30:00.12345+00:00", "2026-01-01T08:30:00.123451+00:00", False),
        ("610921", "6109210", False),
        ("2026-01-01T08:30:00.50 is a title", "2026-01-01T08:30:00.5 is a title", False),
    ],
)
def test_times_compare_as_times(monkeypatch: pytest.MonkeyPatch, ours: Any, theirs: Any, equal: bool) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # benchmarks are no part of what is installed
    questions = importlib.import_module("benchmarks.questions")
    assert (questions.strip_cursors({"at": [ours]}) == questions.strip_cursors({"at": [theirs]})) is equal
