"""Template databases: what one run leaves, the next one with the same code finds, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from gongzhi_server.storage import template_databases
from gongzhi_server.storage.template_databases import create_database, open_template, open_test_cluster


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
    monkeypatch.delenv(template_databases.OUTSIDE, raising=False)
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
