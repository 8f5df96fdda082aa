"""What a request holds does not come back in a message, nor does it reach the log."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from gongzhi_server.gateway.error_responses import MESSAGE, shorten_message
from gongzhi_server.testing import Server

MARKER = "王小明 513822199001011234"
LARGE = "n" * 900_000
INPUT = """query($c: String, $n: Int, $d: DateTime, $f: CaseFilter) {
  cases(first: $n, after: $c, filter: $f) { totalCount }
  other: cases(filter: { reportedAt: { from: $d } }) { totalCount }
}"""
SYNC = "mutation($input: SyncInput!) { sync(input: $input) { errors { code message path } } }"
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { errors { code message path } } }"
MATTER = {"idempotencyKey": "7d7b5c5e-6c2c-4f3a-9a53-3d3f1f5c2a10", "kind": "HELP", "channel": "WEB",
          "category": "other", "title": "t", "description": "d", "grid": "610921101222"}  # fmt: skip


def body(query: str, **more: Any) -> dict[str, Any]:
    return {"query": query, **more}


BODIES: dict[str, Any] = {
    "operationName": body("query A { me { account { name } } }", operationName=MARKER),
    "a large operationName": body("query A { __typename }", operationName=LARGE + MARKER),
    "a query that is none": body(f'"{MARKER}"'),
    "a text where a name is due": body(f'{{ cases("{MARKER}") }}'),
    "a literal for a number": body(f'{{ cases(first: "{MARKER}") {{ totalCount }} }}'),
    "a literal for a filter": body(f'{{ cases(filter: "{MARKER}") {{ totalCount }} }}'),
    "a literal for a moment": body(f'{{ cases(filter: {{ reportedAt: {{ from: "{MARKER}" }} }}) {{ totalCount }} }}'),
    "a literal for an enum": body(f'{{ cases(filter: {{ kind: {{ equals: "{MARKER}" }} }}) {{ totalCount }} }}'),
    "an argument of a directive": body(f'{{ __typename @nope(a: "{MARKER}") }}'),
    "a cursor": body(f'{{ cases(after: "{MARKER}") {{ totalCount }} }}'),
    "a condition on a field": body(f'{{ __typename @skip(if: "{MARKER}") }}'),
    "two arguments that differ": body(f'{{ grid(code: "{MARKER}") {{ id }} grid(code: "x") {{ id }} }}'),
    "a variable for a number": body(INPUT, variables={"n": MARKER}),
    "a variable for a moment": body(INPUT, variables={"d": MARKER}),
    "a variable for a filter": body(INPUT, variables={"f": MARKER}),
    "a variable for an enum": body(INPUT, variables={"f": {"kind": {"equals": MARKER}}}),
    "a variable for a cursor": body(INPUT, variables={"c": MARKER}),
    "a grid in a filter": body(INPUT, variables={"f": {"grid": {"within": MARKER}}}),
    "a key of variables": body(INPUT, variables={MARKER: [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]}),
    "a key of a filter": body(INPUT, variables={"f": {MARKER: 1}}),
    "a list of an input": body(SYNC, variables={"input": {"idempotencyKey": "1", "entries": MARKER}}),
    "a moment of an input": body(
        SYNC,
        variables={"input": {"idempotencyKey": "1", "entries": [{"clientId": "a", "occurredAt": MARKER}]}},
    ),
    "a document's id": {"documentId": MARKER},
    "a document's hash": {"query": "", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": MARKER}}},
    "variables that are a text": body(INPUT, variables=MARKER),
    "extensions that are a text": body(INPUT, extensions=MARKER),
    "a purpose": body("{ nope }", extensions={"purpose": MARKER, "glass": MARKER, "lastEventId": MARKER}),
    **{
        f"{name} of a report": body(REPORT, variables={"input": {**MATTER, name: value}})
        for name, value in {
            "idempotencyKey": MARKER, "channel": MARKER, "category": MARKER, "grid": MARKER, "against": MARKER,
            "requester": MARKER, "follows": MARKER, "title": MARKER * 100, "description": MARKER * 1_000,
            "attachments": [MARKER],
        }.items()
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "gongzhi")
    caplog.set_level(logging.INFO, "gongzhi_server")
    return caplog


async def test_nothing_of_a_request_comes_back(server: Server, log: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with it: each is refused, in a short answer, by a code that is not our fault."""
    wrong = []
    for name, sent in BODIES.items():
        reply = await server.as_("administrator").client.post("/graphql", json=sent, headers=server.headers)
        said = json.dumps(reply.json(), ensure_ascii=False)
        if "王小明" in said or "513822" in said or len(said) > 3_000 or "INTERNAL" in said or '"code"' not in said:
            wrong.append((name, said[:300]))
    assert wrong == []
    assert "王小明" not in log.text and "513822" not in log.text


async def test_nothing_of_a_head_comes_back(server: Server, log: pytest.LogCaptureFixture) -> None:
    """The same of headers and of the address."""
    marker = "MARKER513822199001011234"
    sent = {"query": "{ nope }"}
    for name in ("accept", "content-type", "content-encoding", "authorization", "gongzhi-purpose", "origin", "cookie"):
        reply = await server.client.post("/graphql", json=sent, headers={name: marker})
        assert marker not in reply.text, name
    for query in (f"query={marker}", f"query={{hello}}&variables={marker}", f"{marker}=1", f"operationName={marker}"):
        reply = await server.client.get(f"/graphql?{query}")
        assert f'"{marker}"' not in reply.text.replace(f"Unexpected Name '{marker}'", ""), query
    assert marker not in log.text


async def test_an_unknown_directive_is_one_error(server: Server) -> None:
    """However often it is written; the places are told."""
    answer = await server.ask("{ a: __typename @nope b: __typename @nope c: __typename @nope @nope }")
    assert [one["message"] for one in answer.errors] == ["Unknown directive '@nope'."]
    assert len(answer.errors[0]["locations"]) == 4


async def test_long_names_are_cut(server: Server) -> None:
    """A name that the schema does not have is told, as far as anybody reads it."""
    answer = await server.ask(f"{{ {'n' * 40_000} }}")
    [message] = [one["message"] for one in answer.errors]
    assert len(message) < 150 and "nnn…" in message
    assert len(shorten_message("a b " * 10_000)) == MESSAGE + 1
