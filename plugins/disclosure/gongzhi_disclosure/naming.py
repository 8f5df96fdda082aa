"""Search for naming: people by their whole name, for whoever must name them to a command and sees no files.

A secretary or a manager of a plugin holds a permission that `names_people`. Within the grids where they hold it they
learn who has a name, with the masked number and the grid to tell namesakes apart, and nothing else.
"""

from __future__ import annotations

from typing import Any

import strawberry
from gongzhi.core.access.models import LookKind
from gongzhi.core.access.quota import check_quota
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.models import PersonRow, PhoneRow
from gongzhi.core.plugins.models import ActivationRow
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import LEVELS
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import is_given, not_found
from gongzhi.runtime.commands import KEY_OPTIONAL, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.context import PURPOSE, FileLook
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET
from tortoise.expressions import Q

NAMESAKES = 10
"""The most people that a search shows."""
NAME = 100
SHOWN = ("Person.grid", "Person.name", "Person.phone")
"""What a search shows of people, as the log has it; the number is masked."""


@strawberry.type(description="Somebody to be named to a mutation, and no more of them (可指定人员).")
class PersonToName:
    id: ID = strawberry.field(description="The person's id, for the mutation that takes it (人员标识).")
    name: str = strawberry.field(description="The name (姓名).")
    phone: str | None = strawberry.field(description="The number that is tried first, masked (电话，脱敏).")
    grid: Grid | None = strawberry.field(description="Where they live (所在网格).")


@strawberry.type(description="Who has the name, or why nobody was looked for (按姓名查找结果).")
class FindPeopleToNamePayload:
    people: list[PersonToName] | None = result_field("Everybody of that name where the permission is held (人员).")
    errors: list[Problem] = problems()


@strawberry.input(description="A name, and for which permission somebody of that name is to be named (按姓名查找).")
class FindPeopleToNameInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    permission: str = input_field("The permission of the mutation that names them, such as party.keep_members (权限).")
    name: str = input_field("The whole name (姓名).", length=(1, NAME))
    grid: str | None = input_field(
        "A grid to look in, by code; all one holds the permission in if not given (网格编码).", default=UNSET
    )
    purpose: str = input_field("What for; whoever is found is told (目的).", length=(1, PURPOSE))


@command(
    "Find people by their whole name, to name them to a mutation: whoever holds a permission whose mutations name "
    "people sees name, masked number and grid of those who live where they hold it. Whoever is found is told, and "
    "they count as those found by number do (按姓名查找人员，供办理业务时指定).",
    requires=None,
    repeats=True,
)
async def find_people_to_name(call: Call, input: FindPeopleToNameInput) -> FindPeopleToNamePayload:
    if input.permission not in call.context.naming or not call.viewer.can(input.permission):
        raise Refusal(
            "FORBIDDEN",
            "You hold no such permission, or its mutations name nobody.",
            "您没有该权限，或该权限的业务不需要指定人员。",
            ("permission",),
        )
    scope = await searchable_places(call, input)
    # Nobody is named who is restricted, erased or dead.
    found = PersonRow.filter(scope, name=input.name, restricted_at=None, erased_at=None, died_on=None)
    # One more than is shown tells that there are more.
    people = await found.order_by("id").limit(NAMESAKES + 1)
    if len(people) > NAMESAKES:
        raise Refusal(
            "TOO_MANY",
            f"More than {NAMESAKES} people have this name: give a smaller grid.",
            f"同名人员超过 {NAMESAKES} 人，请缩小网格范围。",
            ("grid",),
        )
    if people and (refused := await check_quota(call, people, "name")):
        return FindPeopleToNamePayload(errors=[refused])
    # A name that nobody has tells something, too: the officer of the place reads who tried it.
    await call.context.look(FileLook([one.id for one in people], SHOWN, input.purpose, LookKind.FIND))
    return FindPeopleToNamePayload(people=[await describe_person(one) for one in people])


async def searchable_places(call: Call, input: FindPeopleToNameInput) -> Q:
    """Return where the caller may look: where they hold the permission, the plugin is on, and the named grid lies."""
    areas = Q(id=None)  # nobody
    for grant in call.viewer.account.grants:
        if input.permission not in grant.permissions:
            continue
        level = f"{grant.kind.lower()}_id" if grant.kind else ""
        if grant.everywhere:
            areas |= Q(id__isnull=False)
        # A role that is held for a unit reaches no grid.
        elif level in LEVELS:
            areas |= lies_in_level(level, grant.grid)
    plugin = input.permission.partition(".")[0]
    # Where the plugin is off, its mutations name nobody.
    counties = await ActivationRow.filter(plugin=plugin, until=None, active=True).values_list("county_id", flat=True)
    scope = areas & Q(county_id__in=list(counties))
    if not is_given(input.grid):
        return scope
    grid = await GridRow.get_or_none(code=input.grid, valid_to=None)
    level = f"{grid.kind.lower()}_id" if grid else ""
    if grid is None or level not in LEVELS:
        raise not_found("There is no grid with this code in a county.", "县域内没有该编码的网格。", "grid")
    return scope & lies_in_level(level, grid.id)


def lies_in_level(level: str, grid: int | None) -> Q:
    """Return what lies in a grid, by the column that its level has."""
    asked: dict[str, Any] = {level: grid}
    return Q(**asked)


async def describe_person(person: PersonRow) -> PersonToName:
    """Return what a search shows of somebody."""
    phone = await PhoneRow.filter(person_id=person.id).order_by("rank", "id").first()
    return PersonToName(
        id=ID(f"Person:{person.id}"),
        name=person.name,
        phone=phone.mask if phone else None,
        grid=ref(Grid, person.grid_id),
    )


EXTENSIONS = (extend(Mutation, find_people_to_name=find_people_to_name),)
