"""Organisation types: organisations and who belongs to them, as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    part,
    pick,
    visible_to_all,
    within_row,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .. import enums as enums
from .. import visibility
from ..models import (
    BranchKind,
    BranchRow,
    CoverageRow,
    Duty,
    MemberRow,
    MemberStatus,
    OfficeRow,
    ReportRow,
    TransferRow,
    TransferState,
)

FEWEST = 10
"""Fewer members than this are not counted in public."""
NAME = "(select p.name from people.person p where p.id={0})"


def current_rows(at: Frame) -> Alternatives:
    """Select what is in force on the day of the operation."""
    return [Sql("{0}<={2} and ({1} is null or {1}>{2})", at.rows.since, at.rows.until, at.viewer.today)]


def office_holder(duty: Duty) -> Any:
    """Select whoever holds an office now."""
    return lambda at: [Sql(f"{{0}}='{duty.value}' and {{1}}", at.rows.duty, *current_rows(at) or ())]


@part
class JointStation:
    """Where an organisation and its grid receive people together (双站合一)."""

    place: str | None = expression("Where it is (地点).", lambda at: at.row.station_place)
    hours: str | None = expression("When it is open (开放时间).", lambda at: at.row.station_hours)


@entity(OfficeRow, visible=visible_to_all, order=("since",), filter={"duty": None})
class PartyOffice(Node):
    """A published office held by consent, for a term (党内职务)."""

    branch: PartyBranch | None = one("Of which organisation (党组织).")
    duty: Duty = column("Which office (职务).")
    name: str = expression("The holder's name, published (姓名).", lambda at: Sql(NAME, at.row.person_id))
    duty_phone: str | None = column("The number to call, published by consent (值班电话).")
    since: datetime.date = column("The first day (起).")
    term_ends_on: datetime.date = column("The first day after the term, when there must be an election (届满日).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(CoverageRow, visible=visible_to_all, through="branch", order=("since",))
class PartyCoverage(Node):
    """That an organisation works in a grid (党组织与网格)."""

    branch: PartyBranch | None = one("The organisation (党组织).")
    grid: Grid | None = one("The grid (网格).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(BranchRow, visible=visible_to_all, order=("name", "founded_on"), filter={"kind": None, "grid": compare_place()})
class PartyBranch(Node):
    """A party organisation: a committee, general branch, branch or group (党组织)."""

    kind: BranchKind = column("What it is (类型).")
    name: str = column("Its name (名称).")
    grid: Grid | None = one("Where it has its seat (所在网格).")
    parent: PartyBranch | None = one("What it is part of (上级组织).")
    parts: list[PartyBranch] = many("What is part of it (下级组织).", on="parent", order="name", cap=100)
    joint_station: JointStation | None = within_row(
        "Where it and the grid receive people together; null if nowhere (双站合一).",
        lambda at: Sql("{0} is not null", at.row.station_place),
    )
    secretary: PartyOffice | None = pick(
        "Its secretary (书记).", office_holder(Duty.SECRETARY), on="branch", order="-since"
    )
    offices: list[PartyOffice] = many("Its offices as they are held now (职务).", current_rows, on="branch", cap=20)
    terms: Connection[PartyOffice] = connection("Who held which office (历任).", on="branch", order="-since")
    grids: list[PartyCoverage] = many("In which grids it works (联系网格).", current_rows, on="branch", cap=100)
    member_count: int | None = expression(
        f"How many belong to it itself; null for fewer than {FEWEST} (党员人数).",
        lambda at: Sql(
            "(select case when count(*)>={1} then count(*) end from party.member m "
            "where m.branch_id={0} and m.status<>'LEFT')",
            at.row.id,
            FEWEST,
        ),
    )
    founded_on: datetime.date = column("Since when it exists (成立日期).")
    dissolved_on: datetime.date | None = column("The first day it no longer does (撤销日期).")
    version: int = column("Grows with every change (版本).")


# No look is kept of it: an access log that says so would tell its readers who belongs.
@entity(MemberRow, visible=visibility.visible_members, order=("joined_on",), filter={"status": None})
class PartyMember(Node):
    """That somebody belongs to an organisation; seen by them and by it alone (党员)."""

    person: Person | None = one("Who, if you may see their file (人员).")
    name: str = expression("The name (姓名).", lambda at: Sql(NAME, at.row.person_id))
    branch: PartyBranch | None = one("To which organisation (所在组织).")
    group: PartyBranch | None = one("In which of its groups (所在党小组).")
    status: MemberStatus = column("How (状态).")
    joined_on: datetime.date = column("Since when (入党日期).")
    confirmed_on: datetime.date | None = column("Since when as a full member (转正日期).")
    left_on: datetime.date | None = column("The first day no longer (离开日期).")
    reports: list[PartyReport] = many("Where they reported (双报到).", on="member", order="since", cap=20)
    version: int = column("Grows with every change (版本).")


@entity(ReportRow, visible=visible_to_all, through="member", order=("since",))
class PartyReport(Node):
    """That a member reported to the organisation of the community where they live (双报到)."""

    member: PartyMember | None = one("Who (党员).")
    branch: PartyBranch | None = one("To which organisation (社区党组织).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(TransferRow, visible=visibility.visible_transfers, order=("requested_at",), filter={"state": None})
class PartyTransfer(Node):
    """A member's way from one organisation to another (组织关系转接)."""

    member: PartyMember | None = one("Who, as far as you may see it (党员).")
    name: str = expression(
        "The name, for both organisations (姓名).",
        lambda at: Sql(NAME, Sql("(select m.person_id from party.member m where m.id={0})", at.row.member_id)),
    )
    source: PartyBranch | None = one("From where (转出组织).")
    target: PartyBranch | None = one("To where (转入组织).")
    state: TransferState = column("Where it stands (状态).")
    requested_at: datetime.datetime = column("When it was asked for (申请时间).")
    decided_at: datetime.datetime | None = column("When it was decided (办理时间).")
    reason: str | None = column("Why it was refused (理由).")


HERE = (
    "{0}=(select c.branch_id from party.coverage c join grids.grid g on g.id=c.grid_id join party.branch b "
    "on b.id=c.branch_id where g.path @> {1} and c.since<={2} and (c.until is null or c.until>{2}) "
    "and b.dissolved_on is null order by nlevel(g.path) desc, b.founded_on, b.id limit 1)"
)
"""The organisation that works in a grid, or in the nearest one above it; of several the oldest."""

EXTENSIONS = (
    extend(
        Grid,
        party_branch=pick(
            "The organisation that works in it, or nearest above it (党组织).",
            lambda at: [Sql(HERE, at.rows.id, at.row.path, at.viewer.today)],
            type=PartyBranch | None,
            requires=None,
        ),
        party_branches=connection(
            "Organisations that have their seat in it or below it (党组织列表).",
            rows_inside,
            order="name",
            type=Connection[PartyBranch] | None,
            requires=None,
        ),
    ),
    extend(
        PartyBranch,
        members=connection(
            "Who belongs to it; for the organisation, and oneself (党员).",
            on="branch",
            order="joined_on",
            type=Connection[PartyMember] | None,
            requires=None,
        ),
    ),
    extend(
        Person,
        party_membership=pick(
            "Where they belong; for themselves and the organisation (组织关系).",
            lambda at: [Sql("{0}<>'LEFT'", at.rows.status)],
            on="person",
            order="-joined_on",
            type=PartyMember | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        party_branches=connection(
            "Party organisations (党组织列表).", order="name", type=Connection[PartyBranch] | None, requires=None
        ),
        party_members=connection(
            "Members you may see: of your organisation, and yourself (党员列表).",
            order="joined_on",
            type=Connection[PartyMember] | None,
            requires=None,
        ),
        party_transfers=connection(
            "Transfers you may see, the last first (组织关系转接).",
            order="-requested_at",
            type=Connection[PartyTransfer] | None,
            requires=None,
        ),
    ),
)
