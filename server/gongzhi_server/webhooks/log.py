"""The tables of endpoints and deliveries, as the courier reads and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from gongzhi.webhooks.commands import TYPES

LOCK, UNLOCK = (
    f"select pg_{way}(hashtextextended($1::uuid::text, 8))" for way in ("try_advisory_lock", "advisory_unlock")
)
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
TAKE = """
with at as (select id, position, grid_id, types from webhooks.webhook where id = $1 for update),
news as materialized (
  select o.*, a.id as webhook_id, o.case_id is not null and o.type = any($2)
    and (a.types = '{}' or o.type = any(a.types))
    and a.grid_id in (o.county_id, o.town_id, o.village_id, o.grid_1_id, o.grid_2_id, o.grid_3_id) as wanted
  from at a, events.outbox o where o.position > a.position order by o.position limit $4
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
CROWD = "select count(*) from webhooks.delivery where webhook_id = $1 and state = 'WAITING'"
HEADS = """
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
TAKEN = """
update webhooks.delivery set state = 'DELIVERED', attempts = attempts + 1, status = $2, error = null, tried_at = $3,
  next_attempt_at = null
where id = $1 and state = 'WAITING'
"""
MISSED = """
update webhooks.delivery set state = $2, attempts = attempts + 1, status = $3, error = $4, tried_at = $5,
  next_attempt_at = $6
where id = $1 and state = 'WAITING'
"""
RECOVER = (
    "update webhooks.webhook set failing_since = null, rests_until = null where id = $1 and failing_since is not null"
)
REST = """
update webhooks.webhook set failing_since = coalesce(failing_since, $2), rests_until = $3 where id = $1
"""


class Log:
    """One endpoint's rows, over the connection that holds its lock. Each statement is a transaction of its own."""

    def __init__(self, connection: Any, id: UUID) -> None:
        self.connection, self.id = connection, id

    async def lock(self) -> bool:
        """Whether nobody else is at it. The lock goes with the connection, so nobody holds it who has died."""
        return bool(await self.connection.fetchval(LOCK, self.id))

    async def unlock(self) -> None:
        await self.connection.fetchval(UNLOCK, self.id)

    async def endpoint(self, now: datetime) -> Any:
        """The endpoint, if it is to be delivered to."""
        return await self.connection.fetchrow(ENDPOINT, self.id, now)

    async def take(self, now: datetime) -> bool:
        """Put down what is new for it, and go on behind it in the same breath; whether there was anything new."""
        if await self.connection.fetchval(CROWD, self.id) >= WAITING:
            return False
        return await self.connection.fetchval(TAKE, self.id, list(TYPES), now, NEWS) is not None

    async def heads(self, now: datetime, most: int) -> list[Any]:
        """What is due: of each case only the first that waits, so that nothing overtakes it."""
        return list(await self.connection.fetch(HEADS, self.id, now, most))

    async def freeze(self, bodies: Sequence[tuple[UUID, str]]) -> None:
        """Keep bodies before they are sent: they stay the same however often they are."""
        await self.connection.execute(FREEZE, *map(list, zip(*bodies, strict=True)))

    async def drop(self, deliveries: Sequence[UUID]) -> None:
        """Forget what the account may not know of."""
        await self.connection.execute(DROP, list(deliveries))

    async def taken(self, delivery: UUID, status: int, now: datetime) -> None:
        await self.connection.execute(TAKEN, delivery, status, now)

    async def missed(
        self, delivery: UUID, status: int | None, error: str | None, now: datetime, again: datetime | None
    ) -> None:
        state = "WAITING" if again else "FAILED"
        await self.connection.execute(MISSED, delivery, state, status, error, now, again)

    async def recover(self) -> None:
        await self.connection.execute(RECOVER, self.id)

    async def rest(self, now: datetime, until: datetime) -> None:
        await self.connection.execute(REST, self.id, now, until)
