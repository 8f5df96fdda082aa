"""What a plugin tells another system of events: what the system's account may know of, and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ..webhooks.conftest import MATTER, enrol
from .conftest import Market
from .test_reference import PAGE
from .test_services import process, until


async def test_example_of_the_reference_works(
    market: Market, filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told what its account may follow, as its case is now; of a tip-off nothing."""
    [source] = re.findall(r"```python event access\n(.*?)```", PAGE, re.DOTALL)
    market.ship("rubbish", source.replace("run.wait(60)", "run.wait(0.02)"))
    connection = await asyncpg.connect(filled)
    await enrol(connection, "scales", "gzk_" + "s" * 43)
    said: list[str] = []

    def told(words: str) -> bool:
        said.append(capsys.readouterr().out)
        return words in "".join(said)

    async with process(filled, tmp_path, market.load()) as server:
        dispatcher = server.as_("county_dispatcher", grid="610921")
        await report(dispatcher, kind="TIP_OFF", against="610921-GDGS")
        number = await report(dispatcher)
        await until(lambda: told(f"told: case.reported {{'number': '{number}', 'status': 'REPORTED'}}"))
    await connection.execute("delete from accounts.account where name='scales'")
    await connection.close()
    assert "".join(said).count("case.reported") == 1


async def report(server: Any, **more: Any) -> str:
    payload = await server.do("reportCase", "case { number }", **{**MATTER, **more})
    assert payload["errors"] == [], payload
    return str(payload["case"]["number"])
