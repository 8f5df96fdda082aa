"""The ledger: double entry, sums, refusals, the chain, and what the database itself refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gongzhi.values.errors import Refusal, Text
from gongzhi_points.ledger import posting
from gongzhi_points.ledger.posting import Leg, Posting, check_double_entry, make_legs
from gongzhi_points.ledger.verification import verify_ledger
from gongzhi_points.models import PostingKind

DAY = date(2026, 6, 30)


def earned_posting(books: Any, amount: int, at: int = 0, key: str = "", **more: Any) -> Posting:
    legs = make_legs(books.issuer, books.accounts[at], amount, more.pop("expires_on", None))
    return Posting(
        PostingKind.EARNED, key or str(uuid4()), legs, Text("An act", "行为"), DAY, {"amount": str(amount)}, **more
    )


def spent_posting(books: Any, amount: int, source: int, target: int) -> Posting:
    legs = make_legs(books.accounts[source], books.accounts[target], amount)
    return Posting(PostingKind.SPENT, str(uuid4()), legs, Text("Spent", "兑换"), DAY)


async def post(books: Any, *postings: Posting) -> list[UUID]:
    async with books.desk.connection.transaction():
        return await posting.post_entries(books.desk, books.programme, *postings)


async def test_balances_are_sums(books: Any) -> None:
    await post(books, earned_posting(books, 10), earned_posting(books, 5, 1))
    await post(books, spent_posting(books, 4, 0, 1))
    assert await books.balances() == [6, 9, 0, 0]
    assert await verify_ledger(books.desk, books.programme) == (3, [])


async def test_overdraft_is_refused_whole(books: Any) -> None:
    """Of several postings, what comes before the bad one is not booked either."""
    await post(books, earned_posting(books, 3))
    with pytest.raises(Refusal, match="not enough points"):
        await post(books, spent_posting(books, 2, 0, 1), spent_posting(books, 2, 0, 1))
    assert await books.balances() == [3, 0, 0, 0]


async def test_same_key_is_booked_once(books: Any) -> None:
    first, again = (
        await post(books, earned_posting(books, 3, key="one")),
        await post(books, earned_posting(books, 3, key="one")),
    )
    assert first == again and await books.balances() == [3, 0, 0, 0]


@pytest.mark.parametrize("amounts", [(), (5,), (5, -4), (3, -1, -1), (-5, 6)])
def test_legs_sum_to_nothing(amounts: tuple[int, ...]) -> None:
    """Two at least, of different accounts: what one gets another gives."""
    odd = Posting(PostingKind.EARNED, "odd", tuple(Leg(uuid4(), one) for one in amounts), Text("", ""), DAY)
    with pytest.raises(ValueError, match="no double entry"):
        check_double_entry(odd)
    account = uuid4()
    twice = Posting(PostingKind.EARNED, "odd", (Leg(account, 5), Leg(account, -5)), Text("", ""), DAY)
    with pytest.raises(ValueError, match="no double entry"):
        check_double_entry(twice)
    check_double_entry(Posting(PostingKind.EARNED, "even", (Leg(uuid4(), 5), Leg(account, -5)), Text("", ""), DAY))


@pytest.mark.parametrize("amount", [0, -3, 1.5, True, 10**9 + 1])
async def test_strange_amounts_are_refused(books: Any, amount: Any) -> None:
    legs = (Leg(books.issuer, -amount), Leg(books.accounts[0], amount))
    odd = Posting(PostingKind.EARNED, "odd", legs, Text("", ""), DAY)
    if amount == -3:  # sums to zero, and takes what is not there
        with pytest.raises(Refusal):
            await post(books, odd)
    else:
        with pytest.raises(ValueError, match="no double entry"):
            await post(books, odd)
    assert await books.balances() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "sql",
    [
        "update points.entry set amount=amount*2",
        "delete from points.entry",
        "truncate points.entry",
        "update points.posting set reason_zh='x'",
        "delete from points.posting",
        "update points.account set balance=balance+1",
        "update points.account set held=1 where balance>0",
        "insert into points.entry (id,posting_id,account_id,amount,posted_at) "
        "select gen_random_uuid(),posting_id,account_id,1,now() from points.entry limit 1",
    ],
)
async def test_database_keeps_the_past(books: Any, sql: str) -> None:
    await post(books, earned_posting(books, 10))
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.CheckViolationError)):
        await books.desk.fetch(sql)
    assert await verify_ledger(books.desk, books.programme) == (1, [])


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (
            "update points.posting set reason_zh='改' where no=2 and programme_id='{0}'",
            "the posting is not what was committed to",
        ),
        (
            "update points.entry set amount=amount*2 where posting_id="
            "(select id from points.posting where no=2 and programme_id='{0}')",
            "commit",
        ),
        ("update points.posting set inputs='[]' where no=2 and programme_id='{0}'", "commit"),
        ("update points.posting set hash=sha256('x') where no=2 and programme_id='{0}'", "the chain is broken"),
        (
            "update points.account set balance=balance+1 where kind<>'ISSUER' and programme_id='{0}'",
            "is not the sum of its entries",
        ),
    ],
)
async def test_tampering_is_found(books: Any, sql: str, what: str) -> None:
    """By somebody who can switch the database's own guards off."""
    await post(books, *[earned_posting(books, 10, key=str(at)) for at in range(3)])
    await books.desk.fetch("set session_replication_role=replica")
    await books.desk.fetch(sql.format(books.programme))
    _, found = await verify_ledger(books.desk, books.programme)
    assert any(what in one.what for one in found), found


async def test_cut_chain_is_found(books: Any) -> None:
    await post(books, *[earned_posting(books, 10, key=str(at)) for at in range(3)])
    await books.desk.fetch("set session_replication_role=replica")
    last = "select id from points.posting where no=3 and programme_id=$1"
    await books.desk.fetch(f"delete from points.entry where posting_id=({last})", books.programme)
    await books.desk.fetch(f"delete from points.posting where id=({last})", books.programme)
    _, found = await verify_ledger(books.desk, books.programme)
    assert "the last links are missing" in [one.what for one in found]


KILLED = """
import asyncio, sys, uuid
from datetime import UTC, date, datetime
import asyncpg
from gongzhi.values.errors import Text
from gongzhi_points.ledger import posting
from gongzhi_points.models import PostingKind

class Desk:
    now = datetime(2026, 6, 30, 2, tzinfo=UTC)
    async def fetch(self, sql, *values):
        return [dict(row) for row in await self.connection.fetch(sql, *values)]
    def publish(self, happened, row=None):
        pass

async def main(dsn, programme, issuer, account):
    desk = Desk()
    desk.connection = await asyncpg.connect(dsn)
    while True:
        async with desk.connection.transaction():
            made = [
                posting.Posting(PostingKind.EARNED, str(uuid.uuid4()), posting.make_legs(issuer, account, 1),
                                Text("", ""), date(2026, 6, 30))
                for _ in range(5)
            ]
            await posting.post_entries(desk, programme, *made)
        print("done", flush=True)

asyncio.run(main(sys.argv[1], *map(uuid.UUID, sys.argv[2:])))
"""


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
async def test_killed_posting_leaves_nothing_half(books: Any, ledgers: str, tmp_path: Path, kills: int) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    told = 0
    for turn in range(kills):
        command = [sys.executable, str(script), ledgers, *map(str, (books.programme, books.issuer, books.accounts[0]))]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout
            for _ in range(turn % 3 + 1):
                assert process.stdout.readline() == b"done\n"
                told += 5
            process.send_signal(signal.SIGKILL)
    count, found = await verify_ledger(books.desk, books.programme)
    [balance, *_] = await books.balances()
    assert found == [] and count == balance >= told and count % 5 == 0
