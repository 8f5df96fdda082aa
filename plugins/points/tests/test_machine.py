"""The ledger against a simple model of it: whatever happens in whatever order, both agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from gongzhi.values.errors import Refusal, Text
from gongzhi_points.ledger import posting
from gongzhi_points.ledger.lots import expire_lots
from gongzhi_points.ledger.posting import Posting, make_legs
from gongzhi_points.ledger.verification import verify_ledger
from gongzhi_points.models import PostingKind
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

START = date(2026, 6, 30)
PEOPLE = st.integers(0, 2)
SHOP = """
with m as (insert into points.merchant (id, programme_id, unit_id, name, address, grid_id, joined_on, offline, version)
 select $1, p.id, (select min(id) from units.unit), '店', '街', p.grid_id, p.starts_on, true, 1
 from points.programme p where p.id=$2 returning *)
insert into points.reward (id, merchant_id, programme_id, number, grid_id, kind, title, price, stock, version)
select $1, m.id, $2, 1, m.grid_id, 'GOODS', '物', 1, 1000, 1 from m
"""
HOLD = """
insert into points.redemption (id, account_id, reward_id, merchant_id, price, number, nonce, state, held_at, expires_at,
 held_until, by) values ($1, $2, $3, $3, $4, 1, $5, 'HELD', now(), now(), now(), 'test')
"""
END = "update points.redemption set state=$2 where id=$1"


class Holder:
    """What the model knows of an account: lots with their last day, what was spent, what is held."""

    def __init__(self) -> None:
        self.lots: list[tuple[date, int]] = []
        self.spent = 0
        self.holds: dict[UUID, int] = {}

    @property
    def balance(self) -> int:
        return sum(amount for _, amount in self.lots) - self.spent

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    @property
    def left(self) -> list[tuple[date, int]]:
        """Lots, less what is spent or held, those that expire first first."""
        gone, found = self.spent + self.held, []
        for day, amount in sorted(self.lots, key=lambda lot: lot[0]):
            taken = min(gone, amount)
            gone -= taken
            found.append((day, amount - taken))
        return found


class Ledger(RuleBasedStateMachine):
    runner: asyncio.Runner
    dsn: str
    opening: Callable[..., Coroutine[Any, Any, Any]]
    desk: Callable[..., Any]

    @initialize()
    def begin(self) -> None:
        self.day, self.people = START, [Holder() for _ in range(3)]
        self.connection = self.wait(asyncpg.connect(self.dsn))
        self.whole = self.connection.transaction()
        self.wait(self.whole.start())
        self.books = self.wait(type(self).opening(type(self).desk(self.connection), uuid4().hex, 3))
        self.shop = uuid4()
        self.wait(self.books.desk.fetch(SHOP, self.shop, self.books.programme))

    def wait(self, work: Any) -> Any:
        async def waited() -> Any:
            return await work

        return self.runner.run(waited())

    async def tried(self, *postings: Posting) -> bool:
        try:
            async with self.connection.transaction():
                await posting.post_entries(self.books.desk, self.books.programme, *postings)
        except Refusal as refusal:
            assert refusal.code == "INSUFFICIENT_POINTS"
            return False
        return True

    @rule(who=PEOPLE, amount=st.integers(1, 50), days=st.integers(1, 40))
    def earn(self, who: int, amount: int, days: int) -> None:
        last = self.day + timedelta(days=days)
        legs = make_legs(self.books.issuer, self.books.accounts[who], amount, last)
        assert self.wait(self.tried(Posting(PostingKind.EARNED, str(uuid4()), legs, Text("", ""), self.day)))
        self.people[who].lots.append((last, amount))

    @rule(who=PEOPLE, amount=st.integers(1, 60))
    def spend(self, who: int, amount: int) -> None:
        legs = make_legs(self.books.accounts[who], self.books.issuer, amount)
        done = self.wait(self.tried(Posting(PostingKind.SPENT, str(uuid4()), legs, Text("", ""), self.day)))
        person = self.people[who]
        assert done == (person.balance - person.held >= amount)
        if done:
            person.spent += amount

    @rule(who=PEOPLE, amount=st.integers(1, 40))
    def hold(self, who: int, amount: int) -> None:
        person, key = self.people[who], uuid4()
        fits = person.balance - person.held >= amount
        try:
            self.wait(self.held(key, who, amount))
        except asyncpg.CheckViolationError:
            assert not fits
        else:
            assert fits
            person.holds[key] = amount

    async def held(self, key: UUID, who: int, amount: int) -> None:
        async with self.connection.transaction():
            await self.books.desk.fetch(HOLD, key, self.books.accounts[who], self.shop, amount, key.int >> 96)

    @rule(who=PEOPLE, settle=st.booleans())
    def end(self, who: int, settle: bool) -> None:
        person = self.people[who]
        if not person.holds:
            return
        key, amount = person.holds.popitem()
        self.wait(self.books.desk.fetch(END, key, "SETTLED" if settle else "CANCELLED"))
        if settle:
            legs = make_legs(self.books.accounts[who], self.books.issuer, amount)
            assert self.wait(self.tried(Posting(PostingKind.SPENT, str(key), legs, Text("", ""), self.day)))
            person.spent += amount

    @rule(days=st.integers(0, 20))
    def night(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.wait(expire_lots(self.books.desk, self.books.programme, self.day))
        for person in self.people:
            person.spent += sum(amount for day, amount in person.left if day <= self.day)
        before = self.wait(self.books.balances())
        self.wait(expire_lots(self.books.desk, self.books.programme, self.day))
        assert self.wait(self.books.balances()) == before, "a second time nothing happens"

    @invariant()
    def agrees(self) -> None:
        if hasattr(self, "books"):
            assert self.wait(self.books.balances()) == [person.balance for person in self.people]
            assert all(0 <= person.held <= person.balance for person in self.people)

    def teardown(self) -> None:
        if hasattr(self, "books"):
            _, found = self.wait(verify_ledger(self.books.desk, self.books.programme))
            assert found == []
            self.wait(self.whole.rollback())
            self.wait(self.connection.close())


def test_ledger_is_as_the_model(ledgers: str, opening: Any, desk_type: Any) -> None:
    with asyncio.Runner() as runner:
        kind = type("Run", (Ledger,), {})
        kind.runner, kind.dsn, kind.opening, kind.desk = runner, ledgers, opening, desk_type
        run_state_machine_as_test(kind, settings=settings(max_examples=12, stateful_step_count=15, deadline=None))
