"""Rules: who sees sites and their hazards, and who does something about them, in one place."""

from __future__ import annotations

from gongzhi.core.accounts.independence import require_other
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_held, require_rows
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

VIEW = "safety.view"
REGISTER = "safety.register"
INSPECT = "safety.inspect"
SUPERVISE = "safety.supervise"
PUBLISH = "safety.publish"


def held_rows(row: Table, viewer: ViewerScope, permission: str) -> Alternatives:
    """Return sites or hazards where one holds a permission, and those of the units for which one does."""
    units = [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(permission)]
    return widen_rows(viewer.within(row, permission), *units)


def own_sites(site: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return the sites that one answers for oneself."""
    return [Sql("{0}={1}", site.person_id, viewer.person)] if viewer.known() else []


def own_hazards(hazard: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return hazards of these sites."""
    # The keys are found first, so that the index of hazards by site serves.
    text = "{0}=any(array(select s.id from safety.site s where s.person_id={1}))"
    return [Sql(text, hazard.site_id, viewer.person)] if viewer.known() else []


def visible_sites(site: Table, viewer: ViewerScope) -> Alternatives:
    """Return sites in the grids that one serves, of one's units, and one's own."""
    return widen_rows(held_rows(site, viewer, VIEW), *own_sites(site, viewer))


def visible_hazards(hazard: Table, viewer: ViewerScope) -> Alternatives:
    """Return hazards in the grids that one serves, of one's units, and of one's own sites."""
    return widen_rows(held_rows(hazard, viewer, VIEW), *own_hazards(hazard, viewer))


def outside_sites(site: Table, viewer: ViewerScope) -> Alternatives:
    """Return sites that are not one's own."""
    # `is not true`: a person that is null is nobody.
    return [Sql("({0}={1}) is not true", site.person_id, viewer.person)] if viewer.known() else None


def outside_hazards(hazard: Table, viewer: ViewerScope) -> Alternatives:
    """Return hazards of sites that are not one's own."""
    text = "not exists(select from safety.site s where s.id={0} and s.person_id={1})"
    return [Sql(text, hazard.site_id, viewer.person)] if viewer.known() else None


OWN = Text(
    "You answer for this site yourself, so somebody else must do this.", "您是该场所的负责人，须由其他人员办理。"
)
# By the person and not by the account: a grid worker who has a shop has it under either.
OF_OTHERS = Requirement("CONFLICT_OF_INTEREST", outside_sites, OWN)
OF_OTHERS_HAZARD = Requirement("CONFLICT_OF_INTEREST", outside_hazards, OWN)
PUBLISHES = (require_held(PUBLISH),)
REGISTERS = (require_rows(lambda row, viewer: held_rows(row, viewer, REGISTER)), OF_OTHERS)
INSPECTS = (require_rows(lambda row, viewer: held_rows(row, viewer, INSPECT)), OF_OTHERS)
LOOKS_AGAIN = (require_rows(lambda row, viewer: held_rows(row, viewer, INSPECT)), OF_OTHERS_HAZARD)
SUPERVISES = (require_rows(lambda row, viewer: held_rows(row, viewer, SUPERVISE)), OF_OTHERS_HAZARD)
CONFIRMS = (*SUPERVISES, require_other("passed_by"))
DECIDES = (*SUPERVISES, require_other("found_by"))
ANSWERS_FOR = (require_rows(own_hazards),)
