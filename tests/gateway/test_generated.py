"""Generated documents against the running server: an answer, or errors that all have a code."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gongzhi_server.app import create_app
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.gateway import Code
from gongzhi_server.graphql.schema import print_sdl
from gongzhi_server.testing import SECRET, TODAY, settings_for_tests
from graphql import build_schema, is_scalar_type
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as options
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from .conftest import running

BUILT_IN = {"Boolean", "Float", "ID", "Int", "String"}
PLAIN = st.sampled_from(["610921", "610921001", "2026-06-30", "2026-06-30T02:00:00Z", "1", "", "时"]) | st.text(
    max_size=5
)


def documents() -> st.SearchStrategy[str]:
    """Any operation the schema allows, its own scalars filled with whatever."""
    schema = build_schema(print_sdl(core=True))
    own = [name for name, kind in schema.type_map.items() if is_scalar_type(kind) and name not in BUILT_IN]
    text = PLAIN.filter(lambda value: "\0" not in value).map(nodes.String)
    return from_schema(schema, custom_scalars=dict.fromkeys(own, text), allow_x00=False, codec="utf-8")


@pytest.fixture
def client(filled: str, tmp_path: Path) -> Iterator[httpx.Client]:
    token = Tokens(SECRET).issue({"sub": "generated", "role": "administrator"}, TODAY)
    headers = {"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"}
    app = create_app(settings_for_tests(filled, tmp_path), filled, lambda: TODAY)
    with running(app, "on") as address, httpx.Client(base_url=address, headers=headers) as client:
        yield client


def ask(client: httpx.Client, document: str) -> None:
    response = client.post("/graphql", json={"query": document})
    assert response.status_code in (200, 294, 400), (response.text, document)
    body: dict[str, Any] = response.json()
    assert "data" in body or body["errors"]
    for error in body.get("errors", []):
        code = Code(error["extensions"]["code"])
        assert code != Code.INTERNAL_SERVER_ERROR, document


def generate(client: httpx.Client, examples: int) -> None:
    health = [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
    ]

    @options(max_examples=examples, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=health)
    @given(documents())
    def each(document: str) -> None:
        ask(client, document)

    each()


def test_errors_are_coded(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    generate(client, 30)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.slow
def test_errors_stay_coded(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """Half a minute of them."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        generate(client, 50)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
