"""A subscriber that stops reading is dropped, and nobody else notices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server import app
from gongzhi_server.gateway import Close, Limits
from websockets.exceptions import ConnectionClosed

from .conftest import station

COPIES = 12
HEAVY = (
    "subscription($after: String) { caseEvents(after: $after) { id "
    + " ".join(f"c{at}: case {{ description }}" for at in range(COPIES))
    + " } }"
)
CASES = 60


async def test_who_does_not_read_is_dropped(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = app.shell

    def strict(settings: Any) -> Any:
        return replace(shell(settings), limits=Limits(stalling=0.5))

    monkeypatch.setattr(app, "shell", strict)
    async with station(filled, tmp_path) as server:
        integrator = server.as_("integrator", grid="610921")
        deaf, keen = await integrator.follow(HEAVY), await integrator.follow(HEAVY)
        seen = set()
        for _ in range(CASES):
            await server.report(description="水" * 9_000)
            seen.add((await keen.event())["id"])
        assert len(seen) == CASES
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(CASES):
                await deaf.next()
        assert closed.value.rcvd is None or closed.value.rcvd.code == Close.SLOW
