"""What anonymisation leaves: whoever adds a column about somebody sees that it stays, or says what becomes of it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import asyncpg
from gongzhi.core.registers.erasure import erase_person, expired_rows_sql
from gongzhi_rights.subject_access import holding_statement
from gongzhi_server.plugins.contribution_checks import models_of
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import ESSENTIAL, TODAY
from tortoise import fields

RECORD = Path(__file__).with_name("kept.txt")
EVERY_TABLE = """
select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema', 'public')
order by 1
"""
TELLING = (fields.CharField, fields.TextField, fields.DateField, fields.BinaryField, fields.JSONField)
"""Columns that may hold words, days or sealed values of somebody. Numbers, times and enums tell facts."""


def kept() -> dict[str, list[str]]:
    """By table that is about people: the columns that no holding of it takes away."""
    plugins = load_plugins()
    found = {}
    for app in plugins.apps:
        for model in models_of(app):
            table = f"{app.label}.{model._meta.db_table}"
            holdings = [one for one in plugins.registers.holdings if one.table == table and (one.person or one.months)]
            gone = {name for one in holdings if not isinstance(one.erase, str) for name in one.erase}
            telling = {name for name, one in model._meta.fields_map.items() if isinstance(one, TELLING)}
            telling -= {name for name in telling if "Enum" in type(model._meta.fields_map[name]).__name__}
            if holdings and not any(isinstance(one.erase, str) for one in holdings) and (left := telling - gone):
                found[table] = sorted(left)
    return found


def test_what_stays_is_known() -> None:
    """Run with GONGZHI_KEPT=write to write the record anew; each new name is a column that outlives a person."""
    text = "".join(f"{table} | {', '.join(names)}\n" for table, names in sorted(kept().items()))
    if os.environ.get("GONGZHI_KEPT") == "write":
        RECORD.write_text(text, encoding="utf-8")
    assert RECORD.read_text(encoding="utf-8") == text, "say in a Holding what becomes of it, or make records"


async def test_every_table_is_in_the_register(empty: str) -> None:
    """No table of the core without a word on what it holds (`Conformance` has the plugins'); every statement runs."""
    holdings = ESSENTIAL.registers.holdings
    connection = await asyncpg.connect(empty)
    try:
        there = {row[0].replace('"', "") for row in await connection.fetch(EVERY_TABLE)}
        declared = {one.table for one in holdings}
        assert sorted(declared ^ {one for one in there if not one.startswith("gongzhi.")}) == []
        async with connection.transaction():
            await erase_person(connection.fetch, holdings, uuid4(), TODAY)
            for one in holdings:
                if one.person:
                    await connection.fetch(holding_statement(one), uuid4())
                if one.months:
                    await connection.fetch(expired_rows_sql(one, "for update of t"), TODAY)
    finally:
        await connection.close()
