"""Visibility: who may see what of credit. A lender sees what was sent to it, while the applicant lets it."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.sql import Alternatives, Sql, all_of, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi_rights.rules import in_force
from pypika_tortoise.queries import Table

from .models import State

VIEW = "credit.view"
MANAGE = "credit.manage"
CONVENE = "credit.convene"
SCORE = "credit.score"
LEND = "credit.lend"
DISBURSE = "credit.disburse"
STATISTICS = "credit.statistics"

ASKED = (State.SENT, State.SUPPLEMENT)
"""Where the lender has not decided: it sees the application as long as the release is in force."""
ANSWERED = (State.APPROVED, State.REFUSED, State.CONTRACTED, State.DISBURSED, State.REPAYING, State.SETTLED)
"""Where it has, so that the two have business with each other."""


def quote_states(states: tuple[State, ...]) -> str:
    return ",".join(f"'{one.value}'" for one in states)


def visible_applications(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own applications, those in the grids one serves, and those with one's unit as the lender."""
    seen = viewer.within(row, VIEW)
    if viewer.known():
        seen = widen_rows(seen, Sql("{0}={1}", row.person_id, viewer.person))
    return widen_rows(seen, *(_released_to_unit(row, unit, viewer) for unit in viewer.units(LEND)))


# The release is part of the rule of sight, so revoking it works at once, in lists, counts and streams.
def _released_to_unit(row: Table, unit: Any, viewer: ViewerScope) -> Any:
    release = Table("release", schema="rights", alias="given")
    allowed = Sql(
        "exists(select from rights.release given where given.id={0} and {1})", row.release_id, in_force(release, viewer)
    )
    asked = all_of(Sql(f"{{0}} in ({quote_states(ASKED)})", row.state), allowed)
    return all_of(
        Sql("{0}={1}", row.lender_id, unit), any_of(asked, Sql(f"{{0}} in ({quote_states(ANSWERED)})", row.state))
    )


def visible_loans(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own loans, those in the grids one serves, and those one's unit gave."""
    seen = viewer.within(row, VIEW)
    if viewer.known():
        seen = widen_rows(seen, Sql("{0}={1}", row.person_id, viewer.person))
    return widen_rows(seen, *(Sql("{0}={1}", row.lender_id, unit) for unit in viewer.units(LEND)))


def visible_appraisals(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own appraisals, those in the grids one serves, and those one is to score now."""
    seen = viewer.within(row, VIEW)
    if not viewer.known():
        return seen
    # Only while the panel sits: afterwards a member sees the appraisal no longer.
    seated = Sql(
        "{0}=any(array(select p.appraisal_id from credit.panel p join credit.seat s on s.panel_id=p.id "
        "join credit.panelist m on m.id=s.panelist_id where m.person_id={1} and p.closed_at is null "
        "and s.state<>'EXCUSED'))",
        row.id,
        viewer.person,
    )
    return widen_rows(seen, Sql("{0}={1}", row.person_id, viewer.person), seated)


def visible_panelists(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select panelists in the grids where one convenes panels, and oneself."""
    seen = viewer.within(row, CONVENE)
    return widen_rows(seen, Sql("{0}={1}", row.person_id, viewer.person)) if viewer.known() else seen


def visible_seats(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select one's own seats, and those of panels one convened: nobody else is told who sits."""
    panelist = Table("panelist", schema="credit", alias="held")
    seen = visible_panelists(panelist, viewer)
    if seen is None:
        return None
    text = "exists(select from credit.panelist held where held.id={0} and {1})"
    return [Sql(text, row.panelist_id, one) for one in seen]


def visible_commendations(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select appraisals whose holders want them seen, while they are valid."""
    return [Sql("({0} and {1}='CONCLUDED' and {2}>={3})", row.published, row.state, row.valid_until, viewer.today)]


def visible_pools(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select pools in the grids one serves, and those that stand for one's unit as the lender."""
    return widen_rows(
        viewer.within(row, STATISTICS), *(Sql("{0}={1}", row.lender_id, unit) for unit in viewer.units(LEND))
    )
