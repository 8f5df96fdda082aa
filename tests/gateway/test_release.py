"""What the September 2026 release of GraphQL over HTTP demands, under `http.status = release`."""

from __future__ import annotations

from typing import Any

import pytest

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
UTF8 = "; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", GRAPHQL),
        (None, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, {JSON}", JSON),
    ],
)
async def test_accept_is_honoured(release: Any, accept: str | None, media: str) -> None:
    headers = [("accept", accept)] if accept else []
    request = release.client.build_request("POST", "/graphql", json={"query": "{ hello }"})
    request.headers.pop("accept")
    request.headers.update(headers)
    response = await release.client.send(request)
    assert response.status_code == 200
    assert response.headers["content-type"] == media + UTF8


async def test_charset_is_assumed(release: Any) -> None:
    body = '{"query": "{ hello(to: \\"共治\\") }"}'.encode()
    response = await release.client.post("/graphql", content=body, headers={"content-type": JSON})
    assert response.json() == {"data": {"hello": "hello 共治"}}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"NONSENSE"),
        (400, b'{"query": '),
        (400, b'{"query": "{"}'),
        (422, b'{"qeury": "{ __typename }"}'),
        (422, b'{"query": "{ hello }", "variables": [7]}'),
        (422, b'{"query": 7}'),
        (422, b"[]"),
        (422, b'{"query": "{ unknown }"}'),
        (422, b'{"query": "query A { hello } query B { hello }"}'),
        (422, b'{"query": "query($i: Int!) { hello(times: $i) }", "variables": {"i": "x"}}'),
        (422, b'{"query": "subscription { ticks }"}'),
    ],
)
async def test_no_data_4xx(release: Any, accept: str, status: int, body: bytes) -> None:
    """Without data the status is 4xx for every client, and the body calls itself what it is."""
    response = await release.client.post("/graphql", content=body, headers={"content-type": JSON, "accept": accept})
    assert response.status_code == status
    assert response.headers["content-type"] == GRAPHQL + UTF8
    assert "data" not in response.json()
    assert all(error["extensions"]["code"] for error in response.json()["errors"])


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 294), (JSON, 200)])
@pytest.mark.parametrize("field", ["part", "whole"])
async def test_data_is_2xx(release: Any, accept: str, status: int, field: str) -> None:
    response = await release.post(f"{{ hello {field} }}", accept=accept)
    assert response.status_code == status
    assert response.headers["content-type"] == accept + UTF8
    assert "data" in response.json()


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_get_mutation_405(release: Any, accept: str) -> None:
    response = await release.get({"accept": accept}, query="mutation { touch }")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert release.engine.touched == 0


async def test_nothing_acceptable_406(release: Any) -> None:
    response = await release.post("{ hello }", accept="text/html")
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("parameter", ["variables", "operationName", "extensions"])
async def test_null_is_absent(release: Any, parameter: str) -> None:
    assert (await release.post("{ hello }", **{parameter: None})).json() == {"data": {"hello": "hello world"}}


async def test_empty_parameters_absent(release: Any) -> None:
    response = await release.get(query="{ hello }", variables="", operationName="", extensions="")
    assert response.status_code == 200


async def test_unknown_properties_ignored(release: Any) -> None:
    assert (await release.post("{ hello }", documentation="x")).status_code == 200


async def test_one_url_serves(release: Any) -> None:
    """Queries and mutations share an address."""
    assert (await release.post("{ hello }")).status_code == 200
    assert (await release.post("mutation { touch }")).status_code == 200


async def test_own_fault_500(release: Any) -> None:
    response = await release.post("{ crash }", accept=JSON)
    assert response.status_code == 500
    assert response.headers["content-type"] == GRAPHQL + UTF8
