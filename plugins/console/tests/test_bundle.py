"""What is bundled: what goes along with it, and that it is built from its sources."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import gongzhi_console
import pytest

from tools.frontends import bundle_page

FRONTEND = Path(__file__).parents[1] / "frontend"
STATIC = files(gongzhi_console) / "static"


def test_all_that_is_bundled_is_licensed() -> None:
    """Each package with its text; all of them allow to be handed on."""
    text = (STATIC / "LICENSES.txt").read_text(encoding="utf-8")
    blocks = [block.split("\n", 2) for block in text.split(f"\n{'-' * 80}\n\n")]
    allowed = {"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "(MIT OR Apache-2.0)"}
    assert {licence for _, licence, _ in blocks} <= allowed
    assert all(len(rest) > 100 for *_, rest in blocks)
    wanted = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {f"{name} {version}" for name, version in wanted.items()} <= {head for head, *_ in blocks}


@pytest.mark.slow
def test_bundle_is_built_from_its_sources(tmp_path: Path) -> None:
    """With the packages that the lock file names."""
    said = bundle_page(FRONTEND, tmp_path)
    first, *pages = said.splitlines()
    assert first.startswith("first load: ") and {"desk", "case"} <= {one.split(":")[0].strip() for one in pages}
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in STATIC.iterdir()}
    for one in tmp_path.iterdir():
        assert one.read_bytes() == (STATIC / one.name).read_bytes(), f"make console: {one.name}"
