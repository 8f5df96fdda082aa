"""What Node builds: its packages are installed by one process while the others wait."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import frontends

ROOT = Path(__file__).parents[1]
PLACES = {ROOT / "tools" / "frontends.py", ROOT / "benchmarks" / "npm.py", Path(__file__)}


def test_others_wait_while_packages_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`npm ci` deletes what is there, also what another process of the tests is reading."""
    lock = tmp_path / "package-lock.json"
    lock.write_text("{}")
    calls = []

    def pretend(arguments: list[str], *_: bool, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
        with lock.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (cwd / "node_modules").mkdir()
        (cwd / "node_modules" / ".package-lock.json").write_text("{}")
        calls.append(arguments)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(frontends, "npm", pretend)
    for _ in range(2):
        frontends.install_packages(tmp_path)
    assert calls == [["ci"]]


def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    refused = subprocess.CompletedProcess(["ci"], 217, "", "ENOTEMPTY: directory not empty")
    monkeypatch.setattr(frontends, "npm", lambda *_, **__: refused)
    with pytest.raises(frontends.NodeFailed, match="ENOTEMPTY"):
        frontends.install_packages(tmp_path)


def test_packages_are_installed_in_these_places_alone() -> None:
    """Whoever calls npm elsewhere installs beside another process, sooner or later."""
    files = [
        path for name in ("tests", "tools", "clients", "benchmarks", "plugins") for path in (ROOT / name).rglob("*.py")
    ]
    written = {path for path in files if "node_modules" not in path.parts and 'npm(["ci"' in path.read_text("utf-8")}
    assert written | {Path(__file__)} == PLACES
