"""Chance: draws that come out the same for the same seed."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Hashable, Mapping
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T", bound=Hashable)


def random_stream(seed: int, name: str) -> Random:
    """Make a stream of chance for one part of the county, so that a change in one part leaves the others alone."""
    # Seeded by a text: Python hashes it with SHA-512, the same in every version and on every machine.
    return Random(f"{seed}/{name}")


def uuid7(random: Random, moment: datetime) -> UUID:
    """Make a key as RFC 9562 has it: its first 48 bits are the moment in milliseconds."""
    milliseconds = int(moment.timestamp() * 1000)
    # Version 7 and variant 10, with chance in all other bits.
    return UUID(int=milliseconds << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62))


class WeightedChoice(Generic[T]):
    """Something to draw from, by weight."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.names = list(weights)
        self.sums = list(accumulate(weights.values()))

    def draw(self, random: Random) -> T:
        """Draw one, by weight."""
        return self.names[bisect(self.sums, random.random() * self.sums[-1], hi=len(self.names) - 1)]


def divide_shares(total: int, weights: Mapping[T, float], least: int = 0) -> dict[T, int]:
    """Divide `total` by weight into whole numbers that add up to it (largest remainder), each at least `least`."""
    left = total - least * len(weights)
    if left < 0:
        raise ValueError(f"{total} cannot be divided among {len(weights)} with at least {least} each")
    whole = sum(weights.values())
    exact = {name: left * weight / whole for name, weight in weights.items()}
    given = {name: int(share) for name, share in exact.items()}
    # Sorting is stable, so ties go to the first named.
    for name in sorted(exact, key=lambda name: given[name] - exact[name])[: left - sum(given.values())]:
        given[name] += 1
    return {name: least + count for name, count in given.items()}


def shuffled_deck(random: Random, total: int, weights: Mapping[T, float], least: int = 0) -> list[T]:
    """Deal as many cards as `total`, in shares by weight, shuffled."""
    cards = [name for name, count in divide_shares(total, weights, least).items() for _ in range(count)]
    random.shuffle(cards)
    return cards
