"""Visibility: who may see what of legal services.

A matter and all that hangs on it is seen by whoever has a seat at it: parties, who speaks for them, and those who
handle it by name. No role opens a matter, whatever else it opens.
"""

from __future__ import annotations

from typing import Any

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import Viewer, ViewerScope
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

HANDLE = "legal.handle"
REPRESENT = "legal.represent"
MANAGE = "legal.manage"
FIGURES = "legal.figures"
REFER = "legal.refer"
SCREEN = "legal.screen"
TEACH = "legal.teach"
CLUES = "legal.clues"

# `any(array(…))`: the viewer's seats are looked up once, by index, and not for each row.
SEAT = "{0}=any(array(select s.matter_id from legal.seat s where s.left_at is null and s.{column}={1}))"
MINE = "s.left_at is null and (s.account={0} or s.person_id={1} or s.unit_id=any({2}))"
"""A seat `s` of somebody who acts as this account, is this person or works for one of these units."""


def seat_criteria(matter: Any, viewer: ViewerScope) -> list[Criterion]:
    """Select rows whose matter, by this key, the viewer has a seat at."""
    found: list[Criterion] = []
    if viewer.known():
        found.append(_seat("person_id", matter, viewer.person))
    # An account's seat counts only with the permission: whoever lost the role sees nothing through an old seat.
    if viewer.can(HANDLE):
        found.append(_seat("account", matter, viewer.account))
    return [*found, *(_seat("unit_id", matter, unit) for unit in viewer.units(REPRESENT))]


def _seat(column: str, matter: Any, whose: Any) -> Sql:
    return Sql(SEAT.replace("{column}", column), matter, whose)


def viewer_seat_values(viewer: Viewer) -> tuple[str | None, Any, list[int]]:
    """Return the values of `MINE` for a viewer: account, person, units."""
    account, held = viewer.account, viewer.account.grants
    # The same three as `seat_criteria` builds, for statements that open words in Python.
    units = [one.unit for one in held if one.unit is not None and REPRESENT in one.permissions]
    return account.name if viewer.can(HANDLE) else None, account.person, units


def visible_matters(matter: Table, viewer: ViewerScope) -> Alternatives:
    """Select matters at which one has a seat."""
    return seat_criteria(matter.id, viewer)


def visible_with_matter(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select what belongs to matters at which one has a seat."""
    return seat_criteria(row.matter_id, viewer)


def visible_bookings(booking: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own appointments, and those with oneself as the adviser."""
    own = "{0}=any(array(select t.id from legal.slot t join legal.adviser a on a.id=t.adviser_id where a.account={1}))"
    found: list[Criterion] = [Sql("{0}={1}", booking.person_id, viewer.person)] if viewer.known() else []
    return [*found, Sql(own, booking.slot_id, viewer.account)] if viewer.can(HANDLE) else found


def visible_conflicts(conflict: Table, viewer: ViewerScope) -> Alternatives:
    """Select what one declared oneself, and what was declared in the grids whose panel one keeps."""
    adviser = Table("adviser", schema="legal", alias="declarer")
    seen = viewer.within(adviser, MANAGE)
    if seen is None:
        return None
    text = "exists(select from legal.adviser declarer where declarer.id={0} and {1})"
    # By the account only with the permission, as seats are: whoever lost the role reads nothing of whom they named.
    own = [Sql("{0}={1}", adviser.account, viewer.account)] if viewer.can(HANDLE) else []
    places = [*seen, *own]
    return [Sql(text, conflict.adviser_id, one) for one in places]


def visible_entries(entry: Table, viewer: ViewerScope) -> Alternatives:
    """Select what is published, what one proposed, and what waits for a review in the grids one teaches in."""
    waiting = viewer.within(entry, TEACH)
    if waiting is None:
        return None
    own = Sql("{0}={1}", entry.proposed_by, viewer.account)
    # Whoever proposed one sees what became of it, and nobody else what was refused.
    return [Sql("{0}='PUBLISHED'", entry.state), own, *waiting]


def visible_screenings(screening: Table, viewer: ViewerScope) -> Alternatives:
    """Select situations in the grids one looks after."""
    return viewer.within(screening, SCREEN)


def visible_clues(clue: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own clues, and those in the grids whose clues one takes up."""
    # Staff who reported as an account without a person see their clue without the permission to handle matters.
    own = _seat("account", clue.matter_id, viewer.account)
    return widen_rows(viewer.within(clue, CLUES), own, *seat_criteria(clue.matter_id, viewer))


def visible_templates(template: Table, viewer: ViewerScope) -> Alternatives:
    return viewer.within(template, MANAGE)
