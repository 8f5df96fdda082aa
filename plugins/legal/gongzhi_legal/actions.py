"""Actions: who may do something to what they see of legal services, and where it must stand."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import require_empty, require_rows
from gongzhi.values.errors import Text
from gongzhi_rights.representation import represented_people
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term

from .visibility import HANDLE, MANAGE, REPRESENT

# Who is in it themselves comes before whom they could speak for: parents may be parties beside their child. What
# a representative does is done for that party.
OWN_PARTY = """
(select case when p.person_id={1} then coalesce(p.represents_id, p.id) else p.id end from legal.party p
where p.matter_id={0} and (p.person_id={1} or p.person_id={2}) order by p.person_id<>{1}, p.place limit 1)
"""
MEDIATOR = """
exists(select from legal.mediator m join legal.adviser a on a.id=m.adviser_id
where m.matter_id={0} and m.until is null and m.acting='MEDIATOR' and a.account={1})
"""


def own_party(matter: Any, viewer: ViewerScope) -> Term:
    """Return the key of the party of a matter that one is, speaks for or is the guardian of."""
    return Sql(OWN_PARTY, matter, viewer.person, represented_people(viewer))


def mediated_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Select what belongs to matters in which one mediates now; experts who support do not."""
    return [Sql(MEDIATOR, row.matter_id, viewer.account)] if viewer.can(HANDLE) else []


def party_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Select what belongs to matters in which one is a party, or mediates."""
    own = [Sql("{0} is not null", own_party(row.matter_id, viewer))] if viewer.known() else []
    return [*mediated_rows(row, viewer), *own]


def settled_rows(term: Table, viewer: ViewerScope) -> list[Criterion]:
    """Select promises that one may say were kept: the mediator, or a party other than who made it."""
    owed = [Sql("{0}<>{1}", own_party(term.matter_id, viewer), term.obligor_id)] if viewer.known() else []
    return [*mediated_rows(term, viewer), *owed]


def advised_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select what one answers or decides by name: no permission makes anybody else its adviser."""
    return [Sql("exists(select from legal.adviser a where a.id={0} and a.account={1})", row.adviser_id, viewer.account)]


def asked_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select what belongs to matters at which one sits as a person."""
    seat = "exists(select from legal.seat s where s.matter_id={0} and s.person_id={1})"
    return [Sql(seat, row.matter_id, viewer.person)] if viewer.known() else []


def assigned_aid(aid: Table, viewer: ViewerScope) -> Alternatives:
    """Select aid that was given to a firm one works for."""
    return [Sql("{0}={1}", aid.firm_id, unit) for unit in viewer.units(REPRESENT)]


def kept_advisers(adviser: Table, viewer: ViewerScope) -> Alternatives:
    """Select advisers whose times one sets: oneself, and those of the panels one keeps."""
    own = [Sql("{0}={1}", adviser.account, viewer.account)] if viewer.can(HANDLE) else []
    return widen_rows(viewer.within(adviser, MANAGE), *own)


def own_bookings(booking: Table, viewer: ViewerScope) -> Alternatives:
    """Select appointments of oneself, and with oneself as the adviser; the office that keeps the panel sees none."""
    met = "exists(select from legal.slot t join legal.adviser a on a.id=t.adviser_id where t.id={0} and a.account={1})"
    coming = [Sql("{0}={1}", booking.person_id, viewer.person)] if viewer.known() else []
    return [*coming, Sql(met, booking.slot_id, viewer.account)]


MEDIATES, IS_PARTY = require_rows(mediated_rows), require_rows(party_rows)
ADVISES, ASKED = require_rows(advised_rows), require_rows(asked_rows)
KEEPS = require_rows(kept_advisers)
ON_PANEL = require_empty("left_on", Text("They have left the panel.", "该顾问已解聘。"), "LEFT_PANEL")
