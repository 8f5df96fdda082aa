"""The clients people use, in Node, against the running server; subscriptions against the tests' own engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.app import create_app
from gongzhi_server.testing import settings_for_tests

from .conftest import running


@pytest.fixture
def real(filled: str, tmp_path: Path) -> Iterator[str]:
    """The address of the application over a small demo county."""
    with running(create_app(settings_for_tests(filled, tmp_path), filled), "on") as address:
        yield f"{address}/graphql"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_apollo_pages_on(real: str, node: Callable[..., Any], method: str) -> None:
    """The first page costs a miss; every page after it goes by the hash alone."""
    found = node("apollo.cjs", real, "", method.lower())
    assert found["first"] == 5
    assert len(set(found["ids"])) == len(found["ids"]) == found["total"] > 10
    pages = -(-found["total"] // 5)
    miss, whole, *rest = found["sent"][: pages + 1]
    assert not miss["query"] and whole["query"] and whole["status"] == 200
    assert rest == [{"method": method, "status": 200, "query": False}] * (pages - 1)
    assert found["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_urql_asks_and_subscribes(real: str, url: str, node: Callable[..., Any]) -> None:
    assert node("urql.cjs", real, url) == {
        "page": 3,
        "get": 2,
        "code": "GRAPHQL_VALIDATION_FAILED",
        "ticks": [{"ticks": 1}, {"ticks": 2}, {"ticks": 3}],
    }


def test_reference_socket_client(url: str, node: Callable[..., Any]) -> None:
    assert node("sockets.cjs", url) == {
        "query": [{"data": {"viewer": "wang"}}],
        "mutation": 1,
        "ticks": [{"data": {"ticks": number}} for number in (1, 2, 3)],
        "invalid": [{"failed": ["GRAPHQL_VALIDATION_FAILED"]}],
        "refused": [{"failed": 4403}],
        "together": list(range(20)),
        "forbidden": 4403,
    }


def test_reference_stream_client(url: str, node: Callable[..., Any]) -> None:
    found = node("streams.cjs", url)
    assert found["query"] == [{"data": {"hello": "hello world"}}]
    assert found["ticks"] == [{"data": {"ticks": number}} for number in (1, 2, 3)]
    assert found["invalid"][0]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert found["page"] == {"data": {"pages": "x" * 10}}
