"""Files of rows: a workbook, comma-separated values, JSON lines. Who took them and why is in each, and on each row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from gongzhi.core.exports.models import FileFormat

from .columns import Column

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
    columns: Sequence[Column]
    rows: Iterable[tuple[str, Sequence[Any]]]
    """Each with its trace."""

    @property
    def headings(self) -> list[str]:
        return [*(one.heading for one in self.columns), TRACED]

    def shown(self) -> Iterator[list[Any]]:
        """The rows as people read them."""
        for trace, row in self.rows:
            yield [*(column.shown(value) for column, value in zip(self.columns, row, strict=True)), trace]


def comma_separated(sheet: Sheet) -> bytes:
    """CSV as Excel reads it: UTF-8 with a byte-order mark, and no text that it would calculate."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    for english, (chinese, value) in sheet.marks.items():
        write([f"{chinese} {english}", harmless(value)])
    write([])
    write(sheet.headings)
    for row in sheet.shown():
        write([harmless(str(one)) for one in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def workbook(sheet: Sheet) -> bytes:
    """An Excel workbook: the list, with who took it on each printed page, and a sheet about it."""
    from openpyxl import Workbook  # serving starts without it

    book = Workbook()
    rows = book.active
    assert rows is not None
    rows.title = "清单 List"
    for row in (sheet.headings, *sheet.shown()):
        rows.append([cell(rows, one) for one in row])
    rows.freeze_panes = "A2"
    footer = rows.oddFooter
    assert footer is not None
    footer.center.text = " · ".join(value for _, value in sheet.marks.values()).replace("&", "&&")[:250]
    about = book.create_sheet("说明 About")
    for english, (chinese, value) in sheet.marks.items():
        about.append([cell(about, f"{chinese} {english}"), cell(about, value)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def json_lines(sheet: Sheet) -> bytes:
    """One object about the file, then one a row."""
    about = {"export": {english: value for english, (_, value) in sheet.marks.items()}}
    names = [one.name for one in sheet.columns]
    rows = ({**dict(zip(names, row, strict=True)), TRACE: trace} for trace, row in sheet.rows)
    return b"".join(orjson.dumps(one) + b"\n" for one in (about, *rows))


@dataclass(frozen=True)
class Kind:
    """How a format is written, and what it is called."""

    write: Callable[[Sheet], bytes]
    suffix: str
    type: str


KINDS = {
    FileFormat.CSV: Kind(comma_separated, "csv", "text/csv; charset=utf-8"),
    FileFormat.XLSX: Kind(workbook, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    FileFormat.JSONL: Kind(json_lines, "jsonl", "application/jsonl"),
}


def harmless(value: str) -> str:
    """The text, so that no spreadsheet takes it for a formula; numbers stay numbers."""
    return f"'{value}" if FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def cell(sheet: Any, value: Any) -> Cell:
    """A cell that is a number, or a text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, int | float):
        return WriteOnlyCell(sheet, value)
    made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", value))
    made.data_type = "s"
    return made
