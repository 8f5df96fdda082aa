"""Outbox: the events and jobs that a transaction tells, written just before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.events.outbox_reading import actor_of_role
from gongzhi.declare.events import Actor, Event, Registry, event_data
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.values.errors import DeclarationError
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.transactions import in_transaction
from uuid6 import uuid7

from gongzhi_server.storage.batched_writes import Write, write_together

LEVELS = "county_id, town_id, village_id, grid_1_id, grid_2_id, grid_3_id"
# One statement for all events of a transaction. "With ordinality" keeps the order in which they were published, which
# is the order of their positions later. The grid's ancestors are copied, so that rules of visibility need no join.
PUBLISH = f"""
insert into events.outbox (id, type, version, internal, case_id, data, at, actor, grid_id, {LEVELS})
select e.id, e.type, e.version, e.internal, e.case_id, e.data, $7, e.actor, g.id, {LEVELS}
from unnest($1::uuid[], $2::text[], $3::int[], $4::bool[], $5::uuid[], $6::jsonb[], $8::text[], $9::int[])
  with ordinality e (id, type, version, internal, case_id, data, actor, grid, place)
left join grids.grid g on g.id = e.grid order by e.place
"""
# A job is known by its name and key: enqueued twice, it runs once. Without a moment it is due at once, and by the
# database's clock if that of this process is ahead: another one may run it.
ENQUEUE = """
insert into events.job (id, name, key, county_id, arguments, state, due_at, attempts)
select id, name, key, county, arguments, 'WAITING', coalesce(due, least($7, now())), 0
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::jsonb[], $6::timestamptz[])
  j (id, name, key, county, arguments, due) on conflict (name, key) do nothing
"""
LONGEST = 100


@dataclass(frozen=True)
class Outbox:
    """The place for events and jobs. `wake` is called when something has been committed."""

    registry: Registry = field(default_factory=lambda: Registry(()))
    jobs: Collection[str] = ()
    wake: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Mark:
    """How many events, jobs and rows for each last statement a transaction had to tell at a moment."""

    events: int
    jobs: int
    last: Mapping[str, int]


class TransactionEvents:
    """The events and jobs that one transaction tells."""

    def __init__(self, outbox: Outbox, viewer: Viewer) -> None:
        self.outbox, self.viewer = outbox, viewer
        self.events: list[tuple[Event, Model | None, UUID]] = []
        self.jobs: list[tuple[Any, ...]] = []
        self.last: dict[str, list[Sequence[Any]]] = {}
        """Rows for statements that take a list for each of their values."""

    def publish(self, happened: Event, row: Model | None, id: UUID | None = None) -> None:
        """Publish an event about a row. Raises DeclarationError for an event that nobody declares."""
        # By class, not by type alone: another class with the same type could hold other facts.
        if self.outbox.registry.find(happened.type) is not type(happened):
            raise DeclarationError(f"{happened.type!r} is declared by another class than {type(happened).__name__}")
        self.events.append((happened, row, id or uuid7()))

    def enqueue(
        self, job: BackgroundJob, key: str, at: datetime | None, row: Model | None, arguments: dict[str, Any]
    ) -> None:
        """Enqueue a job under a key. Raises DeclarationError for a job that nobody declares."""
        if job.name not in self.outbox.jobs:
            raise DeclarationError(f"the job {job.name!r} is enqueued and nobody declares it")
        if not 0 < len(key) <= LONGEST:
            raise ValueError(f"the key of a job has 1 to {LONGEST} characters")
        county = getattr(row, "county_id", None)
        self.jobs.append((uuid7(), job.name, key, county, orjson.dumps(arguments, default=str).decode(), at))

    def write_last(self, sql: str, row: Sequence[Any]) -> None:
        """Add a row to a statement that is written at the end; rows for one statement go together."""
        self.last.setdefault(sql, []).append(row)

    def mark(self) -> Mark:
        """Return how much there is to tell by now."""
        return Mark(len(self.events), len(self.jobs), {sql: len(rows) for sql, rows in self.last.items()})

    def rewind(self, to: Mark) -> None:
        """Forget what has been added since a mark."""
        del self.events[to.events :], self.jobs[to.jobs :]
        self.last = {sql: self.last[sql][:rows] for sql, rows in to.last.items()}

    def writes(self) -> list[Write]:
        """Return the statements that write it all; none if there was nothing to tell."""
        # Turned into columns, since the statements take one array for each of their values ("unnest").
        last = (Write(sql, [list(column) for column in zip(*rows, strict=True)]) for sql, rows in self.last.items())
        return [*self._write_events(), *self._write_jobs(), *last]

    async def write(self, connection: BaseDBAsyncClient) -> bool:
        """Write it all; return whether there was anything."""
        if writes := self.writes():
            await write_together(connection, *writes)
        return bool(writes)

    async def commit(self) -> None:
        """Write it all in a transaction of its own, and wake whoever numbers events."""
        async with in_transaction() as connection:
            await self.write(connection)
        # After the commit: before it there is nothing to be seen.
        self.outbox.wake()

    def _write_events(self) -> Iterator[Write]:
        if self.events:
            events, rows, ids = zip(*self.events, strict=True)
            columns = [
                list(ids),
                [one.type for one in events],
                [one.version for one in events],
                [one.internal for one in events],
                [case_of(row) for row in rows],
                [orjson.dumps(event_data(one)).decode() for one in events],
            ]
            grids = [getattr(row, "grid_id", None) for row in rows]
            # An event may be declared to name nobody; then its actor is the system, whoever acted.
            actors = [(Actor.SYSTEM if one.unnamed else actor_of(self.viewer)).value for one in events]
            yield Write(PUBLISH, [*columns, self.viewer.now, actors, grids])

    def _write_jobs(self) -> Iterator[Write]:
        if self.jobs:
            columns = [list(column) for column in zip(*self.jobs, strict=True)]
            yield Write(ENQUEUE, [*columns, self.viewer.now])


def case_of(row: Model | None) -> UUID | None:
    """Return the case that a row is, or belongs to."""
    found: UUID | None = row.id if isinstance(row, CaseRow) else getattr(row, "case_id", None)
    return found


def actor_of(viewer: Viewer) -> Actor:
    """Return what kind of actor a viewer is, which is all that an event tells of them."""
    return Actor.STRANGER if viewer.role is None else actor_of_role(viewer.role)
