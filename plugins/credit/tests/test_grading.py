"""From scores to grades: contributions sum to the score, and what would change the grade does change it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_credit.appraisals.banned_inputs import screen_input
from gongzhi_credit.appraisals.grading import (
    NONE,
    Contribution,
    Finding,
    find_grade,
    grade_changes,
    grade_for,
    points_of_mean,
    trimmed_mean,
)
from gongzhi_credit.appraisals.panels import draw_lots
from hypothesis import given, settings
from hypothesis import strategies as st

BANDS = (("A", 85_00), ("B", 70_00), ("C", 60_00))


@st.composite
def scorecards(draw: Any) -> dict[str, int]:
    """Three to eight indicators with weights that sum to 100."""
    count = draw(st.integers(3, 8))
    cuts = sorted(draw(st.lists(st.integers(1, 99), min_size=count - 1, max_size=count - 1, unique=True)))
    return {f"i{at}": high - low for at, (low, high) in enumerate(zip([0, *cuts], [*cuts, 100], strict=True))}


@st.composite
def findings(draw: Any) -> Finding:
    weights = draw(scorecards())
    panel = draw(st.integers(3, 12))
    scores = {name: draw(st.lists(st.integers(0, 10), min_size=panel, max_size=panel)) for name in weights}
    return find_grade(scores, weights, BANDS)


@settings(deadline=None)
@given(findings())
def test_contributions_sum_to_the_score(finding: Finding) -> None:
    assert sum(one.points for one in finding.contributions) == finding.score
    assert 0 <= finding.score <= 100_00 + 4, "rounding adds less than a hundredth an indicator"
    assert finding.grade == grade_for(finding.score, BANDS)


@settings(deadline=None)
@given(findings())
def test_what_would_change_the_grade_changes_it(finding: Finding) -> None:
    found = grade_changes(finding)
    assert bool(found) == (finding.grade != "A")
    ways = [found] if found and found[0].together else [[one] for one in found]
    assert all(len(way) == 1 for way in ways) <= (len(found) <= 2)
    for way in ways:
        after = {one.indicator: one.after for one in way}
        better = sum(points_of_mean(after.get(one.indicator, one.mean), one.weight) for one in finding.contributions)
        assert grade_for(better, BANDS) == way[0].grade != finding.grade
        assert all(one.before < one.after <= 1000 for one in way)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10), min_size=1, max_size=30))
def test_trimmed_mean_lies_among_the_scores(scores: list[int]) -> None:
    assert min(scores) * 100 <= trimmed_mean(scores) <= max(scores) * 100
    assert trimmed_mean(scores) == trimmed_mean(sorted(scores, reverse=True))


def test_one_voice_does_not_decide() -> None:
    """Of seven, the best and the worst do not count: neither a friend nor a foe moves the grade."""
    assert trimmed_mean([8, 8, 8, 8, 8, 8, 0]) == trimmed_mean([8, 8, 8, 8, 8, 8, 10]) == 800
    assert trimmed_mean([0, 5, 10]) == 500


def test_fewest_things_are_told() -> None:
    weights = {"a": 40, "b": 35, "c": 25}
    near = Finding(tuple(Contribution(name, 690, weight) for name, weight in weights.items()), BANDS)
    assert [(one.indicator, one.after, one.together) for one in grade_changes(near)] == [
        ("a", 720, False),
        ("b", 720, False),
    ]
    far = Finding(tuple(Contribution(name, 0, weight) for name, weight in weights.items()), BANDS)
    assert far.grade == NONE
    assert [(one.indicator, one.after) for one in grade_changes(far)] == [("a", 1000), ("b", 580)]
    assert {one.grade for one in grade_changes(far)} == {"C"} and all(one.together for one in grade_changes(far))


def test_lot_can_be_drawn_again() -> None:
    from uuid import UUID

    pool = [UUID(int=at) for at in range(20)]
    assert draw_lots("seed", pool) == draw_lots("seed", reversed(pool)) != draw_lots("other", pool)
    assert sorted(draw_lots("seed", pool)) == pool


@pytest.mark.parametrize(
    "words",
    [
        "参加宗教活动情况", "有无信访记录", "家庭成员违法", "身体健康状况", "是否拒绝调解", "银行存款", "民族",
        "党员身份", "church attendance", "petitions filed", "relatives' offences", "income band",
        "采集gene数据", "taxes paid", "criminal record",
        "行踪轨迹", "投诉次数", "刑满释放", "血型", "age group",
    ],
)  # fmt: skip
def test_banned_inputs_are_known(words: str) -> None:
    with pytest.raises(Refusal) as refused:
        screen_input(words, "description")
    assert refused.value.code == "BANNED_INPUT" and words not in refused.value.text.en


@pytest.mark.parametrize(
    "words",
    ["general conduct", "generous with help", "keeps pages of notes", "syntax of letters", "taxi fares shared",
     "faithful to agreements", "clean track record", "familiar with the rules", "relatively tidy", "allocation of work",
     "engenders trust", "stillness at night", "crimson flags"],
)  # fmt: skip
def test_words_that_hold_banned_ones_are_allowed(words: str) -> None:
    screen_input(words, "description")


def test_standard_indicators_are_allowed() -> None:
    from gongzhi_credit.migrations import __file__ as place

    module: dict[str, Any] = {}
    source = Path(place).with_name("0003_located.py").read_text(encoding="utf-8")
    exec(
        source.partition("# One year")[0].replace("from gongzhi.declare.located", "#").replace("from tortoise", "#"),
        module,
    )
    for code, _, name, said in module["INDICATORS"]:
        screen_input(f"{code}\n{name}\n{said}", "description")
