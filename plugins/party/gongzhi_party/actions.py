"""Actions: who may do something to what they see of the party plugin, where more than a permission says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gongzhi.core.people.rules import own_households
from gongzhi.declare.located import LEVELS
from gongzhi.declare.sql import Alternatives, Sql, any_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_held, require_rows
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

from .visibility import CONVENE, DELIBERATE, KEEP, LINK, MEMBERS, of_branch

# By the columns that the database fills in: a grid is looked for among those above where somebody lives.
PLACES = ", ".join(f"lives.{one}" for one in ("grid_id", *LEVELS))
HOME = f"exists(select from people.person lives where lives.id={{1}} and {{0}} in ({PLACES}))"
# Tasks belong to a deliberation or to an activity, never to both.
TASKED = "exists(select from party.{table} led where led.id={{0}} and {{1}})"


def require_own_branch(column: str, permission: str, *own: str) -> Requirement:
    """Return the requirement that one holds a permission where the organisation lies to which a column leads.

    The person of one of the columns `own` may as well.
    """

    # By where the organisation lies, as its members are seen.
    def rows(row: Table, viewer: ViewerScope) -> Alternatives:
        held = of_branch(row.field(column), viewer, permission)
        return [
            *([held] if held is not None else []),
            *(one for name in own for one in rows_of_person(row.field(name), viewer)),
        ]

    return require_rows(rows)


def rows_of_person(column: Any, viewer: ViewerScope) -> list[Criterion]:
    return [Sql("{0}={1}", column, viewer.person)] if viewer.known() else []


def require_own(column: str, permission: str | None = None) -> Requirement:
    """Return the requirement that a column names oneself, or that one holds a permission where the row lies."""

    def rows(row: Table, viewer: ViewerScope) -> Alternatives:
        own = rows_of_person(row.field(column), viewer)
        return widen_rows(viewer.within(row, permission), *own) if permission else own

    return require_rows(rows)


def rows_at_home(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Select what lies in a grid in which one lives."""
    return [Sql(HOME, row.grid_id, viewer.person)] if viewer.known() else []


def arranged_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select what one arranges: an organisation's own only where one sees its members, for coming tells of it."""
    own = narrow_rows(viewer.within(row, MEMBERS), Sql("{0}='BRANCH'", row.audience)) or ()
    return [*own, *(narrow_rows(viewer.within(row, CONVENE), Sql("{0}<>'BRANCH'", row.audience)) or ())]


def led_tasks(task: Table, viewer: ViewerScope) -> Alternatives:
    """Select tasks of one's own, and those that belong to what one leads."""
    found = rows_of_person(task.owner_id, viewer)
    for table, key, permission in (
        ("deliberation", task.deliberation_id, DELIBERATE),
        ("activity", task.activity_id, CONVENE),
    ):
        led = viewer.within(Table(table, schema="party", alias="led"), permission)
        if led is None:
            found.append(Sql("{0} is not null", key))
        elif led:
            found.append(Sql(TASKED.format(table=table), key, any_of(*led)))
    return found


def own_links(link: Table, viewer: ViewerScope) -> Alternatives:
    """Select links of one's household, those as whose helper one is named, and those where one names helpers."""
    if not viewer.known():
        return viewer.within(link, LINK)
    home = Sql("{0}=any(array{1})", link.household_id, own_households(viewer))
    return widen_rows(viewer.within(link, LINK), *rows_of_person(link.person_id, viewer), home)


def own_transfers(transfer: Table, viewer: ViewerScope) -> Alternatives:
    """Select transfers of oneself, and of members whose roll one keeps."""
    member = Table("member", schema="party", alias="moved")
    found = widen_rows(viewer.within(member, KEEP), *rows_of_person(member.person_id, viewer))
    if not found:
        return found
    return [
        Sql("exists(select from party.member moved where moved.id={0} and {1})", transfer.member_id, any_of(*found))
    ]


# Of whatever is done as oneself: an account that belongs to nobody is told so.
AS_PERSON = Requirement(
    "NOT_FOUND",
    lambda row, viewer: None if viewer.known() else [],
    Text("Sign in as the person it is about.", "请以本人身份登录。"),
)
# What is published is arranged by permission, an organisation's own by sight of its members.
ARRANGES = require_rows(arranged_rows)
# Whoever leads deliberates for all who live there.
LEADS = require_held(DELIBERATE)
CONCERNED = Requirement(
    "NOT_CONCERNED", rows_at_home, Text("It concerns those who live there.", "仅本网格居民可以参与。")
)
# Whoever leads may act without living there, and without a file of their own.
LEADS_OR_LIVES = (
    replace(AS_PERSON, rows=lambda row, viewer: None if viewer.known() else viewer.within(row, DELIBERATE)),
    replace(CONCERNED, rows=lambda row, viewer: widen_rows(viewer.within(row, DELIBERATE), *rows_at_home(row, viewer))),
)


def require_nothing_of_mine(table: str, column: str, text: Text) -> Requirement:
    """Return the requirement that one has no row for this in a table of what everybody says once."""
    # By the person and not by the account: of two accounts of one person the second has said it, too.
    said = f"not exists(select from party.{table} said where said.{column}={{0}} and said.person_id={{1}})"
    return Requirement("DUPLICATE", lambda row, viewer: [Sql(said, row.id, viewer.person)], text)
