"""What a plugin tells another system of events: what the system's account may know of, and no more."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.core.accounts.secrets import key_digest

from ..events.conftest import MATTER
from .conftest import Market
from .test_reference import PAGE
from .test_services import process, until


async def enrol(connection: Any, name: str, key: str) -> None:
    """Add a system's account, an integrator's in the county, with a key of its own."""
    begin, account = datetime(2020, 1, 1, tzinfo=UTC), uuid4()
    await connection.execute(
        "insert into accounts.account (id, name, kind, grid_id, created_at, created_by, version) "
        "select $1, $2, 'MACHINE', id, $3, 'console', 1 from grids.grid where code = '610921' and valid_to is null",
        *(account, name, begin),
    )
    await connection.execute(
        "insert into accounts.holding (id, account_id, role, grid_id, since, granted_by) "
        "select $1, id, 'integrator', grid_id, $3, 'console' from accounts.account where id = $2",
        *(uuid4(), account, begin),
    )
    await connection.execute(
        "insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at) "
        "values ($1, $2, 'test', $3, $4, $5, 'console', $6)",
        *(uuid4(), account, key_digest(key), ["cases.view", "cases.intake", "webhooks.edit"], begin),
        datetime(2099, 1, 1, tzinfo=UTC),
    )


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
