"""Versions: all distributions are released together, and what is written of a release is about the same one."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECTS: dict[str, Any] = {
    str(path.parent.relative_to(ROOT)): tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for folder in (".", "schema", "clients/*", "plugins/[!_]*")
    for path in ROOT.glob(f"{folder}/pyproject.toml")
}
OURS = Version(PROJECTS["."]["version"])


def test_all_have_one_version() -> None:
    assert len(PROJECTS) > 15
    assert {name: one["version"] for name, one in PROJECTS.items() if one["version"] != str(OURS)} == {}
    packages = {path.parent.name: json.loads(path.read_text("utf-8")) for path in ROOT.glob("clients/*/package.json")}
    assert {name: one["version"] for name, one in packages.items()} == {"typescript": str(OURS)}


def test_each_goes_with_the_others() -> None:
    """Together they can be installed, and none asks for less than this minor release, on which it was tested."""
    asked = {
        (name, str(needed))
        for name, one in PROJECTS.items()
        for needed in map(Requirement, one.get("dependencies", ()))
        if needed.name.startswith("gongzhi")
        if OURS not in needed.specifier or Version("0.0.1") in needed.specifier
    }
    assert asked == set()


def test_changes_begin_with_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert first and first[1] == str(OURS)


def test_the_promised_surface_is_of_this_minor_release() -> None:
    """Whoever raises the minor version begins a new record: the surface of an earlier one is not promised any more."""
    records = [Version(one.stem.removeprefix("surface-")) for one in ROOT.glob("tests/plugins/surface-*.json")]
    assert records and max(records).release == OURS.release[:2]
