"""Drafts: rows of a table of residents, each checked by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from gongzhi.core.people.models import Gender, Relation, ResidenceKind
from gongzhi.values import codes
from gongzhi.values.codes import CodeError
from gongzhi.values.errors import Refusal

from .columns import COLUMNS
from .report import Findings, Progress
from .tables import Table, TableRow, open_table
from .texts import refusal_for, translate_error

STEP = 1000  # rows between two calls of progress


@dataclass(frozen=True, slots=True)
class RowDraft:
    """A person as a row describes them; `grid` is None where it is the head's. None and empty: not told."""

    line: int
    number: str
    relation: Relation
    name: str
    residence: ResidenceKind
    address: str | None
    gender: Gender | None
    birth: date | None
    # Out of `repr`, so that no log of a draft holds a number.
    resident_id: str | None = field(repr=False)
    phones: tuple[str, ...] = field(repr=False)
    grid: str | None
    needs: tuple[str, ...]


@dataclass
class Sheet:
    """A file of residents: what is known of it once it has been read."""

    file: str
    encoding: str
    headings: Mapping[str, str]
    drafts: list[RowDraft]
    rows: int

    def heading(self, column: str) -> str:
        """Return what the file calls a column."""
        return self.headings.get(column, "")


def read_sheet(path: Path, today: date, findings: Findings, progress: Progress) -> Sheet:
    """Read a file; raise Refusal where it cannot be read at all."""
    with open_table(path, COLUMNS) as table:
        drafts = list(check_rows(table, today, findings, progress))
        progress("read", table.size, table.size)
        return Sheet(table.file, table.encoding, table.headings, drafts, table.count)


def check_rows(table: Table, today: date, findings: Findings, progress: Progress) -> Iterator[RowDraft]:
    """Yield the rows without a fault; report all the faults of the others."""
    for row in table.rows(findings):
        before = findings.tally.total()
        values = dict(read_cells(table, row, today, findings))
        report_contradictions(table, row, values, findings)
        # A row counts as good if checking it has added no finding.
        if findings.tally.total() == before:
            yield make_draft(row.line, values)
        if table.count % STEP == 0:
            progress("read", table.position(), table.size)


def read_cells(table: Table, row: TableRow, today: date, findings: Findings) -> Iterator[tuple[str, Any]]:
    """Yield the cells' values by column; report those that cannot be read."""
    for column in COLUMNS:
        value = None
        try:
            value = column.value(row.cells.get(column.name, ""), today)
        except CodeError as error:
            findings.add(table.file, row.line, table.headings[column.name], translate_error(error))
        except Refusal as error:
            findings.add(table.file, row.line, table.headings[column.name], error)
        yield column.name, value


def report_contradictions(table: Table, row: TableRow, values: Mapping[str, Any], findings: Findings) -> None:
    """Report a birth date or gender that is not what the resident ID says."""
    number, birth, gender = values["resident ID"], values["birth date"], values["gender"]
    if number is None:
        return
    if birth not in (None, codes.birth_date(number)):
        findings.add(table.file, row.line, table.headings["birth date"], refusal_for("CONTRADICTS"))
    if gender not in (None, Gender.UNKNOWN, codes.gender_of(number)):
        findings.add(table.file, row.line, table.headings["gender"], refusal_for("CONTRADICTS"))


def make_draft(line: int, values: Mapping[str, Any]) -> RowDraft:
    """Put the values of a row together; what the resident ID tells need not be told again."""
    number = values["resident ID"]
    phones = (values["phone"] or []) + (values["phone 2"] or [])
    return RowDraft(
        line=line,
        number=values["number"],
        relation=values["relation"],
        name=values["name"],
        residence=values["residence"],
        address=values["address"],
        # The resident ID (GB 11643) holds birth date and gender,
        # so it decides; what contradicts it was reported before.
        gender=Gender(codes.gender_of(number)) if number else values["gender"],
        birth=codes.birth_date(number) if number else values["birth date"],
        resident_id=number,
        phones=tuple(dict.fromkeys(phones)),
        grid=values["grid"],
        needs=tuple(values["needs"] or ()),
    )
