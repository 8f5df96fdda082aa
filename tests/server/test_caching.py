"""The cache keeps to its bytes, and what is in use stays."""

from __future__ import annotations

import re
from pathlib import Path

import gongzhi
import gongzhi_server
from gongzhi_server.caching import Cache
from hypothesis import given
from hypothesis import strategies as st

MOST = 1_000


@given(st.lists(st.tuples(st.sampled_from("gpx"), st.integers(0, 30), st.integers(0, 1_500))))
def test_it_never_takes_more_than_it_may(steps: list[tuple[str, int, int]]) -> None:
    cache = Cache[int, int](MOST)
    sizes: dict[int, int] = {}
    for what, key, size in steps:
        if what == "g":
            cache.get(key)
        elif what == "p":
            cache.put(key, size, size)
            sizes[key] = size
        else:
            cache.pop(key)
        assert cache.bytes == sum(cache.values()) <= MOST
        assert all(cache.get(one) == size for one, size in sizes.items() if one in cache)


def test_what_is_in_use_outlives_a_flood() -> None:
    cache = Cache[str, str](MOST)
    for name in "abcdefg":
        cache.put(name, name, 100)
        cache.get(name)
    for at in range(10_000):
        cache.put(f"flood {at}", "", 90)
    assert all(name in cache for name in "abcdefg")
    assert cache.bytes <= MOST


def test_what_is_too_large_is_not_kept() -> None:
    cache = Cache[str, str](MOST)
    cache.put("small", "", 10)
    cache.get("small")
    cache.put("large", "", MOST + 1)
    assert "large" not in cache and "small" in cache


BOUNDED = {
    "gongzhi/declare/bounds.py": "the inputs of the schema",
    "gongzhi/declare/events.py": "the events that are declared",
    "gongzhi/declare/filters.py": "the enums of the schema",
    "gongzhi/runtime/screening.py": "the words of the schema",
    "gongzhi/declare/sqltext.py": "a fixed number of texts of our own source",
    "gongzhi_server/caching.py": "bytes",
    "gongzhi_server/plugins/installed.py": "the built-in plugins",
    "gongzhi_server/commands/payloads.py": "the types of the schema",
    "gongzhi_server/commands/transaction.py": "10,000 ids of rows that a job left out, with why",
    "gongzhi_server/gateway/uvicorn_replies.py": "64 blocks of header lines, of our own making",
    "gongzhi_server/storage/lost_answers.py": "the types of the schema",
    "gongzhi_server/telemetry/logs.py": "1,000 lines of the last minute",
    "gongzhi_server/planner/protection.py": "the columns of the schema",
    "gongzhi_server/cli/terminal.py": "one terminal",
    "gongzhi_server/events/subscriptions.py": "16 batches of events, and groups as long as somebody follows them",
    "gongzhi_server/gateway/trusted_documents.py": "bytes",
    "gongzhi_server/gateway/negotiation.py": "256 headers of 512 bytes at most",
    "gongzhi_server/gateway/rate_limits.py": "100,000 buckets under an address, an account or a key, of some 300 bytes",
    "gongzhi_server/planner/introspection.py": "bytes",
    "gongzhi_server/graphql/plugin_additions.py": "tests",
    "gongzhi_server/graphql/view_checks.py": "4 schemas of a process",
    "gongzhi_server/recycled_databases.py": "tests",
    "gongzhi_server/testing.py": "tests",
}
"""Where something is remembered by other means than `Cache`, and what bounds it."""


def test_every_cache_is_bounded() -> None:
    """Whoever remembers what callers send says here what bounds it, or better uses `Cache`."""
    kinds = re.compile(r"\b(lru_cache|OrderedDict|WeakValueDictionary|WeakKeyDictionary|TTLCache|LRUCache)\b|@cache\b")
    found = {
        f"{root.name}/{path.relative_to(root)}"
        for package in (gongzhi, gongzhi_server)
        for root in [Path(str(package.__file__)).parent]
        for path in root.rglob("*.py")
        if kinds.search(path.read_text(encoding="utf-8"))
    }
    assert found <= BOUNDED.keys()
