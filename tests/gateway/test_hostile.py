"""Hostile bodies, headers, URLs, documents and raw bytes against a real server: refused with a code, never a fault."""

from __future__ import annotations

import gc
import gzip
import json
import logging
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from gongzhi_server.gateway import Code

JSON = {"content-type": "application/json", "accept": "application/graphql-response+json"}
CPU = 0.3
"""Seconds of processor time that any of these may take, client included: what takes the square of its size takes more,
and on a busy machine what is well takes up to 0.12."""


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing a client sends may put a fault of ours, or a traceback, into the log."""
    yield
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []


def document(text: str) -> bytes:
    return json.dumps({"query": text}).encode()


def with_variables(variables: str) -> bytes:
    return b'{"query": "query($to: String) { hello(to: $to) }", "variables": %s}' % variables.encode()


def chain(levels: int, inner: str = "...F{0} ...F{0}") -> str:
    links = [f"fragment F{n} on Query {{ {inner.format(n + 1)} }}" for n in range(levels)]
    return " ".join(["{ ...F0 }", *links, f"fragment F{levels} on Query {{ hello }}"])


BODIES = {
    "a string": b'"x"',
    "a number": b"42",
    "null": b"null",
    "true": b"true",
    "an empty list": b"[]",
    "a batch": b'[{"query": "{ hello }"}]',
    "nothing": b"",
    "a space": b" ",
    "half of it": b'{"query": "{ hel',
    "something after": b'{"query": "{ hello }"} {"query": "{ hello }"}',
    "a comma too many": b'{"query": "{ hello }",}',
    "100 000 lists": b"[" * 100_000,
    "100 000 lists closed": b"[" * 100_000 + b"]" * 100_000,
    "100 000 objects": b'{"a":' * 100_000,
    "1 000 lists inside": with_variables("[" * 1_000 + "]" * 1_000),
    "5 000 digits": with_variables('{"to": %s}' % ("9" * 5_000)),
    "4 000 digits": with_variables('{"to": %s}' % ("9" * 4_000)),
    "65 bits": with_variables('{"to": 18446744073709551616}'),
    "65 bits below zero": with_variables('{"to": -9223372036854775809}'),
    "an endless float": with_variables('{"to": 1e999}'),
    "NaN": with_variables('{"to": NaN}'),
    "Infinity": with_variables('{"to": -Infinity}'),
    "query twice": b'{"query": "{ hello }", "query": "{ crash }"}',
    "variable twice": with_variables('{"to": "a", "to": "b"}'),
    "twice behind escapes": b'{"query":"{ hello }","variables":{"\\u0074o":1,"to":"a\\u003a"}}',
    "twice deep down": with_variables('{"to": [{"a": 1, "b": {"c": 1, "c": 2}}]}'),
    "Latin-1": '{"query": "{ hello(to: \\"é\\") }"}'.encode("latin-1"),
    "UTF-16": '{"query": "{ hello }"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query": "{ hello }"}',
    "half a surrogate": with_variables('{"to": "\\ud800"}'),
    "surrogates in UTF-8": b'{"query": "{ hello }", "variables": {"to": "\xed\xa0\x80"}}',
    "an overlong slash": b'{"query": "\xc0\xaf"}',
    "U+0000": with_variables('{"to": "a\\u0000b"}'),
    "U+0000 after a backslash": with_variables('{"to": "\\\\\\u0000"}'),
    "U+0000 bare": b'{"query": "{ hello }\x00"}',
    "21 levels": with_variables('{"to": ' + '{"deep": ' * 20 + "1" + "}" * 21),
    "1 001 items": with_variables('{"to": [' + ",".join("1" * 1_001) + "]}"),
    "500 000 numbers": b'{"query": "{ hello }", "junk": [%s0]}' % (b"0," * 499_000),
    "10 001 keys": with_variables("{" + ", ".join(f'"k{n}": {n}' for n in range(10_001)) + "}"),
    "300 000 objects": b'{"query": "{ hello }", "junk": [%s0]}' % (b"{}," * 300_000),
    "300 000 escapes": b"[" * 10_001 + b'"' + b'\\"' * 400_000,
    "300 000 escapes and one": b"[" * 10_001 + b'"' + b'\\"' * 400_000 + b"\\",
    "300 000 quotes": b"[" * 10_001 + b'"' * 900_000,
    "300 000 lists": b'{"query": "{ hello }", "junk": [%s0]}' % (b"[]," * 300_000),
    "gzip": gzip.compress(b'{"query": "{ hello }"}'),
    "a form": b"query=%7Bhello%7D",
    "multipart": b'--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query": "{hello}"}\r\n--x--',
    "no query": b"{}",
    "query null": b'{"query": null}',
    "query a list": b'{"query": ["{ hello }"]}',
    "operationName an object": b'{"query": "{ hello }", "operationName": {}}',
    "variables a string": with_variables('"{}"'),
    "variables a list": with_variables("[]"),
    "extensions a number": b'{"query": "{ hello }", "extensions": 0}',
    "a key of 900 kB": b'{"query": "{ hello }", "%s": [[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]}' % (b"k" * 900_000),
    "2 MB": b'{"query": "%s"}' % (b" " * 2_000_000),
}

DOCUMENTS = {
    "empty": "",
    "a brace": "{",
    "U+0000 escaped": '{ hello(to: "\\u0000") }',
    "U+0000 in braces": '{ hello(to: "\\u{000}") }',
    "beyond Unicode": '{ hello(to: "\\u{110000}") }',
    "half a surrogate": '{ hello(to: "\\ud83d") }',
    "10 000 braces": "{" * 10_000,
    "250 levels": "{ self" * 250 + " { hello }" + "}" * 250,
    "16 levels": "{ self " * 15 + "{ hello }" + "}" * 15,
    "200 lists": "{ hello(ids: " + "[" * 200 + "1" + "]" * 200 + ") }",
    "1 001 tokens": "{ hello " + "hello " * 998 + "}",
    "101 comments": "#\n" * 101 + "{ hello }",
    "50 001 characters": "{ hello }" + " " * 49_992,
    "a long string": '{ hello(to: "%s") }' % ("x" * 60_000),
    "5 000 digits": "{ hello(times: %s) }" % ("9" * 5_000),
    "fragments without end": chain(30),
    "fields without end": chain(30, "self {{ ...F{0} }} b: self {{ ...F{0} }}"),
    "a circle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "itself": "{ ...A } fragment A on Query { ...A }",
    "a circle of 100": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % 100} }}" for n in range(100)),
    "an unknown fragment": "{ ...Nope }",
    "the same fragment twice": "{ ...A } fragment A on Query { hello } fragment A on Query { hello }",
    "16 aliases": "{ " + " ".join(f"a{n}: hello" for n in range(16)) + " }",
    "51 directives": "{ hello %s }" % ("@skip(if: false) " * 51),
    "301 fields": "{ %s }" % ("self { hello } " * 151),
    "21 roots": "{ %s }" % ("hello " * 21),
    "11 mutations": "mutation { %s }" % ("touch " * 11),
    "introspection too deep": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "types": "type Query { a: Int }",
    "defer": "{ ... @defer { hello } }",
    "stream": "{ hello @stream }",
    "a subscription": "subscription { ticks }",
    "many errors": "{ " + " ".join(f"x{n}" for n in range(200)) + " }",
    "conflicting fields": "{ " + " ".join(f'hello(to: "{n}")' for n in range(20)) + " }",
    "unknown type": "query($a: Nope) { hello }",
    "undefined variable": "{ hello(to: $a) }",
    "an operator": "{ hello }; drop table persons",
}

HEADERS = {
    "accept nothing we have": ({"accept": "text/html"}, 406),
    "accept nonsense": ({"accept": ";;q=,,/"}, 406),
    "accept 30 kB": ({"accept": "a/b," * 7_500}, 406),
    "accept a bad weight": ({"accept": "application/json;q=-1"}, 406),
    "headers of 40 kB": ({"x-padding": "x" * 40_000}, 431),
    "charset latin-1": ({"content-type": "application/json; charset=latin-1"}, 415),
    "charset unknown": ({"content-type": "application/json; charset=nope"}, 415),
    "content type nonsense": ({"content-type": ";;;="}, 415),
    "content type twice": ({"content-type": "application/json, text/plain"}, 415),
    "encoding gzip": ({"content-encoding": "gzip"}, 415),
    "encoding nonsense": ({"content-encoding": "\xff"}, 415),
    "token refused": ({"authorization": "Bearer bad"}, 401),
}

QUERIES = {
    "nothing": "",
    "no query": "variables=%7B%7D",
    "query empty": "query=",
    "query twice": "query={hello}&query={crash}",
    "not UTF-8": "query=%ff%fe",
    "a surrogate": "query=%ed%a0%80",
    "U+0000": "query=%00",
    "half a percent": "query=%",
    "no JSON": "query={hello}&variables=nope",
    "a list": "query={hello}&variables=[]",
    "5 000 digits": "query={hello}&variables={%22a%22:" + "9" * 5_000 + "}",
    "10 000 lists": "query={hello}&variables=" + "[" * 10_000,
    "extensions a string": "query={hello}&extensions=%22x%22",
    "1 000 parameters": "&".join(f"a{n}=1" for n in range(1_000)),
    "40 kB": "query={hello}&a=" + "x" * 40_000,
    "a mutation": "query=mutation{touch}",
    "a subscription": "query=subscription{ticks}",
}


def refused(response: httpx.Response) -> str:
    """Check that a response is a well-formed refusal, and return its code."""
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"].endswith("json; charset=utf-8")
    body = response.json()
    assert set(body) == {"errors"}
    assert body["errors"]
    for error in body["errors"]:
        assert Code(error["extensions"]["code"])
        assert error["message"]
        assert "Traceback" not in error["message"]
    return str(body["errors"][0]["extensions"]["code"])


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    gc.collect()
    gc.freeze()  # what other tests left behind is not the gateway's to sweep
    with httpx.Client(base_url=url, headers=JSON) as client:
        assert client.post("", content=document("{ hello }")).status_code == 200
        yield client
    gc.unfreeze()


@pytest.fixture(autouse=True)
def cheap(client: httpx.Client) -> Iterator[None]:
    begin = time.process_time()
    yield
    assert time.process_time() - begin < CPU


@pytest.mark.parametrize("name", BODIES)
def test_body_is_refused(client: httpx.Client, name: str) -> None:
    response = client.post("", content=BODIES[name])
    assert refused(response) in ("BAD_REQUEST", "LIMIT_EXCEEDED", "REQUEST_TOO_LARGE")
    assert len(response.content) < 1_000
    assert client.post("", content=document("{ hello }")).status_code == 200


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_refused(client: httpx.Client, name: str) -> None:
    expected = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "LIMIT_EXCEEDED", "OPERATION_NOT_ALLOWED")
    assert refused(client.post("", content=document(DOCUMENTS[name]))) in expected


@pytest.mark.parametrize("name", HEADERS)
def test_header_is_refused(client: httpx.Client, name: str) -> None:
    headers, status = HEADERS[name]
    raw = {key.encode(): value.encode("latin-1") for key, value in headers.items()}
    response = client.post("", content=document("{ hello }"), headers=raw)
    assert response.status_code == status
    assert refused(response)


@pytest.mark.parametrize("name", QUERIES)
def test_url_is_refused(client: httpx.Client, name: str) -> None:
    assert refused(client.get(f"?{QUERIES[name]}")) in set(Code) - {"INTERNAL_SERVER_ERROR"}


@pytest.mark.parametrize("name", ["host", "content-length", "authorization", "accept", "accept-encoding", "x"])
@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b'"', b"," * 500, b"\x01"])
def test_odd_header_survived(url: str, name: str, value: bytes) -> None:
    """Whatever the header, the connection ends with a whole HTTP response that is no fault of ours."""
    body = document("{ hello }")
    lines = [b"POST /graphql HTTP/1.1", b"connection: close", b"content-type: application/json"]
    if name != "host":
        lines.append(b"host: test")
    if name != "content-length":
        lines.append(b"content-length: %d" % len(body))
    lines.append(name.encode() + b": " + value)
    answer = exchange(url, b"\r\n".join([*lines, b"", body]))
    assert answer.startswith(b"HTTP/1.1 ")
    assert int(answer.split(b" ", 2)[1]) < 500


def exchange(url: str, raw: bytes) -> bytes:
    """Send raw bytes and read until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall(raw)
        received = []
        while chunk := connection.recv(65_536):
            received.append(chunk)
    return b"".join(received)


def test_endless_chunks_413(url: str) -> None:
    """Without Content-Length the bytes are counted as they come."""
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    chunks = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    answer = exchange(url, head + b"transfer-encoding: chunked\r\n\r\n" + chunks * 17)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_values_stay_unsaid(client: httpx.Client) -> None:
    """A document that cannot be parsed may hold somebody's data; the error names the kind of token alone."""
    for text in ('{ hello(to: "Wang Xiaoming" "x") }', "{ hello(to: 1 138000000 }", '{ hello """Wang""" }'):
        response = client.post("", content=document(text))
        assert refused(response) == "GRAPHQL_PARSE_FAILED"
        assert "Wang" not in response.text and "138" not in response.text
