"""The published rule `service-tier/1`, as the demo applies it to its invented households."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from gongzhi.people.models import IncomeBand, Need, Tier

RULE = "service-tier/1"


class Decision(NamedTuple):
    """A tier, from which inputs, and what each of them said."""

    tier: Tier
    inputs: dict[str, Any]
    reasons: list[dict[str, str]]


def tier(needs: Sequence[Need], income: IncomeBand, awards: Collection[int], year: int) -> Decision:
    """Decide on a household from needs with a named helper accepted, income band and the years of 平安家庭.

    `year` is the year of the decision; awards are given for the years before it.
    """
    inputs = {"needs": [*needs], "helperAccepted": bool(needs), "incomeBand": income, "peacefulFamily": [*awards]}
    for found, rule, holds, text in (
        (Tier.LIANXIN, "lianxin", bool(needs), "本户申报了服务需求，并同意由专人联系"),
        (
            Tier.FANGXIN,
            "fangxin",
            income is IncomeBand.ABOVE_MEAN and all(year - back in awards for back in (1, 2, 3)),
            "收入高于本村平均水平，且连续三年被评为平安家庭",
        ),
        (
            Tier.GUANXIN,
            "guanxin",
            income is IncomeBand.BELOW_MEAN and not any(year - back in awards for back in (1, 2)),
            "收入低于本村平均水平，且近两年未被评为平安家庭",
        ),
    ):
        if holds:
            return Decision(found, inputs, [{"rule": f"{RULE}/{rule}", "text": text}])
    return Decision(
        Tier.UNCLASSIFIED, inputs, [{"rule": f"{RULE}/unclassified", "text": "不符合任何一类的条件，暂不分类"}]
    )
