"""Rules that need no database: who is eligible for aid, what binds whom, what sorts people, which days are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.values.errors import Refusal
from gongzhi_legal.agreements import commands as agreements
from gongzhi_legal.agreements.documents import BLANKS, LISTS, side_name, spell_day, spell_local_day
from gongzhi_legal.agreements.templates import names_used, require_blanks, template_environment
from gongzhi_legal.aid.eligibility import CARD, ELIGIBLE, EXAMINE, judge_eligibility
from gongzhi_legal.mediation.figures import RATES, first_of_quarter
from gongzhi_legal.models import AidGround, AidMatter, MediationOutcome, PartyRow
from gongzhi_legal.panel.candidates import LEVELS, surrounding_grids
from gongzhi_legal.prevention.screening import check_review_day, check_unlabelled
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 30, 2, tzinfo=UTC)
CALL: Any = SimpleNamespace(now=NOW)


@given(st.sampled_from(list(AidMatter)), st.sampled_from(list(AidGround)), st.booleans())
def test_aid_is_proposed_and_never_denied(about: AidMatter, ground: AidGround, below: bool) -> None:
    """Legal Aid Law 31, 32, 42: income matters where the ground is income, and a person examines everything else."""
    outcome, steps = judge_eligibility(about, ground, below)
    assert outcome in CARD.outcomes
    assert (outcome == ELIGIBLE) == (about != AidMatter.OTHER and (ground != AidGround.INCOME or below))
    assert [one.name for one in steps] == ["listed", "exempt", "belowStandard"], "the whole rule is told"
    assert all(one.text.en and one.text.zh for one in steps)
    if outcome == EXAMINE:
        assert not all(one.value for one in steps), "what speaks against it is told"


def test_declaring_income_never_harms() -> None:
    for about in AidMatter:
        for ground in AidGround:
            if judge_eligibility(about, ground, False)[0] == ELIGIBLE:
                assert judge_eligibility(about, ground, True)[0] == ELIGIBLE


def parties(represented: list[int | None]) -> dict[UUID, PartyRow]:
    """Parties by their ids; each number is the place of the party that one speaks for."""
    rows = [PartyRow(id=uuid4(), place=at) for at in range(len(represented))]
    for row, place in zip(rows, represented, strict=True):
        row.represents_id = None if place is None else rows[place].id
    return {row.id: row for row in rows}


@given(
    st.integers(2, 6).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), max_size=4))), st.data()
)
def test_each_side_is_counted_once(made: tuple[int, list[int]], data: st.DataObject) -> None:
    """However many signed for a party, it is one side; nobody is bound for whom nobody signed."""
    sides, speaking = made
    known = parties([*[None] * sides, *speaking])
    signed = set(data.draw(st.lists(st.sampled_from(sorted(known)), unique=True)))
    bound = agreements.bound_parties(known, signed)
    assert all(known[one].represents_id is None for one in bound), "who speaks for a party is not bound themselves"
    assert bound == {
        key
        for key, row in known.items()
        if row.represents_id is None and (key in signed or any(known[one].represents_id == key for one in signed))
    }


@pytest.mark.parametrize("reached", list(SettlementLevel))
@pytest.mark.parametrize("mediated", LEVELS)
def test_level_is_the_mediators_own(mediated: SettlementLevel, reached: SettlementLevel) -> None:
    """Only those of a village may also have settled it in the grid: a level that is made up would spoil the figures."""
    row: Any = SimpleNamespace(level=mediated)
    if reached == mediated or (mediated, reached) == (SettlementLevel.VILLAGE, SettlementLevel.GRID):
        assert agreements.agreement_level(row, reached) == reached
        return
    with pytest.raises(Refusal) as caught:
        agreements.agreement_level(row, reached)
    assert caught.value.path == ("level",)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_figures_are_of_whole_quarters(day: date) -> None:
    if day.day == 1 and day.month in (1, 4, 7, 10):
        assert first_of_quarter(day) == day
        return
    with pytest.raises(Refusal):
        first_of_quarter(day)


def test_trying_is_paid() -> None:
    """A try that failed is paid, so that nobody is pressed into signing."""
    assert min(RATES.values()) > 0
    assert RATES[MediationOutcome.FAILED] == RATES[MediationOutcome.REFERRED]
    assert not {MediationOutcome.REFUSED, MediationOutcome.WITHDRAWN} & RATES.keys()


LABELS = (
    "重点人员",
    "上访户",
    "有前科",
    "刑满释放人员",
    "吸毒人员",
    "钉子户",
    "老赖",
    "患精神病",
    "社区矫正对象",
    "邪教",
)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("around", ["{}", "该户系{}，与邻居争地", "邻里争水，一方{}。"])
def test_situations_are_no_labels(label: str, around: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_unlabelled(around.format(label), "situation")
    assert (caught.value.code, caught.value.path) == ("PERSON_LABEL", ("situation",))


@pytest.mark.parametrize(
    "said", ["两组争用同一片林地，界线不清。", "灌溉用水分配有分歧", "彩礼返还有争议", "拖欠工程款三万元"]
)
def test_situations_are_told(said: str) -> None:
    assert check_unlabelled(said, "situation") == said


@given(st.integers(-400, 400))
def test_situations_are_looked_at_within_half_a_year(days: int) -> None:
    day = date(2026, 6, 30) + timedelta(days=days)
    if 1 <= days <= 180:
        assert check_review_day(CALL, day) == day
        return
    with pytest.raises(Refusal) as caught:
        check_review_day(CALL, day)
    assert caught.value.path == ("reviewOn",)


WORDS = st.sampled_from([*BLANKS, "weather", "self", "config", "__class__", "request", "cycler"])


@given(
    WORDS,
    st.sampled_from(
        ["{{{{ {} }}}}", "县本 {{{{ {} }}}} 号", "{{{{ {}|upper }}}}", "{{{{ {}() }}}}", "{{{{ {}[0] }}}}"]
    ),
)
def test_templates_fill_in_blanks_alone(word: str, around: str) -> None:
    """A blank that is known, as it stands, and nothing that computes: no filter, no call, no attribute."""
    body = template_environment().parse(around.format(word)).body
    if word in BLANKS and around.endswith(("{} }}}}", " 号")):
        assert list(names_used(body, {})) == [word]
        return
    with pytest.raises(Refusal) as caught:
        list(names_used(body, {}))
    assert caught.value.path == ("content",)


@pytest.mark.parametrize("name", LISTS)
def test_templates_go_through_lists(name: str) -> None:
    said = "".join(f"{{{{ one.{field} }}}}" for field in LISTS[name])
    body = template_environment().parse(f"{{% for one in {name} %}}{said}{{% endfor %}}").body
    assert list(names_used(body, {})) == [f"{name}.{field}" for field in LISTS[name]]
    for bad in ("{{ one }}", "{{ one.secret }}", "{{ two.name }}", "{% include 'x' %}", "{{ 7 * 7 }}"):
        with pytest.raises(Refusal):
            list(names_used(template_environment().parse(f"{{% for one in {name} %}}{bad}{{% endfor %}}").body, {}))


@given(st.sets(st.sampled_from(BLANKS)), st.sampled_from([None, "", "村委会"]), st.sampled_from([None, "现金"]))
def test_blanks_that_may_be_empty(blanks: set[str], place: str | None, performance: str | None) -> None:
    """Only what a mediator writes can be missing, and the field that is missing is named."""
    template: Any = SimpleNamespace(blanks=sorted(blanks))
    values = {"place": place, "performance": performance}
    wanted = [name for name in sorted(blanks) if name in values and not values[name]]
    if not wanted:
        require_blanks(template, values)
        return
    with pytest.raises(Refusal) as caught:
        require_blanks(template, values)
    assert caught.value.path == (wanted[0],)


def test_days_are_those_of_china() -> None:
    assert spell_day(date(2026, 7, 1)) == "2026年7月1日"
    assert spell_local_day(datetime(2026, 6, 30, 16, tzinfo=UTC)) == "2026年7月1日", "midnight in China"
    assert [side_name(at) for at in range(3)] == ["申请人", "被申请人", "被申请人"]


def test_places_around_are_three_at_most() -> None:
    """A county's own matter has no town: who serves the county is asked."""
    place = SimpleNamespace(village_id=None, town_id=None, county_id=7)
    assert surrounding_grids(place) == [7]
    assert surrounding_grids(SimpleNamespace(village_id=9, town_id=8, county_id=7)) == [9, 8, 7]
