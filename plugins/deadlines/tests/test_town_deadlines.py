"""Deadlines of towns: within their county's limits and the law, for clocks that start, explained, and taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from gongzhi_deadlines.clocks.limits import FIXED, LAW, exceeds_law, find_beyond_law, is_within
from gongzhi_deadlines.clocks.models import Stage
from gongzhi_deadlines.clocks.rules import Matter, Rule, Standing
from gongzhi_deadlines.worktime import Course, Term, Unit, compute_deadline
from gongzhi_server.testing import Server, codes_of
from hypothesis import given, settings
from hypothesis import strategies as st

from .test_clocks import COUNTY, PLACE, Story, china
from .test_worktime import ANY, CALENDAR, MOMENTS, courses
from .test_worktime import COUNTY as OFFICE

STAGES = (Stage.REPLY, Stage.HANDLE, Stage.GRACE)
RULES = st.builds(
    Rule,
    st.integers(1, 10_000),
    st.sampled_from(STAGES),
    st.builds(Term, st.integers(1, 6), st.sampled_from((Unit.WORKING_DAY, Unit.DAY, Unit.HOUR)), st.booleans()),
    category=st.sampled_from((None, "roads", "roads.surface")),
    urgency=st.sampled_from((None, "ROUTINE", "EMERGENCY")),
)
SETS = st.lists(RULES, max_size=6).map(tuple)
MATTERS = st.builds(
    Matter,
    st.just("HELP"),
    st.sampled_from(("roads", "roads.surface", "land")),
    st.sampled_from(("ROUTINE", "EMERGENCY")),
    st.just("WEB"),
)


@given(ANY, ANY, courses())
@settings(max_examples=300, deadline=None)
def test_what_is_within_a_limit_never_ends_after_it(term: Term, limit: Term, course: Course) -> None:
    if is_within(term, limit):
        assert compute_deadline(OFFICE, term, course).due <= compute_deadline(OFFICE, limit, course).due


@given(SETS, SETS, SETS, MATTERS, st.sampled_from(STAGES), MOMENTS)
@settings(max_examples=500, deadline=None)
def test_the_rule_for_a_clock_that_starts(
    county: tuple[Rule, ...],
    town: tuple[Rule, ...],
    limits: tuple[Rule, ...],
    matter: Matter,
    stage: Stage,
    start: Any,
) -> None:
    """The town's first that fits, where the first limit that fits allows it; else the county's."""
    chosen = Standing(1, 1, OFFICE, county, town, limits).rule(stage, matter)
    fitting = [[one for one in rules if one.stage is stage and one.fits(matter)] for rules in (county, town, limits)]
    theirs, own, bounds = (one[0] if one else None for one in fitting)
    allowed = own is not None and bounds is not None and is_within(own.term, bounds.term)
    untouched = matter.urgency == "EMERGENCY" or stage in FIXED or not allowed
    assert chosen == (theirs if untouched else own)
    if chosen is not None and chosen is not theirs:
        assert bounds and not untouched
        ends = [compute_deadline(OFFICE, one.term, Course(start)).due for one in (chosen, bounds)]
        assert ends[0] <= ends[1]
    assert Standing(1, 1, OFFICE, county).rule(stage, matter) == theirs


@pytest.mark.parametrize(
    ("stage", "term", "too_long"),
    [
        (Stage.REPLY, Term(60, Unit.DAY, next_day=True), False),
        (Stage.REPLY, Term(61, Unit.DAY, next_day=True), True),
        (Stage.REPLY, Term(30, Unit.WORKING_DAY, next_day=True), False),
        (Stage.REPLY, Term(50, Unit.WORKING_DAY, next_day=True), True),
        (Stage.ACCEPT, Term(5, Unit.WORKING_DAY, next_day=True), False),
        (Stage.ACCEPT, Term(15, Unit.WORKING_DAY, next_day=True), True),
        (Stage.HANDLE, Term(2_000, Unit.HOUR), True),
        # Too long for what is raised in the evening alone: the law counts from the next day on, and these at once, or
        # from the next morning on.
        (Stage.ACCEPT, Term(350, Unit.HOUR), False),
        (Stage.ACCEPT, Term(370, Unit.HOUR), True),
        (Stage.ACCEPT, Term(6, Unit.WORKING_DAY), True),
        (Stage.FOLLOW_UP, Term(90, Unit.DAY), False),
    ],
)
def test_limits_keep_to_the_law(stage: Stage, term: Term, too_long: bool) -> None:
    assert exceeds_law(CALENDAR, stage, term, date(2026, 6, 30)) == too_long
    assert (stage in LAW) or not too_long


@given(st.lists(st.tuples(st.sampled_from((Stage.ACCEPT, Stage.REPLY)), ANY), max_size=8))
@settings(max_examples=40, deadline=None)
def test_every_limit_beyond_the_law_is_named(terms: list[tuple[Stage, Term]]) -> None:
    day = date(2026, 6, 30)
    each = [at for at, (stage, term) in enumerate(terms) if exceeds_law(CALENDAR, stage, term, day)]
    assert find_beyond_law(CALENDAR, terms, day) == each


LIMIT = {"stage": "REPLY", "amount": 4, "unit": "WORKING_DAY", "nextDay": True, "basis": "县诉求办理办法第十二条"}
OWN = {"stage": "REPLY", "amount": 2, "unit": "WORKING_DAY", "nextDay": True, "basis": "镇便民服务承诺第三条"}
SAID = "rules { code edition kind town { code } county { code } rules { stage amount } }"


@pytest.fixture
def story(server: Server) -> Story:
    """It is Tuesday, 30 June 2026, ten in the morning."""
    return Story(server)


def office(story: Story, grid: str = COUNTY) -> Server:
    return story.server.as_("administrator", grid=grid)


async def town_of(story: Story) -> str:
    """The town in which the story's case lies."""
    found = (await story.server.ask("query($p: PointInput!) { gridAt(point: $p) { code } }", p=PLACE)).data
    return str(found["gridAt"]["code"])[:9]


async def limit(story: Story, edition: int = 0, limits: Any = (LIMIT,)) -> dict[str, Any]:
    found: dict[str, Any] = await office(story).do(
        "limitTownDeadlines", SAID, county=COUNTY, expectedEdition=edition, name="镇级时限上限", limits=list(limits)
    )
    return found


async def publish(story: Story, town: str, edition: int = 0, rules: Any = (OWN,), by: str = "") -> dict[str, Any]:
    found: dict[str, Any] = await office(story, by or town).do(
        "publishTownDeadlineRules", SAID, town=town, expectedEdition=edition, name="镇时限", rules=list(rules)
    )
    return found


async def reply_clock(story: Story) -> dict[str, Any]:
    """The clock of the reply, with what is said of its rule."""
    query = """query($n: String!) { case(number: $n) { clocks { stage dueAt explanation changes { why }
      rule { basis ruleSet { kind edition name town { code } } } } } }"""
    clocks = (await story.dispatcher.ask(query, n=story.number)).data["case"]["clocks"]
    [found] = [one for one in clocks if one["stage"] == "REPLY"]
    return dict(found)


async def test_town_sets_what_its_county_allows(story: Story) -> None:
    town = await town_of(story)
    assert codes_of((await publish(story, town))["errors"]) == ["NOT_DELEGATED"]
    made = await limit(story)
    assert made["rules"] | {"rules": None} == {
        "code": f"{COUNTY}-limits", "edition": 1, "kind": "LIMITS", "town": None, "county": {"code": COUNTY},
        "rules": None,
    }  # fmt: skip
    await story.report()
    before = await reply_clock(story)
    written = await publish(story, town)
    assert written["rules"]["kind"] == "TOWN" and written["rules"]["town"] == {"code": town}
    assert await reply_clock(story) == before, "what has started goes on"
    await story.report()
    clock = await reply_clock(story)
    assert china(clock["dueAt"]) == "07-02 18:00"
    assert clock["rule"]["ruleSet"] == {"kind": "TOWN", "edition": 1, "name": "镇时限", "town": {"code": town}}
    assert clock["explanation"].startswith("Rule 1 of edition 1 of “镇时限”") and OWN["basis"] in clock["explanation"]
    seen = (await story.server.ask(f'{{ townDeadlineRules(town: "{town}") {{ edition rules {{ amount }} }} }}')).data
    assert seen["townDeadlineRules"] == {"edition": 1, "rules": [{"amount": 2}]}


async def test_only_the_towns_own_cases(story: Story) -> None:
    town = await town_of(story)
    other = "610921101" if town != "610921101" else "610921102"
    await limit(story)
    assert (await publish(story, other))["errors"] == []
    await story.report()
    assert (await reply_clock(story))["rule"]["ruleSet"]["kind"] == "COUNTY"


async def test_emergencies_and_narrower_limits_keep_the_countys_rule(story: Story) -> None:
    town = await town_of(story)
    await limit(story, limits=[{**LIMIT, "category": "utilities", "amount": 1}, LIMIT])
    assert (await publish(story, town))["errors"] == [], "it is within the limit for all of its cases"
    await story.report()
    assert (await reply_clock(story))["rule"]["ruleSet"]["kind"] == "COUNTY", "for this one the limit is narrower"
    await story.report(category="roads.surface")
    assert (await reply_clock(story))["rule"]["ruleSet"]["kind"] == "TOWN"
    await story.report(category="roads.surface", urgency="EMERGENCY")
    assert (await reply_clock(story))["rule"]["ruleSet"]["kind"] == "COUNTY"


async def test_county_takes_back_what_it_allowed(story: Story) -> None:
    """Clocks that started by the town's rule keep it, whatever the county decides; those that start do not."""
    town = await town_of(story)
    await limit(story)
    await publish(story, town)
    await story.report()
    first = story.number
    assert (await limit(story, 1, ()))["rules"]["rules"] == []
    chosen = await office(story).do("chooseDeadlineRules", "recounted", county=COUNTY, code="fast-lane")
    assert chosen["recounted"] > 0
    kept = await reply_clock(story)
    assert kept["rule"]["ruleSet"]["kind"] == "TOWN" and kept["changes"] == []
    await story.report()
    assert story.number != first and (await reply_clock(story))["rule"]["ruleSet"]["kind"] == "COUNTY"
    assert codes_of((await publish(story, town, 1))["errors"]) == ["NOT_DELEGATED"]
    assert (await publish(story, town, 1, ()))["errors"] == [], "to give up one's own needs nobody's leave"
    listed = "{ deadlineRuleSets(filter: { kind: { in: [TOWN, LIMITS] } }) { totalCount } }"
    assert (await story.server.ask(listed)).data["deadlineRuleSets"]["totalCount"] == 4
    limits_are_no_rules = await office(story).do(
        "chooseDeadlineRules", "recounted", county=COUNTY, code=f"{COUNTY}-limits"
    )
    assert codes_of(limits_are_no_rules["errors"]) == ["NOT_FOUND"]


BAD_LIMITS: list[tuple[dict[str, Any], str, str]] = [
    ({"amount": 0}, "BAD_USER_INPUT", "amount"),
    ({"basis": " "}, "BAD_USER_INPUT", "basis"),
    ({"category": "nothing"}, "NOT_FOUND", "category"),
    ({"urgency": "EMERGENCY"}, "BAD_USER_INPUT", "urgency"),
    ({"stage": "GRACE"}, "BAD_USER_INPUT", "stage"),
    ({"amount": 61, "unit": "DAY"}, "BEYOND_LAW", "amount"),
]
BAD_RULES: list[tuple[dict[str, Any], str, str]] = [
    *BAD_LIMITS[:5],
    ({"amount": 5}, "BEYOND_LIMIT", "amount"),
    ({"amount": 2, "unit": "DAY"}, "BEYOND_LIMIT", "amount"),
    ({"stage": "HANDLE"}, "BEYOND_LIMIT", "stage"),
]


async def test_bad_terms_are_refused(story: Story) -> None:
    town = await town_of(story)
    for given_, code, path in BAD_LIMITS:
        refused = await limit(story, limits=[LIMIT, {**LIMIT, **given_}])
        assert [(one["code"], one["path"]) for one in refused["errors"]] == [(code, ["limits", "1", path])], given_
    await limit(story)
    for given_, code, path in BAD_RULES:
        refused = await publish(story, town, rules=[OWN, {**OWN, **given_}])
        assert [(one["code"], one["path"]) for one in refused["errors"]] == [(code, ["rules", "1", path])], given_
    assert codes_of((await limit(story, 0))["errors"]) == ["STALE_VERSION"]
    assert codes_of((await publish(story, town, 3))["errors"]) == ["STALE_VERSION"]
    many = await limit(story, 1, [LIMIT] * 201)
    assert [(one["code"], one["path"]) for one in many["errors"]] == [("BAD_USER_INPUT", ["limits"])]


async def test_whose_they_are_to_set(story: Story) -> None:
    """A town's manager writes for their own town alone, and never the county's limits."""
    town = await town_of(story)
    other = "610921101" if town != "610921101" else "610921102"
    await limit(story)
    wrong = await publish(story, town, by=other)
    assert [(one["code"], one["path"]) for one in wrong["errors"]] == [("FORBIDDEN", ["town"])]
    village = await publish(story, COUNTY, by=COUNTY)
    assert [(one["code"], one["path"]) for one in village["errors"]] == [("BAD_USER_INPUT", ["town"])]
    own = await office(story, town).do(
        "limitTownDeadlines", SAID, county=COUNTY, expectedEdition=1, name="上限", limits=[LIMIT]
    )
    assert [(one["code"], one["path"]) for one in own["errors"]] == [("FORBIDDEN", ["county"])]
    assert (await publish(story, town))["errors"] == []
