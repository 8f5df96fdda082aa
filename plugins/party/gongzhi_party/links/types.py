"""Link types: members who look after households (党员联户), as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import Node, aggregate, column, embedded, entity, expression, many, one, pick
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .. import enums as enums
from .. import visibility
from ..models import AskRow, AskState, LinkRow
from ..organisation.types import NAME, PartyBranch, PartyMember, current_rows
from ..visibility import LINK

# `infinity` stands for "no visit is due", so that a list can be ordered by the column.
DUE = "(select nullif(h.visit_due_on,'infinity') from people.household h where h.id={0})"
# A suggestion, published as a card, and no decision: full members of the nearest organisation, fewest households first.
SUGGESTED = """
(select coalesce(jsonb_agg(jsonb_build_object('member','PartyMember:'||f.id,'name',f.name,'households',f.n,
 'near',f.near) order by f.n, f.near desc, f.id), '[]') from (
 select m.id, p.name, p.village_id is not distinct from {1} near,
  (select count(*)::int from party.link l where l.person_id=m.person_id and l.until is null) n
 from party.member m join people.person p on p.id=m.person_id
 where m.status='FULL' and m.branch_id=(select c.branch_id from party.coverage c join grids.grid g on g.id=c.grid_id
  join grids.grid h on h.id={2} join party.branch b on b.id=c.branch_id and b.dissolved_on is null
  where g.path @> h.path and c.until is null order by nlevel(g.path) desc, b.founded_on, b.id limit 1)
  and p.died_on is null and not exists(select from people.membership o where o.household_id={0}
   and o.person_id=m.person_id and o.until is null)
 order by n, near desc, m.id limit 10) f)
"""


@entity(LinkRow, visible=visibility.visible_links, order=("since",), filter={"grid": compare_place()})
class PartyLink(Node):
    """That a member looks after a household: a published office, by consent of both (党员联户)."""

    household: Household | None = one("The household (户).")
    branch: PartyBranch | None = one("Whose member it is (党组织).")
    grid: Grid | None = one("Where (网格).")
    name: str = expression("The member's name, published (姓名).", lambda at: Sql(NAME, at.row.person_id))
    duty_phone: str | None = column("The number to call, published by consent (联系电话).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")
    visit_due_on: datetime.date | None = expression(
        "When the next visit is due, by how the household is served (应走访日期).",
        lambda at: Sql(DUE, at.row.household_id),
    )


@entity(AskRow, visible=visibility.visible_asks, order=("asked_at",), filter={"state": None, "grid": compare_place()})
class PartyHelperRequest(Node):
    """A household asks for a helper, or for another; it need not say why (申请联系党员)."""

    household: Household | None = one("Which, if you may see it (户).")
    number: str = expression(
        "The household's number (户号).",
        lambda at: Sql("(select h.number from people.household h where h.id={0})", at.row.household_id),
    )
    grid: Grid | None = one("Where (网格).")
    state: AskState = column("Where it stands (状态).")
    asked_at: datetime.datetime = column("When it was asked (申请时间).")


@strawberry.type(description="A member who could look after a household, those with the fewest first (联户建议).")
class HelperSuggestion:
    member: strawberry.ID = strawberry.field(description="The member's id (党员标识).")
    name: str = strawberry.field(description="The name (姓名).")
    households: int = strawberry.field(description="How many they look after already (已联户数).")
    near: bool = strawberry.field(description="Whether they live in the same village (是否同村).")


def suggested_helper(at: Frame) -> Any:
    return Sql(SUGGESTED, at.row.household_id, at.row.village_id, at.row.grid_id)


def due_households(at: Frame) -> Alternatives:
    """Select households one looks after whose visit is due before a day."""
    text = "{0}<=coalesce({1},{0}) and ({2} is null or {2}>{3}) and (" + DUE.replace("{0}", "{4}") + ")<{1}"
    before = at.given.bind("before", cast="date")
    return [Sql(text, at.rows.since, before, at.rows.until, at.viewer.today, at.rows.household_id)]


EXTENSIONS = (
    extend(
        Household,
        linked_member=pick(
            "The member who looks after it (联系党员).",
            current_rows,
            on="household",
            order="-since",
            type=PartyLink | None,
            requires=None,
        ),
        helper_requests=many(
            "Whether it asks for a helper (申请联系党员).",
            lambda at: [Sql("{0}='OPEN'", at.rows.state)],
            on="household",
            order="asked_at",
            cap=5,
            type=list[PartyHelperRequest] | None,
            requires=None,
        ),
    ),
    extend(
        PartyHelperRequest,
        suggestions=embedded(
            "Who could look after it: members who look after fewest, then those who live near (联户建议).",
            suggested_helper,
            type=list[HelperSuggestion] | None,
            requires=LINK,
        ),
    ),
    extend(
        PartyMember,
        households=aggregate(
            "How many households they look after (联户数).",
            lambda: PartyLink,
            lambda at: Sql("count(*)::int"),
            lambda at: [Sql("{0}={1} and {2} is null", at.rows.person_id, at.row.person_id, at.rows.until)],
            type=int | None,
            requires=None,
        ),
    ),
    extend(
        Person,
        linked_households=many(
            "Households they look after (联系户).",
            current_rows,
            on="person",
            order="since",
            cap=50,
            type=list[PartyLink] | None,
            requires=None,
        ),
        visit_plan=many(
            "Households they look after whose visit is due before a day (走访计划).",
            due_households,
            on="person",
            order="since",
            cap=50,
            arguments={"before": Argument(datetime.date, "The first day after the plan (截止日，不含).")},
            type=list[PartyLink] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        party_helper_requests=many(
            "Households that ask for a helper, where you name them (待安排联户).",
            lambda at: [Sql("{0}='OPEN'", at.rows.state)],
            order="asked_at",
            cap=100,
            type=list[PartyHelperRequest] | None,
            requires=LINK,
        ),
    ),
)
