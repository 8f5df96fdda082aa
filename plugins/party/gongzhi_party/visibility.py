"""Visibility: who may see what of the party plugin. Offices and activities are published; membership is not."""

from __future__ import annotations

from gongzhi.core.people.rules import own_households
from gongzhi.declare.sql import Alternatives, Sql, any_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

MEMBERS = "party.view_members"
KEEP = "party.keep_members"
ORGANISE = "party.organise"
CONVENE = "party.convene"
DELIBERATE = "party.deliberate"
LINK = "party.link"
SUGGEST = "party.suggest"


def visible_members(member: Table, viewer: ViewerScope) -> Alternatives:
    """Select the organisation's own members, those who report to it, and oneself."""
    # By where the organisation lies, never by where the member lives.
    seen = viewer.within(member, MEMBERS)
    if seen is None:
        return None
    reported = "exists(select from party.report r where r.member_id={0} and r.until is null and {1})"
    here = of_branch(Sql("r.branch_id"), viewer, MEMBERS)
    found = widen_rows(seen, Sql(reported, member.id, here)) if here else seen
    return widen_rows(found, Sql("{0}={1}", member.person_id, viewer.person)) if viewer.known() else found


def visible_transfers(transfer: Table, viewer: ViewerScope) -> Alternatives:
    """Select transfers of the two organisations, and one's own."""
    own = Sql(
        "exists(select from party.member m where m.id={0} and m.person_id={1})", transfer.member_id, viewer.person
    )
    kept = [of_branch(key, viewer, MEMBERS) for key in (transfer.source_id, transfer.target_id)]
    return [*filter(None, kept), *([own] if viewer.known() else [])]


def of_branch(key: object, viewer: ViewerScope, permission: str) -> Criterion | None:
    """Tell whether an organisation lies where one holds the permission; None where one holds it nowhere."""
    branch = Table("branch", schema="party", alias="kept")
    seen = viewer.within(branch, permission)
    if seen is None:
        return Sql("true")
    if not seen:
        return None
    return Sql("exists(select from party.branch kept where kept.id={0} and ({1}))", key, any_of(*seen))


# `any(array(…))`: the viewer's organisations are looked up once, and not for each row.
BELONGING = (
    "{0}=any(array(select m.branch_id from party.member m where m.person_id={1} and m.status<>'LEFT' "
    "union all select r.branch_id from party.report r join party.member m on m.id=r.member_id "
    "where m.person_id={1} and r.until is null))"
)


def visible_activities(activity: Table, viewer: ViewerScope) -> Alternatives:
    """Select activities for a grid or for all, and an organisation's own for whoever belongs or reports to it."""
    seen = widen_rows(viewer.within(activity, MEMBERS), Sql("{0}<>'BRANCH'", activity.audience))
    return widen_rows(seen, Sql(BELONGING, activity.branch_id, viewer.person)) if viewer.known() else seen


def visible_participations(participation: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own participations, and those of activities one arranges; an organisation's own only for itself."""
    activity = Table("activity", schema="party", alias="theirs")
    open_ = narrow_rows(viewer.within(activity, CONVENE), Sql("{0}<>'BRANCH'", activity.audience))
    # Of an organisation's own activities only whoever sees its members: coming tells of belonging.
    arranged = [*(open_ or ()), *(viewer.within(activity, MEMBERS) or ())]
    found: list[Criterion] = []
    if arranged:
        text = "exists(select from party.activity theirs where theirs.id={0} and ({1}))"
        found.append(Sql(text, participation.activity_id, any_of(*arranged)))
    return [*found, Sql("{0}={1}", participation.person_id, viewer.person)] if viewer.known() else found


def visible_tasks(task: Table, viewer: ViewerScope) -> Alternatives:
    """Select tasks of deliberations, which are public, and of activities one may see."""
    activity = Table("activity", schema="party", alias="meant")
    seen = visible_activities(activity, viewer)
    told = any_of(*seen) if seen is not None else Sql("true")
    text = "({0} is null or exists(select from party.activity meant where meant.id={0} and ({1})))"
    return [Sql(text, task.activity_id, told)]


def visible_feedback(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own feedback, and what was said of activities one arranges."""
    # The same rule: a rating is somebody's who came, and says so as the list does. Names are no field of it.
    return visible_participations(row, viewer)


def visible_feeds(feed: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own feeds; whoever has the token reads one without an account."""
    # Nobody reads where another person's calendar is open, not even whoever keeps the organisation it is of.
    return [Sql("{0}={1}", feed.person_id, viewer.person)] if viewer.known() else []


SEEN = (
    "(a.audience<>'BRANCH' or a.branch_id in (select m.branch_id from party.member m "
    "where m.person_id=f.person_id and m.status<>'LEFT' union all select r.branch_id from party.report r "
    "join party.member m on m.id=r.member_id where m.person_id=f.person_id and r.until is null))"
)
"""Which activities the owner of a feed may see today."""


def visible_evaluations(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own evaluations."""
    return [Sql("{0}={1}", row.person_id, viewer.person)] if viewer.known() else []


def visible_proxies(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own proxies, either way, and those of votes one leads."""
    deliberation = Table("deliberation", schema="party", alias="led")
    led = viewer.within(deliberation, DELIBERATE)
    found: list[Criterion] = []
    if led is None or led:
        inside = any_of(*led) if led is not None else Sql("true")
        text = "exists(select from party.deliberation led where led.id={0} and ({1}))"
        found.append(Sql(text, row.deliberation_id, inside))
    if viewer.known():
        found.append(Sql("{2} in ({0},{1})", row.principal_id, row.proxy_id, viewer.person))
    return found


def visible_attendance(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own attendance and that of whom one stood for, and those of meetings of deliberations one leads."""
    text = (
        "exists(select from party.meeting m join party.deliberation led on led.id=m.deliberation_id "
        "where m.id={0} and ({1}))"
    )
    found = [Sql(text, row.meeting_id, one) for one in led_deliberations(viewer)]
    return [*found, Sql("{2} in ({0},{1})", row.person_id, row.proxy_id, viewer.person)] if viewer.known() else found


def visible_recorded_votes(vote: Table, viewer: ViewerScope) -> Alternatives:
    """Select what a chair recorded of the room, until it is confirmed, for whoever leads or was there.

    The state is what keeps the urn of a vote that is under way shut.
    """
    text = (
        "exists(select from party.proposal o join party.deliberation led on led.id=o.deliberation_id "
        "where o.id={0} and led.state='RECORDED' and {1})"
    )
    there = (
        "exists(select from party.meeting m join party.attendance a on a.meeting_id=m.id "
        "where m.deliberation_id=led.id and a.person_id={0} and a.proxy_id is null)"
    )
    found = [Sql(text, vote.proposal_id, one) for one in led_deliberations(viewer)]
    return [*found, Sql(text, vote.proposal_id, Sql(there, viewer.person))] if viewer.known() else found


def led_deliberations(viewer: ViewerScope) -> list[Criterion]:
    """Return the criteria for the deliberations, as `led_deliberations`, that one leads."""
    seen = viewer.within(Table("deliberation", schema="party", alias="led"), DELIBERATE)
    return [Sql("true")] if seen is None else list(seen)


def visible_links(link: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's household's links, one's own as a helper, and those where one names helpers or sees households."""
    seen = viewer.within(link, LINK)
    told = viewer.within(link, "people.view")
    if seen is None or told is None:
        return None
    if not viewer.known():
        return [*seen, *told]
    own = Sql("{0}=any(array{1})", link.household_id, own_households(viewer))
    return [*seen, *told, own, Sql("{0}={1}", link.person_id, viewer.person)]


def visible_asks(ask: Table, viewer: ViewerScope) -> Alternatives:
    """Select what a household asked for, and those in the grids one names helpers in."""
    seen = viewer.within(ask, LINK)
    return (
        widen_rows(seen, Sql("{0}=any(array{1})", ask.household_id, own_households(viewer))) if viewer.known() else seen
    )


def visible_wishes(wish: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own wishes, those one fulfils, those of the grids one serves, and what its owner wants seen."""
    seen = widen_rows(viewer.within(wish, CONVENE), Sql("{0}", wish.published))
    if not viewer.known():
        return seen
    return widen_rows(
        seen, Sql("{0}={1}", wish.person_id, viewer.person), Sql("{0}={1}", wish.claimed_by_id, viewer.person)
    )


def visible_deliberations(deliberation: Table, viewer: ViewerScope) -> Alternatives:
    """Select deliberations from the agenda on; before that for whoever raised them and whoever leads."""
    # What was dropped before its vote was called was never public.
    told = Sql("{0}<>'RAISED' and ({0}<>'DROPPED' or {1} is not null)", deliberation.state, deliberation.opened_at)
    seen = widen_rows(viewer.within(deliberation, DELIBERATE), told)
    return widen_rows(seen, Sql("{0}={1}", deliberation.raised_by_id, viewer.person)) if viewer.known() else seen


def visible_volunteers(volunteer: Table, viewer: ViewerScope) -> Alternatives:
    """Select oneself, those of a group one leads, and those where one arranges activities."""
    group = Table("team", schema="party", alias="led")
    seen = viewer.within(group, CONVENE)
    inside = Sql("true") if seen is None else any_of(*seen) if seen else Sql("false")
    still = "exists(select from party.volunteer v where v.group_id={0} and v.person_id={1} and v.until is null)"
    led = (
        Sql(f"({{1}}={{2}} and {still})", group.id, group.leader_id, viewer.person) if viewer.known() else Sql("false")
    )
    text = "exists(select from party.team led where led.id={0} and ({1} or {2}))"
    found: list[Criterion] = [Sql(text, volunteer.group_id, inside, led)]
    return [*found, Sql("{0}={1}", volunteer.person_id, viewer.person)] if viewer.known() else found
