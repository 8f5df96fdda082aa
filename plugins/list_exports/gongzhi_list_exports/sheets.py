"""Sheets: files of rows, as a workbook, comma-separated values or JSON lines.

Who took the rows out and why is in each file, and a mark is on each row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.lists import ListColumn

from .models import FileFormat

if TYPE_CHECKING:
    from openpyxl.cell import Cell

TRACE = "trace"
TRACED = "追溯码 trace"
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
"""How a text begins that a spreadsheet may take for a formula, in the wide forms too."""
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Sheet:
    """What is written: the marks of the whole, the columns, and the rows."""

    marks: Mapping[str, tuple[str, str]]
    """From an English name to the Chinese one and the value."""
    columns: Sequence[ListColumn]
    rows: Iterable[tuple[str, Sequence[Any]]]
    """Each with its trace."""

    @property
    def headings(self) -> list[str]:
        return [*(f"{'·'.join(one.terms)} {name_of(one)}" for one in self.columns), TRACED]

    def readable_rows(self) -> Iterator[list[Any]]:
        """Yield the rows as people read them."""
        for trace, row in self.rows:
            yield [*(readable_value(column, value) for column, value in zip(self.columns, row, strict=True)), trace]


def name_of(column: ListColumn) -> str:
    """Return a column's name: the names of the fields that lead to it."""
    return ".".join(column.path)


def readable_value(column: ListColumn, value: Any) -> Any:
    """Return a value as people read it: a text or a number; times in China, codes with their Chinese terms."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case list():
            return "; ".join(str(readable_value(column, one)) for one in value)
        case dict():
            return orjson.dumps(value).decode()
        case str() if column.labels:
            return f"{column.labels.get(value, '')} {value}".strip()
        # Readers compare them with their own clocks; JSON lines keep the offset, for programs.
        case str() if column.type == "DateTime":
            return datetime.fromisoformat(value).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return value


def write_csv(sheet: Sheet) -> bytes:
    """Write CSV as Excel reads it: UTF-8 with a byte-order mark, and no text that it would calculate."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    for english, (chinese, value) in sheet.marks.items():
        write([f"{chinese} {english}", disarm_formula(value)])
    write([])
    write(sheet.headings)
    for row in sheet.readable_rows():
        write([disarm_formula(str(one)) for one in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_workbook(sheet: Sheet) -> bytes:
    """Make an Excel workbook: the list, with who took it on each printed page, and a sheet about it."""
    from openpyxl import Workbook  # serving starts without it

    book = Workbook()
    rows = book.active
    assert rows is not None
    rows.title = "清单 List"
    for row in (sheet.headings, *sheet.readable_rows()):
        rows.append([make_cell(rows, one) for one in row])
    rows.freeze_panes = "A2"
    footer = rows.oddFooter
    assert footer is not None
    # In a footer `&` begins a code.
    footer.center.text = " · ".join(value for _, value in sheet.marks.values()).replace("&", "&&")[:250]
    about = book.create_sheet("说明 About")
    for english, (chinese, value) in sheet.marks.items():
        about.append([make_cell(about, f"{chinese} {english}"), make_cell(about, value)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def write_json_lines(sheet: Sheet) -> bytes:
    """Write one object about the file, then one a row."""
    about = {"export": {english: value for english, (_, value) in sheet.marks.items()}}
    names = [name_of(one) for one in sheet.columns]
    rows = ({**dict(zip(names, row, strict=True)), TRACE: trace} for trace, row in sheet.rows)
    return b"".join(orjson.dumps(one) + b"\n" for one in (about, *rows))


@dataclass(frozen=True)
class Kind:
    """How a format is written, and what it is called."""

    write: Callable[[Sheet], bytes]
    suffix: str
    type: str


KINDS = {
    FileFormat.CSV: Kind(write_csv, "csv", "text/csv; charset=utf-8"),
    FileFormat.XLSX: Kind(write_workbook, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    FileFormat.JSONL: Kind(write_json_lines, "jsonl", "application/jsonl"),
}


def disarm_formula(value: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula; numbers stay numbers."""
    return f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def make_cell(sheet: Any, value: Any) -> Cell:
    """Return a cell that is a number, or a text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, int | float):
        return WriteOnlyCell(sheet, value)
    # Some characters have no place in XML.
    made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", value))
    # As a text, or openpyxl makes a formula of what begins with `=`.
    made.data_type = "s"
    return made
