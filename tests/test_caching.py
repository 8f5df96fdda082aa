"""The cache keeps to its bytes, and what is in use stays."""

from __future__ import annotations

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
