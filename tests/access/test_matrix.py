"""Who sees what and may do what, as a table that people review."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
from gongzhi_server.storage import database
from gongzhi_server.storage.key_ring import load_key_ring
from gongzhi_server.testing import ESSENTIAL, built_schema, settings_for_tests

from ..planner.bench import ROOMY, Bench
from .matrix import Matrix
from .samples import Around, around

TABLE = Path(__file__).with_name("matrix.txt")
UNSAMPLED: dict[str, str] = {
    "OpenDataset": "a table is a county's, so none lies in a town",
    "EarlySignChange": "it is told and never asked for; whoever sees the sign may know of it",
    "Event": "it is told and never asked for; tests/events has who is told what",
    "Job": "it lies nowhere; tests/events has who sees it",
    "ListedDuty": "a list is a county's, so no entry lies in a town",
}
"""Types of which the demo county has no two rows, each with the reason."""


def values_around(one: Around) -> dict[str, object]:
    """What the inputs' names mean around somebody. No version is ever right, so nothing that has one is done."""
    return {
        "number": one.number,
        "household": f"Household:{one.household}",
        "person": f"Person:{one.person}",
        "ids": f"Person:{one.person}",
        "fields": "phone",
        "grid": one.grid,
        "kind:String": "PEACEFUL_FAMILY",
        "year": 2024,
        "county": "610921",
        "leadUnit": one.unit,
        "category": "other",
        "value": "other",
        "channel": "WEB",
        "plugin": "points",
        "job": "Job:00000000-0000-4000-8000-000000000000",
        "expectedVersion": 1_000_000,
        "rating": 4,
        "account": one.name,
        "role": "auditor",
        "suspended": True,
        "webhook": "Webhook:00000000-0000-4000-8000-000000000000",
        "url": "https://example.org/",
        "selection": "{ number }",
        "types": "case.closed",
    }


CODES = dict.fromkeys(("closeUnit", "updateUnit"), "unit") | dict.fromkeys(
    ("renameGrid", "setBoundary", "replaceGrid"), "town"
)
"""Whose code `code` is."""


def values_near_and_far(near: Around, far: Around) -> dict[str, dict[str, object]]:
    """What names mean near and far, and where a mutation means something else by them."""
    found = {"near": values_around(near), "far": values_around(far)}
    for name, what in CODES.items():
        found |= {f"{name} near": {"code": getattr(near, what)}, f"{name} far": {"code": getattr(far, what)}}
    for where, one in (("near", near), ("far", far)):
        found |= {
            f"setCountySetting {where}": {"setting": "dispatch.returns", "value": "3"},
            f"addAccount {where}": {"name": f"new-{one.town}"},
            f"leavePhone {where}": {"phone": "13800000000"},
            f"reportCase {where}": {"title": "x", "description": "x"},
            f"callWhistle {where}": {"units": one.unit},
            f"setDispatchRule {where}": {"unit": one.unit},
            f"requestBulkExport {where}": {"document": "{ cases { nodes { number } } }"},
        }
    return found


async def test_matrix_is_as_reviewed(filled: str, tmp_path: Path) -> None:
    """Run with GONGZHI_MATRIX=write to write the table anew, and read what changed before committing it."""
    plugins, keys = ESSENTIAL, load_key_ring(settings_for_tests(filled, tmp_path))
    connection = await asyncpg.connect(filled)
    pool = await database.open_readers(filled, 2)
    try:
        near = await around(connection)
        matrix = Matrix(
            Bench(pool.fetch, built_schema(plugins), ROOMY, keys), plugins, near, await around(connection, near)
        )
        async with database.open_tortoise(database.tortoise_config(filled, ESSENTIAL.apps, size=1)):
            await matrix.types(connection)
            await matrix.roots()
            await matrix.mutations(values_near_and_far(near, matrix.far))
    finally:
        await pool.close()
        await connection.close()
    assert matrix.unsampled == sorted(UNSAMPLED)
    if os.environ.get("GONGZHI_MATRIX") == "write":
        TABLE.write_text(matrix.table())
    assert matrix.table() == TABLE.read_text()
