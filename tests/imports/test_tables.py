"""Files as people send them."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_server.imports.report import Findings
from gongzhi_server.imports.tables import ImportColumn, open_table
from hypothesis import given
from hypothesis import strategies as st

NAME = ImportColumn("name", ("姓名",), filled=True)
NOTE = ImportColumn("note", ("备注",), needed=True)
EXTRA = ImportColumn("extra", ("其他",))
COLUMNS = (NAME, NOTE, EXTRA)


def read(path, columns=COLUMNS):
    """The encoding, the rows and the findings of a file."""
    findings = Findings()
    with open_table(path, columns) as table:
        return table.encoding, list(table.rows(findings)), findings


def refused(path):
    with pytest.raises(Refusal) as caught:
        read(path)
    return caught.value


# --- encodings ---


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with BOM"), ("gbk", "GB18030"), ("gb18030", "GB18030")],
)
def test_encoding_is_told(write, encoding, told):
    path = write("姓名,备注\n测试甲,住在城关镇\n", encoding=encoding)
    found, rows, findings = read(path)
    assert found == told
    assert rows[0].cells == {"name": "测试甲", "note": "住在城关镇"}
    assert not findings.kept


def test_english_headings_gbk(write):
    path = write("name,note\n" + "甲,\n" * 20000 + "联通,移动\n", encoding="gbk")
    encoding, rows, _ = read(path)
    assert encoding == "GB18030"
    assert rows[-1].cells["name"] == "联通"


def test_broken_line_named(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes("姓名,备注\n测试甲,好\n".encode() + b"\xff\xfe,x\n" + "测试乙,好\n".encode() * 9000)
    refusal = refused(path)
    assert refusal.code == "ENCODING"
    assert "broken.csv line 3 cannot be read as UTF-8" in str(refusal)


def test_utf_16_refused(write):
    assert refused(write("姓名,备注\n", encoding="utf-16")).code == "UTF_16"


# --- CSV ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_seen(write, delimiter):
    path = write(f"姓名{delimiter}备注\n甲{delimiter}乙\n")
    assert read(path)[1][0].cells == {"name": "甲", "note": "乙"}


def test_headings_written_freely(write):
    path = write("*姓名（必填）, NOTE \n甲,乙\n")
    assert read(path)[1][0].cells == {"name": "甲", "note": "乙"}


def test_missing_columns_named(write):
    refusal = refused(write("姓名,备 考\n甲,乙\n"))
    assert refusal.code == "MISSING_COLUMNS"
    assert "note (备注)" in str(refusal)
    assert "name" not in str(refusal).split(":")[1]


def test_unknown_columns_noted(write):
    _, rows, findings = read(write("姓名,籍贯,备注\n甲,子,乙\n"))
    assert rows[0].cells == {"name": "甲", "note": "乙"}
    assert [(found.column, found.code, found.skips) for found in findings.kept] == [("籍贯", "UNKNOWN_COLUMN", False)]


def test_column_twice_refused(write):
    assert refused(write("姓名,name,备注\n甲,乙,丙\n")).code == "COLUMN_TWICE"


@pytest.mark.parametrize("text", ["", "\n\n", " , \n"])
def test_empty_file_refused(write, text):
    assert refused(write(text)).code == "NO_HEADER"


def test_ragged_rows_reported(write):
    _, rows, findings = read(write("姓名,备注\n甲\n乙,丙,丁\n戊,己\n\n庚,辛,\n"))
    assert [row.line for row in rows] == [4, 6]
    assert [(found.line, found.code) for found in findings.kept] == [(2, "CELLS"), (3, "CELLS")]


def test_lines_count_from_quotes(write):
    _, rows, _ = read(write('姓名,备注\n甲,"一\n二"\n乙,三\n'))
    assert [(row.line, row.cells["note"]) for row in rows] == [(2, "一 二"), (4, "三")]


def test_open_quote_reported(write):
    path = write('姓名,备注\n甲,"一\n乙,二\n丙,"三"\n丁,四\n')
    _, rows, findings = read(path)
    assert [row.line for row in rows] == [5]
    assert [(found.line, found.code) for found in findings.kept] == [(2, "NOT_CSV")]


def test_invisible_marks_removed(write):
    _, rows, _ = read(write("姓名,备注\n\u3000测试\u200b甲 ,\u202a610921\u202c\t\n"))
    assert rows[0].cells == {"name": "测试甲", "note": "610921"}


texts = st.text(st.characters(codec="gb18030", exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@given(
    st.lists(st.tuples(texts, texts), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.sampled_from(["\r\n", "\n"]),
)
def test_csv_round_trip(rows, delimiter, encoding, end):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([("姓名", "备注"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        _, found, findings = read(path)
    assert [(row.cells["name"], row.cells["note"]) for row in found] == rows
    assert not findings.kept


# --- XLSX ---


def test_workbook_reads_alike(book):
    path = book(["姓名", "备注"], ["甲", None], [], ["乙", "丙"])
    encoding, rows, findings = read(path)
    assert encoding == "XLSX"
    assert [(row.line, row.cells) for row in rows] == [
        (2, {"name": "甲", "note": ""}),
        (4, {"name": "乙", "note": "丙"}),
    ]
    assert not findings.kept


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (610921100201, "610921100201"),
        (610921199001010012, "6.1092119900101e+17"),
        (610921.5, "610921.5"),
        (date(1990, 1, 31), "1990-01-31"),
        (datetime(1990, 1, 31, 8), "1990-01-31 08:00:00"),
        (" 甲\u3000", "甲"),
    ],
)
def test_workbook_cells_written(book, cell, text):
    assert read(book(["姓名", "备注"], ["甲", cell]))[1][0].cells["note"] == text


def test_drop_downs_pass_silently(book, tmp_path):
    """Drop-down lists from another sheet lie in an extension, about which openpyxl warns."""
    extension = (
        b'<extLst><ext xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" '
        b'uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst></worksheet>'
    )
    path = tmp_path / "lists.xlsx"
    with zipfile.ZipFile(book(["姓名", "备注"], ["甲", "乙"])) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"</worksheet>", extension))
    assert [row.cells["note"] for row in read(path)[1]] == ["乙"]


def test_other_formats_refused(tmp_path):
    for name, content in (("old.xls", b"\xd0\xcf\x11\xe0 something"), ("broken.xlsx", b"PK\x03\x04 something")):
        path = tmp_path / name
        path.write_bytes(content)
        assert refused(path).code == "NOT_XLSX"


# --- bombs ---


def altered(book, tmp_path, change, **parts):
    """A workbook whose sheet is changed, with other parts beside it."""
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(book(["姓名", "备注"], ["甲", "乙"])) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content) if name == "xl/worksheets/sheet1.xml" else content)
        for name, content in parts.items():
            target.writestr(f"xl/{name}.xml", content)
    return path


def sheet(rows):
    return lambda content: content[: content.index(b"<sheetData>") + 11] + rows + b"</sheetData></worksheet>"


def inline(place, text):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f'<row r="1">{inline("A1", "姓名")}{inline("B1", "备注")}</row>'.encode()
BOMBS = {
    "a part that unfolds": {"media": bytes(30_000_000)},
    "entities": {"theme9": b'<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'},
    "an archive in it": {"media": b"PK\x03\x04"},
}


@pytest.mark.parametrize("name", BOMBS)
def test_archive_bombs_refused(name, book, tmp_path):
    assert refused(altered(book, tmp_path, lambda content: content, **BOMBS[name])).code == "BOMB"


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>',  # a gap of so many rows
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>' + b"ab" * 20_000 + b"</t></is></c></row>",
    ],
)
def test_sheet_bombs_refused(rows, book, tmp_path, monkeypatch):
    monkeypatch.setattr("gongzhi_server.imports.tables.ROWS", 5_000)
    assert refused(altered(book, tmp_path, sheet(HEAD + rows))).code == "BOMB"


def test_cells_are_counted(book, tmp_path, monkeypatch):
    """Rows are filled up to the widest of them."""
    monkeypatch.setattr("gongzhi_server.imports.tables.CELLS", 100_000)
    rows = b'<row r="2"><c r="XFD2"><v>1</v></c></row>' + b"<row/>" * 50
    assert refused(altered(book, tmp_path, sheet(HEAD + rows))).code == "BOMB"


def test_endless_line_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gongzhi_server.imports.tables.LINE", 1_000)
    for content, line in (("姓名," + "备" * 2_000, 1), ("姓名,备注\n甲," + "乙" * 2_000, 2)):
        path = tmp_path / "long.csv"
        path.write_text(content, encoding="utf-8")
        refusal = refused(path)
        assert refusal.code == "LONG_LINE" and f"line {line} " in refusal.text.en


# --- cells ---


@pytest.mark.parametrize(("cell", "code"), [("", "REQUIRED"), ("#N/A", "FORMULA"), ("甲\x00乙", "CONTROL")])
def test_cell_fault_told(cell, code):
    with pytest.raises(Refusal) as caught:
        NAME.value(cell, date(2026, 8, 20))
    assert caught.value.code == code


def test_empty_cell_allowed():
    assert NOTE.value("", date(2026, 8, 20)) is None
