"""Trusted documents, persisted queries and the manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.gateway import DocumentStore, Limits, RequestRefused, Stage
from gongzhi_server.gateway.trusted_documents import OVERHEAD, add_documents, load_documents
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def persisted(hash: Any, version: Any = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": hash}}


def code(response: Any) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


HELLO = "{ hello }"
LONG = "{ hello " + " ".join(f"a{n}: hello" for n in range(400)) + " }"


async def send(desk: Any, **body: Any) -> Any:
    headers = {"accept": "application/graphql-response+json"}
    return await desk.client.post("/graphql", json=body, headers=headers)


async def test_apollo_contract(desk: Any) -> None:
    hash = digest(HELLO)
    miss = await send(desk, extensions=persisted(hash))
    assert (miss.status_code, code(miss)) == (400, "PERSISTED_QUERY_NOT_FOUND")
    assert miss.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    whole = await send(desk, query=HELLO, extensions=persisted(hash))
    again = await send(desk, extensions=persisted(hash))
    by_url = await desk.get(extensions=json.dumps(persisted(hash)))
    assert whole.json() == again.json() == by_url.json() == {"data": {"hello": "hello world"}}


async def test_legacy_client_200(desk: Any) -> None:
    response = await desk.client.post("/graphql", json={"extensions": persisted(digest("x"))})
    assert (response.status_code, code(response)) == (200, "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize(
    ("extensions", "said"),
    [
        (persisted(digest("other")), "provided sha does not match query"),
        (persisted(digest(HELLO).upper()), "64 hexadecimal digits"),
        (persisted("x"), "64 hexadecimal digits"),
        (persisted(None), "64 hexadecimal digits"),
        (persisted(["a"]), "64 hexadecimal digits"),
        (persisted(digest(HELLO), 2), "Unsupported persisted query version"),
        (persisted(digest(HELLO), None), "Unsupported persisted query version"),
        ({"persistedQuery": "x"}, "Unsupported persisted query version"),
        ({"persistedQuery": []}, "Unsupported persisted query version"),
    ],
)
async def test_bad_hash_400(desk: Any, extensions: Any, said: str) -> None:
    response = await send(desk, query=HELLO, extensions=extensions)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert said in response.json()["errors"][0]["message"]
    assert code(await send(desk, extensions=persisted(digest(HELLO)))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("query", ["{", "{ unknown }", LONG])
async def test_invalid_not_kept(desk: Any, query: str) -> None:
    assert "errors" in (await send(desk, query=query, extensions=persisted(digest(query)))).json()
    assert code(await send(desk, extensions=persisted(digest(query)))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_mutation_by_hash(desk: Any) -> None:
    """A hash in a URL is no way around the rule for mutations."""
    mutation = "mutation { touch }"
    await send(desk, query=mutation, extensions=persisted(digest(mutation)))
    response = await desk.get(extensions=json.dumps(persisted(digest(mutation))))
    assert response.status_code == 405
    assert desk.engine.touched == 1


@given(st.lists(st.text("ab", min_size=4, max_size=4), max_size=30), st.integers(1, 5))
def test_store_is_bounded(texts: list[str], room: int) -> None:
    """The documents kept last stay, as many as there is room for."""
    documents = DocumentStore(store=room * (OVERHEAD + 4))
    for text in texts:
        documents.keep(digest(text), text)
        assert digest(text) in documents._kept
        assert len(documents._kept) <= room
        assert sum(len(text) + OVERHEAD for text in documents._kept.values()) == documents._bytes


async def test_trusted_by_id(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(documents=DocumentStore({digest(LONG): LONG}))
    name = f"sha256:{digest(LONG)}"
    for response in (
        await send(desk, documentId=name),
        await desk.get(documentId=name),
        await send(desk, extensions=persisted(digest(LONG))),
        await send(desk, query=LONG, extensions=persisted(digest(LONG))),
        await send(desk, query=LONG),
    ):
        assert response.json()["data"]["a399"] == "hello world"
    assert code(await send(desk, query=LONG + " ")) == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("name", ["", "x", digest(HELLO), f"sha256:{digest('other')}", f"x-{digest(HELLO)}"])
async def test_unknown_id_refused(open_desk: Callable[..., Any], name: str) -> None:
    desk = open_desk(documents=DocumentStore({digest(HELLO): HELLO}))
    assert code(await send(desk, documentId=name)) == "PERSISTED_QUERY_NOT_FOUND"


async def test_id_or_query(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(documents=DocumentStore({digest(HELLO): HELLO}))
    response = await send(desk, documentId=f"sha256:{digest(HELLO)}", query="{ nothing }")
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    response = await send(desk, query="{ nothing }", extensions=persisted(digest(HELLO)))
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_trusted_alone(open_desk: Callable[..., Any]) -> None:
    """With the allow-list nothing else is answered, and nothing new is kept."""
    desk = open_desk(documents=DocumentStore({digest(HELLO): HELLO}, only=True))
    assert (await send(desk, query=HELLO)).status_code == 200
    other = "{ nothing }"
    assert code(await send(desk, query=other)) == "QUERY_NOT_IN_SAFELIST"
    assert code(await send(desk, query=other, extensions=persisted(digest(other)))) == "QUERY_NOT_IN_SAFELIST"
    assert code(await send(desk, extensions=persisted(digest(other)))) == "PERSISTED_QUERY_NOT_SUPPORTED"
    empty = open_desk(documents=DocumentStore(only=True))
    assert code(await send(empty, query=HELLO)) == "QUERY_NOT_IN_SAFELIST"


async def test_store_can_be_off(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(documents=DocumentStore(store=0))
    assert code(await send(desk, extensions=persisted(digest(HELLO)))) == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert (await send(desk, query=HELLO, extensions=persisted(digest(HELLO)))).status_code == 200


def check(text: str) -> None:
    if "unknown" in text:
        raise RequestRefused([GraphQLError("There is no such field.")], Stage.VALIDATION)


def test_manifest_grows(tmp_path: Path) -> None:
    target, first, second = tmp_path / "data" / "documents.json", tmp_path / "a.graphql", tmp_path / "b.json"
    first.write_text("query A { hello }\n")
    second.write_text(json.dumps({f"sha256:{digest(HELLO)}": HELLO}))
    assert load_documents(target) == {}
    assert add_documents(target, [first, second], check) == {
        digest("query A { hello }\n"): "query A { hello }\n",
        digest(HELLO): HELLO,
    }
    assert add_documents(target, [first], check) == {}
    assert load_documents(target) == load_documents(second) | {digest("query A { hello }\n"): "query A { hello }\n"}


def test_apollo_manifest_read(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    operation = {"id": digest(HELLO), "name": "", "type": "query", "body": HELLO}
    file.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}))
    assert load_documents(file) == {digest(HELLO): HELLO}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.graphql", b"{ unknown }", "no such field"),
        ("a.graphql", b"\xff", "UTF-8"),
        ("a.json", b"[", "no manifest"),
        ("a.json", b"[]", "no manifest"),
        ("a.json", b'{"x": 7}', "no manifest"),
        ("a.json", b'{"format": "apollo-persisted-query-manifest"}', "no manifest"),
        ("a.json", b'{"x": "{ hello }"}', "not the SHA-256"),
    ],
)
def test_bad_file_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """One bad file, and nothing of the others is added."""
    target, good, bad = tmp_path / "documents.json", tmp_path / "good.graphql", tmp_path / name
    good.write_text(HELLO)
    bad.write_bytes(content)
    with pytest.raises(Problem, match=said) as problem:
        add_documents(target, [good, bad], check)
    assert str(bad) in str(problem.value)
    assert not target.exists()


def test_missing_file_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"none.graphql cannot be read \(No such file"):
        add_documents(tmp_path / "documents.json", [tmp_path / "none.graphql"], check)


def test_manifest_that_may_not_be_read(tmp_path: Path) -> None:
    """It may be a good one, so nobody is told that it is none."""
    with pytest.raises(Problem, match="cannot be read .*let the server's account read it"):
        load_documents(tmp_path)


def test_cost_still_counts() -> None:
    """Trust lifts the limits on size alone."""
    limits = Limits().trusted_limits
    assert limits.cost == Limits().cost and limits.items == Limits().items and limits.running == Limits().running
    assert limits.depth > 1_000_000 and limits.tokens > 1_000_000
