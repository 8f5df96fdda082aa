"""Cache: keeps values within so many bytes, those that were asked for again longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Cache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

PROVEN = 0.8
"""The share of the bytes for entries that were asked for again."""


class Cache(Generic[K, V]):
    """Values by key, within `most` bytes; what takes more than there is room for is not kept.

    An entry is on trial until it is asked for again. Those on trial go first, so whoever fills the cache with what is
    asked for once drives out nothing that is in use. Threads may share it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._trial: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._proven: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = self._proven_bytes = 0
        # Documents are prepared and planned in threads, so several may change it at once.
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._trial) + len(self._proven)

    def __contains__(self, key: K) -> bool:
        return key in self._proven or key in self._trial

    @property
    def bytes(self) -> int:
        """What its entries take together."""
        return self._bytes

    def values(self) -> Iterator[V]:
        """Yield what is kept, in no order."""
        # Copied first: another thread may change the dictionaries meanwhile.
        for found, _ in [*self._proven.values(), *self._trial.values()]:
            yield found

    def get(self, key: K) -> V | None:
        """Return the value, which has proven itself by that; None if it is not kept."""
        with self._lock:
            if (entry := self._proven.get(key)) is not None:
                self._proven.move_to_end(key)
                return entry[0]
            if (entry := self._trial.pop(key, None)) is None:
                return None
            # Asked for a second time: it leaves the trial.
            self._proven[key] = entry
            self._proven_bytes += entry[1]
            self._evict()
            return entry[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes, in the place of the one that was kept under the key."""
        with self._lock:
            proven = key in self._proven
            self._drop(key)
            (self._proven if proven else self._trial)[key] = value, size
            self._bytes += size
            self._proven_bytes += size if proven else 0
            self._evict()

    def pop(self, key: K) -> None:
        """Forget a value, if it is kept."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: K) -> None:
        """Take an entry out."""
        if (entry := self._proven.pop(key, None)) is not None:
            self._proven_bytes -= entry[1]
        else:
            entry = self._trial.pop(key, None)
        self._bytes -= entry[1] if entry else 0

    def _evict(self) -> None:
        """Put the least recently used of the proven back on trial, and forget those on trial for which is no room."""
        while self._proven_bytes > self.most * PROVEN:
            key, entry = self._proven.popitem(last=False)
            self._proven_bytes -= entry[1]
            self._trial[key] = entry
        while self._bytes > self.most:
            self._bytes -= self._trial.popitem(last=False)[1][1]
