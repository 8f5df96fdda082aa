"""Points expire a lot at a time, and nobody is surprised."""

from __future__ import annotations

from typing import Any


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
    village.server.clock.move(days=23, hours=20)
    held = await village.resident().do("redeem", "redemption { code }", reward=reward)
    assert held["errors"] == []
    village.server.clock.move(hours=10)
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
