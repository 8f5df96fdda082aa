"""Rules: who sees links, deputies and organisations, and who does something about them, in one place."""

from __future__ import annotations

from gongzhi.core.accounts.independence import require_other
from gongzhi.core.people.rules import own_households
from gongzhi.declare.sql import Alternatives, Sql, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_held, require_rows
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

KEEP = "ties.keep"
ANSWER = "ties.answer"
KEEP_DEPUTIES = "ties.keep_deputies"
REGISTER = "ties.register_organisations"
PURCHASE = "ties.purchase"
SEE_VOLUNTEERS = "ties.see_volunteers"


def own_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return rows that name the viewer as their person."""
    return [Sql("{0}={1}", row.person_id, viewer.person)] if viewer.known() else []


def helper_ties(tie: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return links in which one helps: as the leader or cadre oneself, or for the unit that does."""
    # Of a leader or cadre the unit is where they work: it answers for nobody's consent.
    text = "({0} not in ('LEADER_TOWN','CADRE_HOUSEHOLD') and {1}={2})"
    units = [Sql(text, tie.kind, tie.unit_id, unit) for unit in viewer.units(ANSWER)]
    return [*own_rows(tie, viewer), *units]


def helped_ties(tie: Table, viewer: ViewerScope) -> Alternatives:
    """Return links in which one is helped: as the household, or as whoever answers for the town or village."""
    places = viewer.within(tie, ANSWER)
    # Whoever answers for a village does not answer for its households.
    ours = [Sql("({0} and {1}<>'CADRE_HOUSEHOLD')", any_of(*places), tie.kind)] if places else []
    if places is None:
        ours = [Sql("{0}<>'CADRE_HOUSEHOLD'", tie.kind)]
    home = [Sql("{0}=any(array{1})", tie.household_id, own_households(viewer))] if viewer.known() else []
    return [*ours, *home]


def kept_ties(tie: Table, viewer: ViewerScope) -> Alternatives:
    """Return links that one keeps: those in the places where one arranges them."""
    return viewer.within(tie, KEEP)


def visible_ties(tie: Table, viewer: ViewerScope) -> Alternatives:
    """Return links that both sides have agreed to; households' own and what is proposed for those concerned alone."""
    # What was never agreed to has no first day, and was never published.
    published = Sql("({0} is not null and {1}<>'CADRE_HOUSEHOLD')", tie.since, tie.kind)
    seen = widen_rows(kept_ties(tie, viewer), published, *helper_ties(tie, viewer))
    return widen_rows(seen, *(helped_ties(tie, viewer) or ()))


def recorded_ties(tie: Table, viewer: ViewerScope) -> Alternatives:
    """Return links of which one writes down what was done: as whoever helps, or as whoever keeps them."""
    return widen_rows(kept_ties(tie, viewer), *helper_ties(tie, viewer))


def ended_ties(tie: Table, viewer: ViewerScope) -> Alternatives:
    """Return links that one may end: either side at any time, and whoever keeps them."""
    return widen_rows(recorded_ties(tie, viewer), *(helped_ties(tie, viewer) or ()))


def recorded_deeds(deed: Table, viewer: ViewerScope) -> Alternatives:
    """Return what was done in links of which one writes it down."""
    tie = Table("tie", schema="ties", alias="mine")
    found = recorded_ties(tie, viewer)
    # None is every row, and an empty list none: either is the answer for what was done in them, too.
    if not found:
        return found
    return [Sql("exists(select from ties.tie mine where mine.id={0} and {1})", deed.tie_id, any_of(*found))]


HELPS: tuple[Requirement, ...] = (require_rows(helper_ties),)
IS_HELPED: tuple[Requirement, ...] = (require_rows(helped_ties),)
RECORDS: tuple[Requirement, ...] = (require_rows(recorded_ties),)
MAY_END: tuple[Requirement, ...] = (require_rows(ended_ties),)
RECORDED: tuple[Requirement, ...] = (require_rows(recorded_deeds),)


def received_days(reception: Table, viewer: ViewerScope) -> Alternatives:
    """Return reception days on which one hears voters oneself, and those that one keeps."""
    # By the term and not by the account: a deputy hears under whichever account is theirs.
    mine = (
        "exists(select from ties.receiver hears join ties.deputy term on term.id=hears.deputy_id "
        "where hears.reception_id={0} and term.person_id={1} and term.until is null and term.ends_on>{2})"
    )
    own = [Sql(mine, reception.id, viewer.person, viewer.today)] if viewer.known() else []
    return widen_rows(viewer.within(reception, KEEP_DEPUTIES), *own)


def visible_heard(heard: Table, viewer: ViewerScope) -> Alternatives:
    """Return what one asked for oneself, what one heard as a deputy, and what was heard where one keeps deputies."""
    if not viewer.known():
        return viewer.within(heard, KEEP_DEPUTIES)
    # The keys are found first, so that the index of what was heard by deputy serves.
    heard_by_me = "{0}=any(array(select term.id from ties.deputy term where term.person_id={1}))"
    mine = Sql(heard_by_me, heard.deputy_id, viewer.person)
    return widen_rows(viewer.within(heard, KEEP_DEPUTIES), *own_rows(heard, viewer), mine)


KEEPS_DEPUTIES: tuple[Requirement, ...] = (require_held(KEEP_DEPUTIES),)
RECEIVES: tuple[Requirement, ...] = (require_rows(received_days),)
ASKED: tuple[Requirement, ...] = (require_rows(own_rows),)


def held_rows(row: Table, viewer: ViewerScope, permission: str) -> Alternatives:
    """Return rows where one holds a permission, and those of the units for which one does."""
    units = [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(permission)]
    return widen_rows(viewer.within(row, permission), *units)


# Of those who look after grids alone: a list of who can drive is of use to others, and not for that.
def visible_volunteers(volunteer: Table, viewer: ViewerScope) -> Alternatives:
    """Return oneself, and volunteers in the grids in which one asks them for help."""
    return widen_rows(viewer.within(volunteer, SEE_VOLUNTEERS), *own_rows(volunteer, viewer))


REGISTERS: tuple[Requirement, ...] = (require_rows(lambda row, viewer: held_rows(row, viewer, REGISTER)),)
PURCHASES: tuple[Requirement, ...] = (require_rows(lambda row, viewer: held_rows(row, viewer, PURCHASE)),)
# Whoever says that it was delivered does not accept it as well.
ACCEPTS: tuple[Requirement, ...] = (*PURCHASES, require_other("delivered_by"))
