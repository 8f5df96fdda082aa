"""Points expire a lot at a time, and nobody is surprised."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi_points.ledger import lots


async def test_expiry_is_told_before(village: Any, run_jobs: Any) -> None:
    """Told thirty days before, once; gone on the day, but for what is held."""
    rule = await village.rule(amount=10)
    await village.earn(rule, "2026-06-30")
    await village.open_shop()
    reward = await village.reward(price=4)
    village.server.clock.move(days=340)
    await run_jobs()
    await run_jobs()
    village.server.clock.move(days=1)
    await run_jobs()
    inbox = await village.resident().ask(
        '{ me { notices(filter: { kind: { equals: "points.expiring" } }) { nodes { title body } } } }'
    )
    [notice] = inbox.data["me"]["notices"]["nodes"]
    assert notice["body"] == "10 points expire on 2027-06-30 unless they are spent before."
    village.server.clock.move(days=23, hours=8)
    held = await village.resident().do("redeem", "redemption { code }", reward=reward)
    assert held["errors"] == []
    village.server.clock.move(hours=22)
    assert (await run_jobs()).failed == []
    assert await village.account(asks="balance held expiring { amount on }") == {
        "balance": 4, "held": 4, "expiring": [],
    }  # fmt: skip
    village.server.clock.move(days=9)
    await run_jobs()
    village.server.clock.move(days=1)
    await run_jobs()
    assert await village.account(asks="balance held") == {"balance": 0, "held": 0}


async def test_spending_takes_what_expires_first(village: Any) -> None:
    rule = await village.rule(amount=10)
    await village.earn(rule, "2026-06-30")
    await village.open_shop()
    reward = await village.reward(price=4)
    village.server.clock.move(days=31)
    await village.earn(rule, "2026-07-31")
    await village.resident().do("redeem", "redemption { code }", reward=reward)
    assert await village.account(asks="expiring { amount on }") == {
        "expiring": [{"amount": 6, "on": "2027-06-30"}, {"amount": 10, "on": "2027-07-31"}]
    }


HELD = """
insert into points.redemption select (jsonb_populate_record(r,
 jsonb_build_object('id', gen_random_uuid(), 'nonce', (r.nonce + 1) % 4294967296))).* from points.redemption r limit 1
"""


async def test_points_held_while_others_expire(village: Any, desk_type: Any) -> None:
    """Nobody can hold points that are being taken back; the run goes through."""
    await village.earn(await village.rule(amount=10), "2026-06-30")
    await village.open_shop()
    reward = await village.reward(price=4)
    await village.resident().do("redeem", "redemption { code }", reward=reward)
    one, other = [await asyncpg.connect(village.dsn) for _ in range(2)]

    class Interrupted(desk_type):  # type: ignore[misc]
        async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = await super().fetch(sql, *values)
            if sql == lots.DUE:
                try:
                    async with other.transaction():
                        await other.execute("select from points.account where held > 0 for update nowait")
                        await other.execute(HELD)
                except asyncpg.LockNotAvailableError:
                    pass
            return rows

    async with one.transaction():
        programme = UUID(village.programme.partition(":")[2])
        assert await lots.expire_lots(Interrupted(one), programme, date(2027, 7, 1)) == 1
    for connection in (one, other):
        await connection.close()
    assert await village.account(asks="balance held") == {"balance": 4, "held": 4}
