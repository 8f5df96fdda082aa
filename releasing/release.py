"""Release: builds into dist/ what is handed out: archives, wheels, the bill of materials, licences, checksums."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from images import unpinned
from inventory import ROOT
from licences import PAGE, filled
from sbom import projects, render_bom

DIST = ROOT / "dist"


def build_distributions(dist: Path) -> None:
    """Build an archive of the source and a wheel of each of our distributions."""
    for folder in projects():
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(dist)], cwd=folder, check=True)


def write_checksums(dist: Path) -> None:
    """Write the SHA-256 of every file, as `sha256sum -c` reads them."""
    lines = [f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in sorted(dist.iterdir())]
    (dist / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main() -> int:
    """Build everything anew; return 1 if something must be done first."""
    # Checked first, so that no release has a list of licences that is behind its lock file.
    page = PAGE.read_text(encoding="utf-8")
    if filled(page) != page:
        print("docs/licences.md is behind the lock file: run python releasing/licences.py", file=sys.stderr)
        return 1
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    build_distributions(DIST)
    (DIST / f"gongzhi-{version}.cdx.json").write_text(render_bom(), encoding="utf-8")
    shutil.copy(PAGE, DIST / f"gongzhi-{version}-licences.md")
    write_checksums(DIST)
    for image in sorted(unpinned()):
        print(f"{image} is not pinned by its digest: make images, where a registry can be reached", file=sys.stderr)
    print(*sorted(one.name for one in DIST.iterdir()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
