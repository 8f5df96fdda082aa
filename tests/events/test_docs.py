"""The client on the page for integrators does what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from gongzhi_server.graphql.schema import Schema
from gongzhi_server.testing import ESSENTIAL
from graphql import parse, validate

from .conftest import CURSORS, Station

PAGE = (Path(__file__).parents[2] / "docs" / "integrators" / "events.md").read_text(encoding="utf-8")


async def test_client_goes_on_where_it_stopped(station: Station, tmp_path: Path) -> None:
    integrator = station.as_("integrator", grid="610921")
    [client] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    script, kept = tmp_path / "client.py", tmp_path / "cursor"
    script.write_text(client, encoding="utf-8")
    kept.write_text(await station.cursor())
    environment = os.environ | {
        "GONGZHI_URL": station.url.replace("http", "ws", 1) + "/graphql",
        "GONGZHI_TOKEN": integrator.headers["authorization"].removeprefix("Bearer "),
    }
    for _ in range(2):
        number = await station.report()
        process = await asyncio.create_subprocess_exec(sys.executable, script, kept, env=environment, stdout=PIPE)
        assert process.stdout
        told = await station.position(number)
        async with asyncio.timeout(20):
            while await process.stdout.readline() != f"case.reported {number} REPORTED\n".encode():
                pass  # what the clocks tell of other cases
            while (CURSORS.open(kept.read_text()) or 0) < told:
                await asyncio.sleep(0.01)  # it writes after it prints
        process.kill()
        await process.communicate()


def test_subscriptions_are_valid() -> None:
    found = re.findall(r"```graphql subscription\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 2 and all(validate(Schema(ESSENTIAL.extensions)._schema, parse(one)) == [] for one in found)
