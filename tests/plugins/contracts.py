"""The contracts a plugin may be installed beside: releases by their git tags, and what is here.

Nothing is tagged yet, so the oldest contract is the present one. The first tag, such as `v0.2.0`, changes that by
itself.
"""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "plugins" / "_template" / "pyproject.toml"


def promised_contract() -> Requirement:
    """The contracts that the template says it works with."""
    declared = tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))["project"]["dependencies"]
    return next(one for one in map(Requirement, declared) if one.name == "gongzhi")


def releases(repository: Path = ROOT) -> list[str]:
    """The tags of the releases among them, the oldest first."""
    listed = subprocess.run(["git", "tag", "--list", "v*"], cwd=repository, capture_output=True, text=True)
    known = {version: tag for tag in listed.stdout.split() if (version := numbered(tag))}
    return [known[version] for version in sorted(promised_contract().specifier.filter(known))]


def numbered(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None


def source(tag: str, into: Path, repository: Path = ROOT) -> Path:
    """What a release was built from."""
    into.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", tag], cwd=repository, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(into)], input=packed.stdout, check=True)
    return into
