"""Paper ledgers: taking one over, all of the file or nothing; the same rows again give nothing again."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from gongzhi.core.people.models import HouseholdRow
from gongzhi.core.people.tiers import add_months
from gongzhi.declare.located import covers_row
from gongzhi.runtime.checks import invalid_input, not_found, today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.file_checks import FileChecks, UnfitFile
from gongzhi.values.errors import Text
from uuid6 import uuid7

from ..models import AccountKind, PostingKind, ProgrammeRow
from ..programmes.acts import acts_in_force, mark_act
from . import posting
from .accounts import find_issuer_account, open_account
from .posting import Posting, make_legs

COLUMNS = {"household": "户号", "date": "日期", "act": "事由", "points": "积分"}
SPENT, OTHER = "兑换", "其他"
# Bounds of one row's points and of the rows of a file.
MOST, ROWS = 100_000, 50_000
EMPTY, COLUMNS_READ = 1_000_000, 100
"""Empty rows and columns of a sheet that are still read."""
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")


@dataclass(frozen=True)
class Line:
    """A row of the ledger: a household got points, or spent some (below zero)."""

    line: int
    household: str
    day: date
    act: str
    amount: int


@dataclass
class Report:
    """What an import does, or would do."""

    dry_run: bool
    rows: int = 0
    posted: int = 0
    known: int = 0
    points: int = 0
    refused: list[tuple[int, Text]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        for line, why in self.refused:
            yield f"line {line}: {why.en} ({why.zh})"
        if self.refused:
            yield f"{len(self.refused)} of {self.rows} rows cannot be taken over, so nothing was (未导入)."
        else:
            what = "would be taken over (试运行)" if self.dry_run else "taken over (已导入)"
            yield f"{self.posted} rows {what}, {self.points:+} points; {self.known} were there already (已有)."


async def import_paper(call: Call, programme: ProgrammeRow, file: Path, *, dry_run: bool = False) -> Report:
    """Take over a file with the columns household, date, act, points (户号、日期、事由、积分).

    Raises Refusal for a file that cannot be read. Rows that cannot be taken over are in the report, and then nothing
    is posted.
    """
    report = Report(dry_run)
    # Held from before the keys are looked up until the postings are made.
    await posting.lock_chain(call, programme.id)
    postings = await prepare_postings(
        call, programme, read_lines(call.context.files, file, today(call), report), report
    )
    known = {row["key"] for row in await call.fetch(posting.KNOWN, programme.id, [one.key for one in postings])}
    fresh = [one for one in postings if one.key not in known]
    report.known, report.posted = len(known), len(fresh)
    # Legs are (source, target): what is imported ends on the household's account, what is spent begins there.
    report.points = sum(one.legs[1].amount if one.kind is PostingKind.IMPORTED else one.legs[0].amount for one in fresh)
    # Refused rows are not skipped: a ledger that is taken over in part could not be told from a complete one.
    if not report.refused and not dry_run:
        await posting.post_entries(call, programme.id, *fresh)
    return report


async def prepare_postings(call: Call, programme: ProgrammeRow, lines: list[Line], report: Report) -> list[Posting]:
    """Return the postings of the rows, in the order of their days; what is wrong goes into the report."""
    source = await find_issuer_account(call, programme.id)
    known = await acts_in_force(call, programme.county_id, today(call))
    acts = {row["name"]: await mark_act(call, row["id"]) for row in known.values()}
    homes = {row.number: row for row in await HouseholdRow.filter(number__in={one.household for one in lines})}
    accounts: dict[str, UUID] = {}
    free: dict[str, int] = defaultdict(int)
    seen: Counter[Any] = Counter()
    made = []
    # Gains of a day come before its expenses, so that a household spends what it got the same day.
    for one in sorted(lines, key=lambda line: (line.day, line.amount < 0, line.line)):
        home = homes.get(one.household)
        if home is None or not covers_row(programme, home):
            report.refused.append((one.line, Text("no such household in the programme's grid", "项目网格内没有该户号")))
            continue
        if one.household not in accounts:
            # A dry run posts nothing, so that any key will do; opening the account would be a change.
            accounts[one.household] = (
                uuid7()
                if report.dry_run
                else await open_account(call, programme.id, AccountKind.HOUSEHOLD, home.grid_id, household=home.id)
            )
        free[one.household] += one.amount
        if free[one.household] < 0:
            report.refused.append((one.line, Text("more is spent than the paper gave", "兑换多于台账所得")))
            continue
        # Equal rows are counted: two equal lines of the paper are two movements, and the same file again names the
        # same keys.
        same = (one.household, one.day, one.act, one.amount)
        seen[same] += 1
        made.append(line_posting(one, accounts[one.household], source, programme, today(call), seen[same], acts))
    return made


def line_posting(
    one: Line, account: UUID, source: UUID, programme: ProgrammeRow, day: date, nth: int, acts: Mapping[str, str]
) -> Posting:
    """Turn a row into a posting. Of its words only a known act is kept: paper names people, the ledger does not."""
    named = next((name for name in acts if name in one.act), None) if one.amount > 0 else None
    act = named or (OTHER if one.amount > 0 else SPENT)
    # A digest of the row and its count is its key: importing the same row again finds it posted.
    mark = sha256("|".join(map(str, (one.household, one.day, one.act, one.amount, nth))).encode()).hexdigest()[:32]
    # Points from paper last from today: their term could not be known before.
    expires = add_months(day, programme.lasts_months) if programme.lasts_months else None
    legs = (
        make_legs(source, account, one.amount, expires) if one.amount > 0 else make_legs(account, source, -one.amount)
    )
    return Posting(
        kind=PostingKind.IMPORTED if one.amount > 0 else PostingKind.SPENT,
        key=f"paper:{mark}",
        legs=legs,
        reason=Text(f"From the paper ledger: {act}", f"纸质台账：{act}"),
        occurred_on=one.day,
        inputs={"line": str(one.line)} | ({"act": acts[named]} if named else {}),
    )


def read_lines(files: FileChecks, file: Path, day: date, report: Report) -> list[Line]:
    """Return the rows of a CSV (UTF-8 or GB18030) or XLSX file; what is wrong with one goes into the report."""
    records = read_cells(files, file)
    try:
        heading = [str(cell or "").strip() for cell in next(records)]
    except StopIteration:
        raise invalid_input("The file is empty.", "文件为空。", "file") from None
    places = {}
    for name, chinese in COLUMNS.items():
        # The columns may come in any order and be named in either language.
        found = [at for at, cell in enumerate(heading) if cell.casefold() in (name, chinese)]
        if len(found) != 1:
            raise not_found(f"The first row must name {chinese} ({name}) once.", f"首行须有一列“{chinese}”。", "file")
        places[name] = found[0]
    made: list[Line] = []
    # Lines are told as people see them in a spreadsheet: the heading is line 1.
    for at, record in enumerate(records, 2):
        if not any(str(cell or "").strip() for cell in record):
            continue
        report.rows += 1
        if report.rows > ROWS:
            raise invalid_input(f"A file has {ROWS} rows at most.", f"单个文件不超过 {ROWS} 行。", "file")
        row = read_line(at, record, places, day)
        if isinstance(row, Line):
            made.append(row)
        else:
            report.refused.append((at, row))
    return made


def read_cells(files: FileChecks, file: Path) -> Iterator[list[Any]]:
    if file.suffix.casefold() == ".xlsx":
        from openpyxl import load_workbook  # a quarter of a second of each start, for what is done once

        try:
            # Looked at before it is unpacked: a small archive may hold gigabytes.
            with file.open("rb") as packed:
                files.check_archive(packed)
            # Values that the spreadsheet last computed, not formulas; nothing is computed here.
            book = load_workbook(file, read_only=True, data_only=True)
        except UnfitFile as error:
            raise invalid_input(error.text.en, error.text.zh, "file") from None
        except Exception:
            raise invalid_input("The file is no XLSX workbook.", "不是有效的 XLSX 文件。", "file") from None
        with closing(book), closing(book.worksheets[0].iter_rows(values_only=True)) as rows:
            for at, row in enumerate(rows):
                if at > EMPTY + ROWS:  # a file may leave out rows, which are then made up
                    raise invalid_input("The sheet has too many empty rows.", "表格空行过多。", "file")
                yield [*row[:COLUMNS_READ]]
        return
    raw = file.read_bytes()
    # UTF-8 comes first, for GB18030 decodes nearly any bytes; the mark at the beginning is what Excel writes.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            yield from csv.reader(io.StringIO(raw.decode(encoding), newline=""))
            return
        except UnicodeDecodeError:
            continue
    raise invalid_input("The file is neither UTF-8 nor GB18030.", "文件编码须为 UTF-8 或 GB18030。", "file")


def read_line(at: int, record: list[Any], places: dict[str, int], today: date) -> Line | Text:
    """Return a row as a line, or what is wrong with it."""
    said = {name: record[place] if place < len(record) else None for name, place in places.items()}
    day, amount = read_date(said["date"]), read_whole_number(said["points"])
    if day is None or day > today:
        return Text("the date is no day up to today", "日期无效或晚于今天")
    if amount is None or not 0 < abs(amount) <= MOST:
        return Text("points must be a whole number other than zero", "积分须为非零整数")
    household = str(said["household"] or "").strip()
    return Line(at, household, day, str(said["act"] or "").strip(), amount)


def read_date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    for way in DAYS:
        try:
            return datetime.strptime(str(value or "").strip(), way).date()
        except ValueError:
            continue
    return None


def read_whole_number(value: Any) -> int | None:
    try:
        text = str(value if value is not None else "").strip()
        number = Decimal(text)
        # Bounded before it is made an int: `1e999999` would make a number of a million digits.
        return int(number) if abs(number) <= MOST and number == int(number) else None
    except (InvalidOperation, ValueError):
        return None
