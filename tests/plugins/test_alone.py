"""Alone: the tests of a plugin run without those of others, from the settings in its own folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.mark.parametrize("plugin", sorted(one.parent.name for one in PLUGINS.glob("*/pyproject.toml")))
def test_what_its_tests_share_with_others_is_found(plugin: str) -> None:
    """Whoever names one file only has the folder's settings, and not those of the repository."""
    texts = "\n".join(file.read_text(encoding="utf-8") for file in (PLUGINS / plugin / "tests").rglob("*.py"))
    shared = set(re.findall(r"^(?:from|import) (benchmarks|tests|tools)\b", texts, re.MULTILINE))
    # Its own folder is `tests` then.
    assert "tests" not in shared
    declared = tomllib.loads((PLUGINS / plugin / "pyproject.toml").read_text(encoding="utf-8"))
    paths = declared["tool"]["pytest"]["ini_options"].get("pythonpath", [])
    assert bool(shared) is ("../.." in paths), "pyproject.toml: pythonpath"
