"""Social organisations: registered with their credit code, a unit and the grids they serve, changed and removed."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty
from gongzhi.runtime.checks import check_code, duplicate, invalid_input, is_given, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values import codes
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from .community import SocialOrganisation
from .models import OrganisationKind, OrganisationRow, ServedRow
from .rules import REGISTER, REGISTERS

ORGANISATION = "The organisation's id (社会组织标识)."
NAMED, DOES = "Its name (名称).", "What it does (业务范围)."
UNIT = "The unit that supervises it, by code (业务主管单位编码)."
SERVED = "The grids that it serves, by code (服务网格编码)."
ON_REGISTER = require_empty("deregistered_on", Text("It is deregistered.", "该社会组织已注销。"))
NOTHING_OPEN = Requirement(
    "ILLEGAL_TRANSITION",
    lambda organisation, viewer: [
        Sql(
            "not exists(select from ties.purchase o where o.organisation_id={0} and o.state in ('AGREED','DELIVERED'))",
            organisation.id,
        )
    ],
    Text("A service that is bought of it is not accepted yet.", "该社会组织尚有未验收的购买服务。"),
)


@strawberry.type(description="The organisation, or why nothing was done (社会组织结果).")
class SocialOrganisationPayload:
    organisation: SocialOrganisation | None = result_field("The organisation (社会组织).")
    errors: list[Problem] = problems()


@strawberry.input(description="A social organisation on the register (登记社会组织).")
class RegisterSocialOrganisationInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it is registered, by the grid's code (登记地网格编码).")
    uscc: str = input_field("Its unified social credit code (统一社会信用代码).")
    name: str = input_field(NAMED, length=(1, 100))
    kind: OrganisationKind = input_field("What sort it is (类型).")
    purpose: str = input_field(DOES, length=(1, 500))
    unit: str = input_field(UNIT)
    served: list[str] = input_field(SERVED, items=(1, 50))


def acts_for(call: Call, unit: UnitRow, permission: str) -> bool:
    """Return whether the caller holds a permission for this unit."""
    return any(one.unit == unit.id and permission in one.permissions for one in call.viewer.account.grants)


@command("Register a social organisation, with a unit and the grids it serves (登记社会组织).", requires=REGISTER)
async def register_social_organisation(call: Call, input: RegisterSocialOrganisationInput) -> SocialOrganisationPayload:
    # The check digit first: a code with a slip of the pen is somebody else's.
    uscc = check_code(codes.check_uscc, input.uscc, "uscc")
    grid, unit = await find_grid(input.grid, "grid"), await find_unit(input.unit, "unit")
    if not (call.may(REGISTER, grid) or acts_for(call, unit, REGISTER)):
        raise not_allowed("grid")
    if grid.county_id is None:
        raise invalid_input("Name a grid inside a county.", "请选择县级以下网格。", "grid")
    # The county is locked, so that of two with one code the second finds the first.
    await GridRow.filter(id=grid.county_id).select_for_update(no_key=True).first()
    if await OrganisationRow.exists(uscc=uscc, deregistered_on=None):
        raise duplicate("An organisation with this code is registered.", "该统一社会信用代码已登记。", "uscc")
    row = await OrganisationRow.create(
        grid=grid,
        uscc=uscc,
        name=input.name,
        kind=input.kind,
        purpose=input.purpose,
        unit=unit,
        registered_on=today(call),
    )
    await serve(row, grid, input.served)
    return SocialOrganisationPayload(organisation=ref(SocialOrganisation, row.id))


async def serve(row: OrganisationRow, county: GridRow, served: Sequence[str]) -> None:
    """Write down the grids that an organisation serves, in place of those of before."""
    # Each once, in the order in which they were named.
    grids = {
        code: await find_grid(code, "served", lock=False) for code in dict.fromkeys(served)
    }  # fmt: skip
    for at, code in enumerate(served):
        if grids[code].county_id != county.county_id:
            raise invalid_input("Name grids of its county.", "请选择本县网格。", "served", str(at))
    # In place of those of before, which tell nothing that anybody is owed.
    await ServedRow.filter(organisation=row).delete()
    await ServedRow.bulk_create(ServedRow(organisation=row, grid_id=one.id) for one in grids.values())


@strawberry.input(description="What changes of an organisation; what is left out stays (变更社会组织).")
class EditSocialOrganisationInput:
    idempotency_key: str = input_field(KEY)
    organisation: ID = input_field(ORGANISATION)
    expected_version: int = input_field(EXPECTED)
    name: str | None = input_field(NAMED, length=(1, 100), default=UNSET)
    purpose: str | None = input_field(DOES, length=(1, 500), default=UNSET)
    unit: str | None = input_field(UNIT, default=UNSET)
    served: list[str] | None = input_field(SERVED, items=(1, 50), default=UNSET)


@command(
    "Change what is on record of a social organisation (变更社会组织).",
    requires=None,
    action=Action(SocialOrganisation, REGISTERS, (ON_REGISTER,)),
)
async def edit_social_organisation(call: Call, input: EditSocialOrganisationInput) -> SocialOrganisationPayload:
    row: OrganisationRow = await call.find(
        SocialOrganisation, "organisation", id=key_of(SocialOrganisation)(input.organisation)
    )
    for name in ("name", "purpose"):
        if is_given(value := getattr(input, name)):
            setattr(row, name, value)
    if is_given(input.unit):
        row.unit = await find_unit(input.unit or "", "unit")
    # All of them anew: a list that is named is the list.
    if is_given(input.served):
        await serve(row, await GridRow.get(id=row.grid_id), input.served or [])
    return await save_organisation(row)


@strawberry.input(description="An organisation that is no longer (注销社会组织).")
class RemoveSocialOrganisationInput:
    idempotency_key: str = input_field(KEY)
    organisation: ID = input_field(ORGANISATION)
    expected_version: int = input_field(EXPECTED)


@command(
    "Remove a social organisation from the register; what was bought of it stays on record (注销社会组织).",
    requires=None,
    action=Action(SocialOrganisation, REGISTERS, (ON_REGISTER, NOTHING_OPEN)),
)
async def remove_social_organisation(call: Call, input: RemoveSocialOrganisationInput) -> SocialOrganisationPayload:
    row: OrganisationRow = await call.find(
        SocialOrganisation, "organisation", id=key_of(SocialOrganisation)(input.organisation)
    )
    # By this day and not by deleting it: what it was paid for points at it.
    row.deregistered_on = today(call)
    # It serves nobody any more; its code is free for whoever takes it over.
    await ServedRow.filter(organisation=row).delete()
    return await save_organisation(row)


async def save_organisation(row: OrganisationRow) -> SocialOrganisationPayload:
    """Save an organisation under its next version."""
    row.version += 1
    await row.save()
    return SocialOrganisationPayload(organisation=ref(SocialOrganisation, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        register_social_organisation=register_social_organisation,
        edit_social_organisation=edit_social_organisation,
        remove_social_organisation=remove_social_organisation,
    ),
)
