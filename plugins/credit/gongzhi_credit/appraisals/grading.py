"""Grading: from scores to a grade and why; trimmed means, contributions that sum to the score, what would change it.

Scores are whole numbers from 0 to 10; means and points are hundredths, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..money import round_ratio

TOP = 1000
"""The best mean: ten, in hundredths."""
STEP = 10
"""Means in what would change the grade are told in tenths."""
NONE = "NONE"
"""The grade of a score below the lowest band."""


@dataclass(frozen=True)
class Contribution:
    """What one indicator added: its mean, its weight in per cent, its points."""

    indicator: str
    mean: int
    weight: int

    @property
    def points(self) -> int:
        return points_of_mean(self.mean, self.weight)


@dataclass(frozen=True)
class Change:
    """A mean that would have to be higher for a grade: alone, or with all others that are `together`."""

    indicator: str
    before: int
    after: int
    grade: str
    together: bool


Bands = Sequence[tuple[str, int]]
"""Grades and the points from which they begin, in hundredths; the best first."""


@dataclass(frozen=True)
class Finding:
    """What a panel's scores come to."""

    contributions: tuple[Contribution, ...]
    bands: Bands

    @property
    def score(self) -> int:
        """The sum of what the indicators added, in hundredths."""
        return sum(one.points for one in self.contributions)

    @property
    def grade(self) -> str:
        return grade_for(self.score, self.bands)

    @property
    def changes(self) -> list[Change]:
        return grade_changes(self)


def points_of_mean(mean: int, weight: int) -> int:
    """Return the points of a mean, both in hundredths."""
    # A mean of 1000 with a weight of 100 is 10 000 hundredths, which is the full score.
    return round_ratio(weight * mean, STEP)


def trimmed_mean(scores: Sequence[int]) -> int:
    """Return the mean without a fifth of the scores at each end, in hundredths (去掉最高分和最低分)."""
    # With fewer than five scores nothing is cut.
    cut = len(scores) // 5
    kept = sorted(scores)[cut : len(scores) - cut]
    return round_ratio(100 * sum(kept), len(kept))


def grade_for(score: int, bands: Bands) -> str:
    # The bands come best first, so the first that is reached is the grade.
    return next((grade for grade, least in bands if score >= least), NONE)


def find_grade(scores: Mapping[str, Sequence[int]], weights: Mapping[str, int], bands: Bands) -> Finding:
    """Return the finding of a panel; `scores` has those of each indicator that has a weight."""
    made = (Contribution(name, trimmed_mean(scores[name]), weight) for name, weight in weights.items())
    return Finding(tuple(made), bands)


def grade_changes(finding: Finding) -> list[Change]:
    """Return what would lead to the next better grade: two ways by one indicator each, or the fewest together."""
    better = [band for band in finding.bands if band[1] > finding.score]
    if not better:
        return []
    # The next better grade, not the best: the last of those that are above.
    grade, least = better[-1]
    need = least - finding.score
    alone = [
        Change(one.indicator, one.mean, mean, grade, False)
        for one in finding.contributions
        if (mean := lowest_raised_mean(one, need)) is not None
    ]
    if alone:
        # The smallest steps first, since those are what somebody could really do.
        return sorted(alone, key=lambda change: change.after - change.before)[:2]
    return combined_changes(finding, grade, need)


def combined_changes(finding: Finding, grade: str, need: int) -> list[Change]:
    """Return the fewest indicators that lead there if raised together, those with the most to gain first."""
    found: list[Change] = []
    # The key is negative, the distance to the most an indicator can add; sorting puts the longest first.
    for one in sorted(finding.contributions, key=lambda one: one.points - points_of_mean(TOP, one.weight)):
        mean = lowest_raised_mean(one, need)
        after = TOP if mean is None else mean
        found.append(Change(one.indicator, one.mean, after, grade, True))
        need -= points_of_mean(after, one.weight) - one.points
        if need <= 0:
            return found
    # Even full marks in everything would not be enough.
    return []


def lowest_raised_mean(one: Contribution, need: int) -> int | None:
    """Return the lowest mean, in tenths, that adds so many points more; None if no mean does."""
    # From the next full tenth above: panels score whole numbers, and hundredths would promise a precision there is not.
    for mean in range((one.mean // STEP + 1) * STEP, TOP + 1, STEP):
        if points_of_mean(mean, one.weight) - one.points >= need:
            return mean
    return None
