"""Report: what came of an import, in counts, and what was found in which cell."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from gongzhi.values.errors import Language, Refusal, Text

from gongzhi_server.errors import Problem

Progress = Callable[[str, int, int], None]
"""Called during an import with the stage, how much of it is done and how much there is."""

CAP, ALL = 1000, 10_000_000
"""Findings that are kept in full: for the terminal, and for a file."""


def ignore_progress(stage: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class ImportFinding:
    """Something about a cell or a row. It never holds the cell's value.

    `column` is the heading in the file; empty where the whole row is meant. `person` is who is registered already.
    `skips` tells whether the row was left out because of it, or imported all the same.
    """

    file: str
    line: int
    column: str
    code: str
    text: Text
    person: UUID | None = None
    skips: bool = True

    def as_text(self, language: Language = "en") -> str:
        """Return the finding as a line for the terminal."""
        if language == "zh":
            return f"{self.file} 第 {self.line} 行{f' {self.column}' if self.column else ''}：{self.text.zh}"
        return f"{self.file} line {self.line}{f', {self.column}' if self.column else ''}: {self.text.en}"


class Findings:
    """The findings of an import so far: the first `most` in full, the others only counted."""

    def __init__(self, most: int = CAP) -> None:
        self.most = most
        self.kept: list[ImportFinding] = []
        self.tally: Counter[str] = Counter()

    def add(
        self,
        file: str,
        line: int,
        column: str,
        refusal: Refusal,
        *,
        person: UUID | None = None,
        skips: bool = True,
    ) -> None:
        """Record what was found."""
        self.tally[refusal.code] += 1
        # Bounded: a file may have a fault in every line.
        if len(self.kept) < self.most:
            self.kept.append(ImportFinding(file, line, column, refusal.code, refusal.text, person, skips))

    def count(self, code: str, further: int) -> None:
        """Count findings that there is no room for."""
        if further:
            self.tally[code] += further

    @property
    def room(self) -> int:
        """How many more findings are kept in full."""
        return self.most - len(self.kept)

    def in_order(self) -> tuple[ImportFinding, ...]:
        """Return the findings in the order of files and lines."""
        return tuple(sorted(self.kept, key=lambda found: (found.file, found.line)))


@dataclass(frozen=True)
class Report:
    """The outcome of an import, or what it would be if it is a dry run.

    Of `rows` some were `added`, some `changed`, some left out (`skipped`) and the others already `same`.
    `encoding` is how the files were read. `problems` holds the first findings by file and line, `count` tells how
    many there are in all and `tally` how many of each code. `batch` names the import, to undo it.
    """

    encoding: str
    rows: int
    added: int
    changed: int
    skipped: int
    households: int = 0
    """Households added."""
    problems: tuple[ImportFinding, ...] = ()
    count: int = 0
    tally: Mapping[str, int] = field(default_factory=dict)
    batch: UUID | None = None
    seconds: float = 0.0
    dry_run: bool = False

    @property
    def same(self) -> int:
        """Rows that were registered just so already."""
        return self.rows - self.added - self.changed - self.skipped

    def as_text(self, language: Language = "en") -> str:
        """Return the report for the terminal, a line a finding."""
        return "\n".join(self._lines(language))

    def _lines(self, language: Language) -> Iterator[str]:
        """Yield the lines of the report."""
        words = CHINESE if language == "zh" else ENGLISH
        facts: dict[str, Any] = vars(self) | {"same": self.same, "more": self.count - len(self.problems)}
        yield words["dry" if self.dry_run else "done"].format(**facts)
        yield words["rows"].format(**facts)
        if self.households:
            yield words["households"].format(**facts)
        if self.batch:
            yield words["batch"].format(**facts)
        yield from (found.as_text(language) for found in self.problems)
        if facts["more"]:
            yield words["more"].format(**facts)
        if self.tally:
            yield words["tally"].format(
                counts=", ".join(f"{code} {count}" for code, count in Counter(self.tally).most_common())
            )


def write_findings(file: Path, reports: Sequence[Report]) -> None:
    """Write all findings as a table in Chinese, with their counts below. Raises Problem if the file is there."""
    counts = Counter[str]()
    for report in reports:
        counts.update(report.tally)
    try:
        # With a mark of the byte order, by which spreadsheets know UTF-8.
        with file.open("x", encoding="utf-8-sig", newline="") as written:
            writer = csv.writer(written)
            writer.writerow(("文件", "行", "列", "类别", "问题", "是否导入"))
            for one in (found for report in reports for found in report.problems):
                kept = "未导入" if one.skips else "已导入"
                writer.writerow((one.file, one.line, one.column, one.code, one.text.zh, kept))
            writer.writerows([(), ("类别", "数量"), *counts.most_common()])
    except FileExistsError:
        raise Problem(f"{file} is there already; give another name") from None


ENGLISH = {
    "dry": "Dry run, nothing was written ({encoding}, {seconds:.1f} s). It would do this:",
    "done": "Imported ({encoding}, {seconds:.1f} s).",
    "rows": "Rows: {rows}. Added {added}, changed {changed}, as they were {same}, left out {skipped}.",
    "households": "Households added: {households}.",
    "batch": "Batch {batch}.",
    "more": "… and {more} more like these.",
    "tally": "By kind: {counts}.",
}
CHINESE = {
    "dry": "试运行，未写入（{encoding}，{seconds:.1f} 秒）。导入时将会：",
    "done": "已导入（{encoding}，{seconds:.1f} 秒）。",
    "rows": "共 {rows} 行：新增 {added}，变更 {changed}，未变 {same}，未导入 {skipped}。",
    "households": "新增 {households} 户。",
    "batch": "批次 {batch}。",
    "more": "……另有 {more} 条。",
    "tally": "按类别：{counts}。",
}


class Stopwatch:
    """The seconds since it was made."""

    def __init__(self) -> None:
        self._start = monotonic()

    @property
    def seconds(self) -> float:
        return monotonic() - self._start
