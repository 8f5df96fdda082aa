"""Who may see what of the party plugin, in one place. Offices and activities are published; membership is not."""

from __future__ import annotations

from gongzhi.sql import Alternatives, Sql, some, widen
from gongzhi.viewer import Lens
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

MEMBERS = "party.view_members"
KEEP = "party.keep_members"
ORGANISE = "party.organise"
CONVENE = "party.convene"
DELIBERATE = "party.deliberate"
LINK = "party.link"


def members(member: Table, viewer: Lens) -> Alternatives:
    """The organisation's own, those who report to it, and oneself."""
    seen = viewer.within(member, MEMBERS)
    if seen is None:
        return None
    reported = "exists(select from party.report r where r.member_id={0} and r.until is null and {1})"
    here = of_branch(Sql("r.branch_id"), viewer, MEMBERS)
    found = widen(seen, Sql(reported, member.id, here)) if here else seen
    return widen(found, Sql("{0}={1}", member.person_id, viewer.person)) if viewer.known() else found


def transfers(transfer: Table, viewer: Lens) -> Alternatives:
    """Those of the two organisations, and one's own."""
    own = Sql(
        "exists(select from party.member m where m.id={0} and m.person_id={1})", transfer.member_id, viewer.person
    )
    kept = [of_branch(key, viewer, MEMBERS) for key in (transfer.source_id, transfer.target_id)]
    return [*filter(None, kept), *([own] if viewer.known() else [])]


def of_branch(key: object, viewer: Lens, permission: str) -> Criterion | None:
    """Whether an organisation lies where one holds the permission; None where one holds it nowhere."""
    branch = Table("branch", schema="party", alias="kept")
    seen = viewer.within(branch, permission)
    if seen is None:
        return Sql("true")
    if not seen:
        return None
    return Sql("exists(select from party.branch kept where kept.id={0} and {1})", key, some(*seen))
