"""Methods, statuses, masking, time, compression and the guard against other sites."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gongzhi_server.gateway import Code, GatewaySettings, Stage
from gongzhi_server.gateway.error_responses import CODES

GRAPHQL = "application/graphql-response+json"


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def test_answer_is_untouched(desk: Any) -> None:
    response = await desk.post("query($to: String) { hello(to: $to) }", variables={"to": "共治"})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert int(response.headers["content-length"]) == len(response.content)
    assert response.json() == {"data": {"hello": "hello 共治"}}


@pytest.mark.parametrize("field", ["part", "whole"])
async def test_partial_success_294(desk: Any, field: str) -> None:
    """Also when the error took the data with it: the operation did run."""
    response = await desk.post(f"{{ hello {field} }}")
    assert response.status_code == 294
    assert response.json()["errors"]


async def test_partial_json_200(desk: Any) -> None:
    response = await desk.post("{ hello part }", accept="application/json")
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello world", "part": None}


async def test_operation_is_chosen(desk: Any) -> None:
    document = "query A { hello } query B { nothing }"
    assert (await desk.post(document, operationName="B")).json() == {"data": {"nothing": None}}
    for unclear in ({}, {"operationName": "C"}, {"operationName": ""}):
        response = await desk.post(document, **unclear)
        assert (response.status_code, code(response)) == (400, "OPERATION_RESOLUTION_FAILURE")
        assert "data" not in response.json()
    assert (await desk.post("query A { hello }", operationName="")).status_code == 200


async def test_unknown_properties_ignored(desk: Any) -> None:
    assert (await desk.post("{ hello }", id=7, later={"a": [1]})).status_code == 200


async def test_batch_is_explained(desk: Any) -> None:
    response = await desk.client.post("/graphql", json=[{"query": "{ hello }"}])
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert "Batches" in response.json()["errors"][0]["message"]


async def test_get_runs_query(desk: Any) -> None:
    document = "query A($to: String) { hello(to: $to) }"
    response = await desk.get(query=document, variables='{"to": "你"}', operationName="A", extensions="{}")
    assert response.json() == {"data": {"hello": "hello 你"}}


async def test_get_empty_absent(desk: Any) -> None:
    response = await desk.get(query="{ hello }", variables="", operationName="", extensions="")
    assert response.status_code == 200
    assert (await desk.get(query="")).status_code == 400


async def test_get_null_names(desk: Any) -> None:
    """In a URL `null` is the name of an operation, not an absent one."""
    assert (await desk.get(query="query null { hello } query B { hello }", operationName="null")).status_code == 200


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json", "*/*"])
async def test_get_mutation_halts(desk: Any, accept: str) -> None:
    response = await desk.get({"accept": accept}, query="mutation { touch }")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert code(response) == "OPERATION_NOT_ALLOWED"
    assert desk.engine.touched == 0
    assert (await desk.post("mutation { touch }")).json() == {"data": {"touch": 1}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"])
async def test_method_is_refused(desk: Any, method: str) -> None:
    response = await desk.client.request(method, "/graphql", json={"query": "{ hello }"})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert "access-control-allow-origin" not in response.headers


async def test_subscription_needs_stream(desk: Any) -> None:
    response = await desk.post("subscription { ticks }")
    assert (response.status_code, code(response)) == (400, "OPERATION_NOT_ALLOWED")


async def test_every_reply_hardened(desk: Any) -> None:
    for response in (await desk.post("{ hello }"), await desk.post("{"), await desk.post("{ crash }")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["vary"] == "accept, accept-encoding"


async def test_expired_token_401(desk: Any) -> None:
    response = await desk.client.post("/graphql", json={"query": "{ hello }"}, headers={"authorization": "Bearer bad"})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert response.json()["errors"][0]["message"] == "The token has expired."


async def test_locked_account_403(desk: Any) -> None:
    response = await desk.client.post("/graphql", json={"query": "{ hello }"}, headers={"authorization": "Bearer weak"})
    assert (response.status_code, code(response)) == (403, "FORBIDDEN")


async def test_viewer_reaches_engine(desk: Any) -> None:
    headers = {"authorization": "Bearer wang"}
    response = await desk.client.post("/graphql", json={"query": "{ viewer }"}, headers=headers)
    assert response.json() == {"data": {"viewer": "wang"}}


@pytest.mark.parametrize(("query", "token"), [("{ crash }", "x"), ("{ hello }", "odd")])
async def test_fault_is_masked(desk: Any, caplog: pytest.LogCaptureFixture, query: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    response = await desk.client.post("/graphql", json={"query": query}, headers=headers)
    assert (response.status_code, code(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert "password" not in response.text and "key of" not in response.text and "Secret" not in response.text
    [record] = caplog.records
    assert record.levelno == logging.ERROR and record.exc_info and type(record.exc_info[1]).__name__ == "Secret"
    assert response.json()["errors"][0]["extensions"]["id"] in record.getMessage()


async def test_slow_run_cancelled(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(running=0.3)
    response = await desk.post("{ stuck }")
    assert (response.status_code, code(response)) == (503, "TIMEOUT")
    assert "0.3 seconds (limits.running)" in response.text
    assert desk.engine.cancelled.is_set()


async def test_timeout_below_503(desk: Any) -> None:
    """The database's own timeout is a timeout, too."""
    assert (await desk.post("{ late }")).status_code == 503


async def speak(desk: Any, *messages: dict[str, Any], **scope: Any) -> list[dict[str, Any]]:
    """Speak ASGI by hand; after the last message nothing comes any more."""
    waiting, sent = list(messages), []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), *scope.pop("headers", [])]
    await desk.gateway({"type": "http", "method": "POST", "query_string": b"", "headers": headers}, receive, send)
    return sent


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_body_in_pieces(desk: Any) -> None:
    start, body = await speak(desk, part(b'{"query":'), part(b""), part(b'"{ hello }"}', False))
    assert start["status"] == 200
    assert json.loads(body["body"]) == {"data": {"hello": "hello world"}}


async def test_slow_body_408(open_desk: Callable[..., Any]) -> None:
    start, body = await speak(open_desk(reading=0.01), part(b'{"query":'))
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    assert b"REQUEST_TIMEOUT" in body["body"]


async def test_gone_client_ignored(desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await speak(desk, part(b'{"query":'), {"type": "http.disconnect"}) == []
    assert not caplog.records


@pytest.mark.parametrize("length", [None, b"5", b"-1", b"x", b"0"])
async def test_lying_length_413(open_desk: Callable[..., Any], length: bytes | None) -> None:
    """What counts is what arrives."""
    headers = [(b"content-length", length)] if length else []
    start, body = await speak(open_desk(body=100), part(b"[" * 60), part(b"[" * 60), headers=headers)
    assert start["status"] == 413
    assert b"100 bytes (limits.body)" in body["body"]


@pytest.mark.parametrize("length", [b"101", b"9" * 5000])
async def test_long_body_unread(open_desk: Callable[..., Any], length: bytes) -> None:
    """A length that is too large is refused before a byte is read."""
    start, _ = await speak(open_desk(body=100), headers=[(b"content-length", length)])
    assert start["status"] == 413


async def test_exact_body_fits(open_desk: Callable[..., Any]) -> None:
    body = b'{"query": "{ hello }"}'
    assert (await speak(open_desk(body=len(body)), part(body, False)))[0]["status"] == 200
    assert (await speak(open_desk(body=len(body) - 1), part(body, False)))[0]["status"] == 413


async def test_long_url_414(open_desk: Callable[..., Any]) -> None:
    response = await open_desk(url=100).get(query="{ hello }" + " " * 100)
    assert (response.status_code, code(response)) == (414, "REQUEST_TOO_LARGE")
    assert response.json()["errors"][0]["extensions"]["limit"] == "limits.url"


async def test_large_headers_431(open_desk: Callable[..., Any]) -> None:
    response = await open_desk(headers=1_000).get({"x-padding": "x" * 1_000}, query="{ hello }")
    assert (response.status_code, code(response)) == (431, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize("length", [600, 60_000])
async def test_long_answer_compressed(desk: Any, length: int) -> None:
    body = {"query": "query($n: Int!) { page(length: $n) }", "variables": {"n": length}}
    headers = {"accept-encoding": "br, gzip;q=0.5"}
    async with desk.client.stream("POST", "/graphql", json=body, headers=headers) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert len(raw) < 6 * length / 10
    assert json.loads(gzip.decompress(raw)) == {"data": {"page": "共治" * length}}


@pytest.mark.parametrize(
    ("accepted", "compress"), [("identity", 1024), ("gzip;q=0", 1024), ("", 1024), ("gzip", None), ("gzip", 10_000)]
)
async def test_answer_stays_plain(open_desk: Callable[..., Any], accepted: str, compress: int | None) -> None:
    desk = open_desk(GatewaySettings(compress=compress))
    body = {"query": "{ page(length: 600) }"}
    response = await desk.client.post("/graphql", json=body, headers={"accept-encoding": accepted})
    assert "content-encoding" not in response.headers
    assert response.json() == {"data": {"page": "共治" * 600}}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonp",
        "application/json; charset=gbk",
        "application/json, text/plain",
    ],
)
@pytest.mark.parametrize("preflight", [{}, {"graphql-require-preflight": "1"}])
async def test_content_type_415(desk: Any, content: str | None, preflight: dict[str, str]) -> None:
    """Nothing a form can send is read as JSON, whatever header comes with it."""
    headers = {"content-type": content} if content else {}
    response = await desk.client.post("/graphql", content=b'{"query": "{ hello }"}', headers={**headers, **preflight})
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["accept-post"] == "application/json"


@pytest.mark.parametrize(
    "content", ["application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"']
)
async def test_json_is_read(desk: Any, content: str) -> None:
    response = await desk.client.post(
        "/graphql", content=b'{"query": "{ hello }"}', headers={"content-type": content, "content-encoding": "identity"}
    )
    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "zip-bomb"])
async def test_compressed_body_415(desk: Any, encoding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    body = gzip.compress(b'{"query": "{ hello }"}')
    response = await desk.client.post("/graphql", content=body, headers=headers)
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "accept": "*/*"},
        {"sec-fetch-site": "same-site", "accept": "application/json"},
        {"sec-fetch-site": "cross-site", "content-type": "text/plain"},
        {"sec-fetch-site": "cross-site", "graphql-require-preflight": ""},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
)
async def test_other_site_refused(desk: Any, headers: dict[str, str]) -> None:
    response = await desk.get(headers, query="{ hello }")
    assert (response.status_code, code(response)) == (403, "CROSS_SITE_REQUEST")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://test"},
        {"sec-fetch-site": "cross-site", "graphql-require-preflight": "1"},
        {"sec-fetch-site": "cross-site", "apollo-require-preflight": "true"},
        {"sec-fetch-site": "cross-site", "x-apollo-operation-name": "A"},
        {"origin": "https://elsewhere.example", "content-type": "application/json"},
    ],
)
async def test_own_site_answered(desk: Any, headers: dict[str, str]) -> None:
    assert (await desk.get(headers, query="{ hello }")).status_code == 200


def test_stages_have_codes() -> None:
    assert set(CODES) == set(Stage)


def test_codes_are_closed() -> None:
    for member in Code:
        assert member.name == member.value == str(member)
        assert member.description.endswith(".")
    with pytest.raises(ValueError, match="NEW"):
        Code("NEW")
