"""Deliveries: the tables of endpoints and deliveries, as the worker reads and writes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from .commands import TYPES
from .due_times import NOW
from .models import DeliveryState

LOCK, UNLOCK = (
    f"pg_{way}(hashtextextended({id}::text, 8))"
    for way, id in (("try_advisory_lock", "w.id"), ("advisory_unlock", "id"))
)
"""A lock of the session, not of a transaction: it lasts over the many short ones in which an endpoint is served, and
goes with the connection of a process that dies."""
TOGETHER, FEWEST = 400, 2
"""Events that one statement puts down at the most, so that none takes long; and those of each endpoint if there are
that many endpoints."""
WAITING, UNTRIED = 1000, 100
"""The most deliveries that wait at an endpoint; and the most that have not been tried at one that has taken nothing
since it rested, and gets one at a time. What happens then stays in the outbox."""

# What is taken for those that rest would only wait, so they are left out until they are tried again.
AWAKE = f"w.state = 'ACTIVE' and (w.rests_until is null or w.rests_until <= {NOW})"
STOPPED = """case when a.suspended_at is not null then 'ACCOUNT' when w.key_id is not null and not exists (
  select from accounts.key k where k.id = w.key_id and k.revoked_at is null and k.expires_at > $1) then 'KEY' end"""
"""Why an endpoint is to be given up whatever it answers: who it belongs to, or with what it was made, is no more."""
# One that is to be given up is busy, too, though nothing is due: whoever visits it disables it and tells its account.
# Those that this process delivers to already ($2) are told; of the others it has those whose lock it gets. What is due
# is looked up for each: `exists` would be answered from a list of all that waits at all endpoints.
BUSY = f"""
select w.id, w.account_id, case when w.id <> all($2) then {LOCK} end as locked
from events.counter n, webhooks.webhook w join accounts.account a on a.id = w.account_id
where {AWAKE} and w.id <> all($3) and ({STOPPED} is not null or w.position < n.gone or (
  select true from webhooks.delivery d
  where d.webhook_id = w.id and d.state = 'WAITING' and d.next_attempt_at <= {NOW} and d.id <> all($4) limit 1))
"""
RELEASE = f"select {UNLOCK} from unnest($1::uuid[]) one (id)"
# As many as $3 requests have room for. Of each case the first that waits, due or not: nothing overtakes it. What was
# refused goes behind what is new.
LOOK = f"""
select w.id, w.account_id, w.permissions, w.url, w.types, w.selection, w.condition, w.secret, w.grid_id,
  w.failing_since, w.rests_until, w.sequence, w.data_key, w.sealed_authorization, w.batch,
  c.code as county, a.name as account, {STOPPED} as stopped, array(
    select r.secret from webhooks.retired_secret r where r.webhook_id = w.id and r.until > $1 order by r.id desc
  ) as retired, w.position < n.gone or exists (
    select from webhooks.delivery d where d.webhook_id = w.id and d.state = 'WAITING' and d.position <= n.gone
      and d.body is null and d.type <> 'webhook.test') as missed, (
    select count(*) from (
      select from webhooks.delivery d
      where d.webhook_id = w.id and d.state = 'WAITING' and d.id <> all($4) limit $3 * w.batch + 1) waiting
  ) as waiting, due.*
from events.counter n, webhooks.webhook w
join grids.grid c on c.id = w.county_id join accounts.account a on a.id = w.account_id
left join lateral (
  select d.id as delivery, d.event_id, d.type, d.at, d.attempts, d.status, d.body, d.position from webhooks.delivery d
  where d.webhook_id = w.id and d.state = 'WAITING' and d.next_attempt_at <= {NOW} and d.id <> all($4) and not exists (
    select from webhooks.delivery e
    where e.webhook_id = w.id and e.state = 'WAITING' and e.case_id = d.case_id and e.position < d.position)
  order by d.attempts, d.position, d.id limit $3 * w.batch) due on true
where w.id = $2 and {AWAKE}
order by due.attempts, due.position, due.delivery
"""
# An endpoint's row is locked while its events are taken, so that a replay, which moves its position back, waits or is
# seen. The position moves in the same statement: an event is put down once, or looked at again. Most endpoints are at
# the same position, whose events are read once for all of them; those that are far behind hold nobody up.
TAKE = f"""
with at as materialized (
  select w.id, w.position, w.grid_id, w.types from webhooks.webhook w, events.counter n
  where {AWAKE} and w.position < n.given and w.position >= n.gone and (
    select count(*) from (
      select from webhooks.delivery d
      where d.webhook_id = w.id and d.state = 'WAITING' and (w.rests_until is null or d.attempts = 0) limit $5) waiting
  ) < case when w.rests_until is null then $5 else $7 end
  order by w.position desc limit $4::int / $6::int for update of w skip locked
),
news as materialized (
  select a.position as after, o.* from (select distinct position from at) a cross join lateral (
    select * from events.outbox o where o.position > a.position
    order by o.position limit (select $4::int / count(*) from at)) o
),
put as (
  insert into webhooks.delivery
    (id, webhook_id, event_id, position, case_id, type, at, state, attempts, next_attempt_at)
  select uuidv7(), a.id, n.id, n.position, n.case_id, n.type, n.at, 'WAITING', 0, {NOW}
  from at a join news n on n.after = a.position
  where (n.case_id is not null and n.type = any($2) or n.type = any($3) and a.types <> '{{}}')
    and (a.types = '{{}}' or n.type = any(a.types))
    and a.grid_id in (n.county_id, n.town_id, n.village_id, n.grid_1_id, n.grid_2_id, n.grid_3_id)
  on conflict (webhook_id, event_id) do nothing
)
update webhooks.webhook w set position = n.last
from at a join (select after, max(position) as last from news group by after) n on n.after = a.position
where w.id = a.id returning w.id
"""
# Arrays, here and below: one statement writes down however many were answered together.
FREEZE = """
with made as (
  update webhooks.delivery d set body = one.body
  from unnest($1::uuid[], $2::text[]) one (id, body) where d.id = one.id
)
update webhooks.webhook set sequence = $4 where id = $3
"""
KEY = "update webhooks.webhook set data_key = coalesce(data_key, $2) where id = $1 returning data_key"
STILL = "d.state || '' = 'WAITING'"
"""Whether it waits, written so that no index of what waits is read for it: the few rows are found by their ids,
whatever PostgreSQL believes of how many wait."""
# Of what was sent once and has been thrown away since, nobody can say who may know of it.
EXPIRE = """
update webhooks.delivery set state = 'FAILED', error = 'EXPIRED', next_attempt_at = null
where id = any($1) and body is not null and position <= (select gone from events.counter)
"""
# Deleted, not marked: a row that stays would tell the account of what it may not know.
DROP = f"delete from webhooks.delivery d where id = any($1) and {STILL}"
# What was thrown away before it was sent: the endpoint goes on behind it, and knows of what time it lacks something.
SKIP = """
with gone as (
  select n.gone as last, coalesce((select min(o.at) from events.outbox o where o.position > n.gone), $2) as until
  from events.counter n
),
lost as (
  delete from webhooks.delivery d using gone where d.webhook_id = $1 and d.state = 'WAITING' and d.body is null
    and d.type <> 'webhook.test' and d.position <= gone.last
)
update webhooks.webhook w set position = greatest(w.position, gone.last), missed_until = gone.until
from gone where w.id = $1
"""
# A commit that waits for no disk, here and while events are put down: what a crash takes back of it is done again, and
# before anything is sent, all that went before it is on the disk with its body.
LAZILY = "select set_config('synchronous_commit', 'off', true)"
RECORD = f"""
update webhooks.delivery d set state = one.state, attempts = d.attempts + 1, status = one.status, error = one.error,
  next_attempt_at = one.again - greatest($11 - now(), '0'), seconds = one.seconds, sealed_answer = one.answer,
  tried_at = $11, batch_id = one.batch, batch_size = one.size, batch_place = one.place
from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::float[], $7::bytea[],
  $8::uuid[], $9::int[], $10::int[])
  one (id, state, status, error, again, seconds, answer, batch, size, place), ({LAZILY}) lazily
where d.id = one.id and {STILL}
"""
RECOVER = "update webhooks.webhook set failing_since = null, rests_until = null where id = $1"
# The one that is late takes nothing more until it has answered, or could have.
REST = "update webhooks.webhook set rests_until = least($2, now()) + $3 where id = $1 and state = 'ACTIVE'"
# The first failure stays: how long nothing has been taken, and so when the endpoint is given up, is counted from it.
FAIL = """
update webhooks.webhook set failing_since = coalesce(failing_since, $2), rests_until = least($3, now()) + $4
where id = $1
"""


class Place(NamedTuple):
    """Where an event stands in a request that is an array: the request's id, how many it has, and which it is."""

    batch: UUID | None = None
    size: int | None = None
    place: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: `again` is when it is tried the next time, if it was not taken."""

    delivery: UUID
    taken: bool
    status: int | None
    error: str | None
    again: datetime | None
    seconds: float = 0.0
    answer: bytes | None = None
    """What the receiver wrote, sealed."""
    place: Place = Place()

    @property
    def state(self) -> DeliveryState:
        if self.taken:
            return DeliveryState.DELIVERED
        return DeliveryState.WAITING if self.again else DeliveryState.FAILED


async def find_busy(
    connection: Any, now: datetime, open: Collection[UUID], full: Collection[UUID], under_way: Collection[UUID]
) -> tuple[list[UUID], list[tuple[UUID, UUID]]]:
    """Find those of the `open` endpoints at which more is due, and lock others; each of these with its account.

    Those that are `full` are not asked for: nothing could be sent to them. Nor is the delivery that is `under_way`.
    """
    rows = await connection.fetch(BUSY, now, *map(list, (open, full, under_way)))
    told = [row["id"] for row in rows if row["locked"] is None]
    return told, [(row["id"], row["account_id"]) for row in rows if row["locked"]]


async def release(connection: Any, endpoints: Collection[UUID]) -> None:
    """Let other processes have endpoints."""
    await connection.execute(RELEASE, list(endpoints))


async def take_events(connection: Any, types: Collection[str], now: datetime) -> bool:
    """Put down what is new for endpoints, and move their positions behind that; tell whether anything was new.

    `types` are those of events beside cases' that can be delivered at all.
    """
    return bool(await connection.fetch(TAKE, now, list(TYPES), list(types), TOGETHER, WAITING, FEWEST, UNTRIED))


class Deliveries:
    """One endpoint's rows, for whoever has its lock. Each statement is a transaction of its own."""

    def __init__(self, pool: Any, id: UUID) -> None:
        self.pool, self.id = pool, id

    # No transaction is open while an endpoint answers, which may take many seconds: no row is locked for its sake.
    async def look(self, now: datetime, most: int, under_way: Collection[UUID]) -> list[Any]:
        """Load what is due and not under way, of each case only the first that waits; each with the endpoint.

        If nothing is due, it is the endpoint alone, and if it is not to be delivered to, not even that.
        """
        return list(await self.pool.fetch(LOOK, now, self.id, most, list(under_way)))

    async def freeze_bodies(self, bodies: Sequence[tuple[UUID, str]], sequence: int) -> None:
        """Keep bodies before they are sent: they stay the same however often they are. The last has this sequence."""
        await self.pool.execute(FREEZE, *map(list, zip(*bodies, strict=True)), self.id, sequence)

    async def keep_data_key(self, wrapped: bytes) -> bytes:
        """Keep the key that answers are sealed with, and return the one that is kept."""
        return bytes(await self.pool.fetchval(KEY, self.id, wrapped))

    async def drop(self, deliveries: Sequence[UUID]) -> None:
        """Forget deliveries that the account may not know of; give up those of which nobody can say that any more."""
        await self.pool.execute(EXPIRE, list(deliveries))
        await self.pool.execute(DROP, list(deliveries))

    async def record(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write down what came of attempts."""
        rows = (
            (one.delivery, one.state, one.status, one.error, one.again, one.seconds, one.answer, *one.place)
            for one in outcomes
        )
        columns = zip(*rows, strict=True)
        await self.pool.execute(RECORD, *map(list, columns), now)

    async def let_rest(self, now: datetime, rest: timedelta) -> None:
        """Put nothing down for the endpoint for so long: its answer is late."""
        await self.pool.execute(REST, self.id, now, rest)

    async def recover_endpoint(self) -> None:
        """Note that the endpoint takes something again."""
        await self.pool.execute(RECOVER, self.id)

    async def note_failure(self, since: datetime, now: datetime, rest: timedelta | None) -> None:
        """Note since when the endpoint takes nothing, and for how long nothing is tried at it."""
        await self.pool.execute(FAIL, self.id, since, now, rest)
