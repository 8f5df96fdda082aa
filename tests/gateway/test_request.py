"""Reading JSON that means one thing only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gongzhi_server.gateway import Limits, RequestRefused
from gongzhi_server.gateway.request import Malformed, Request, decode_json, strip_strings
from hypothesis import given, settings
from hypothesis import strategies as st

LIMITS = Limits()

Pairs = list[tuple[str, Any]]

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
key = st.sampled_from(["a", "b", "a:", ":", '"', "{", "\\", "é", "时"]) | text
leaf = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)


class Object(Pairs):
    """Members in order, possibly with a key twice."""


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.lists(st.tuples(key, inner), max_size=4).map(Object)


values = st.recursive(leaf | key, nested, max_leaves=12)


def written(value: Any, escaped: bool) -> str:
    if isinstance(value, Object):
        members = (f"{json.dumps(name, ensure_ascii=escaped)} : {written(item, escaped)}" for name, item in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(item, escaped) for item in value) + "]"
    plain = json.dumps(value, ensure_ascii=escaped)
    return plain.replace(":", "\\u003a") if escaped and isinstance(value, str) else plain


def doubled(value: Any) -> bool:
    if isinstance(value, Object):
        return len({name for name, _ in value}) < len(value) or any(doubled(item) for _, item in value)
    return isinstance(value, list) and any(doubled(item) for item in value)


@settings(deadline=None)
@given(values, st.booleans())
def test_json_means_one(value: Any, escaped: bool) -> None:
    raw = written(value, escaped).encode()
    if doubled(value):
        with pytest.raises(Malformed, match="twice"):
            decode_json(raw, "The body", LIMITS)
    else:
        assert decode_json(raw, "The body", LIMITS) == json.loads(raw)


@settings(deadline=None)
@given(st.integers())
def test_integers_stay_exact(number: int) -> None:
    """An integer is read as it is or refused, never rounded."""
    raw = b'{"a": [%d]}' % number
    if -(2**63) <= number < 2**64:
        assert decode_json(raw, "The body", LIMITS) == {"a": [number]}
    else:
        with pytest.raises(Malformed):
            decode_json(raw, "The body", LIMITS)


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1, -(2**63), 1e300, -1e19, 0.1])
def test_large_numbers_read(number: float) -> None:
    assert decode_json(json.dumps(number).encode(), "The body", LIMITS) == number


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**19 * 2, 10**60])
def test_long_integers_refused(number: int) -> None:
    with pytest.raises(Malformed, match="64 bits"):
        decode_json(b"[%d]" % number, "The body", LIMITS)


@settings(deadline=None)
@given(values.filter(lambda value: not doubled(value)), st.booleans())
def test_quoted_text_skipped(value: Any, escaped: bool) -> None:
    """What is outside of strings has as many brackets as the value has objects and lists."""

    def containers(item: Any) -> int:
        inner = [each for _, each in item] if isinstance(item, Object) else item if isinstance(item, list) else []
        return isinstance(item, list) + sum(containers(each) for each in inner)

    plain = strip_strings(written(value, escaped).encode())
    assert plain.count(b"[") + plain.count(b"{") == containers(value)


def test_brackets_in_strings() -> None:
    """A long drawing in a string is one value."""
    body = json.dumps({"query": "{ a }", "variables": {"ring": "[[1,2]," * 20_000}}).encode()
    assert Request.body(body, LIMITS).variables == {"ring": "[[1,2]," * 20_000}


def test_ascii_escapes_read() -> None:
    body = json.dumps({"query": "{ a }", "variables": {"é:\x01": "\x7f:é"}}).encode()
    assert Request.body(body, LIMITS).variables == {"é:\x01": "\x7f:é"}


def test_body_and_url_agree() -> None:
    body = Request.body(b'{"query": "{ a }", "operationName": "A", "variables": {"x": 1}, "extensions": {}}', LIMITS)
    url = Request.url(b"query=%7B+a+%7D&operationName=A&variables=%7B%22x%22:1%7D&extensions={}&other=1", LIMITS)
    assert body == url == Request("{ a }", "A", {"x": 1}, {})


def test_limit_names_place() -> None:
    with pytest.raises(RequestRefused) as caught:
        Request.body(b'{"query": "{ a }", "variables": {"input": {"ids": [1, 2, 3]}}}', Limits(items=2))
    [error] = caught.value.errors
    assert error.message == "variables.input.ids has 3 items; at most 2 are allowed (limits.items)."
