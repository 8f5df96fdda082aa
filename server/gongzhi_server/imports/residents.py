"""Residents: imports people and households from a table, one row a person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import asyncpg
from gongzhi.runtime.sealing import KeyRing

from . import batches, changes
from .changes import Change
from .divisions import LOCK
from .drafts import Sheet, read
from .plan import Plan, Reporter, Sited, distinct, plan, site
from .registry import House, Known, Namesake, Reader, Registry
from .report import Findings, Progress, Report, Stopwatch, quiet
from .texts import refusal

OnDuplicate = Literal["skip", "update"]


async def residents(
    dsn: str,
    file: Path,
    *,
    keys: KeyRing,
    account: str,
    today: date,
    now: datetime,
    dry_run: bool = False,
    on_duplicate: OnDuplicate = "skip",
    progress: Progress = quiet,
) -> Report:
    """Import people and households from a CSV or XLSX file with the columns `columns.COLUMNS`.

    Good rows are written in one transaction, as one batch that `undo` takes back; the others are reported. Somebody
    who is registered in the county, by resident ID or by name and birth date in the same household, is left out, or
    updated with the cells that are not empty. A dry run writes nothing and reports the same. `now` has an offset,
    `today` is the date where the county is. Raises Refusal where the file cannot be read at all.
    """
    watch, findings = Stopwatch(), Findings()
    sheet = read(file, today, findings, progress)
    connection = await asyncpg.connect(dsn)
    try:
        # Read-only for a dry run: PostgreSQL itself refuses a write.
        async with connection.transaction(readonly=dry_run):
            # The same lock as for divisions: one import at a time.
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
            decided, changed = await decide(connection, keys, sheet, Reporter(sheet, findings), on_duplicate)
            batch = None
            if not dry_run and (decided.newcomers or changed):
                batch = await batches.begin(connection, sheet.file, account, now, len(decided.newcomers))
                await batches.add(connection, keys, batch, decided, today, now, progress)
                await changes.write(connection, keys, changed)
    except asyncpg.UniqueViolationError:
        raise refusal("CHANGED_MEANWHILE") from None  # the original quotes values
    finally:
        await connection.close()
    return Report(
        encoding=sheet.encoding,
        rows=sheet.rows,
        added=len(decided.newcomers),
        changed=len(changed),
        skipped=sheet.rows - len(decided.newcomers) - len(decided.updates),
        households=len(decided.households),
        problems=findings.sorted(),
        count=findings.tally.total(),
        tally=dict(findings.tally),
        batch=batch,
        seconds=watch.seconds,
        dry_run=dry_run,
    )


async def decide(
    connection: asyncpg.Connection[Any], keys: KeyRing, sheet: Sheet, say: Reporter, on_duplicate: OnDuplicate
) -> tuple[Plan, list[Change]]:
    """Look up what is registered and decide on every row."""
    reader = Reader(connection, keys)
    houses = await reader.houses(sheet.drafts)
    sited = list(site(sheet.drafts, await reader.places(sheet.drafts), houses, say))
    rows = list(distinct(sited, say))
    decided = plan(rows, await registry(reader, rows, houses), keys, say, on_duplicate == "update")
    return decided, await changes.compare(connection, keys, decided.updates)


async def registry(reader: Reader, rows: Collection[Sited], houses: dict[str, House]) -> Registry:
    """Look up who of these people is registered, county by county."""
    # Blind indexes are made under each county's own key.
    holders: dict[bytes, Known] = {}
    namesakes: dict[Namesake, Known] = {}
    counties = {row.place.county_id: row.place for row in rows}
    for county in counties.values():
        drafts = [row.draft for row in rows if row.place.county_id == county.county_id]
        holders |= await reader.holders(county, drafts)
        namesakes |= await reader.namesakes(county, drafts)
    return Registry(houses, holders, await reader.members(list(houses.values())), namesakes)
