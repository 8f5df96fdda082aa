"""Rules: who sees applications and what was wrong with them, and who does something to them, in one place."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_rows
from gongzhi.values.errors import Text
from gongzhi_rights.representation import SPEAKS, spoken_rows
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

PUBLISH = "services.publish"
HANDLE = "services.handle"
SUPERVISE = "services.supervise"
SET_TERMS = "services.set_terms"
PROXY = "services.proxy"
"""The consent that somebody may apply for one; its recipient is their account."""

# By the clock: what is taken back or over lets nobody see more.
AS_PROXY = (
    "{0}={1} and exists(select from rights.consent c where c.person_id={2} and c.recipient={1} "
    f"and c.purpose='{PROXY}' and c.withdrawn_at is null and (c.expires_at is null or c.expires_at>{{3}}))"
)


def applied_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return applications of oneself, of whom one speaks for, and that one made by a consent that holds."""
    # A proxy acts by an account, which need not be somebody's who lives here.
    return [*spoken_rows(row, viewer), Sql(AS_PROXY, row.account, viewer.account, row.person_id, viewer.now)]


def handled_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what lies with the units that one acts for."""
    return [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(HANDLE)]


def visible_applications(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own applications and those of one's units. Who supervises sees no papers, but lapses."""
    return widen_rows(handled_rows(row, viewer), *applied_rows(row, viewer))


def visible_lapses(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return lapses in places that one supervises, of one's units, and of one's own applications."""
    asked = Table("application", schema="services", alias="asked")
    own = [
        Sql("{0}=any(array(select asked.id from services.application asked where {1}))", row.application_id, one)
        for one in applied_rows(asked, viewer)
    ]
    return widen_rows(viewer.within(row, SUPERVISE), *(handled_rows(row, viewer) or ()), *own)


def published_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return editions whose catalogue one keeps: of a place, or of the units that one acts for."""
    units = [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(PUBLISH)]
    return widen_rows(viewer.within(row, PUBLISH), *units)


def impartial_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return applications in which one has no part: neither the applicant's nor made by oneself."""
    # `is not true`: an account or a person that is null is nobody's.
    own = Sql("({0}={1}) is not true", row.account, viewer.account)
    if not viewer.known():
        return [own]
    return narrow_rows([own], Sql("({0}={1}) is not true", row.person_id, viewer.person))


IMPARTIAL = Requirement(
    "CONFLICT_OF_INTEREST",
    impartial_rows,
    Text("You applied yourself, so somebody else of the unit must do this.", "您是申请人或代办人，须由其他人员办理。"),
)
APPLIES = (require_rows(applied_rows),)
HANDLES = (require_rows(handled_rows), IMPARTIAL)
APPLICANT = SPEAKS
"""The applicant alone, or who speaks for them by law; no proxy."""
