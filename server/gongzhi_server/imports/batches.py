"""Batches: what imports of people add, one batch for each import, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.core.people import tiers
from gongzhi.core.people.models import Gender, IncomeBand, Need
from gongzhi.core.people.tiers import TierInputs, TierResult
from gongzhi.runtime import sealing
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.sealing import KeyRing
from orjson import dumps

from gongzhi_server.storage.audit import record_act

from .divisions import affected_rows
from .plan import NewHousehold, PlacedRow, Plan
from .report import Progress
from .sealed import Owner, new_id, phone_records, seal_identity
from .texts import refusal_for

STEP = 1000  # people between two calls of progress

PERSON = (
    "id",
    "name",
    "gender",
    "birth_date",
    "residence",
    "needs",
    "data_key",
    "resident_id_sealed",
    "resident_id_mask",
    "resident_id_blind",
    "grid_id",
    "batch_id",
    "created_at",
    "version",
)
PHONE = ("id", "person_id", "kind", "rank", "sealed", "mask", "blind")
HOUSEHOLD = (
    "id",
    "number",
    "address",
    "head_id",
    "needs",
    "income_band",
    "tier",
    "visit_due_on",
    "grid_id",
    "batch_id",
    "created_at",
    "version",
)
TIER = ("id", "household_id", "tier", "rule", "inputs", "reasons", "decided_at", "review_on")
MEMBERSHIP = ("id", "household_id", "person_id", "relation", "since")

# Who uses a person or a household, and which of those rows came with the import itself or only follow from it.
USERS = """
select format('%I.%I', n.nspname, t.relname) as "table", n.nspname || '.' || t.relname as name,
  string_agg(format('r.%I in (select id from people.%I where batch_id = $1)', a.attname, o.relname), ' or ') as uses
from pg_constraint c
join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
join pg_class o on o.oid = c.confrelid
where c.contype = 'f' and c.confrelid in ('people.person'::regclass, 'people.household'::regclass)
group by 1, 2 order by 2
"""
ADDED = "in (select id from people.person where batch_id = $1)"
OWN = {
    "people.phone": "true",
    "people.tier": "true",
    "people.household": "r.batch_id = $1",
    "people.membership": f"r.person_id {ADDED} and not exists "
    "(select from people.membership o where o.person_id = r.person_id and o.id <> r.id)",
}


@dataclass(frozen=True)
class UndoneImport:
    """The outcome of an undo."""

    batch: UUID
    people: int
    households: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person who is added."""

    row: PlacedRow
    owner: Owner
    household_id: UUID


async def begin_batch(connection: asyncpg.Connection[Any], file: str, account: str, now: datetime, added: int) -> UUID:
    """Begin a batch of so many people."""
    batch = new_id()
    await connection.execute(
        "insert into people.batch (id, kind, file, account, at, added) values ($1, 'residents', $2, $3, $4, $5)",
        batch,
        file[:200],
        account,
        now,
        added,
    )
    return batch


async def add_to_batch(
    connection: asyncpg.Connection[Any],
    keys: KeyRing,
    batch: UUID,
    plan: Plan,
    today: date,
    now: datetime,
    progress: Progress,
) -> None:
    """Add people and households to a batch, the households with their tier by the published rule."""
    # Keys are made here rather than by the database, so that all tables can be copied without reading them back.
    homes = {number: house.id for number, house in plan.houses.items()}
    homes |= {number: new_id() for number in plan.households}
    arrivals = [
        Arrival(row, Owner(new_id(), row.place.county, sealing.data_key()), homes[row.draft.number])
        for row in plan.newcomers
    ]
    heads = {arrival.row.draft.line: arrival.owner.id for arrival in arrivals}

    # COPY is far faster than inserts; records are made while they are sent, so a file of any length fits.
    async def copy(table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]) -> None:
        """Copy records into a table."""
        await connection.copy_records_to_table(table, schema_name="people", columns=columns, records=records)

    # In the order of foreign keys: people before households, which name their heads, and memberships last.
    persons = (person_record(arrival, keys, batch, now) for arrival in arrivals)
    await copy("person", PERSON, report_progress(persons, progress, len(arrivals)))
    await copy("phone", PHONE, (phone for a in arrivals for phone in phone_records(keys, a.owner, a.row.draft.phones)))
    decisions = Decisions(today)
    households = (
        household_record(homes[number], number, home, heads[home.head.draft.line], decisions, batch, now)
        for number, home in plan.households.items()
    )
    await copy("household", HOUSEHOLD, households)
    decided = (decisions.record(homes[number], home.needs, now) for number, home in plan.households.items())
    await copy("tier", TIER, decided)
    memberships = ((new_id(), a.household_id, a.owner.id, a.row.draft.relation, today) for a in arrivals)
    await copy("membership", MEMBERSHIP, memberships)


def report_progress(records: Iterable[tuple[Any, ...]], progress: Progress, total: int) -> Iterator[tuple[Any, ...]]:
    """Yield records and report how many have been written."""
    for done, record in enumerate(records, 1):
        yield record
        if done % STEP == 0 or done == total:
            progress("write", done, total)


def person_record(arrival: Arrival, keys: KeyRing, batch: UUID, now: datetime) -> tuple[Any, ...]:
    """Build the record of a person, protected values sealed."""
    draft, owner = arrival.row.draft, arrival.owner
    return (
        owner.id,
        draft.name,
        draft.gender or Gender.UNKNOWN,
        draft.birth,
        draft.residence,
        draft.needs,
        keys.wrap(owner.county, owner.key),
        *seal_identity(keys, owner, draft.resident_id),
        arrival.row.place.grid_id,
        batch,
        now,
        1,
    )


def household_record(
    id: UUID, number: str, home: NewHousehold, head: UUID, decisions: Decisions, batch: UUID, now: datetime
) -> tuple[Any, ...]:
    """Build the record of a household, with its tier and the day of the next visit."""
    tier = decisions[home.needs].tier
    needs, due = sorted(home.needs), tiers.next_visit_due(tier, decisions.day)
    return id, number, home.address, head, needs, IncomeBand.UNKNOWN, tier, due, home.head.place.grid_id, batch, now, 1


class Decisions(dict[frozenset[str], TierResult]):
    """The rule's decisions on a day about households by declared needs, whose income and awards are not known."""

    def __init__(self, day: date) -> None:
        # Kept by needs: a file has thousands of households and few combinations.
        super().__init__()
        self.day = day

    def __missing__(self, needs: frozenset[str]) -> TierResult:
        self[needs] = tiers.decide_tier(self.inputs(needs))
        return self[needs]

    def inputs(self, needs: frozenset[str]) -> TierInputs:
        return TierInputs(self.day, frozenset(map(Need, needs)))

    def record(self, household: UUID, needs: frozenset[str], now: datetime) -> tuple[Any, ...]:
        """Return the decision as the table holds it."""
        decision = self[needs]
        inputs = dumps(self.inputs(needs).json).decode()
        reasons = dumps([reason.json for reason in decision.reasons]).decode()
        return new_id(), household, decision.tier, decision.rule, inputs, reasons, now, decision.review_on


# --- undo ---


async def undo_batch(dsn: str, batch: UUID, now: datetime) -> UndoneImport:
    """Remove the people and households that an import added; what it changed stays changed.

    Raises Refusal, and removes nothing, if there is no such batch, if it was undone before, or if anything refers
    to what it added: a visit, a case, somebody who joined a household. Plugins' tables count too.
    """
    connection = await asyncpg.connect(dsn)
    # All or nothing; plugins' tables refer to people too, so users are found by the foreign keys in the catalogue.
    try:
        async with connection.transaction():
            # Locked before looking: nobody can begin to refer to a row between the look and the deletion.
            await claim_batch(connection, batch)
            if users := await count_uses(connection, batch):
                raise refusal_for("REFERRED", users=", ".join(f"{table}: {count}" for table, count in users.items()))
            households = await connection.execute("delete from people.household where batch_id = $1", batch)
            people = await connection.execute("delete from people.person where batch_id = $1", batch)
            await connection.execute("update people.batch set undone_at = $2 where id = $1", batch, now)
            await record_act(connection, "undoImport", [f"Batch:{batch}"], now)
    finally:
        await connection.close()
    return UndoneImport(batch, affected_rows(people), affected_rows(households))


async def claim_batch(connection: asyncpg.Connection[Any], batch: UUID) -> None:
    """Lock a batch and all it added, so that nobody begins to use it; raise Refusal if it cannot be undone."""
    found = await connection.fetchrow("select undone_at from people.batch where id = $1 for update", batch)
    if found is None:
        raise refusal_for("NO_BATCH")
    if found["undone_at"]:
        raise refusal_for("UNDONE", day=found["undone_at"].astimezone(CHINA).date())
    for table in ("household", "person"):
        await connection.execute(f"select from people.{table} where batch_id = $1 for update", batch)


async def count_uses(connection: asyncpg.Connection[Any], batch: UUID) -> dict[str, int]:
    """Count by table the rows that refer to what a batch added."""
    counts = {}
    for user in await connection.fetch(USERS):
        own = OWN.get(user["name"], "false")
        query = f"select count(*) from {user['table']} r where ({user['uses']}) and ({own}) is not true"
        if count := await connection.fetchval(query, batch):
            counts[user["name"]] = count
    return counts
