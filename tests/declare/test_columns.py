"""Saving what has changed of a row."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from gongzhi.core.cases.models import CaseRow, Status
from gongzhi.declare.columns import remember_row, save_changes

Saved = list[list[str] | None]


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Saved:
    """The columns that were saved, each time; None for all of them."""
    found: Saved = []

    async def save(self: CaseRow, update_fields: Iterable[str] | None = None) -> None:
        found.append(None if update_fields is None else sorted(update_fields))

    monkeypatch.setattr(CaseRow, "save", save)
    return found


async def test_what_has_changed_is_saved(saved: Saved) -> None:
    case = CaseRow(title="路灯不亮", status=Status.REPORTED, version=1)
    remember_row(case)
    case.status, case.version, case.reply = Status.ACCEPTED, 2, "已受理"
    await save_changes(case)
    case.title = "路灯坏了"
    await save_changes(case)
    await save_changes(case)
    assert saved == [["reply", "status", "version"], ["title"]]


async def test_nothing_that_changes_in_place_is_missed(saved: Saved) -> None:
    case = CaseRow(title="路灯不亮", place_source={"longitude": 1})
    remember_row(case)
    case.place_source["longitude"] = 2
    await save_changes(case)
    assert saved == [["place_source"]]


async def test_a_row_that_came_another_way_is_saved_whole(saved: Saved) -> None:
    await save_changes(CaseRow(title="路灯不亮"))
    assert saved == [None]
