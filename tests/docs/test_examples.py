"""Every operation in the pages is carried out, page by page, as a reader would who types them in one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from gongzhi_server.testing import Server, ServerAnswer

from .pages import PAGES, Example, examples

SAID = re.compile(r"<(\w+)>")


@pytest.mark.parametrize("page", [page for page in PAGES if any(examples(page))])
async def test_examples(page: str, server: Server, filled: str) -> None:
    said = {"requester": await requester(filled)}
    await enrol(filled, "county_dispatcher", "610921")
    for example in examples(page):
        answer = await ask(server, example, said)
        assert answer.status == 200, f"{example.block}: {answer.body}"
        if example.answer is not None:
            assert answer.body == told(example.answer, said), example.block
        else:
            problems = [*answer.errors, *found("errors", answer.body.get("data")), *holes(answer.body.get("data"))]
            assert not problems, f"{example.block}: {problems}"
        remember(answer.body.get("data"), said)


async def requester(dsn: str) -> str:
    """Somebody whose case is answered and not rated yet."""
    connection = await asyncpg.connect(dsn)
    try:
        return str(
            await connection.fetchval(
                "select requester_id from cases.case where status = 'REPLIED' and requester_id is not null "
                "order by id limit 1"
            )
        )
    finally:
        await connection.close()


async def enrol(dsn: str, role: str, grid: str) -> None:
    """An account for a caller of the pages, for what is done for an account and not at once."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "insert into accounts.account (id, name, kind, grid_id, created_at, created_by, version) "
            "select gen_random_uuid(), $1, 'PERSON', id, now(), 'console', 1 from grids.grid "
            "where code = $2 and valid_to is null on conflict (name) do nothing",
            *(f"{role}-{grid}", grid),
        )
    finally:
        await connection.close()


async def ask(server: Server, example: Example, said: dict[str, Any]) -> ServerAnswer:
    claims = dict(told(example.claims, said))
    caller = server.as_(claims.pop("role"), **claims) if claims else server
    return await caller.ask(example.block.text, **told(example.variables, said))


def told(value: Any, said: dict[str, Any]) -> Any:
    """The value with `<number>` and the like replaced by what the last answer that had it said."""
    if isinstance(value, dict):
        return {key: told(inner, said) for key, inner in value.items()}
    if isinstance(value, list):
        return [told(inner, said) for inner in value]
    place = SAID.fullmatch(value) if isinstance(value, str) else None
    return said[place[1]] if place else value


def remember(data: Any, said: dict[str, Any]) -> None:
    """Keep what each field said; of several, the first."""
    fresh: dict[str, Any] = {}
    for key, value in leaves(data):
        fresh.setdefault(key, value)
    said |= fresh


def leaves(data: Any) -> Iterator[tuple[str, Any]]:
    for key, value in members(data):
        if isinstance(value, dict | list):
            yield from leaves(value)
        elif value is not None:
            yield key, value


def members(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        yield from data.items()
    elif isinstance(data, list):
        yield from (("", item) for item in data)


def found(name: str, data: Any) -> list[Any]:
    """What fields of this name hold, wherever they are, in one list."""
    here: list[Any] = data.get(name, []) if isinstance(data, dict) else []
    return [*here, *(one for _, value in members(data) for one in found(name, value))]


def holes(data: Any) -> list[str]:
    """What a reader would find disappointing: nothing at the root, or a first list without rows."""
    empty = []
    for key, value in members(data):
        if value is None or value in ([], {}):
            empty.append(f"{key} is {value}")
        elif isinstance(value, dict):
            empty += [f"{key}.{name} is empty" for name in ("nodes", "edges") if value.get(name) == []]
    return empty
