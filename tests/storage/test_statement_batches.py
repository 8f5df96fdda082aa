"""What several ask by one small statement goes together, and each gets their own answer or their own error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from asyncpg import PostgresError
from gongzhi_server.gateway.rate_limits import METER, TimeMeter
from gongzhi_server.storage import database
from gongzhi_server.storage.connection_shares import Share, SharedReader
from gongzhi_server.storage.statement_batches import AT_ONCE, MOST, WAITING, StatementBatches, text_for_several
from hypothesis import given, settings
from hypothesis import strategies as st

TYPED = (
    "select row_to_json(r)::text from (select $1::text as said, $2::int as small, $3::bigint as large, "
    "$4::bool as yes, $5::uuid as id, $6::date as day, $7::timestamptz as at, '$1 it''s' as \"$2\") r"
)
"""A statement with a parameter of each kind, and with what only looks like one."""
ONE = "select row_to_json(r)::text from (select 10/$1::int as part) r"


class Recorder:
    """Fetches by one connection after the other, and knows what was sent."""

    def __init__(self, reader: SharedReader) -> None:
        self.reader, self.sent = reader, list[str]()

    async def fetch(self, sql: str, *values: Any) -> Sequence[Any]:
        self.sent.append(sql)
        return await self.reader.fetch(sql, *values)


@pytest_asyncio.fixture
async def recorder(postgres: str) -> AsyncIterator[Recorder]:
    pool = await database.open_readers(postgres, 4)
    try:
        reader = SharedReader(Share("test", 4, longest=10_000), pool)
        yield Recorder(reader)
        await reader.close()
    finally:
        await pool.close()


@pytest.fixture
def batches(recorder: Recorder) -> StatementBatches:
    return StatementBatches(recorder.fetch, recorder.reader.describe)


def typed(at: int) -> tuple[Any, ...]:
    moment = datetime(2026, 1, 1, 12, at % 60, tzinfo=UTC)
    return f"o'{at}\\\n$1 话", at, 2**62 + at, bool(at % 2), UUID(int=at), date(2026, 1, 1 + at % 28), moment


async def test_each_gets_their_own_answer(batches: StatementBatches, recorder: Recorder) -> None:
    """The same as alone, and with far fewer statements."""
    alone = [await recorder.reader.fetch(TYPED, *typed(at)) for at in range(100)]
    together = await asyncio.gather(*(batches.fetch(TYPED, *typed(at)) for at in range(100)))
    assert [one[0][0] for one in together] == [one[0][0] for one in alone]
    assert len(recorder.sent) <= AT_ONCE + 1 + 100 // MOST + 1
    assert recorder.sent.count(TYPED) <= AT_ONCE


async def test_nobody_waits_who_is_alone(batches: StatementBatches, recorder: Recorder) -> None:
    for at in range(1, 4):
        assert (await batches.fetch(ONE, at))[0][0] == f'{{"part":{10 // at}}}'
    assert recorder.sent == [ONE] * 3


@given(st.lists(st.tuples(st.text(max_size=20), st.none() | st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None)
def test_any_values_come_through(postgres: str, asked: list[tuple[str, int | None]]) -> None:
    """As they do alone; what PostgreSQL refuses, it refuses to that one and to nobody else."""
    sql = "select row_to_json(r)::text from (select $1::text as said, $2::int as n) r"

    async def compare() -> None:
        pool = await database.open_readers(postgres, 4)
        try:
            reader = SharedReader(Share("test", 4, longest=1000), pool)
            batches = StatementBatches(reader.fetch, reader.describe)
            alone = await asyncio.gather(*(reader.fetch(sql, *one) for one in asked), return_exceptions=True)
            together = await asyncio.gather(*(batches.fetch(sql, *one) for one in asked), return_exceptions=True)
            assert [worded(one) for one in together] == [worded(one) for one in alone]
            await reader.close()
        finally:
            await pool.close()

    asyncio.run(compare())


def worded(found: Any) -> str:
    return type(found).__name__ if isinstance(found, BaseException) else found[0][0]


async def test_error_is_of_whoever_caused_it(batches: StatementBatches) -> None:
    """A division by zero among those that go together."""
    found = await asyncio.gather(*(batches.fetch(ONE, at % 10) for at in range(30)), return_exceptions=True)
    for at, one in enumerate(found):
        if at % 10:
            assert not isinstance(one, BaseException) and one[0][0] == f'{{"part":{10 // (at % 10)}}}'
        else:
            assert isinstance(one, PostgresError)


async def test_what_cannot_go_together_goes_alone(batches: StatementBatches, recorder: Recorder) -> None:
    """A parameter of a type that JSON would change."""
    sql = "select row_to_json(r)::text from (select $1::bytea as b, cardinality($2::text[]) as n) r"
    found = await asyncio.gather(*(batches.fetch(sql, bytes([at]), ["x"] * at) for at in range(20)))
    assert [one[0][0] for one in found] == [f'{{"b":"\\\\x{at:02x}","n":{at}}}' for at in range(20)]
    assert set(recorder.sent) == {sql} and batches.texts.get(sql) == ""
    await asyncio.gather(*(batches.fetch(sql, b"", []) for _ in range(20)))  # and nobody waits any more
    assert recorder.sent == [sql] * 40


async def test_those_who_go_harm_nobody(batches: StatementBatches, recorder: Recorder) -> None:
    asking = [asyncio.create_task(batches.fetch(ONE, 1 + at % 5)) for at in range(40)]
    await asyncio.sleep(0)
    for at in range(0, 40, 2):
        asking[at].cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    for at, one in enumerate(found):
        assert (
            isinstance(one, asyncio.CancelledError) if at % 2 == 0 else one[0][0] == f'{{"part":{10 // (1 + at % 5)}}}'
        )
    assert (await batches.fetch(ONE, 2))[0][0] == '{"part":5}'


async def test_all_hear_of_a_database_that_is_gone(batches: StatementBatches, recorder: Recorder) -> None:
    """And are not sent once more, each alone: they would wait for it twice."""
    gone = OSError("gone")
    held = asyncio.Event()

    async def fetch(sql: str, *values: Any) -> Any:
        recorder.sent.append(sql)
        await held.wait()
        raise gone

    lost = StatementBatches(fetch, recorder.reader.describe)
    lost.texts.put(ONE, text_for_several(ONE, ["integer"]), 100)
    asking = [asyncio.create_task(lost.fetch(ONE, at)) for at in range(1, 20)]
    await asyncio.sleep(0)
    held.set()
    assert await asyncio.gather(*asking, return_exceptions=True) == [gone] * 19
    assert len(recorder.sent) <= AT_ONCE + 2


async def test_each_pays_a_part(batches: StatementBatches) -> None:
    """Who waits pays for a part of the statement that answers for several, and somebody for each second."""
    meters: list[TimeMeter] = []

    async def ask(at: int) -> None:
        METER.set(meter := TimeMeter())
        meters.append(meter)
        await batches.fetch(ONE, at)

    await asyncio.gather(*(ask(at) for at in range(1, 30)))
    assert all(one.seconds > 0 for one in meters)
    together = sorted(one.seconds for one in meters)[: 29 - 2 * AT_ONCE]
    assert max(together) < max(one.seconds for one in meters)


async def test_line_has_an_end(recorder: Recorder) -> None:
    """Beyond it the share decides, which refuses whom there is no place for."""
    held = asyncio.Event()

    async def fetch(sql: str, *values: Any) -> Any:
        recorder.sent.append(sql)
        await held.wait()
        return [(values[0],)]

    batches = StatementBatches(fetch, recorder.reader.describe)
    asking = [asyncio.create_task(batches.fetch(ONE, at)) for at in range(AT_ONCE + WAITING + 5)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(recorder.sent) == AT_ONCE + 5
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def test_text_for_several() -> None:
    """Parameters are replaced where they are, and not in texts and names."""
    sql = """select '$1', "$2", $1::text, $2 from "t1" where a='it''s $1' limit $12"""
    made = text_for_several(sql, ["text", "integer", *["boolean"] * 10])
    assert (
        """select '$1', "$2", "@given".p1::text, "@given".p2 from "t1" where a='it''s $1' limit "@given".p12""" in made
    )
    assert text_for_several(sql, ["text", "json"]) == "" == text_for_several("select 1", [])
