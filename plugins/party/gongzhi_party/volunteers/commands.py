"""Volunteer groups: founded with a leader who agrees, joined and left by whoever lives there."""

from __future__ import annotations

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Connection, connection, key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql, all_of
from gongzhi.runtime.actions import Action, Requirement
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Refusal, Text
from strawberry import ID

from ..actions import AS_PERSON, rows_at_home
from ..activities.types import PartyActivity
from ..lookups import find_resident, load_own_person, require_person
from ..models import GroupRow, VolunteerRow
from ..visibility import CONVENE
from .types import Volunteer, VolunteerGroup


@strawberry.type(description="The group, or why nothing was done (志愿服务队结果).")
class VolunteerGroupPayload:
    group: VolunteerGroup | None = result_field("The group (志愿服务队).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new group of volunteers (成立志愿服务队).")
class FoundVolunteerGroupInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where, by code (网格编码).")
    name: str = input_field("Its name (名称).", length=(1, 100))
    purpose: str = input_field("What it does (服务内容).", length=(1, 500))
    leader: ID = input_field("Who leads it (队长).")
    consent: bool = input_field("That the leader agrees to being published (队长同意公开).")


@command("Found a group of volunteers (成立志愿服务队).", requires=CONVENE)
async def found_volunteer_group(call: Call, input: FoundVolunteerGroupInput) -> VolunteerGroupPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(CONVENE, grid):
        raise not_allowed("grid")
    if not input.consent:
        raise Refusal("CONSENT_REQUIRED", "A leader is published by consent.", "队长公开须经本人同意。", ("consent",))
    leader = await find_resident(call, input.leader, CONVENE, "leader")
    group = await GroupRow.create(
        grid=grid, name=input.name, purpose=input.purpose, leader=leader, founded_on=today(call)
    )
    # The leader is a member like any other, and shows in the list.
    await VolunteerRow.create(group=group, person=leader, since=today(call))
    return VolunteerGroupPayload(group=ref(VolunteerGroup, group.id))


@strawberry.input(description="Somebody joins a group (加入志愿服务队).")
class JoinVolunteerGroupInput:
    idempotency_key: str = input_field(KEY)
    group: ID = input_field("Which (志愿服务队).")


# Whoever left before may join again.
BELONGS = "exists(select from party.volunteer v where v.group_id={0} and v.person_id={1} and v.until is null)"
JOINING = Action(
    VolunteerGroup,
    (
        AS_PERSON,
        Requirement(
            "NOT_FOR_YOU",
            lambda group, viewer: [all_of(Sql("{0} is null", group.ended_on), *rows_at_home(group, viewer))],
            Text("It is for those who live there.", "仅限本网格居民加入。"),
        ),
    ),
    (
        Requirement(
            "DUPLICATE",
            lambda group, viewer: [Sql(f"not {BELONGS}", group.id, viewer.person)],
            Text("You belong to it.", "您已加入。"),
        ),
    ),
)
LEAVING = Action(
    VolunteerGroup,
    (AS_PERSON,),
    (
        Requirement(
            "NOT_FOUND",
            lambda group, viewer: [Sql(BELONGS, group.id, viewer.person)],
            Text("You do not belong to it.", "您不是该队成员。"),
        ),
    ),
)


@command("Join a group of volunteers where one lives (加入志愿服务队).", requires=None, action=JOINING)
async def join_volunteer_group(call: Call, input: JoinVolunteerGroupInput) -> VolunteerGroupPayload:
    # The group is locked by this, so of two requests the second finds the first.
    group: GroupRow = await call.find(VolunteerGroup, "group", id=key_of(VolunteerGroup)(input.group))
    person = await load_own_person(call)
    await VolunteerRow.create(group=group, person=person, since=today(call))
    return VolunteerGroupPayload(group=ref(VolunteerGroup, group.id))


@strawberry.input(description="Somebody leaves a group (退出志愿服务队).")
class LeaveVolunteerGroupInput:
    idempotency_key: str = input_field(KEY)
    group: ID = input_field("Which (志愿服务队).")


@command("Leave a group of volunteers, at any time (退出志愿服务队).", requires=None, action=LEAVING)
async def leave_volunteer_group(call: Call, input: LeaveVolunteerGroupInput) -> VolunteerGroupPayload:
    group: GroupRow = await call.find(VolunteerGroup, "group", id=key_of(VolunteerGroup)(input.group))
    row = await VolunteerRow.get(group=group, person_id=require_person(call), until=None)
    row.until = today(call)
    await row.save(update_fields=["until"])
    return VolunteerGroupPayload(group=ref(VolunteerGroup, group.id))


EXTENSIONS = (
    extend(
        Grid,
        volunteer_groups=connection(
            "Groups of volunteers in it or below it (志愿服务队).",
            rows_inside,
            order="name",
            type=Connection[VolunteerGroup] | None,
            requires=None,
        ),
    ),
    extend(
        VolunteerGroup,
        activities=connection(
            "Its activities (活动).",
            on="group",
            order="starts_at",
            type=Connection[PartyActivity] | None,
            requires=None,
        ),
        volunteers=connection(
            "Who belongs to it now, as far as you may see it (志愿者).",
            lambda at: [Sql("{0} is null", at.rows.until)],
            on="group",
            order="since",
            type=Connection[Volunteer] | None,
            requires=None,
        ),
    ),
    extend(
        Person,
        volunteering=connection(
            "The groups they belong to or belonged to (志愿服务队).",
            on="person",
            order="-since",
            type=Connection[Volunteer] | None,
            requires=None,
        ),
    ),
    extend(
        Mutation,
        found_volunteer_group=found_volunteer_group,
        join_volunteer_group=join_volunteer_group,
        leave_volunteer_group=leave_volunteer_group,
    ),
)
