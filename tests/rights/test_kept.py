"""What anonymisation leaves: whoever adds a column about somebody sees that it stays, or says what becomes of it."""

from __future__ import annotations

import os
from pathlib import Path

from gongzhi_server.plugins.loader import load_plugins, models_of
from tortoise import fields

RECORD = Path(__file__).with_name("kept.txt")
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
