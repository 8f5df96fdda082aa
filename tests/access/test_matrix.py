"""Who sees what and may do what, as a table that people review."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
from gongzhi_server import database
from gongzhi_server.plugins import Plugins
from gongzhi_server.schema import build
from gongzhi_server.testing import Server

from ..planner.bench import ROOMY, Bench
from .matrix import Matrix
from .samples import Around, around

TABLE = Path(__file__).with_name("matrix.txt")
UNSAMPLED: dict[str, str] = {}
"""Types of which the demo county has no two rows, each with the reason."""


def known(one: Around) -> dict[str, object]:
    """What the inputs' names mean around somebody. No version is ever right, so nothing that has one is done."""
    return {
        "number": one.number,
        "household": f"Household:{one.household}",
        "person": f"Person:{one.person}",
        "grid": one.grid,
        "kind:String": "PEACEFUL_FAMILY",
        "year": 2024,
        "county": "610921",
        "leadUnit": one.unit,
        "category": "other",
        "value": "other",
        "channel": "WEB",
        "plugin": "points",
        "expectedVersion": 1_000_000,
        "rating": 4,
    }


CODES = dict.fromkeys(("closeUnit", "updateUnit"), "unit") | dict.fromkeys(
    ("renameGrid", "setBoundary", "replaceGrid"), "town"
)
"""Whose code `code` is."""


def named(near: Around, far: Around) -> dict[str, dict[str, object]]:
    """What names mean near and far, and where a mutation means something else by them."""
    found = {"near": known(near), "far": known(far)}
    for name, what in CODES.items():
        found |= {f"{name} near": {"code": getattr(near, what)}, f"{name} far": {"code": getattr(far, what)}}
    return found


async def test_matrix_is_as_reviewed(server: Server, filled: str) -> None:
    """Run with GONGZHI_MATRIX=write to write the table anew, and read what changed before committing it."""
    plugins = Plugins()
    connection = await asyncpg.connect(filled)
    pool = await database.readers(filled, 2)
    try:
        near = await around(connection)
        matrix = Matrix(Bench(pool.fetch, build(plugins), ROOMY), plugins, near, await around(connection, near))
        async with database.connected(database.config(filled, size=1)):
            await matrix.types(connection)
            await matrix.roots()
        await matrix.mutations(server, named(near, matrix.far))
    finally:
        await pool.close()
        await connection.close()
    assert matrix.unsampled == sorted(UNSAMPLED)
    if os.environ.get("GONGZHI_MATRIX") == "write":
        TABLE.write_text(matrix.table())
    assert matrix.table() == TABLE.read_text()
