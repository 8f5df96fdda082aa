"""Rules: who may see people and households, in one place."""

from __future__ import annotations

from pypika_tortoise.dialects.postgresql import PostgreSQLQuery
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term

from gongzhi.declare.sql import Alternatives, Sql, any_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope

VIEW, APPOINT = "people.view", "people.appoint"
HOME = "{0}=any(array(select m.household_id from people.membership m where m.person_id=any(array{1}) and {2}))"
RESTRICTED = "people.view_restricted"


def visible_persons(person: Table, viewer: ViewerScope) -> Alternatives:
    """Return people in the grids one serves, who asks one's unit, and oneself with one's household.

    Somebody whose data are restricted is seen in the grids where one holds `people.view_restricted`, and at home.
    """
    open_ = Sql("{0} is null", person.restricted_at)
    seen = narrow_rows(widen_rows(viewer.within(person, VIEW), *visible_requesters(person, viewer)), open_)
    # Of the staff only those whose task it is see restricted people, in their grids.
    if viewer.can(RESTRICTED):
        closed = narrow_rows(viewer.within(person, RESTRICTED), Sql("{0} is not null", person.restricted_at))
        seen = widen_rows(seen, *(closed or ()))
    # In an emergency restriction does not hold.
    if viewer.broken():
        seen = widen_rows(seen, Sql("{0}=any(array{1})", person.id, _emergency(viewer)))
    if not viewer.known():
        return seen
    own = Sql("{0}={1}", person.id, viewer.person)
    return widen_rows(seen, own, Sql("{0}=any(array{1})", person.id, _family(viewer)))


def visible_households(household: Table, viewer: ViewerScope) -> Alternatives:
    """Return households in the grids one serves, one's own, and those one is the named helper of."""
    seen = viewer.within(household, VIEW)
    # In an emergency the household comes with the person.
    if viewer.broken():
        member = Table("membership", schema="people", alias="m")
        seen = widen_rows(seen, Sql(HOME, household.id, _emergency(viewer), in_force(member, viewer)))
    if not viewer.known():
        return seen
    own = Sql("{0}=any(array{1})", household.id, own_households(viewer))
    helped = Sql("{0}=any(array{1})", household.id, helped_households(viewer))
    return widen_rows(seen, own, helped)


def is_nameable(person: Table, household: Term, viewer: ViewerScope) -> Sql:
    """Return whether the viewer may know the name of a member of a household they see: who sees the person, and the
    named helper of the household, who cannot ask for anything on behalf of people without names.

    Whoever had their data restricted is not named to the helper.
    """
    seen = visible_persons(person, viewer)
    if seen is None:
        return Sql("true")
    helped = Sql("{0}=any(array{1}) and {2} is null", household, helped_households(viewer), person.restricted_at)
    named = [*seen, helped] if viewer.known() else seen
    return Sql("{0}", any_of(*named)) if named else Sql("false")


def visible_visits(visit: Table, viewer: ViewerScope) -> Alternatives:
    """Return visits in the grids one serves, and those to one's own household or one that one helps."""
    seen = viewer.within(visit, VIEW)
    if not viewer.known():
        return seen
    own = Sql("{0}=any(array{1})", visit.household_id, own_households(viewer))
    helped = Sql("{0}=any(array{1})", visit.household_id, helped_households(viewer))
    return widen_rows(seen, own, helped)


def ended_liaisons(liaison: Table, viewer: ViewerScope) -> Alternatives:
    """Return offices that one may end: one's own, those for one's own household, and where one names helpers."""
    house, home = Table("household", schema="people", alias="helped"), own_households(viewer)
    own = Sql("{0}={1} or {2}=any(array{3})", liaison.person_id, viewer.person, liaison.household_id, home)
    lies = "exists(select from people.household helped where helped.id={0} and ({1}))"
    places = viewer.within(house, APPOINT)
    return widen_rows([Sql(lies, liaison.household_id, any_of(*places))] if places else places, own)


def visible_requesters(person: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return who asked for the open cases that one's units answer for: somebody must be able to call them.

    Whoever tipped off stays unnamed even to the unit that looks into it.
    """
    # The array is made once, so that people are found by their keys.
    asking = (
        "{0}=any(array(select c.requester_id from cases.case c where c.lead_unit_id={1} "
        "and c.series='ORDINARY' and c.status in ('DISPATCHED','HANDLING','SUSPENDED','REPLIED')))"
    )
    return [Sql(asking, person.id, unit) for unit in viewer.units("cases.handle")]


def in_force(row: Table, viewer: ViewerScope) -> Sql:
    """Return whether a row is still in force on the day of the operation."""
    return Sql("({0} is null or {0}>{1})", row.until, viewer.today)


def member_ids(household: Table, viewer: ViewerScope) -> Sql:
    """Return the people who belong to a household on the day of the operation: its file is theirs."""
    member = Table("membership", schema="people", alias="f")
    text = "array(select f.person_id from people.membership f where f.household_id={0} and {1})"
    return Sql(text, household.id, in_force(member, viewer))


def _emergency(viewer: ViewerScope) -> Sql:
    """Return whom the viewer may look at beyond their scope, through the glass they say they broke."""
    # Looked up in the statement itself: once its time is over it opens nothing.
    text = "(select g.person_id from access.glass g where g.id={0} and g.account={1} and g.until>{2})"
    return Sql(text, viewer.glass, viewer.account, viewer.now)


def own_households(viewer: ViewerScope) -> Sql:
    """Return the households one belongs to."""
    mine = Table("membership", schema="people", alias="mine")
    query = PostgreSQLQuery.from_(mine).select(mine.household_id)
    return Sql("{0}", query.where(Sql("{0}={1}", mine.person_id, viewer.person)).where(in_force(mine, viewer)))


def _family(viewer: ViewerScope) -> Sql:
    other = Table("membership", schema="people", alias="family")
    query = PostgreSQLQuery.from_(other).select(other.person_id)
    together = Sql("{0}=any(array{1})", other.household_id, own_households(viewer))
    return Sql("{0}", query.where(together).where(in_force(other, viewer)))


def helped_households(viewer: ViewerScope) -> Sql:
    office = Table("liaison", schema="people", alias="office")
    query = PostgreSQLQuery.from_(office).select(office.household_id)
    return Sql("{0}", query.where(Sql("{0}={1}", office.person_id, viewer.person)).where(in_force(office, viewer)))
