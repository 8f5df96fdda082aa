"""Rules: who sees watches and the records of errors, and who does something about them, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gongzhi.core.accounts.independence import require_other
from gongzhi.core.people.rules import own_households
from gongzhi.declare.sql import Alternatives, Sql, any_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_held, require_rows
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term

VIEW = "watch.view"
PROPOSE = "watch.propose"
DECIDE = "watch.decide"
HEAR = "watch.hear"
HELP = "watch.help"
PUBLISH = "watch.publish"
ASK_FOR_UNIT = "watch.ask_exemption"
REVIEW = "watch.review_errors"
PURPOSE, RECIPIENT = "watch.watching", "county"
"""The consent that a watch rests on."""
ADULT = 18
"""From this age on somebody speaks for the household (Civil Code, art. 17, 18)."""
SPEAKER = (
    "exists(select from people.membership m join people.person p on p.id=m.person_id where m.household_id={0} "
    "and m.person_id={1} and (m.until is null or m.until>{2}) and p.died_on is null "
    f"and (p.birth_date is null or p.birth_date<={{2}}-interval '{ADULT} years'))"
)
"""SQL for whether somebody speaks for a household on a day: grown up, and a member of it."""
FAMILY = (
    "array(select f.person_id from people.membership f where f.household_id={0} and (f.until is null or f.until>{1}))"
)


# households that are watched over


def of_family(household: Term, viewer: ViewerScope) -> Sql:
    """Return whose file something about a household is: that of all who belong to it today."""
    return Sql(FAMILY, household, viewer.today)


def home_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return watches of the household that one belongs to, at whatever age."""
    return [Sql("{0}=any(array{1})", row.household_id, own_households(viewer))] if viewer.known() else []


def spoken_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return watches of the household that one speaks for."""
    return [Sql(SPEAKER, row.household_id, viewer.person, viewer.today)] if viewer.known() else []


def visible_watches(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own household's, and where one serves those that go on or were refused; who decides sees all."""
    decided = viewer.within(row, DECIDE)
    if decided is None:
        return None
    # Refused ones, too: a household without a telephone contests that by whoever works there.
    going = narrow_rows(viewer.within(row, VIEW), Sql("({0} is null or {1}='REFUSED')", row.closed_at, row.state))
    return [*(going or ()), *decided, *home_rows(row, viewer)]


def watches_with(row: Table, viewer: ViewerScope) -> Sql:
    """Return whether a measure belongs to a watch that one sees."""
    entry = Table("entry", schema="watch", alias="of")
    seen = visible_watches(entry, viewer)
    if seen is None:
        return Sql("true")
    # The keys are found first, so that the index of measures by watch serves.
    text = "{0}=any(array(select of.id from watch.entry of where {1}))"
    return Sql(text, row.watch_id, any_of(*seen)) if seen else Sql("false")


def helped_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return measures of the units that one acts for, while they are to be carried out."""
    # What is done or over is no business of the unit any more: neither is where these people live.
    return [Sql("({0}={1} and {2}='PLANNED')", row.unit_id, unit, row.state) for unit in viewer.units(HELP)]


def visible_measures(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return those of watches that one sees, and those that one's unit is to carry out."""
    return [watches_with(row, viewer), *helped_rows(row, viewer)]


def measures_at_home(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return measures for the household that one speaks for."""
    text = SPEAKER.replace("{0}", "(select e.household_id from watch.entry e where e.id={0})")
    return [Sql(text, row.watch_id, viewer.person, viewer.today)] if viewer.known() else []


def require_word(own: Callable[[Table, ViewerScope], list[Criterion]]) -> Requirement:
    """Return the requirement for what a household says itself, or a worker records as it was signed on paper."""
    return require_rows(lambda row, viewer: widen_rows(viewer.within(row, PROPOSE), *own(row, viewer)))


def outside_home(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return watches but those of one's own household."""
    # `is not true`: whoever belongs to no household belongs to none of these.
    own = "({0}=any(array{1})) is not true"
    return [Sql(own, row.household_id, own_households(viewer))] if viewer.known() else None


OF_OTHERS = Requirement(
    "CONFLICT_OF_INTEREST",
    outside_home,
    Text("This is your own household, so somebody else must do this.", "此为您本户事项，须由其他人员办理。"),
)
SPEAKS = (require_word(spoken_rows),)
SPEAKS_OF_MEASURES = (require_word(measures_at_home),)
DECIDES = (require_held(DECIDE), OF_OTHERS)
CONFIRMS = (*DECIDES, require_other("assessed_by"))
HEARS = (require_held(HEAR), OF_OTHERS, require_other("assessed_by"), require_other("confirmed_by"))
CARRIES_OUT = (require_rows(lambda row, viewer: widen_rows(viewer.within(row, DECIDE), *helped_rows(row, viewer))),)


# errors in good faith


def held_in_unit(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return records of the units for which one may ask for a review."""
    return [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(ASK_FOR_UNIT)]


def asked_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return records of one's own error, and those that one has asked for oneself."""
    return [Sql("({0}={1} or {2}={1})", row.official, viewer.account, row.asked_by)]


def affected_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return records of errors by which one was affected."""
    text = "{0}=any(array(select a.exemption_id from watch.affected a where a.person_id={1}))"
    return [Sql(text, row.id, viewer.person)] if viewer.known() else []


def visible_errors(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return those that concern oneself, one's unit, and those that one reviews; nobody else's."""
    own = [*asked_rows(row, viewer), *held_in_unit(row, viewer), *affected_rows(row, viewer)]
    return widen_rows(viewer.within(row, REVIEW), *own)


def visible_reviews(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return reviews of what is decided, and one's own before: nobody is led by another's answers."""
    # A round that was objected to is over as well.
    over = "exists(select from watch.error e where e.id={0} and (e.state='DECIDED' or e.round>{1}))"
    return [Sql(over, row.exemption_id, row.round), Sql("{0}={1}", row.account, viewer.account)]


def impartial_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return records in which one has no part: not one's own, one's unit's, or of what one was affected by."""
    part = [*asked_rows(row, viewer), *affected_rows(row, viewer)]
    part += [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units()]
    return [Sql("({0}) is not true", any_of(*part))]


IMPARTIAL = Requirement(
    "CONFLICT_OF_INTEREST",
    impartial_rows,
    Text(
        "This concerns you or your unit, so somebody else must review it.",
        "此事与您本人或所在单位有关，须由其他人员复核。",
    ),
)
FIRST_TIME = replace(
    # Refused as whoever is no second person is; whether they are one the command asks, of each reviewer before them.
    require_other("official"),
    rows=lambda row, viewer: [
        Sql("not exists(select from watch.review v where v.exemption_id={0} and v.account={1})", row.id, viewer.account)
    ],
    text=Text("You have reviewed this: others decide with you.", "您已复核过此事，须由其他人员继续复核。"),
)
REVIEWS = (require_held(REVIEW), IMPARTIAL, FIRST_TIME)
ASKED_FOR = (require_rows(asked_rows),)
OBJECTS = (
    require_rows(lambda row, viewer: [Sql("{0}={1}", row.official, viewer.account), *affected_rows(row, viewer)]),
)
