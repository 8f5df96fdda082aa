"""Volunteer group types: groups of volunteers (志愿服务队) as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Node, column, entity, expression, one, visible_to_all
from gongzhi.declare.filters import compare_place
from gongzhi.declare.sql import Sql

from .. import visibility
from ..models import GroupRow, VolunteerRow
from ..organisation.types import FEWEST, NAME

# Whoever leaves the group takes the consent to being published back.
LEADS = "exists(select from party.volunteer v where v.group_id={0} and v.person_id={1} and v.until is null)"


@entity(GroupRow, visible=visible_to_all, order=("name",), filter={"grid": compare_place()})
class VolunteerGroup(Node):
    """A group of volunteers, open to whoever lives there (志愿服务队)."""

    grid: Grid | None = one("Where (网格).")
    name: str = column("Its name (名称).")
    purpose: str = column("What it does (服务内容).")
    leader: str | None = expression(
        "Who leads it, published by consent; null once they have left (队长).",
        lambda at: Sql(f"case when {LEADS} then {{2}} end", at.row.id, at.row.leader_id, Sql(NAME, at.row.leader_id)),
    )
    size: int | None = expression(
        f"How many belong to it; null for fewer than {FEWEST} (人数).",
        lambda at: Sql(
            "(select case when count(*)>={1} then count(*)::int end from party.volunteer v "
            "where v.group_id={0} and v.until is null)",
            at.row.id,
            FEWEST,
        ),
    )
    founded_on: datetime.date = column("Since when it exists (成立日期).")
    ended_on: datetime.date | None = column("The first day it no longer does (解散日期).")


@entity(VolunteerRow, visible=visibility.visible_volunteers, order=("since",))
class Volunteer(Node):
    """That somebody belongs to a group; seen by them, its leader, and whoever arranges activities there (志愿者)."""

    group: VolunteerGroup | None = one("To which (志愿服务队).")
    person: Person | None = one("Who, if you may see their file (人员).")
    name: str = expression("The name (姓名).", lambda at: Sql(NAME, at.row.person_id))
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")
