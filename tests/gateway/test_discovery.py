"""What the server says of itself, to whom, and which values it never repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gongzhi_server.gateway import GatewaySettings, PublishedSchema, Traits
from gongzhi_server.gateway.error_responses import hide_values
from graphql import GraphQLError, build_schema, get_operation_ast, get_variable_values, parse, validate
from hypothesis import given
from hypothesis import strategies as st

CLOSED = Traits(discover=lambda viewer: viewer == "admin")


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Query") { name } }',
        "{ a: __schema { queryType { name } } }",
        "{ ...F } fragment F on Query { __schema { queryType { name } } }",
        '# "\n{ __schema { queryType { name } } }',
        '{ hello(to: """ "" """) ... { __schema { queryType { name } } } }',
    ],
)
async def test_schema_stays_closed(open_desk: Callable[..., Any], query: str) -> None:
    desk = open_desk(traits=CLOSED)
    assert code(await desk.post(query)) == "FORBIDDEN"
    headers = {"authorization": "Bearer admin"}
    response = await desk.client.post("/graphql", json={"query": query}, headers=headers)
    assert "errors" not in response.json()


@pytest.mark.parametrize("query", ["{ __typename hello }", '{ hello(to: "__schema") }', "{ hello } # __type"])
async def test_similar_is_answered(open_desk: Callable[..., Any], query: str) -> None:
    assert "errors" not in (await open_desk(traits=CLOSED).post(query)).json()


@pytest.mark.parametrize("query", ["{ helo }", "{ hello(too: 1) }", "query($a: Strin) { hello(to: $a) }"])
async def test_suggestions_are_kept(open_desk: Callable[..., Any], query: str) -> None:
    """Who may not see the schema cannot guess it, either."""
    assert "Did you mean" in (await open_desk().post(query)).text
    hidden = await open_desk(traits=CLOSED).post(query)
    assert code(hidden) == "GRAPHQL_VALIDATION_FAILED"
    assert "Did you mean" not in hidden.text


SCHEMA = build_schema(
    """
    enum Colour { RED GREEN }
    input Deep { text: String!, colour: Colour, deep: Deep }
    type Query { a(i: Int, f: Float, b: Boolean, s: String, d: ID, e: Colour, l: [Int!], o: Deep): Int }
    """
)
TYPES = {"i": "Int", "f": "Float", "b": "Boolean", "s": "String", "d": "ID", "e": "Colour", "l": "[Int!]", "o": "Deep"}
SECRET = "Wáng 138"
shapes = st.recursive(
    st.just(SECRET) | st.just(f"{SECRET}': Found: '? Did you mean"),
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(st.sampled_from(["text", "deep"]), inner),
    max_leaves=4,
)


@given(st.sampled_from(sorted(TYPES)), shapes)
def test_variables_stay_unsaid(name: str, value: Any) -> None:
    operation = get_operation_ast(parse(f"query($x: {TYPES[name]}) {{ a({name}: $x) }}"))
    assert operation
    found = get_variable_values(SCHEMA, operation.variable_definitions or (), {"x": value})
    for problem in found if isinstance(found, list) else []:
        said = hide_values(problem.message, suggest=True)
        assert SECRET not in said, problem.message
        assert "$x" in said


@given(
    st.sampled_from(sorted(TYPES)), st.sampled_from(['"%s"', '["%s"]', '{text: ["%s"]}', '{nope: "%s"}', '"""%s"""'])
)
def test_literals_stay_unsaid(name: str, literal: str) -> None:
    for problem in validate(SCHEMA, parse(f"{{ a({name}: {literal % SECRET}) }}")):
        assert SECRET not in hide_values(problem.message), problem.message


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "Cannot query field 'helo' on type 'Query'. Did you mean 'hello'?",
            "Cannot query field 'helo' on type 'Query'.",
        ),
        (
            "Variable '$x' has invalid value: Int cannot represent non-integer value: 'Wang'",
            "Variable '$x' has invalid value: Int cannot represent non-integer value.",
        ),
        (
            "Expected value of type 'Deep' not to include unknown field 'a'. Did you mean 'b'? Found: {'a': 'Wang'}.",
            "Expected value of type 'Deep' not to include unknown field 'a'.",
        ),
        ("Value 'Wang' does not exist in 'Colour' enum.", "The value does not exist in 'Colour' enum."),
        ("Value \"Wang's' does not exist in\" does not exist in 'C' enum.", "The value does not exist in 'C' enum."),
        (
            "Expected value of type 'Code', but encountered error 'no Wang'; found: 'Wang'.",
            "Expected value of type 'Code'.",
        ),
    ],
)
def test_message_stays_useful(message: str, said: str) -> None:
    assert hide_values(message) == said


async def test_coded_errors_untouched(desk: Any) -> None:
    """What we word ourselves is sent as it is."""
    response = await desk.post("{ hello " + "a: hello " * 16 + "}")
    assert response.json()["errors"][0]["message"].endswith("(limits.aliases).")
    assert hide_values(GraphQLError("x").message) == "x."


async def test_page_for_browsers(open_desk: Callable[..., Any]) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    desk = open_desk(GatewaySettings(page=True))
    page = await desk.get(browser)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "graphql-transport-ws" in page.text
    for attribute in ("src=", "href=", "<script", "style"):
        assert attribute not in page.text
    assert (await desk.get(browser, query="{ hello }")).json() == {"data": {"hello": "hello world"}}
    assert (await open_desk().get(browser)).status_code == 400


async def test_schema_is_published() -> None:
    transport = httpx.ASGITransport(PublishedSchema(lambda: "type Query { a: Int }\n"))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        whole = await client.get("/schema.graphql")
        assert (whole.status_code, whole.text) == (200, "type Query { a: Int }\n")
        assert whole.headers["cache-control"] == "public, max-age=3600"
        tag = whole.headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            same = await client.get("/schema.graphql", headers={"if-none-match": known})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert (await client.get("/schema.graphql", headers={"if-none-match": '"x"'})).status_code == 200
        head = await client.head("/schema.graphql")
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "22")
        assert (await client.post("/schema.graphql")).status_code == 405


async def test_schema_is_for_whoever_is_let_in() -> None:
    """Of others not even the news that nothing has changed; and no cache gives it to somebody else."""

    async def admit(scope: Any) -> int:
        return {b"Bearer explorer": 200, b"Bearer other": 403}.get(dict(scope["headers"]).get(b"authorization"), 401)

    transport = httpx.ASGITransport(PublishedSchema(lambda: "type Query { a: Int }\n", admit))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for token, status in ((None, 401), ("other", 403), ("explorer", 200)):
            headers = {"authorization": f"Bearer {token}"} if token else {}
            reply = await client.get("/schema.graphql", headers={**headers, "if-none-match": '"x"'})
            assert (reply.status_code, "type Query" in reply.text) == (status, status == 200)
            kept = "private, no-cache" if status == 200 else "no-store"
            assert reply.headers["cache-control"] == kept


DESK = "https://desk.example"


async def test_allowed_origin_called(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(GatewaySettings(origins=(DESK,)))
    asked = {"origin": DESK, "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "content-type, authorization"
    preflight = await desk.client.options("/graphql", headers=asked)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, DESK)
    assert "access-control-allow-credentials" not in preflight.headers
    further = {"access-control-request-headers": "x-request-id", "access-control-request-private-network": "true"}
    preflight = await desk.client.options("/graphql", headers={**asked, **further})
    assert (preflight.status_code, preflight.headers["access-control-allow-private-network"]) == (200, "true")
    for response in (
        await desk.client.post("/graphql", json={"query": "{ hello }"}, headers={"origin": DESK}),
        await desk.get({"origin": DESK, "sec-fetch-site": "cross-site"}, query="{ hello }"),
    ):
        assert response.json() == {"data": {"hello": "hello world"}}
        assert response.headers["access-control-allow-origin"] == DESK
        assert "origin" in response.headers["vary"].lower() and "accept" in response.headers["vary"]


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://desk.example", DESK + ".evil.example", "null"])
async def test_other_origin_refused(
    open_desk: Callable[..., Any], origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator reads whose page it was, and what to do; nothing else that somebody put into the header."""
    desk = open_desk(GatewaySettings(origins=(DESK,)))
    asked = {"origin": origin, "access-control-request-method": "POST"}
    assert (await desk.client.options("/graphql", headers=asked)).status_code == 400
    response = await desk.get({"origin": origin, "sec-fetch-site": "cross-site"}, query="{ hello }")
    assert (response.status_code, code(response)) == (403, "CROSS_SITE_REQUEST")
    assert "access-control-allow-origin" not in response.headers
    shown = "one without an address" if origin == "null" else origin
    said = f"a page of another origin was refused, {shown}; name it in GONGZHI_ORIGINS if it may call"
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [said, said]
