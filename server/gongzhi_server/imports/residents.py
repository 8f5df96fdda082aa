"""Residents: imports people and households from a table, one row a person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import asyncpg
from gongzhi.runtime.sealing import KeyRing

from gongzhi_server.storage.audit import record_act

from . import batches, changes
from .changes import PersonChange
from .divisions import LOCK
from .drafts import Sheet, read_sheet
from .plan import PlacedRow, Plan, Reporter, drop_repeated, find_homes, make_plan
from .registry import ImportRegistry, KnownHousehold, KnownPerson, Namesake, RegistryReader
from .report import CAP, Findings, Progress, Report, Stopwatch, ignore_progress
from .texts import refusal_for

OnDuplicate = Literal["skip", "update"]


async def import_residents(
    dsn: str,
    file: Path,
    *,
    keys: KeyRing,
    account: str,
    today: date,
    now: datetime,
    dry_run: bool = False,
    on_duplicate: OnDuplicate = "skip",
    progress: Progress = ignore_progress,
    most: int = CAP,
) -> Report:
    """Import people and households from a CSV or XLSX file with the columns `columns.COLUMNS`.

    Good rows are written in one transaction, as one batch that `undo` takes back; the others are reported. Somebody
    who is registered in the county, by resident ID or by name and birth date in the same household, is left out, or
    updated with the cells that are not empty. A dry run writes nothing and reports the same. `now` has an offset,
    `today` is the date where the county is. The report has
    the first `most` findings in full. Raises Refusal where the file cannot be read at all.
    """
    watch, findings = Stopwatch(), Findings(most)
    sheet = read_sheet(file, today, findings, progress)
    connection = await asyncpg.connect(dsn)
    try:
        # Read-only for a dry run: PostgreSQL itself refuses a write.
        async with connection.transaction(readonly=dry_run):
            # The same lock as for divisions: one import at a time.
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
            decided, changed = await decide_rows(connection, keys, sheet, Reporter(sheet, findings), on_duplicate)
            batch = None
            if not dry_run and (decided.newcomers or changed):
                batch = await batches.begin_batch(connection, sheet.file, account, now, len(decided.newcomers))
                await batches.add_to_batch(connection, keys, batch, decided, today, now, progress)
                await changes.write_changes(connection, keys, changed)
                await record_act(connection, "importResidents", [f"Batch:{batch}"], now, account)
    except asyncpg.UniqueViolationError:
        raise refusal_for("CHANGED_MEANWHILE") from None  # the original quotes values
    finally:
        await connection.close()
    return Report(
        encoding=sheet.encoding,
        rows=sheet.rows,
        added=len(decided.newcomers),
        changed=len(changed),
        skipped=sheet.rows - len(decided.newcomers) - len(decided.updates),
        households=len(decided.households),
        problems=findings.in_order(),
        count=findings.tally.total(),
        tally=dict(findings.tally),
        batch=batch,
        seconds=watch.seconds,
        dry_run=dry_run,
    )


async def decide_rows(
    connection: asyncpg.Connection[Any], keys: KeyRing, sheet: Sheet, say: Reporter, on_duplicate: OnDuplicate
) -> tuple[Plan, list[PersonChange]]:
    """Look up what is registered and decide on every row."""
    reader = RegistryReader(connection, keys)
    houses = await reader.houses(sheet.drafts)
    sited = list(find_homes(sheet.drafts, await reader.places(sheet.drafts), houses, say))
    rows = list(drop_repeated(sited, say))
    decided = make_plan(rows, await load_registry(reader, rows, houses), keys, say, on_duplicate == "update")
    return decided, await changes.compare_updates(connection, keys, decided.updates)


async def load_registry(
    reader: RegistryReader, rows: Collection[PlacedRow], houses: dict[str, KnownHousehold]
) -> ImportRegistry:
    """Look up who of these people is registered, county by county."""
    # Blind indexes are made under each county's own key.
    holders: dict[bytes, KnownPerson] = {}
    namesakes: dict[Namesake, KnownPerson] = {}
    counties = {row.place.county_id: row.place for row in rows}
    for county in counties.values():
        drafts = [row.draft for row in rows if row.place.county_id == county.county_id]
        holders |= await reader.holders(county, drafts)
        namesakes |= await reader.namesakes(county, drafts)
    return ImportRegistry(houses, holders, await reader.members(list(houses.values())), namesakes)
