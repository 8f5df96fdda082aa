"""The client on the page for integrators does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gongzhi_server.testing import ESSENTIAL, built_graphql_schema
from graphql import parse, validate

from .conftest import Station
from .killed_clients import kill_while_it_follows

PAGE = (Path(__file__).parents[2] / "docs" / "integrators" / "events.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
async def test_client_goes_on_where_it_stopped(station: Station, tmp_path: Path, kills: int) -> None:
    """Killed at any moment, it has each event once in the end, and in order."""
    [client] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    script = tmp_path / "client.py"
    script.write_text(client, encoding="utf-8")
    integrator = station.as_("integrator", grid="610921")
    environment = {
        "GONGZHI_URL": station.url.replace("http", "ws", 1) + "/graphql",
        "GONGZHI_TOKEN": integrator.headers["authorization"].removeprefix("Bearer "),
    }
    kept, numbers = await kill_while_it_follows(station, script, environment, kills, 20 + 5 * kills)
    assert kept == numbers


def test_subscriptions_are_valid() -> None:
    found = re.findall(r"```graphql subscription\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 2 and all(validate(built_graphql_schema(ESSENTIAL), parse(one)) == [] for one in found)
