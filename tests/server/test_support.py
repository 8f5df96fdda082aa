"""What operators see of a running deployment, and hand on to whoever helps them."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from gongzhi_server import cli
from gongzhi_server.deployment.support import describe_settings, read_log, write_bundle
from gongzhi_server.errors import Problem
from gongzhi_server.management.top import OperationFigures, format_top, read_metrics, sum_operations
from gongzhi_server.settings import Settings
from gongzhi_server.testing import ESSENTIAL, settings_for_tests
from typer.testing import CliRunner

SECRET, PASSWORD = "a-secret-of-32-characters-or-more", "hunter2hunter2"


def metrics(name: str, outcome: str, seconds: float, below: tuple[int, int]) -> str:
    labels = f'kind="query",operation="{name}",outcome="{outcome}"'
    return f"""# TYPE gongzhi_operation_seconds histogram
gongzhi_operation_seconds_bucket{{{labels},le="0.1"}} {below[0]}
gongzhi_operation_seconds_bucket{{{labels},le="1.0"}} {below[1]}
gongzhi_operation_seconds_bucket{{{labels},le="+Inf"}} {below[1]}
gongzhi_operation_seconds_count{{{labels}}} {below[1]}
gongzhi_operation_seconds_sum{{{labels}}} {seconds}
# TYPE gongzhi_operation_cost counter
gongzhi_operation_cost_total{{kind="query",operation="{name}"}} 7
"""


def test_processes_are_summed_up_slowest_first() -> None:
    texts = [metrics("A", "ok", 1.0, (10, 10)), metrics("B", "ok", 5.0, (0, 10)), metrics("B", "timeout", 9.0, (0, 2))]
    first, second = sum_operations(texts)
    assert (first.name, first.count, first.failed, first.seconds, first.cost) == ("B", 12, 2, 14.0, 14)
    assert (second.quantile(0.5), second.quantile(0.95)) == pytest.approx((0.05, 0.095))
    assert first.quantile(0.5) == pytest.approx(0.55)
    lines = list(format_top([first, second]))
    assert len(lines) == 3 and lines[1].endswith("query B") and lines[1].split()[:2] == ["12", "2"]


def test_nothing_was_counted() -> None:
    assert OperationFigures("A", "query").quantile(0.5) == 0.0 and sum_operations([""]) == []


def test_process_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="no process answers at 127.0.0.1:1"):
        read_metrics("127.0.0.1:1")
    monkeypatch.setenv("GONGZHI_DATA", str(tmp_path))
    monkeypatch.delenv("GONGZHI_MANAGEMENT", raising=False)
    assert "set GONGZHI_MANAGEMENT" in str(CliRunner().invoke(cli.app, ["top"]).exception)


async def test_bundle_tells_no_secret(filled: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"message": "m", "account": "0199", "request": "r", "more": "x"}\nnot JSON, 13800138000\n')
    dsn = filled.replace("postgres@", f"postgres:{PASSWORD}@") if "postgres@" in filled else filled
    settings = replace(settings_for_tests(dsn, tmp_path), secret=SECRET)
    names = await write_bundle(tmp_path / "s.tar.gz", settings, filled, ESSENTIAL, ["127.0.0.1:1"], log)
    with tarfile.open(tmp_path / "s.tar.gz") as bundle:
        found = {name: (bundle.extractfile(name) or pytest.fail()).read().decode() for name in names}
    assert not [name for name, said in found.items() if SECRET in said or PASSWORD in said or "13800138000" in said]
    assert json.loads(found["settings.json"])["GONGZHI_SECRET"] == "(set)"
    assert "gongzhi-server" in json.loads(found["versions.json"])["distributions"]
    assert "ok " in found["doctor.txt"] and found["metrics-0.txt"].startswith("# no process answers")
    assert json.loads(found["log.jsonl"]) == {"message": "m", "request": "r"}
    with pytest.raises(Problem, match="is there already"):
        await write_bundle(tmp_path / "s.tar.gz", settings, filled, ESSENTIAL, [], None)


def test_settings_that_may_be_addresses_are_not_told(tmp_path: Path) -> None:
    scanner = "tcp://scanner.example.org:3310"
    settings = Settings(data=tmp_path, secret=SECRET, database="postgresql://a:b@c/d", scan=scanner, pool=7)
    found = describe_settings(settings)
    assert (found["DATABASE_URL"], found["GONGZHI_SCAN"], found["GONGZHI_POOL"]) == ("(set)", "(set)", 7)
    assert found["GONGZHI_OIDC_AUDIENCE"] is None


def test_lines_for_people_stay(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("2026-11-30 ERROR somebody said something\n[1]\n")
    assert list(read_log(tmp_path / "log")) == []
