"""Case outcomes: how many of the county's cases end in which way, to match the published figures (docs/demo.md)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gongzhi.core.cases.models import SettlementLevel as Level
from gongzhi.core.cases.models import Status

from .chance import divide_shares, shuffled_deck

PEOPLE, CASES, SEALED, DISPUTES = 126_000, 26_800, 40, 945
SETTLED = {Level.VILLAGE: 557, Level.TOWN: 331, Level.COUNTY: 6}
"""Disputes settled, by level: 894 of 945."""
OPEN, ENDED = 0.009, 0.011
"""Shares of all cases that are under way, and that ended without an answer; all others were answered (办结)."""
OPEN_AS = {
    Status.REPORTED: 20,
    Status.ACCEPTED: 25,
    Status.DISPATCHED: 45,
    Status.RETURNED: 10,
    Status.HANDLING: 110,
    Status.SUSPENDED: 31,
}
"""How those under way stand, from the newest cases to older ones."""
ENDED_AS = {Status.DECLINED: 55, Status.WITHDRAWN: 25, Status.MERGED: 25, Status.VOIDED: 6}
SEALED_AS = {Status.REPORTED: 3, Status.ACCEPTED: 3, Status.HANDLING: 6}
RATINGS = {None: 400, 5: 430, 4: 158, 3: 9, 2: 2, 1: 1}
"""How a thousand answered cases are rated. A rating of 4 or 5 counts as satisfied."""


@dataclass(frozen=True)
class CaseOutcomes:
    """How each case ends, by its place in the order of reporting; whoever is not named was answered."""

    ordinary: int
    recent: int
    """From here on cases are so new that not all of them can have run their course."""
    status: dict[int, Status]
    disputes: dict[int, Level | None]
    ratings: dict[int, int | None]
    sealed: list[Status]


def deal_outcomes(random: Random, people: int) -> CaseOutcomes:
    """Deal the outcomes of the cases of a county of so many people."""

    def scaled(figure: float) -> int:
        # A smaller county has the same shares of all.
        return round(figure * people / PEOPLE)

    sealed = max(2, scaled(SEALED))
    ordinary = max(10, scaled(CASES) - sealed)
    # With enough cases every status occurs at least once, so that each can be seen.
    least = 1 if ordinary >= 400 else 0
    status = _status(random, ordinary, least)
    recent = ordinary - 2 * round(max(6 * least, ordinary * OPEN))
    # Settled disputes are among old cases: new ones may still be under way.
    old = [place for place in range(recent) if place not in status]
    settled = shuffled_deck(random, scaled(sum(SETTLED.values())), SETTLED)
    disputes: dict[int, Level | None] = dict(zip(random.sample(old, len(settled)), settled, strict=True))
    unsettled = min(scaled(DISPUTES) - len(settled), len(status))
    disputes |= dict.fromkeys(random.sample(sorted(status), unsettled))
    answered = [place for place in range(ordinary) if place not in status]
    ratings = dict(zip(answered, shuffled_deck(random, len(answered), RATINGS), strict=True))
    under_way = shuffled_deck(random, max(1, round(sealed * 0.3)), SEALED_AS)
    return CaseOutcomes(
        ordinary, recent, status, disputes, ratings, under_way + [Status.REPLIED] * (sealed - len(under_way))
    )


def _status(random: Random, cases: int, least: int) -> dict[int, Status]:
    """Choose which of the newest are under way, and which before them ended without an answer."""
    under_way = divide_shares(round(max(6 * least, cases * OPEN)), OPEN_AS, least)
    ended = shuffled_deck(random, round(max(4 * least, cases * ENDED)), ENDED_AS, least)
    # Twice as many as are under way, so that answered cases stand among them.
    recent = cases - 2 * sum(under_way.values())
    newest = sorted(random.sample(range(recent, cases), sum(under_way.values())), reverse=True)
    stand = [status for status, count in under_way.items() for _ in range(count)]
    return dict(zip(newest, stand, strict=True)) | dict(
        zip(random.sample(range(recent), len(ended)), ended, strict=True)
    )
