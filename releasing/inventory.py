"""Inventory: what a release installs beside our own code, by the lock file and what distributions say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? *\\?$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
BY_HAND = {
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "python-stdnum": "LGPL-2.1-or-later",
    "uvloop": "Apache-2.0 OR MIT",
}
"""Licences by their SPDX names that the metadata do not tell, or not exactly; read in the files themselves."""
SPDX = {
    "Apache 2 License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What licences are called in older metadata."""


@dataclass(frozen=True)
class Dependency:
    """A distribution that is installed with ours."""

    name: str
    version: str
    marker: str
    """On which systems it is installed; empty for all."""
    hashes: tuple[str, ...]
    licence: str
    """An SPDX expression; empty if nobody knows."""
    requires: tuple[str, ...]
    """What it needs itself, by names."""


def read_lock(lock: Path = LOCK) -> list[Dependency]:
    """Read the dependencies of a lock file, in its order."""
    found: list[Dependency] = []
    for block in re.split(r"\n(?=[\w])", lock.read_text(encoding="utf-8")):
        head = PINNED.match(block.splitlines()[0]) if block.strip() else None
        if head:
            name = head["name"]
            found.append(
                Dependency(
                    name,
                    head["version"],
                    head["marker"] or "",
                    tuple(HASH.findall(block)),
                    find_licence(name),
                    tuple(requirements(name)),
                )
            )
    return found


def find_licence(name: str) -> str:
    """Return the licence of an installed distribution as an SPDX expression; empty if nobody knows."""
    if name in BY_HAND:
        return BY_HAND[name]
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    # In the order of precision: an SPDX expression, free text
    # in one line (longer is the licence itself), classifiers.
    classifiers = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier", []) if one.startswith("License ::")]
    for one in (said.get("License-Expression"), said.get("License"), *classifiers):
        if one and "\n" not in one:
            return SPDX.get(one, one)
    return ""


def requirements(name: str) -> Iterator[str]:
    """Yield the names of what a distribution always needs."""
    try:
        said = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for one in said:
        # Extras are installed only on request. Names are normalised as PEP 503 says.
        if "extra ==" not in one and (found := re.match(r"[\w.-]+", one)):
            yield re.sub(r"[-_.]+", "-", found[0]).lower()
