"""Periods: what of a village's affairs is owed, and when it is late; by a clock that no other test has moved."""

from __future__ import annotations

from gongzhi_server.testing import Server

from .conftest import Village
from .test_ledger import declare, owed


async def test_periods_that_are_over_are_owed(server: Server, database: str) -> None:
    """April and May by the tenth day after them; June, which runs, not yet; and anybody sees that it is late."""
    village = Village(server, database)
    affair = await declare(village, "集体收支")
    found = await owed(village, affair)
    rows = [(one["beginsOn"], one["endsOn"], one["dueOn"], one["state"]) for one in found["disclosures"]["nodes"]]
    assert rows == [
        ("2026-05-01", "2026-05-31", "2026-06-10", "DUE"),
        ("2026-04-01", "2026-04-30", "2026-05-10", "DUE"),
    ]
    seen = await owed(village, affair, village.server)
    assert seen == {"overdue": True, "dueOn": "2026-05-10", "lastPublishedAt": None, "disclosures": {"nodes": []}}
    quarterly = await declare(village, "低保评议", "GENERAL")
    assert (await owed(village, quarterly))["disclosures"]["nodes"] == []
    village.server.clock.move(days=2)
    await village.run_jobs()
    [second] = (await owed(village, quarterly))["disclosures"]["nodes"]
    assert (second["beginsOn"], second["endsOn"], second["dueOn"]) == ("2026-04-01", "2026-06-30", "2026-07-10")
    assert len((await owed(village, affair))["disclosures"]["nodes"]) == 3
    await village.run_jobs()
    assert len((await owed(village, affair))["disclosures"]["nodes"]) == 3
