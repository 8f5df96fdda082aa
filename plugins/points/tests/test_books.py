"""Books against a simple model: people earn, redeem and take back, shops settle, nights pass, and the sums agree."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gongzhi.core.people.tiers import add_months
from gongzhi.runtime.checks import CHINA
from gongzhi_points.ledger.verification import verify_ledger

from .test_claims import codes
from .test_redeeming import REDEEMED, settle

PEOPLE, PRICE, AMOUNT = 2, 4, 5
SETTLES = timedelta(days=7)


@dataclass
class Hold:
    """A redemption that is under way."""

    id: str
    code: str
    expires: datetime
    until: datetime


@dataclass
class Holder:
    """What the model knows of an account: lots with their last day, what is gone of them, what is held."""

    lots: list[list[Any]] = field(default_factory=list)
    gone: int = 0
    holds: list[Hold] = field(default_factory=list)
    acts: set[date] = field(default_factory=set)

    @property
    def balance(self) -> int:
        return sum(amount for _, amount in self.lots) - self.gone

    @property
    def held(self) -> int:
        return PRICE * len(self.holds)

    def left(self, day: date) -> int:
        """What of the lots is neither gone nor held, of those that end by a day."""
        taken, found = self.gone + self.held, 0
        for last, amount in sorted(self.lots):
            used = min(taken, amount)
            taken -= used
            found += amount - used if last <= day else 0
        return found


class Books:
    """A village and its model."""

    def __init__(self, village: Any, rule: str, reward: str, chance: random.Random) -> None:
        self.village, self.rule, self.reward, self.chance = village, rule, reward, chance
        self.people = [Holder() for _ in range(PEOPLE)]
        self.shop, self.stock = 0, 12

    @property
    def now(self) -> datetime:
        return self.village.server.clock.time  # type: ignore[no-any-return]

    @property
    def today(self) -> date:
        return self.now.astimezone(CHINA).date()

    async def earn(self, at: int) -> None:
        """An act of today, once a day."""
        person = self.people[at]
        asked = {"rule": self.rule, "actedOn": str(self.today), "text": "做了"}
        made = await self.village.resident(at).do("claimPoints", "claim { id version }", **asked)
        assert codes(made) == (["DUPLICATE"] if self.today in person.acts else [])
        if made["claim"]:
            given = {"claim": made["claim"]["id"], "approve": True, "expectedVersion": 1}
            assert codes(await self.village.worker.do("decidePointsClaim", "claim { id }", **given)) == []
            person.acts.add(self.today)
            person.lots.append([add_months(self.today, 2), AMOUNT])

    async def redeem(self, at: int) -> None:
        person = self.people[at]
        expired = person.left(self.today)
        done = await self.village.resident(at).do("redeem", REDEEMED, reward=self.reward)
        if not person.lots and not person.acts:
            assert codes(done) == ["NOT_FOUND"], "who has never had points has no account"
        elif self.stock == 0:
            assert codes(done) == ["OUT_OF_STOCK"]
        elif person.balance - person.held - expired < PRICE:
            assert codes(done) == ["INSUFFICIENT_POINTS"]
        else:
            assert codes(done) == []
            person.gone += expired
            one = done["redemption"]
            expires, until = map(datetime.fromisoformat, (one["expiresAt"], one["heldUntil"]))
            assert until - expires == SETTLES
            person.holds.append(Hold(one["id"], one["code"], expires, until))
            self.stock -= 1

    async def settle(self, at: int) -> None:
        """The counter brings in the oldest code, in time or too late, twice."""
        person = self.people[at]
        if not person.holds:
            return
        one = person.holds[0]
        good = self.now <= one.expires
        done = await settle(self.village, one.code, one.code)
        states = [line["state"] for line in done["settled"]]
        assert states == (["SETTLED", "ALREADY_SETTLED"] if good else ["EXPIRED", "EXPIRED"])
        assert done["statement"] == {"total": PRICE * good, "count": int(good)}
        if good:
            person.holds.pop(0)
            person.gone += PRICE
            self.shop += PRICE

    async def cancel(self, at: int) -> None:
        person = self.people[at]
        if person.holds:
            one = person.holds.pop()
            done = await self.village.shop.do("cancelRedemption", "redemption { state }", redemption=one.id)
            assert done["redemption"] == {"state": "CANCELLED"}
            self.stock += 1

    async def reverse(self, at: int) -> None:
        """The office takes the last act back, if the points are still there."""
        entries = await self.village.fetch(
            "select e.id, e.account_id from points.entry e join points.posting p on p.id=e.posting_id "
            "join points.account a on a.id=e.account_id where a.person_id=$1 and p.kind='EARNED' "
            "and not exists(select from points.posting u where u.reverses_id=p.id) order by e.posted_at desc limit 1",
            self.village.people[at],
        )
        if not entries:
            return
        person = self.people[at]
        given = {"entry": f"PointsEntry:{entries[0]['id']}", "reason": "误记"}
        done = await self.village.manager.do("reversePoints", "entry { amount }", **given)
        enough = person.balance - person.held >= AMOUNT
        assert codes(done) == ([] if enough else ["INSUFFICIENT_POINTS"])
        person.gone += AMOUNT * enough

    async def night(self, at: int) -> None:
        """Some days pass, and in the last night what is due is booked and freed."""
        self.village.server.clock.time += timedelta(days=self.chance.choice([1, 3, 9, 25]))
        for person in self.people:
            self.stock += sum(one.until < self.now for one in person.holds)
            person.holds = [one for one in person.holds if one.until >= self.now]
        assert not (await self.run_jobs()).failed
        # What is freed in a night may be booked in it or in the next one, for the jobs have no order between them.
        self.village.server.clock.time += timedelta(days=1)
        for person in self.people:
            self.stock += sum(one.until < self.now for one in person.holds)
            person.holds = [one for one in person.holds if one.until >= self.now]
        assert not (await self.run_jobs()).failed
        for person in self.people:
            person.gone += person.left(self.today)

    run_jobs: Any = None

    async def agree(self) -> None:
        """Compare all that is on the accounts with the model."""
        rows = await self.village.fetch(
            "select a.person_id, a.kind::text, a.balance, a.held from points.account a where a.kind<>'ISSUER'"
        )
        have = {row["person_id"]: (row["balance"], row["held"]) for row in rows if row["kind"] == "PERSON"}
        for key, person in zip(self.village.people, self.people, strict=False):
            assert have.get(key, (0, 0)) == (person.balance, person.held)
        assert [row["balance"] for row in rows if row["kind"] == "MERCHANT"] == [self.shop]
        assert await self.village.fetch("select stock from points.reward") == [(self.stock,)]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 10))])
async def test_books_are_as_the_model(village: Any, run_jobs: Any, desk_type: Any, seed: int) -> None:
    """Whatever people, shops and nights do in whatever order; at the end all sums hold and all is explained."""
    await village.fetch("update points.programme set lasts_months=2")
    rule = await village.rule(amount=AMOUNT, startsOn="2026-06-30")
    await village.open_shop()
    books = Books(village, rule, await village.reward(price=PRICE, stock=12), random.Random(seed))
    books.run_jobs = run_jobs
    turns = [books.earn, books.earn, books.redeem, books.redeem, books.settle, books.cancel, books.reverse, books.night]
    for _ in range(28):
        turn, at = books.chance.choice(turns), books.chance.randrange(PEOPLE)
        await turn(at)
        await books.agree()
    connection = await asyncpg.connect(village.dsn)
    try:
        count, found = await verify_ledger(desk_type(connection), UUID(village.programme.partition(":")[2]))
    finally:
        await connection.close()
    assert found == [] and count == (await village.fetch("select count(*)::int from points.posting"))[0][0]
    span = '(since: "2026-01-01", before: "2029-01-01")'
    for at, person in enumerate(books.people):
        asked = f"{{ me {{ person {{ points {{ statement{span} {{ closing lines {{ amount balance }} }} }} }} }} }}"
        for account in (await village.resident(at).ask(asked)).data["me"]["person"]["points"]:
            running = 0
            for line in account["statement"]["lines"]:
                running += line["amount"]
                assert line["balance"] == running >= 0
            assert account["statement"]["closing"] == running == person.balance
