"""Divisions: imports grids by their codes, the national tables of divisions (行政区划) and grids below a village."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi.values import codes
from gongzhi.values.codes import CodeError, Kind
from gongzhi.values.errors import Refusal

from gongzhi_server.clock import clock
from gongzhi_server.storage.audit import record_act

from .report import CAP, Findings, Progress, Report, Stopwatch, ignore_progress
from .tables import NUMBER, ImportColumn, Table, TableRow, open_table
from .texts import refusal_for, translate_error

LOCK = 0x696D706F7274  # "import": one at a time, so that none waits for rows of another
STEP = 5000  # rows between two calls of progress
NAME = 100


def read_code(text: str, today: date) -> str:
    """Read a grid code."""
    try:
        return codes.normalise_grid_code(text)
    except CodeError:
        if NUMBER.fullmatch(text):
            raise refusal_for("NUMBER") from None
        raise


def read_name(text: str, today: date) -> str:
    """Read a grid's name."""
    if len(text) > NAME:
        raise refusal_for("LONG", most=NAME)
    return text


CODE = ImportColumn("code", ("编码", "代码", "区划代码", "统计用区划代码", "网格编码"), filled=True, read=read_code)
TITLE = ImportColumn("name", ("名称", "区划名称", "网格名称"), filled=True, read=read_name)
ABOVE = (
    ImportColumn("provinceCode", ("省级编码", "省代码")),
    ImportColumn("cityCode", ("地级编码", "市代码")),
    ImportColumn("areaCode", ("县级编码", "县代码", "countyCode")),
    ImportColumn("streetCode", ("乡级编码", "乡镇代码", "townCode")),
)
COLUMNS = (CODE, TITLE, *ABOVE)

# A temporary table, so that hundreds of thousands of rows are checked by a few joins. It goes with the transaction.
INCOMING = """
create temporary table incoming (ordinal int, file int, line int, code varchar, name varchar, kind varchar,
    parent varchar) on commit drop
"""
FIELDS = ("ordinal", "file", "line", "code", "name", "kind", "parent")
REPEATED = """
delete from incoming i using (select code, min(ordinal) kept from incoming group by code having count(*) > 1) twice
where i.code = twice.code and i.ordinal > twice.kept
returning i.ordinal, i.file, i.line
"""
ENDED = """
delete from incoming i using grids.grid g
where g.code = i.code and g.valid_to is not null
  and not exists (select from grids.grid c where c.code = i.code and c.valid_to is null)
returning i.ordinal, i.file, i.line, g.valid_to::text as day
"""
ORPHANS = """
delete from incoming i where i.parent is not null
  and not exists (select from grids.grid p where p.code = i.parent and p.valid_to is null)
returning i.ordinal, i.file, i.line, i.parent
"""
# At most so many rows come back to be reported, with the number of all: a file may be wrong in every line.
FIRST = "with gone as ({}) select *, count(*) over () as total from gone order by ordinal limit $1"
CHANGE = """
update grids.grid g set name = i.name, version = g.version + 1
from incoming i where g.code = i.code and g.valid_to is null and g.name <> i.name
"""
NEW = """
delete from incoming i using grids.grid g where g.code = i.code and g.valid_to is null
"""
PROVINCES = "select kind, left(code, 2) as province, count(*) as rows from incoming group by 1, 2 order by 2"
# Level by level and province by province, so that progress can be shown.
ADD = """
insert into grids.grid (code, name, kind, use, parent_id, version)
select i.code, i.name, i.kind, 'BASE', p.id, 1
from incoming i left join grids.grid p on p.code = i.parent and p.valid_to is null
where i.kind = $1 and left(i.code, 2) = $2 and (p.id is not null or i.parent is null)
order by i.code
"""


async def import_divisions(
    dsn: str,
    source: Path | Iterable[Path],
    progress: Progress = ignore_progress,
    *,
    dry_run: bool = False,
    most: int = CAP,
) -> Report:
    """Add the grids of these CSV or XLSX files, or of a folder's CSV files, and update the names that changed.

    The columns are `COLUMNS`; the level of a grid is told from its code. Nothing is removed, a code that ended is
    not brought back, and a bad row is reported and stops nothing else. All is written in one transaction. Raises
    Refusal where a file cannot be read at all.
    """
    files = list_files(source)
    watch, findings = Stopwatch(), Findings(most)
    connection = await asyncpg.connect(dsn)
    try:
        # A dry run does all the same and is rolled back, so its report is exact.
        transaction = connection.transaction()
        await transaction.start()
        incoming = await stage_files(connection, files, findings, progress)
        added, changed, skipped = await merge_grids(connection, files, findings, progress)
        if added or changed:
            await record_act(connection, "importDivisions", [], clock())
        await (transaction.rollback() if dry_run else transaction.commit())
    finally:
        await connection.close()
    return Report(
        encoding=", ".join(dict.fromkeys(incoming.encodings)),
        rows=incoming.rows,
        added=added,
        changed=changed,
        skipped=incoming.skipped + skipped,
        problems=findings.in_order(),
        count=findings.tally.total(),
        tally=dict(findings.tally),
        seconds=watch.seconds,
        dry_run=dry_run,
    )


def list_files(source: Path | Iterable[Path]) -> list[Path]:
    """Return the files to import. Raises Refusal if there are none."""
    # In the order given, or by name: of one code in several files the first counts.
    if not isinstance(source, Path):
        files = list(source)
    else:
        files = sorted(source.glob("*.csv")) if source.is_dir() else [source]
    if not files:
        raise refusal_for("NO_FILE")
    return files


# --- rows ---


class Incoming:
    """The rows of some files that are fit to be merged; the others are reported."""

    def __init__(self, files: Sequence[Path], findings: Findings, progress: Progress) -> None:
        self.files, self.findings, self.progress = files, findings, progress
        self.encodings: list[str] = []
        self.rows = 0
        self.good = 0

    @property
    def skipped(self) -> int:
        return self.rows - self.good

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        total = sum(path.stat().st_size for path in self.files)
        before = 0
        for index, path in enumerate(self.files):
            size = path.stat().st_size
            with open_table(path, COLUMNS) as table:
                self.encodings.append(table.encoding)
                for row in table.rows(self.findings):
                    if found := self.check(table, row):
                        self.good += 1
                        yield (self.good, index, row.line, *found)
                    if table.count % STEP == 0:
                        self.progress("read", before + size * table.position() // max(table.size, 1), total)
                self.rows += table.count
            before += size
            self.progress("read", before, total)

    def check(self, table: Table, row: TableRow) -> tuple[str, str, str, str | None] | None:
        """Return code, name, kind and the parent's code, or report what is wrong with them."""
        found = []
        for column in (CODE, TITLE):
            try:
                found.append(column.value(row.cells[column.name], date.min))
            except (CodeError, Refusal) as error:
                self.report(table, row, column, error)
        if len(found) < 2 or not self.below(table, row, found[0]):
            return None
        return found[0], found[1], str(codes.grid_kind(found[0])), codes.parent_code(found[0])

    def below(self, table: Table, row: TableRow, code: str) -> bool:
        """Tell whether the code begins with the codes that the row names as the levels above it."""
        for column in ABOVE:
            above = row.cells.get(column.name)
            if above and (above == code or not code.startswith(above)) and not is_padded(code, above):
                self.report(table, row, column, refusal_for("PREFIX"))
                return False
        return True

    def report(self, table: Table, row: TableRow, column: ImportColumn, error: CodeError | Refusal) -> None:
        """Report what is wrong with a cell."""
        told = translate_error(error) if isinstance(error, CodeError) else error
        self.findings.add(table.file, row.line, table.headings[column.name], told)


def is_padded(code: str, above: str) -> bool:
    """Tell whether a code lies below one that is written with zeros, 610921000000 for 610921."""
    try:
        bare = codes.normalise_grid_code(above)
    except CodeError:
        return False
    return bare != code and code.startswith(bare)


# --- the database ---


async def stage_files(
    connection: asyncpg.Connection[Any], files: Sequence[Path], findings: Findings, progress: Progress
) -> Incoming:
    """Read the files into a temporary table."""
    incoming = Incoming(files, findings, progress)
    # One import at a time: two would wait for each other's rows, or add a grid twice.
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    # For this transaction alone: it sorts and joins far more than a request does.
    await connection.execute("set local work_mem = '64MB'")
    await connection.execute("set local jit = off")
    await connection.execute(INCOMING)
    await connection.copy_records_to_table("incoming", records=incoming, columns=FIELDS)
    # Without statistics PostgreSQL takes the table for small and joins by going through all of it for each row.
    await connection.execute("analyze incoming")
    return incoming


async def merge_grids(
    connection: asyncpg.Connection[Any], files: Sequence[Path], findings: Findings, progress: Progress
) -> tuple[int, int, int]:
    """Bring the grids up to the temporary table: how many were added, changed and left out."""

    async def cull(query: str, code: str) -> int:
        """Take rows out of the temporary table and report them."""
        rows = await connection.fetch(FIRST.format(query), max(findings.room, 1))
        for row in rows:
            told = refusal_for(code, **row)
            findings.add(files[row["file"]].name, row["line"], CODE.name, told)
        total = rows[0]["total"] if rows else 0
        findings.count(code, total - len(rows))
        return total

    skipped = await cull(REPEATED, "TWICE") + await cull(ENDED, "ENDED")
    changed = affected_rows(await connection.execute(CHANGE))
    await connection.execute(NEW)
    added = await add_grids(connection, progress)
    return added, changed, skipped + await cull(ORPHANS, "NO_PARENT")


async def add_grids(connection: asyncpg.Connection[Any], progress: Progress) -> int:
    """Add the grids that are new, level by level and province by province."""
    await connection.execute("create index on incoming (kind, left(code, 2))")
    parts = await connection.fetch(PROVINCES)
    added = 0
    for kind in Kind:
        rows = {part["province"]: part["rows"] for part in parts if part["kind"] == kind}
        done = 0
        for province, count in rows.items():
            added += affected_rows(await connection.execute(ADD, str(kind), province))
            done += count
            progress(kind.lower(), done, sum(rows.values()))
        if rows:
            # Or triggers and foreign keys go on looking up as they did while the table was small: by reading it all.
            await connection.execute("analyze grids.grid")
    return added


def affected_rows(tag: str) -> int:
    """Return how many rows a statement wrote, by its command tag."""
    return int(tag.split()[-1])
