"""Deliveries: the tables of endpoints and deliveries, as the courier reads and writes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from .commands import TYPES
from .models import DeliveryState

LOCK, UNLOCK = (
    f"select pg_{way}(hashtextextended($1::uuid::text, 8))" for way in ("try_advisory_lock", "advisory_unlock")
)
"""A lock of the session, not of a transaction: it lasts over the many short ones in which an endpoint is served, and
goes with the connection of a process that dies."""
NEWS = 500
"""Events that are looked at together."""
WAITING = 1000
"""The most deliveries that wait at an endpoint; what happens then stays in the outbox."""

BUSY = """
select w.id from webhooks.webhook w, events.counter n
where w.state = 'ACTIVE' and (w.rests_until is null or w.rests_until <= $1) and (w.position < n.given or exists (
  select from webhooks.delivery d where d.webhook_id = w.id and d.state = 'WAITING' and d.next_attempt_at <= $1))
"""
ENDPOINT = """
select w.id, w.account_id, w.permissions, w.url, w.types, w.selection, w.secret, w.previous_secret, w.previous_until,
  w.position, w.grid_id, w.failing_since, c.code as county, a.name as account
from webhooks.webhook w join grids.grid c on c.id = w.county_id join accounts.account a on a.id = w.account_id
where w.id = $1 and w.state = 'ACTIVE' and (w.rests_until is null or w.rests_until <= $2)
"""
# The endpoint's row is locked while its events are taken, so that a replay, which moves its position back, waits or is
# seen. The position moves in the same statement: an event is put down once, or looked at again.
TAKE = """
with at as (
  select w.id, w.position, w.grid_id, w.types, (
    select count(*) from webhooks.delivery d where d.webhook_id = w.id and d.state = 'WAITING') as waiting
  from webhooks.webhook w where w.id = $1 for update
),
news as materialized (
  select o.*, a.id as webhook_id, (o.case_id is not null and o.type = any($2) or o.type = any($5) and a.types <> '{}')
    and (a.types = '{}' or o.type = any(a.types))
    and a.grid_id in (o.county_id, o.town_id, o.village_id, o.grid_1_id, o.grid_2_id, o.grid_3_id) as wanted
  from at a, events.outbox o where o.position > a.position and a.waiting < $6 order by o.position limit $4
),
put as (
  insert into webhooks.delivery
    (id, webhook_id, event_id, position, case_id, type, at, state, attempts, next_attempt_at)
  select uuidv7(), n.webhook_id, n.id, n.position, n.case_id, n.type, n.at, 'WAITING', 0, $3
  from news n where n.wanted on conflict (webhook_id, event_id) do nothing
)
update webhooks.webhook w set position = n.last from (select max(position) as last from news) n
where w.id = $1 and n.last is not null returning w.position
"""
# Of each case the first that waits, due or not: nothing overtakes it.
DUE = """
select d.id, d.event_id, d.type, d.at, d.attempts, d.body from webhooks.delivery d
where d.webhook_id = $1 and d.state = 'WAITING' and d.next_attempt_at <= $2 and not exists (
  select from webhooks.delivery e
  where e.webhook_id = $1 and e.state = 'WAITING' and e.case_id = d.case_id and e.position < d.position)
order by d.position, d.id limit $3
"""
FREEZE = """
update webhooks.delivery d set body = one.body
from unnest($1::uuid[], $2::text[]) one (id, body) where d.id = one.id
"""
DROP = "delete from webhooks.delivery where id = any($1)"
RECORD = """
update webhooks.delivery d set state = one.state, attempts = d.attempts + 1, status = one.status, error = one.error,
  tried_at = $6, next_attempt_at = one.again
from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[]) one (id, state, status, error, again)
where d.id = one.id and d.state = 'WAITING'
"""
RECOVER = (
    "update webhooks.webhook set failing_since = null, rests_until = null where id = $1 and failing_since is not null"
)
REST = """
update webhooks.webhook set failing_since = coalesce(failing_since, $2), rests_until = $3 where id = $1
"""


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: `again` is when it is tried the next time, if it was not taken."""

    delivery: UUID
    taken: bool
    status: int | None
    error: str | None
    again: datetime | None

    @property
    def state(self) -> DeliveryState:
        if self.taken:
            return DeliveryState.DELIVERED
        return DeliveryState.WAITING if self.again else DeliveryState.FAILED


class Deliveries:
    """One endpoint's rows, over the connection that holds its lock. Each statement is a transaction of its own.

    `types` are those of events beside cases' that can be delivered at all.
    """

    def __init__(self, connection: Any, id: UUID, types: Collection[str]) -> None:
        self.connection, self.id, self.types = connection, id, types

    async def lock(self) -> bool:
        """Take the endpoint's lock; tell whether nobody else has it."""
        return bool(await self.connection.fetchval(LOCK, self.id))

    async def unlock(self) -> None:
        """Let others have the endpoint."""
        await self.connection.fetchval(UNLOCK, self.id)

    async def load_endpoint(self, now: datetime) -> Any:
        """Load the endpoint, if it is to be delivered to."""
        return await self.connection.fetchrow(ENDPOINT, self.id, now)

    async def take_events(self, now: datetime) -> bool:
        """Put down what is new for it, and move its position behind that; tell whether there was anything new."""
        types = list(TYPES), now, NEWS, list(self.types), WAITING
        return await self.connection.fetchval(TAKE, self.id, *types) is not None

    async def find_due(self, now: datetime, most: int) -> list[Any]:
        """Find what is due, of each case only the first that waits."""
        return list(await self.connection.fetch(DUE, self.id, now, most))

    async def freeze_bodies(self, bodies: Sequence[tuple[UUID, str]]) -> None:
        """Keep bodies before they are sent: they stay the same however often they are."""
        await self.connection.execute(FREEZE, *map(list, zip(*bodies, strict=True)))

    async def drop(self, deliveries: Sequence[UUID]) -> None:
        """Forget deliveries that the account may not know of."""
        await self.connection.execute(DROP, list(deliveries))

    async def record(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write down what came of attempts."""
        columns = zip(*((one.delivery, one.state, one.status, one.error, one.again) for one in outcomes), strict=True)
        await self.connection.execute(RECORD, *map(list, columns), now)

    async def recover_endpoint(self) -> None:
        """Note that the endpoint takes something again."""
        await self.connection.execute(RECOVER, self.id)

    async def let_endpoint_rest(self, now: datetime, until: datetime) -> None:
        """Try nothing at the endpoint until then."""
        await self.connection.execute(REST, self.id, now, until)
