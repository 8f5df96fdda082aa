"""Clusters: the rule by which like cases are an early sign; it counts cases and knows nothing of persons.

Of each village and subject the cases of a week are compared with the usual number, the mean of the twelve weeks before.
They are a sign if chance alone would bring as many in one week of a hundred at most (Poisson), and if they are enough
to be worth a look. A town's villages together are judged likewise, where the cases lie in three of them at least;
then they are one sign, of the town.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import exp, lgamma, log

NAME, EDITION = "statistics.early_sign", "1"
"""What the rule's card is called, and its version: whoever changes a number below writes the next one."""
DAYS, WEEKS = 7, 12
"""The days of a window, and the weeks before it that say what is usual."""
CHANCE = 0.01
"""How likely so many cases are at most if nothing is the matter."""
# Three cases in twelve weeks: of what hardly ever happens two at once would be a sign already.
FLOOR = 3 / WEEKS
"""The least number a week that is taken as usual."""
SPREAD, TOWNWIDE = 3, 2
"""In how many villages of a town the cases lie at least, and how many times as many there must be."""


@dataclass(frozen=True)
class Count:
    """Cases of a subject in a village, or in a town outside of any: of the window, and of the weeks before it."""

    town: int
    village: int | None
    category: str
    recent: int
    earlier: int


@dataclass(frozen=True)
class Cluster:
    """Like cases that came together in a village, or in several villages of a town."""

    place: int
    town: int
    category: str
    counted: int
    earlier: int
    villages: frozenset[int]
    threshold: int

    @property
    def expected(self) -> float:
        """How many cases a week are taken as usual."""
        return usual(self.earlier)


def usual(earlier: int) -> float:
    return max(earlier / WEEKS, FLOOR)


def find_threshold(earlier: int, least: int) -> int:
    """Return from how many cases on a week is a sign: the smallest number that chance brings seldom enough."""
    mean, number, tail = usual(earlier), 0, 1.0
    while tail > CHANCE:
        # By logarithms: of a large mean the terms themselves would be nothing.
        tail -= exp(number * log(mean) - mean - lgamma(number + 1))
        number += 1
    return max(number, least)


def find_clusters(counts: Iterable[Count], least: int) -> list[Cluster]:
    """Return the clusters, in an order of their own. Each case is in one at most."""
    ordered = sorted(counts, key=lambda one: (one.town, one.category, one.village or 0))
    found: list[Cluster] = []
    for _, rows in groupby(ordered, key=lambda one: (one.town, one.category)):
        here = list(rows)
        # The town first: what lies in several of its villages is one matter, and not several.
        several = judge(here[0].town, here, least * TOWNWIDE)
        if several and len(several.villages) >= SPREAD:
            found.append(several)
            continue
        found += [one for each in here if each.village and (one := judge(each.village, [each], least))]
    return found


def judge(place: int, counts: list[Count], least: int) -> Cluster | None:
    """Return the cluster that these cases are, if there are enough of them."""
    counted, earlier = sum(one.recent for one in counts), sum(one.earlier for one in counts)
    threshold = find_threshold(earlier, least)
    # Where nobody asked in the window there is nothing to look at.
    villages = frozenset(one.village for one in counts if one.village and one.recent)
    if counted < threshold:
        return None
    return Cluster(place, counts[0].town, counts[0].category, counted, earlier, villages, threshold)
