"""What the plugin adds to the demo county, and what operators type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pytest
from gongzhi_server import cli
from typer.testing import CliRunner


def test_demo_and_errands(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("GONGZHI_MODE", "development")
    monkeypatch.setenv("GONGZHI_DATA", str(tmp_path))
    runner = CliRunner()
    done = runner.invoke(cli.app, ["party", "demo"])
    assert done.exit_code == 0, done.output
    [(branch, matter, members, activities)] = fetched(
        "select (select id from party.branch order by id limit 1), (select id from party.deliberation where secret), "
        "(select count(*) from party.member), (select count(*) from party.activity)"
    )
    assert members > 5 and activities > 40
    counted = runner.invoke(cli.app, ["party", "recount", str(matter)])
    assert (counted.exit_code, counted.stdout) == (0, "✓ 1: 41 / 5 / 3\n"), counted.output
    [(room, waiting)] = fetched(
        "select (select deliberation_id from party.meeting where state='CONFIRMED'), "
        "(select deliberation_id from party.meeting where state='RECORDED')"
    )
    counted = runner.invoke(cli.app, ["party", "recount", str(room)])
    assert (counted.exit_code, counted.stdout[:1]) == (0, "✓"), counted.output
    assert runner.invoke(cli.app, ["party", "recount", str(waiting)]).exit_code == 1, "nobody has confirmed it"
    file = tmp_path / "quarter.docx"
    written = runner.invoke(cli.app, ["party", "digest", str(branch), "2026Q4", str(file)])
    assert written.exit_code == 0, written.output
    assert "2026年第4季度" in docx.Document(str(file)).paragraphs[0].text
