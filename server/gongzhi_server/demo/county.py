"""County: loads the demo county into a database that does not have it, all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pkgutil import resolve_name
from typing import Any, TypeVar

import asyncpg
from gongzhi.core.cases import catalog
from gongzhi.core.people.models import Duty
from gongzhi.plugin.hooks import App
from gongzhi.runtime.sealing import KeyRing

from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contribution_checks import models_of
from gongzhi_server.plugins.contributions import CORE_APPS
from gongzhi_server.storage.database import open_tortoise, tortoise_config

from . import bodies, cases, county_time, grids, records
from .bodies import Organisations
from .care import Care, Post, Residents, look_after, make_posts
from .case_generator import CaseGenerator
from .chance import random_stream
from .grids import CODE, Tree
from .outcomes import deal_outcomes
from .people import settle_people

PEOPLE, SEED = 126_000, 610921
LEAST = 100
"""With fewer people not every office can be filled."""
FIRST = date(2022, 1, 1)
"""Cases go back to 2021, so a day before this would leave no time for them."""
TABLES = (
    "grids.grid", "grids.ring", "units.unit", "people.person", "people.phone", "people.household", "people.membership",
    "people.award", "people.tier", "people.liaison", "people.visit", "people.post", "cases.category", "cases.channel",
    "cases.counter", "cases.case", "cases.support", "cases.event", "cases.rating",
)  # fmt: skip
COUNTED = {
    "grids": "grids.grid",
    "units": "units.unit",
    "people": "people.person",
    "households": "people.household",
    "cases": "cases.case",
    "events": "cases.event",
}
STEP = 2_000
"""Rows from one report of progress to the next."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is, 0 if that is not known."""
T = TypeVar("T")


@dataclass(frozen=True)
class Summary:
    """What was loaded, and how long it took."""

    grids: int
    units: int
    people: int
    households: int
    cases: int
    events: int
    seconds: float


async def is_loaded(dsn: str) -> bool:
    """Return whether the database has the county already."""
    connection = await asyncpg.connect(dsn)
    try:
        return await _present(connection)
    finally:
        await connection.close()


async def load_county(
    dsn: str,
    *,
    people: int = PEOPLE,
    today: date,
    seed: int = SEED,
    keys: KeyRing,
    apps: Sequence[App] = (),
    progress: Progress | None = None,
) -> Summary:
    """Load the county with so many people, as it is on the morning of `today`.

    What the `apps` of plugins add to cases is a part of it. The same seed, day and number of people make the same
    county, but for what is sealed: that differs each time.
    Raises Problem where the county is there already or the figures are out of range; nothing is written then.
    """
    if people < LEAST:
        raise Problem(f"people: the demo county has at least {LEAST} of them")
    if today < FIRST:
        raise Problem(f"today: the demo county begins in 2021; give a day from {FIRST} on")
    began = time.perf_counter()
    connection = await asyncpg.connect(dsn)
    try:
        # One transaction: a load that breaks off leaves nothing.
        writer = RowWriter(connection, progress or _silence)
        async with connection.transaction():
            # The lock keeps two loads apart, and lets others read
            # meanwhile. A check without it would find both nothing.
            await connection.execute("lock table grids.grid in share row exclusive mode")
            if await _present(connection):
                raise Problem(f"county {CODE} is there already; the demo county goes into a database without it")
            # Plugins make rows of their models, which Tortoise completes when it is opened.
            async with open_tortoise(tortoise_config(dsn, apps or CORE_APPS, 1)):
                await _fill(writer, people, today, seed, keys, apps)
        # Outside the transaction, where alone PostgreSQL allows
        # it. Without statistics the first queries would be slow.
        theirs = [f"{app.label}.{one._meta.db_table}" for app in apps if app.demo for one in models_of(app)]
        filled = [*TABLES, *theirs]
        await connection.execute(f"vacuum (analyze) {', '.join(filled)}")
    finally:
        await connection.close()
    return Summary(
        **{name: writer.written[table] for name, table in COUNTED.items()}, seconds=time.perf_counter() - began
    )


async def _present(connection: asyncpg.Connection[Any]) -> bool:
    """Return whether the database has the county."""
    return bool(await connection.fetchval("select exists(select from grids.grid where code = $1)", CODE))


def _silence(step: str, done: int, total: int) -> None:
    """Report no progress."""
    pass


@dataclass
class RowWriter:
    """Writes rows and counts them."""

    connection: asyncpg.Connection[Any]
    progress: Progress
    written: dict[str, int] = field(default_factory=dict)

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], total: int = 0) -> None:
        """Append rows; `total` is how many there will be, 0 if that is not known."""
        schema, name = table.split(".")
        counted = self.report_progress(table, rows, total)
        # COPY: hundreds of thousands of rows, many times faster than inserts.
        await self.connection.copy_records_to_table(name, schema_name=schema, columns=columns, records=counted)

    async def reserve(self, table: str, count: int) -> list[int]:
        """Take the next keys of a table, so that rows can refer to each other before they are written."""
        found = await self.connection.fetch(
            "select nextval(pg_get_serial_sequence($1, 'id'))::int from generate_series(1, $2)", table, count
        )
        return [key for (key,) in found]

    async def keys(self, query: str, *values: Any) -> dict[str, int]:
        """Read codes and the keys they have, by a query for the two."""
        return dict(await self.connection.fetch(query, *values))

    def report_progress(self, step: str, things: Iterable[T], total: int = 0) -> Iterator[T]:
        """Yield the things, reporting now and then how many there have been."""
        count = 0
        self.progress(step, 0, total)
        for count, thing in enumerate(things, 1):
            if count % STEP == 0:
                self.progress(step, count, total)
            yield thing
        self.written[step] = count
        self.progress(step, count, count)


async def _fill(writer: RowWriter, people: int, today: date, seed: int, keys: KeyRing, apps: Sequence[App]) -> None:
    """Make and write all of it, in the order of foreign keys. Each part has its own stream of chance."""
    tree = grids.plant_tree(random_stream(seed, "grids"))
    organisations = await _ground(writer, tree)
    homes = list(
        writer.report_progress("households", settle_people(random_stream(seed, "people"), tree.bases, people, today))
    )
    residents = Residents(homes, today)
    held = list(make_posts(random_stream(seed, "posts"), tree, residents))
    decided = look_after(random_stream(seed, "care"), homes, residents, held, today)
    cares = list(writer.report_progress("service tiers", decided, len(homes)))
    await _people(writer, cares, held, people, seed, keys)
    workers = {post.grid: post.person for post in held if post.duty is Duty.GRID_WORKER}
    everybody = [person for home in homes for person, _ in home.members]
    generator = CaseGenerator(
        random_stream(seed, "cases"),
        tree,
        organisations,
        everybody,
        workers,
        deal_outcomes(random_stream(seed, "fates"), people),
        today,
    )
    await _cases(writer, generator, seed)
    # What plugins add is planned by how many rows there are, and follows from all of them.
    await writer.connection.execute(f"analyze {', '.join(TABLES)}")
    for app in apps:
        if app.demo:
            writer.progress(app.label, 0, 0)
            fill = resolve_name(app.demo)
            await fill(writer.connection, tree.county.id, county_time.to_utc(generator.horizon), keys)
            writer.progress(app.label, 1, 1)


async def _ground(writer: RowWriter, tree: Tree) -> Organisations:
    """Write the grids and the organisations; province and city may be there already, from another county."""
    codes = [grid.code for grid in tree.above]
    known = await writer.keys("select code, id from grids.grid where code = any($1) and valid_to is null", codes)
    for grid in tree.above:
        grid.id = known.get(grid.code, 0)
    missing = [grid for grid in (*tree.above, *tree.grids) if not grid.id]
    for grid, key in zip(missing, await writer.reserve("grids.grid", len(missing)), strict=True):
        grid.id = key
    await writer.copy("grids.grid", grids.COLUMNS, grids.grid_rows(missing), len(missing))
    await writer.copy("grids.ring", grids.RING, grids.ring_rows(tree.grids), len(tree.grids))
    organisations = bodies.found_bodies(tree)
    members = list(organisations.by_code.values())
    for body, key in zip(members, await writer.reserve("units.unit", len(members)), strict=True):
        body.id = key
    await writer.copy("units.unit", bodies.COLUMNS, bodies.unit_rows(members), len(members))
    return organisations


async def _people(
    writer: RowWriter, cares: Sequence[Care], held: Sequence[Post], people: int, seed: int, keys: KeyRing
) -> None:
    """Write people, households and what is done for them."""
    homes, vault, random = (
        [care.household for care in cares],
        records.PersonSealer(keys),
        random_stream(seed, "records"),
    )
    await writer.copy("people.person", records.PERSON, vault.persons(cares), people)
    await writer.copy("people.phone", records.PHONES, vault.phones(random, homes))
    await writer.copy("people.household", records.HOUSEHOLD, records.household_rows(cares), len(homes))
    await writer.copy("people.membership", records.MEMBERSHIP, records.membership_rows(random, homes), people)
    await writer.copy("people.award", records.AWARD, records.award_rows(random, cares))
    await writer.copy("people.tier", records.TIER, records.tier_rows(random, cares), len(homes))
    await writer.copy("people.liaison", records.LIAISON, records.liaison_rows(random, cares))
    await writer.copy("people.visit", records.VISIT, records.visit_rows(random, cares))
    await writer.copy("people.post", records.POST, records.post_rows(random, held), len(held))


async def _cases(writer: RowWriter, generator: CaseGenerator, seed: int) -> None:
    """Write cases and timelines."""
    await catalog.seed(writer.connection)
    channels = await writer.keys("select code, id from cases.channel")
    categories = await writer.keys("select code, id from cases.category where edition = $1", catalog.EDITION)
    found, random = list(writer.report_progress("cases", generator.cases())), random_stream(seed, "events")
    await writer.copy("cases.counter", cases.COUNTER, cases.counter_rows(generator.given), len(generator.given))
    await writer.copy("cases.case", cases.COLUMNS, cases.case_rows(found, channels, categories), len(found))
    await writer.copy("cases.event", cases.EVENT, cases.event_rows(random, found))
    await writer.copy("cases.support", cases.SUPPORT, cases.support_rows(random, found))
    # The next statement joins what was just copied; without statistics it would be planned for empty tables.
    await writer.connection.execute("analyze cases.case, cases.event")
    await writer.connection.execute(cases.RATINGS)
