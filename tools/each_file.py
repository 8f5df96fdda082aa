"""Each file: every test file by itself, for none may need what another has left.

    .venv/bin/python tools/each_file.py [FILE …]

A file runs in a process of its own, forked from one that has imported the product and built its schemas and has run no
test: to import and to build takes longer than most files' tests. What failed is printed, and counted in the end.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import pytest
from gongzhi_server.testing import ESSENTIAL, INSTALLED, built_schema

ROOT = Path(__file__).resolve().parents[1]
FILES = "tests/*/test_*.py", "tests/test_*.py", "plugins/[!_]*/tests/*test_*.py"
PROCESSES = 2
MOST = 100
"""As many as a process can tell by its exit code, in round figures."""
PASSED = pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED


class Running(NamedTuple):
    """A file that is tried, where it is written what it says, and since when it runs."""

    file: str
    said: Path
    since: float


REWRITTEN = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
"""Assertions in the product itself, such as those of the conformance kit, say less here: it was imported before."""


def main(files: list[str]) -> int:
    """Run each file, as many at a time as there are processes, and return how many of them fail."""
    os.chdir(ROOT)
    load_product()
    waiting, running, failed = sorted(files or find_files(), reverse=True), dict[int, Running](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < PROCESSES:
                one = Running(waiting.pop(), Path(folder) / f"{len(waiting)}", time.monotonic())
                running[start_file(one)] = one
            process, status = os.wait()
            if not report_file(one := running.pop(process), os.waitstatus_to_exitcode(status)):
                failed.append(one.file)
    print(f"{len(failed)} not alone", *failed, sep="\n  ")
    return min(len(failed), MOST)


def load_product() -> None:
    """Import and build what every file needs, and leave it alone when garbage is collected."""
    for plugins in (ESSENTIAL, INSTALLED):
        built_schema(plugins)
    gc.collect()
    gc.freeze()


def find_files() -> list[str]:
    return subprocess.run(["git", "ls-files", *FILES], check=True, capture_output=True, text=True).stdout.split()


def start_file(one: Running) -> int:
    """Begin to run a file's tests in a process of its own, and return the process's number."""
    if process := os.fork():
        return process
    # From here on it is the child, which never returns.
    said = os.open(one.said, os.O_WRONLY | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    code: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        code = pytest.main(["-q", "-c", "pyproject.toml", "-W", REWRITTEN, one.file])
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def report_file(one: Running, code: int) -> bool:
    """Say how long a file took, and if it failed what it said; whether it passed."""
    passed = code in PASSED
    print(f"{time.monotonic() - one.since:6.1f} s  {one.file}{'' if passed else ': not alone'}", flush=True)
    if not passed:
        print(one.said.read_text(errors="replace"), flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
