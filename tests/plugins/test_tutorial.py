"""The tutorial, done as a new vendor would who types it in line by line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from .contracts import ROOT
from .test_scaffold import clean, run

__all__ = ["clean"]
PAGE = ROOT / "docs" / "plugins" / "tutorial.md"


@pytest.mark.slow
def test_tutorial_works_as_written(clean: Path, tmp_path: Path, postgres: str) -> None:
    environ = {
        "PATH": f"{clean / 'venv' / 'bin'}:{os.environ['PATH']}",
        "GONGZHI_TEST_DSN": postgres,
        "GONGZHI_MODE": "development",
        "DATABASE_URL": postgres,
        "GONGZHI_DATA": str(tmp_path / "data"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    here, said = tmp_path, []
    try:
        for block in MarkdownIt().parse(PAGE.read_text(encoding="utf-8")):
            kind, _, path = block.info.partition(" ")
            if block.type == "fence" and kind == "sh":
                *words, place = run("bash", "-ec", f"{block.content}pwd", cwd=here, **environ).splitlines()
                here = Path(place)
                said += words
            elif block.type == "fence":
                (here / path).write_text(block.content, encoding="utf-8")
    finally:
        run(clean / "venv" / "bin" / "python", "-m", "pip", "-qq", "uninstall", "-y", "gongzhi-rubbish", cwd=tmp_path)
    assert [line.split(" in ")[0].strip("= ") for line in said if " passed" in line] == [
        "11 passed",
        "12 passed",
        "12 passed",
    ]
    assert [file.name for file in (here / "dist").iterdir()] == ["gongzhi_rubbish-0.1.0-py3-none-any.whl"]
    text = (here / "tests" / "additions.graphql").read_text(encoding="utf-8")
    assert 'rubbishInspected: BooleanComparison @from(plugin: "rubbish")' in text
    assert 'RUBBISH_SCORE_ASC @from(plugin: "rubbish")' in text
