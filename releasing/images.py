"""Images: pins those of Dockerfile and compose.yaml by their digests. Needs docker, and a registry that answers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = (ROOT / "Dockerfile", ROOT / "compose.yaml")
IMAGE = re.compile(r"^(?:FROM|\s+image:)\s+(?P<image>\S+)", re.MULTILINE)
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def unpinned() -> set[str]:
    """Return the images that are named by a tag alone, which may mean another one tomorrow."""
    found = {found["image"] for path in FILES for found in IMAGE.finditer(path.read_text(encoding="utf-8"))}
    return {one for one in found if not DIGEST.search(one)}


def find_digest(image: str) -> str:
    """Ask the registry for the digest of a tag, of all architectures together."""
    said = subprocess.run(
        ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"],
        check=True,
        capture_output=True,
        text=True,
    )
    digest = said.stdout.strip()
    if not DIGEST.search(f"@{digest}"):
        raise SystemExit(f"the registry gives no digest of {image}")
    return digest


def main() -> None:
    """Pin every image that is not, in all files that name it."""
    for image in sorted(unpinned()):
        digest = find_digest(image)
        for path in FILES:
            text = path.read_text(encoding="utf-8")
            # Only between blanks: the name may be the beginning of another one.
            path.write_text(re.sub(rf"(?<=\s){re.escape(image)}(?=\s)", f"{image}@{digest}", text), encoding="utf-8")
        print(f"{image}@{digest}: take it out of releasing/unpinned.toml")


if __name__ == "__main__":
    main()
