"""Lists of cases: found by words of their texts and by the beginning of their number, ordered by their last step."""

from __future__ import annotations

import asyncpg
import pytest

from .bench import Bench
from .expected_visibility import Row, Rows


async def list_numbers(bench: Bench, where: str, viewer: str = "administrator", **variables: str) -> set[str]:
    head = "query($t: String!)" if variables else "query"
    text = f"{head} {{ cases(first: 100, filter: {where}) {{ nodes {{ number }} }} }}"
    return {one["number"] for one in (await bench.data(text, viewer, **variables))["cases"]["nodes"]}


async def seen_cases(bench: Bench, rows: Rows, viewer: str = "administrator") -> list[Row]:
    numbers = await list_numbers(bench, "{}", viewer)
    return [row for row in rows.kinds["Case"] if row.number in numbers]


@pytest.mark.parametrize("viewer", ["administrator", "auditor", "resident"])
async def test_words_of_texts(bench: Bench, rows: Rows, viewer: str) -> None:
    """All words, in the title or in the description, whatever blanks are between them, upper and lower case alike."""
    cases = await seen_cases(bench, rows, viewer)
    sought = next(row for row in cases if len(row.title) > 3 and len(row.description) > 4)
    for words in (
        [sought.title[:2], sought.description[-3:]],
        [sought.description[1:4].upper()],
        [sought.title[0], sought.title[-2:]],
        ["”;drop", sought.title[:2]],
        ["%"],
        [],
    ):
        expected = {
            row.number for row in cases
            if all(word.lower() in f"{row.title} {row.description}".lower() for word in words)
        }  # fmt: skip
        for blank in (" ", "\u3000", "  \t"):
            assert await list_numbers(bench, "{ text: { contains: $t } }", viewer, t=blank.join(words)) == expected, (
                words
            )


async def test_words_are_found_by_index(world: str, bench: Bench) -> None:
    """What words must be there is looked up, and only what has them is read."""
    await list_numbers(bench, "{ text: { contains: $t } }", t="路灯 不亮")
    sql, values = bench.seen[0]
    connection = await asyncpg.connect(world)
    try:
        await connection.execute("set enable_seqscan to off")
        plan = "\n".join(row[0] for row in await connection.fetch(f"explain {sql}", *values))
    finally:
        await connection.close()
    assert "search_texts" in plan


async def test_numbers_by_their_beginning(bench: Bench, rows: Rows) -> None:
    cases = await seen_cases(bench, rows)
    number = cases[5].number
    for start in (number[:-4], number, "%", ""):
        expected = {row.number for row in cases if row.number.startswith(start)}
        assert await list_numbers(bench, "{ number: { startsWith: $t } }", t=start) == expected


async def test_by_their_last_step(bench: Bench, rows: Rows) -> None:
    """Those to which something happened last come first; steps that only staff may read move no case."""
    text = "{ cases(first: 100, orderBy: LAST_EVENT_AT_DESC) { nodes { number } } }"
    listed = [one["number"] for one in (await bench.data(text))["cases"]["nodes"]]
    cases = await seen_cases(bench, rows)
    ordered = sorted(cases, key=lambda row: (row.last_event_at, row.id), reverse=True)
    assert listed == [row.number for row in ordered]
    middle = ordered[len(ordered) // 2].last_event_at
    since = await list_numbers(bench, f'{{ lastEventAt: {{ from: "{middle.isoformat()}" }} }}')
    assert since == {row.number for row in ordered if row.last_event_at >= middle}
