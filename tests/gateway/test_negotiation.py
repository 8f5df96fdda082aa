"""What Accept, Accept-Encoding and Content-Type mean."""

from __future__ import annotations

import pytest
from gongzhi_server.gateway.negotiation import (
    EVENTS,
    GRAPHQL,
    JSON,
    accepts_gzip,
    cache_parsed,
    choose_media_type,
    fold_headers,
    is_json,
)
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (b"", JSON),
        (b"*/*", JSON),
        (b"application/*", JSON),
        (b"application/json", JSON),
        (b"APPLICATION/GraphQL-Response+JSON", GRAPHQL),
        (b"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        (b"application/json, application/graphql-response+json", JSON),
        (b"application/json;q=0.5, application/graphql-response+json;q=0.8", GRAPHQL),
        (b"application/json;q=0.8, application/graphql-response+json;q=0.5", JSON),
        (b"application/json;q=0, */*", GRAPHQL),
        (b"application/graphql-response+json;q=0, application/*;q=0.1", JSON),
        (b"*/*;q=0.1, application/graphql-response+json", GRAPHQL),
        (b"application/graphql-response+json;q=0.2, application/*;q=0.9", JSON),
        (b"text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        (b"multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9", GRAPHQL),
        (b"application/json;q=nonsense, application/graphql-response+json;q=0.1", GRAPHQL),
        (b"application/json;q=nan, */*;q=0.1", JSON),
        (b",,application/json,", JSON),
        (b"application/json;charset=latin-1, application/graphql-response+json;q=0.1", GRAPHQL),
        (b"text/html", None),
        (b"text/event-stream", EVENTS),
        (b"application/json;q=0.5, text/event-stream", EVENTS),
        (b"text/event-stream;q=0.5, application/json", JSON),
        (b"text/event-stream;q=0", None),
        (b"text/*", None),
        (b"application/json;q=0", None),
        (b"*/*;q=0", None),
        (b"application/json;q=2", None),
        (b"application/json;charset=gbk", None),
        (b"nonsense", None),
        (b";;;,;", None),
    ],
)
def test_media_is_chosen(accept: bytes, chosen: bytes | None) -> None:
    assert choose_media_type(accept, JSON) == chosen


def test_wildcard_means_default() -> None:
    assert (
        choose_media_type(b"*/*", GRAPHQL)
        == choose_media_type(b"", GRAPHQL)
        == choose_media_type(b"application/*;q=0.3", GRAPHQL)
        == GRAPHQL
    )


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([GRAPHQL, JSON]), st.integers(0, 1000), min_size=1), st.permutations([0, 1]))
def test_higher_weight_wins(weights: dict[bytes, int], order: list[int]) -> None:
    entries = [b"%s;q=%.3f" % (name, q / 1000) for name, q in weights.items()]
    header = b", ".join(entries[place] for place in order if place < len(entries))
    best = max(weights.values())
    chosen = choose_media_type(header, JSON)
    assert weights[chosen] == best if chosen else best == 0


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_header_parses(header: bytes) -> None:
    assert choose_media_type(header, JSON) in (GRAPHQL, JSON, EVENTS, None)
    assert accepts_gzip(header) in (True, False)
    assert is_json(header) in (True, False)


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (b"gzip", True),
        (b"br, GZIP;q=0.1", True),
        (b"*", True),
        (b"", False),
        (b"identity", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0, *", False),
        (b"*;q=0", False),
        (b"x-gzip-not", False),
    ],
)
def test_gzip_is_allowed(header: bytes, allowed: bool) -> None:
    assert accepts_gzip(header) is allowed


def test_repeated_headers_join() -> None:
    folded = fold_headers([(b"accept", b"text/html"), (b"host", b"x"), (b"accept", b"application/json")])
    assert folded == {b"accept": b"text/html, application/json", b"host": b"x"}


def test_memory_is_bounded() -> None:
    calls: list[bytes] = []
    parse = cache_parsed(lambda header: calls.append(header), size=2, longest=3)
    for header in (b"a", b"a", b"long", b"long", b"b", b"c", b"a"):
        parse(header)
    assert calls == [b"a", b"long", b"long", b"b", b"c", b"a"]
