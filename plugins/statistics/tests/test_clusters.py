"""The rule of early signs: what it promises whatever the counts are, and that its card says what it does."""

from __future__ import annotations

from dataclasses import fields, replace
from math import exp, factorial

import pytest
from gongzhi_statistics.early_signs import clusters
from gongzhi_statistics.early_signs.card import CARD
from gongzhi_statistics.early_signs.clusters import Count, find_clusters, find_threshold, usual
from gongzhi_statistics.early_signs.finding import LEAST
from hypothesis import given
from hypothesis import strategies as st

VILLAGES = [(1, 11), (1, 12), (1, 13), (1, 14), (1, None), (2, 21), (2, 22)]
NUMBERS = st.tuples(st.integers(0, 14), st.integers(0, 40))
COUNTS = st.dictionaries(st.tuples(st.sampled_from(VILLAGES), st.sampled_from("ab")), NUMBERS).map(
    lambda found: [Count(*place, category, *numbers) for (place, category), numbers in found.items()]
)


def covered(counts: list[Count], least: int = 4) -> set[tuple[int, str]]:
    """In which villages cases of which subject are part of a sign."""
    return {(village, one.category) for one in find_clusters(counts, least) for village in one.villages}


@given(COUNTS, st.randoms())
def test_order_does_not_matter(counts: list[Count], random: object) -> None:
    mixed = list(counts)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert find_clusters(mixed, 4) == find_clusters(counts, 4)


@given(COUNTS.filter(bool), st.data(), st.integers(1, 5))
def test_more_cases_never_take_a_sign_away(counts: list[Count], data: st.DataObject, more: int) -> None:
    """One case more now only adds signs, one more before only takes some away, as does a stricter county."""
    at = data.draw(st.integers(0, len(counts) - 1))
    grown = [*counts[:at], replace(counts[at], recent=counts[at].recent + more), *counts[at + 1 :]]
    usual_more = [*counts[:at], replace(counts[at], earlier=counts[at].earlier + more), *counts[at + 1 :]]
    assert covered(counts) <= covered(grown)
    assert covered(usual_more) <= covered(counts)
    assert covered(counts, 4 + more) <= covered(counts)


@given(COUNTS)
def test_each_case_is_in_one_sign_at_most(counts: list[Count]) -> None:
    found = find_clusters(counts, 4)
    assert len({(one.place, one.category) for one in found}) == len(found)
    listed = [(village, one.category) for one in found for village in one.villages]
    assert len(set(listed)) == len(listed)
    for one in found:
        assert one.counted >= one.threshold >= 4 and one.place in (one.town, *one.villages)
        assert one.place != one.town or len(one.villages) >= clusters.SPREAD and one.counted >= 8


def test_no_person_is_asked_for() -> None:
    assert {one.name for one in fields(Count)} == {"town", "village", "category", "recent", "earlier"}
    assert not any("person" in one.en or "who" in one.en.split() for one in CARD.inputs)


@pytest.mark.parametrize("earlier", [0, 3, 12, 30, 120, 1200, 24_000])
def test_threshold_is_the_smallest_that_chance_brings_seldom(earlier: int) -> None:
    """By the textbook's sum, as far as that can be reckoned."""
    found, mean = find_threshold(earlier, 1), usual(earlier)
    if mean < 100:
        tails = [1 - sum(exp(-mean) * mean**k / factorial(k) for k in range(n)) for n in (found - 1, found)]
        assert tails[0] > clusters.CHANCE >= tails[1]
    assert mean < found < mean + 4 * mean**0.5 + 4


def test_card_has_the_numbers_of_the_rule() -> None:
    assert (CARD.name, CARD.version) == (clusters.NAME, clusters.EDITION)
    said = (
        f"in {clusters.DAYS} days", f"the {clusters.WEEKS} weeks before", f"{clusters.CHANCE:.0%}".replace("%", " %"),
        f"taken as {clusters.FLOOR * clusters.WEEKS:g} cases", f"({LEAST.default} unless",
        f"in {clusters.SPREAD} villages",
    )  # fmt: skip
    assert all(one in CARD.formula.en for one in said) and clusters.TOWNWIDE == 2 and "twice" in CARD.formula.en
