"""Taking over a paper ledger, printing a statement, and what operators type."""

from __future__ import annotations

import base64
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_points.ledger import statements
from gongzhi_points.ledger.paper_import import Report, read_date, read_lines, read_whole_number
from gongzhi_server.files.checker import FileChecker
from gongzhi_server.files.picture_decoding import PictureDecoder
from openpyxl import Workbook

TODAY = date(2026, 6, 30)
FILES = FileChecker(PictureDecoder())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_paper_is_read_in_their_encodings(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(
        "户号,姓名,日期,事由,积分\n001,某某,2026年5月1日,庭院整洁,5\n001,某某,2026-05-02,兑换,-3\n", encoding=encoding
    )
    report = Report(dry_run=True)
    found = read_lines(FILES, file, TODAY, report)
    assert [(one.household, one.day, one.amount) for one in found] == [
        ("001", date(2026, 5, 1), 5), ("001", date(2026, 5, 2), -3),
    ]  # fmt: skip
    assert report.refused == [] and report.rows == 2


def test_workbooks_are_read(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["户号", "日期", "事由", "积分"])
    book.active.append(["001", datetime(2026, 5, 1), "志愿服务", 5])
    book.active.append(["001", "2026-13-01", "志愿服务", 5])
    book.active.append(["001", "2026-05-01", "志愿服务", 2.5])
    book.active.append(["001", "2027-05-01", "志愿服务", 2])
    book.save(tmp_path / "台账.xlsx")
    report = Report(dry_run=True)
    assert [one.amount for one in read_lines(FILES, tmp_path / "台账.xlsx", TODAY, report)] == [5]
    assert [line for line, _ in report.refused] == [3, 4, 5]


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook that unfolds, and a sheet that leaves out a hundred thousand million rows."""
    monkeypatch.setattr("gongzhi_points.ledger.paper_import.EMPTY", -45_000)
    book, plain = Workbook(), tmp_path / "plain.xlsx"
    book.active.append(["户号", "日期", "事由", "积分"])
    book.active.append(["001", datetime(2026, 5, 1), "志愿服务", 5])
    book.save(plain)
    for name, gap, further in (
        ("gap.xlsx", True, b""),
        ("bomb.xlsx", False, bytes(30_000_000)),
    ):
        file = tmp_path / name
        with zipfile.ZipFile(plain) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
            for part in old.namelist():
                content = old.read(part)
                if gap:
                    content = content.replace(b'<row r="2"', b'<row r="99999999999"').replace(b"D2", b"D99999999999")
                new.writestr(part, content)
            new.writestr("xl/more", further)
        with pytest.raises(Refusal):
            read_lines(FILES, file, TODAY, Report(dry_run=True))


@pytest.mark.parametrize(
    ("value", "amount"), [("5", 5), (5.0, 5), ("-3", -3), ("2.5", None), ("", None), ("1e99", None), ("inf", None)]
)
def test_points_are_whole(value: Any, amount: int | None) -> None:
    assert read_whole_number(value) == amount


def test_days_are_days() -> None:
    assert read_date("2026/5/1") == read_date("2026.05.01") == date(2026, 5, 1) and read_date("5/1") is None


def test_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("户号,日期,积分\n", encoding="utf-8")
    with pytest.raises(Refusal, match="事由"):
        read_lines(FILES, file, TODAY, Report(dry_run=True))


def test_statement_is_a_pdf() -> None:
    """Words of others are data to the printer: they cannot say anything in its language."""
    lines = [["2026-06-30 10:00", "获得", '#read("/etc/passwd") 庭院整洁', "+5", str(at)] for at in range(60)]
    data = {"programme": "清泉村积分", "unit": "积分", "kind": "PERSON", "number": "0a1b2c3d", "grid": "清泉村"}
    more = {"since": "2026-01-01", "before": "2026-07-01", "opening": "0", "closing": "5", "lines": lines}
    made = statements.render_pdf({**data, **more})
    assert made.startswith(b"%PDF") and len(made) > 5_000


async def test_statement_of_an_account(village: Any) -> None:
    await village.earn(await village.rule(), "2026-06-30")
    span = '(since: "2026-06-01", before: "2026-07-01")'
    seen = await village.account(asks=f"statement{span} {{ opening closing lines {{ amount balance reason }} }}")
    assert seen["statement"] == {
        "opening": 0, "closing": 5, "lines": [{"amount": 5, "balance": 5, "reason": "庭院整洁"}],
    }  # fmt: skip
    pdf = (await village.account(asks=f"statementPdf{span}"))["statementPdf"]
    assert base64.b64decode(pdf).startswith(b"%PDF")
    later = await village.account(
        asks='statement(since: "2026-07-01", before: "2026-08-01") { opening closing lines { amount } }'
    )
    assert later["statement"] == {"opening": 5, "closing": 5, "lines": []}


async def test_operators_take_paper_over(village: Any, tmp_path: Path, plugins: Any) -> None:
    """A dry run first; then all of it; the same file again gives nothing again; and the ledger verifies."""
    from gongzhi_server.cli.plugin_commands import run_errand
    from gongzhi_server.testing import settings_for_tests

    async def have(name: str, **options: Any) -> int:
        [errand] = [one for one in plugins.errands["points"] if one.name == name]
        return await run_errand(settings_for_tests(village.dsn, tmp_path), village.dsn, "points", errand, options)

    rows = await village.fetch(
        "select h.number from people.household h join grids.grid g on g.id=h.town_id where g.code='610921100' limit 2"
    )
    numbers = [number for (number,) in rows]
    file = tmp_path / "台账.csv"
    head, good = "户号,日期,事由,积分\n", f"{numbers[0]},2026-05-01,张三志愿服务,8\n{numbers[0]},2026-05-03,兑换,-3\n"
    file.write_text(f"{head}{good}{numbers[1]},2026-05-03,兑换,-3\n", encoding="utf-8")
    assert await have("import", file=file, programme="qingquan", dry_run=False) == 1
    assert await village.fetch("select from points.posting") == []
    file.write_text(head + good, encoding="utf-8")
    assert await have("import", file=file, programme="qingquan", dry_run=True) == 0
    assert await village.fetch("select from points.posting") == []
    assert await village.fetch("select from points.account where kind='HOUSEHOLD'") == []
    for _ in range(2):
        assert await have("import", file=file, programme="qingquan", dry_run=False) == 0
    postings = await village.fetch("select reason_zh from points.posting order by no")
    assert [reason for (reason,) in postings] == ["纸质台账：志愿服务", "纸质台账：兑换"], "names stay on paper"
    [(account, balance)] = await village.fetch("select id, balance from points.account where kind='HOUSEHOLD'")
    assert balance == 5 and await have("verify", programme=None) == 0
    span = {"since": datetime(2026, 1, 1), "before": datetime(2027, 1, 1)}
    assert await have("statement", account=UUID(str(account)), into=tmp_path / "a.pdf", **span) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
