"""Template databases: what one run leaves, the next one with the same code finds, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from gongzhi_server.storage import template_databases
from gongzhi_server.storage.template_databases import (
    create_database,
    make_template,
    open_template,
    open_test_cluster,
)


async def run_sql(dsn: str, sql: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def fill(dsn: str) -> None:
    await run_sql(dsn, "create table kept as select 7 as answer")


async def fail(dsn: str) -> None:
    await fill(dsn)
    raise LookupError


def test_the_next_run_begins_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole ones alone, without what tests have made beside them, and not of other code."""
    for name in (template_databases.OUTSIDE, template_databases.RUN):
        monkeypatch.delenv(name, raising=False)
    kept = tmp_path / "kept"
    kept.mkdir()
    with open_test_cluster(tmp_path / "first", kept) as dsn:
        with open_template(dsn, "whole", fill) as name:
            asyncio.run(create_database(dsn, "test_copy", name))
        with pytest.raises(LookupError), open_template(dsn, "broken", fail):
            pass
    with open_test_cluster(tmp_path / "second", kept) as dsn:
        names = asyncio.run(run_sql(dsn, "select datname from pg_database where not datistemplate order by 1"))
        assert names == ["gongzhi", "postgres", "template_whole"]
        # Not filled again: that would be refused, the table is there.
        with open_template(dsn, "whole", fail) as name:
            copied = asyncio.run(create_database(dsn, "test_copy", name))
            assert asyncio.run(run_sql(copied, "select answer from kept")) == [7]
    monkeypatch.setattr(template_databases, "OURS", ("gongzhi",))
    assert not (kept / template_databases.digest_code()).exists()


def test_processes_of_a_run_share_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each template is made by one of them; whoever leaves last keeps it, and nothing else is left."""
    monkeypatch.delenv(template_databases.OUTSIDE, raising=False)
    monkeypatch.setenv(template_databases.RUN, tmp_path.name)
    kept = tmp_path / "kept"
    kept.mkdir()
    with open_test_cluster(tmp_path / "data", kept) as dsn:
        with open_test_cluster(tmp_path / "data", kept) as same:
            assert same == dsn
            assert asyncio.run(make_twice(dsn)) == 1
        assert not list(kept.glob("*/base"))
        assert asyncio.run(run_sql(dsn, "select 1")) == [1]
    assert len(list(kept.glob("*/base"))) == 1
    assert not Path(parse_qs(urlsplit(dsn).query)["host"][0]).exists()
    with open_test_cluster(tmp_path / "data", kept) as dsn, open_template(dsn, "whole", fail):
        pass


async def make_twice(dsn: str) -> int:
    """Have two ask for a template at the same time, and return how often it was filled."""
    filled: list[str] = []

    async def fill_slowly(made: str) -> None:
        filled.append(made)
        await fill(made)

    await asyncio.gather(*(make_template(dsn, "template_whole", fill_slowly, "template0") for _ in range(2)))
    return len(filled)
