"""Tables: as people send them, CSV in the encodings that Chinese offices use, and XLSX."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from gongzhi.runtime.file_checks import DocumentLimits, UnfitFile
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from gongzhi_server.files.office_documents import check_archive, open_archive

from .report import Findings
from .texts import refusal_for

SAMPLE = 1 << 16  # bytes that the encoding is told by
DELIMITERS = ",;\t"
NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "gb18030": "GB18030"}
FORMULA_ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}
# Excel keeps numbers as doubles, which are exact to fifteen digits.
DIGITS_KEPT = 15  # of a number in a spreadsheet; resident IDs have more
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?E[+-]?[0-9]+|[0-9]+\.[0-9]+", re.IGNORECASE)
UNPACKED = DocumentLimits(entries=5_000, total=2_000_000_000, part=1_000_000_000)
"""Bytes of a workbook: a sheet of a million rows has some hundred millions."""
ROWS, CELLS, LETTERS = 1_048_576, 50_000_000, 32_767
"""The most rows and cells of a sheet, and letters of a cell: the first and the last are Excel's own bounds."""
LINE = 1_000_000
"""Characters of a line of a CSV."""
UNREADABLE = (InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, EOFError)

Record = tuple[int, Sequence[str]]
BROKEN: Sequence[str] = ()  # stands for a record that is no CSV


def as_is(text: str, today: date) -> Any:
    """Take a cell as it is."""
    return text


@dataclass(frozen=True)
class ImportColumn:
    """A column that an import knows, by its name and by what else people call it.

    `needed` columns must be in the first row; `filled` ones must also have a value in every row.
    `read` turns a cell that is not empty into a value, given today's date; it raises Refusal or CodeError.
    """

    name: str
    aliases: tuple[str, ...] = ()
    needed: bool = False
    filled: bool = False
    read: Callable[[str, date], Any] = as_is

    def value(self, text: str, today: date) -> Any:
        """Return what a cell says, None if it is empty; raise Refusal or CodeError."""
        if not text:
            if self.filled:
                raise refusal_for("REQUIRED")
            return None
        if text in FORMULA_ERRORS:
            raise refusal_for("FORMULA")
        # Control characters are invisible and would be kept; other
        # unprintable ones, such as format marks, are cleaned away.
        if not text.isprintable() and any(unicodedata.category(letter) == "Cc" for letter in text):
            raise refusal_for("CONTROL")
        return self.read(text, today)


class TableRow(NamedTuple):
    """A row by the line it starts on; the columns that the file lacks are missing, empty cells are ''."""

    line: int
    cells: dict[str, str]


@dataclass
class Table:
    """A table while it is read. `size` and `position` say how far: in bytes of a CSV, in rows of a workbook."""

    file: str
    encoding: str
    size: int
    position: Callable[[], int]
    headings: dict[str, str]
    """What the file calls the columns."""
    unknown: tuple[tuple[int, str], ...]
    """Line and heading of columns that nobody knows."""
    places: tuple[tuple[str, int], ...]
    width: int
    records: Iterator[Record]
    count: int = 0
    """Rows so far, blank ones apart."""

    def rows(self, findings: Findings) -> Iterator[TableRow]:
        """Yield the rows; those with more or fewer cells than the first row are only reported."""
        for line, heading in self.unknown:
            findings.add(self.file, line, heading, refusal_for("UNKNOWN_COLUMN"), skips=False)
        for line, record in self.records:
            # A blank row means nothing, but a broken one must be reported, though it is empty as well.
            if record is not BROKEN and not any(record):
                continue
            self.count += 1
            if len(record) == self.width:
                yield TableRow(line, {name: record[place] for name, place in self.places})
            elif record is BROKEN:
                findings.add(self.file, line, "", refusal_for("NOT_CSV"))
            else:
                findings.add(self.file, line, "", refusal_for("CELLS", cells=len(record), columns=self.width))


@contextmanager
def open_table(path: Path, columns: Iterable[ImportColumn]) -> Iterator[Table]:
    """Open a CSV or XLSX file whose first row names these columns; raise Refusal where that cannot be done."""
    with path.open("rb") as file:
        start = file.read(8)
    # Old .xls files (OLE) are sent on to the workbook reader too, which says that they cannot be read.
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or path.suffix.lower() in (".xls", ".xlsx"):
        with open_workbook(path) as (size, records):
            lines = CountedLines(records)
            yield match_columns(path.name, "XLSX", size, lambda: lines.last, lines, columns)
    else:
        encoding = detect_encoding(path)
        with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
            yield match_columns(
                path.name, NAMES[encoding], path.stat().st_size, raw.tell, parse_csv(path, encoding, text), columns
            )


def match_columns(
    file: str,
    encoding: str,
    size: int,
    position: Callable[[], int],
    records: Iterator[Record],
    columns: Iterable[ImportColumn],
) -> Table:
    """Match the first row that is not blank with the columns."""
    line, heading = next(((line, record) for line, record in records if any(record)), (0, ()))
    if not heading:
        raise refusal_for("NO_HEADER", file=file)
    heading = trim_cells(heading)
    known = {normalise_heading(alias): column.name for column in columns for alias in (column.name, *column.aliases)}
    places: dict[str, int] = {}
    for place, written in enumerate(heading):
        name = known.get(normalise_heading(written), "")
        if name in places:
            raise refusal_for("COLUMN_TWICE", file=file, column=written)
        if name:
            places[name] = place
    missing = [
        column_label(column) for column in columns if (column.needed or column.filled) and column.name not in places
    ]
    if missing:
        raise refusal_for("MISSING_COLUMNS", file=file, columns=", ".join(missing))
    unknown = tuple((line, written) for place, written in enumerate(heading) if place not in places.values())
    return Table(
        file=file,
        encoding=encoding,
        size=size,
        position=position,
        headings={name: heading[place] for name, place in places.items()},
        unknown=unknown,
        places=tuple(places.items()),
        width=len(heading),
        records=((line, fit_width(record, len(heading))) for line, record in records),
    )


def column_label(column: ImportColumn) -> str:
    """Return a column's name with its first Chinese one."""
    return f"{column.name} ({column.aliases[0]})" if column.aliases else column.name


def normalise_heading(heading: str) -> str:
    """Return what tells headings apart: not case, blanks, underscores, a star or words in brackets."""
    # NFKC makes full-width letters and brackets, as Chinese input methods write them, the usual ones.
    text = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"\(.*?\)|[\s_*-]", "", text)


def trim_cells(record: Sequence[str]) -> Sequence[str]:
    """Take empty cells off the end."""
    end = len(record)
    while end and not record[end - 1]:
        end -= 1
    return record[:end]


def fit_width(record: Sequence[str], width: int) -> Sequence[str]:
    """Take empty cells off the end of a row that is too long."""
    return record if len(record) <= width else (*record[:width], *trim_cells(record[width:]))


def clean_text(text: str) -> str:
    """Take off what cannot be seen: blanks around, several blanks in a row, marks of width and direction."""
    text = text.strip()
    if text.isprintable():
        return text
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(seen.split())


# --- CSV ---


def detect_encoding(path: Path) -> str:
    """Tell UTF-8 from GB18030 by the lines that are not ASCII; one broken line does not decide."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refusal_for("UTF_16", file=path.name)
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    lines = sample.splitlines()
    if len(sample) == SAMPLE and len(lines) > 1:
        lines.pop()  # cut off, perhaps inside a letter
    # Lines in ASCII read the same in both.
    telling = [line for line in lines if not line.isascii()]
    readable = sum(can_decode(line, "utf-8") for line in telling)
    return "utf-8" if 2 * readable >= len(telling) else "gb18030"


def can_decode(line: bytes, encoding: str) -> bool:
    """Return whether a line can be decoded."""
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def parse_csv(path: Path, encoding: str, text: io.TextIOBase) -> Iterator[Record]:
    """Yield the records of a CSV file with the lines they start on."""
    try:
        lines = bounded_lines(path.name, text)
        first = next(lines)
        # Told by the heading, which holds no free text.
        delimiter = max(DELIMITERS, key=first.count)
        # Strict, or a quotation mark that is not closed would swallow the rest of the file into one cell.
        reader = csv.reader(chain_first(first, lines), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except csv.Error:
                yield line, BROKEN
            else:
                yield line, [clean_text(cell) for cell in record]
    except StopIteration:
        return
    except UnicodeDecodeError:
        raise refusal_for(
            "ENCODING", file=path.name, line=find_broken_line(path, encoding), encoding=NAMES[encoding]
        ) from None


def bounded_lines(file: str, text: io.TextIOBase) -> Iterator[str]:
    """Yield the lines; raise Refusal for one that would fill the memory."""
    for number in itertools.count(1):
        line = text.readline(LINE)
        if not line:
            return
        if len(line) == LINE:
            raise refusal_for("LONG_LINE", file=file, line=number, most=LINE)
        yield line


def chain_first(first: str, rest: Iterable[str]) -> Iterator[str]:
    """Yield the first line and then the rest."""
    yield first
    yield from rest


def find_broken_line(path: Path, encoding: str) -> int:
    """Find the first line that cannot be decoded."""
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if not can_decode(line, encoding)), 0)


# --- XLSX ---


class CountedLines:
    """Records that remember how far they have been read."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.last = 0

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        record = next(self._records)
        self.last = record[0]
        return record


@contextmanager
def open_workbook(path: Path) -> Iterator[tuple[int, Iterator[Record]]]:
    """Open the first sheet of a workbook: how many rows it says it has, and its records.

    The archive is looked at first: openpyxl reads all shared texts into memory, whatever they unfold to.
    """
    try:
        with path.open("rb") as file, open_archive(file) as archive:
            check_archive(archive, UNPACKED)
        with warnings.catch_warnings():
            # openpyxl warns of every feature it passes over, which tells the operator nothing.
            warnings.simplefilter("ignore")
            # "data_only" gives the results of formulas; "read_only" reads row by row.
            book = load_workbook(path, read_only=True, data_only=True)
    except UnfitFile:
        raise refusal_for("BOMB", file=path.name) from None
    except UNREADABLE:
        raise refusal_for("NOT_XLSX", file=path.name) from None
    try:
        if not book.worksheets:
            raise refusal_for("NOT_XLSX", file=path.name)
        sheet = book.worksheets[0]
        size = sheet.max_row or 0
        sheet.reset_dimensions()  # what the file says of its size is often wrong
        with closing(sheet.iter_rows(values_only=True)) as rows:  # a row that is refused leaves the sheet open
            yield size, sheet_records(path.name, without_warnings(rows))
    finally:
        book.close()


def without_warnings(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Read without the warnings about what openpyxl passes over, such as drop-down lists."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = next(rows, None)
        if row is None:
            return
        yield row


def sheet_records(file: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[Record]:
    """Yield the records of a sheet. Rows end with their last cell that is used, so they are filled up."""
    width = cells = 0
    try:
        for line, row in enumerate(rows, 1):
            width = max(width, len(row))
            cells += width
            if line > ROWS or cells > CELLS or any(isinstance(cell, str) and len(cell) > LETTERS for cell in row):
                raise refusal_for("BOMB", file=file)
            yield line, [cell_text(cell) for cell in row] + [""] * (width - len(row))
    except UNREADABLE:
        raise refusal_for("NOT_XLSX", file=file) from None


def cell_text(cell: object) -> str:
    """Return a cell as text. Numbers that may have lost digits look like numbers, so that `NUMBER` finds them."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return clean_text(cell)
    if isinstance(cell, datetime):
        return str(cell.date()) if cell.time() == datetime.min.time() else str(cell)
    if isinstance(cell, int) and abs(cell) >= 10**DIGITS_KEPT:
        # So many digits were rounded already; E-notation marks the cell as a number whose digits are lost.
        return f"{cell:E}"
    return str(cell)
