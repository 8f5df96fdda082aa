"""Site commands: a site is registered with who answers for it, changed, and closed."""

from __future__ import annotations

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.bounds import SHORT_CODE, TextPattern
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty
from gongzhi.runtime.checks import duplicate, invalid_input, is_given
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
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import telling
from .checklists import TRADE, require_trade
from .models import SiteRow
from .rules import REGISTER, REGISTERS
from .types import SafetySite

CODE = TextPattern(
    "[A-Za-z0-9][A-Za-z0-9-]{0,39}",
    "A code has 1 to 40 letters, digits and hyphens; a letter or digit is first.",
    "编码为 1 至 40 位字母、数字或连字符，以字母或数字开头。",
)
SITE = "The site's id (场所标识)."
NAMED, PLACED = "What it is called (场所名称).", "Where it is (地址)."
ANSWERS = "Who answers for it, a person of the register (负责人标识)."
UNIT = "The unit that supervises it, by code (监管单位编码)."
# Followed by what is open alone: what is over stays with the unit that had it.
HANDED_OVER = "update safety.hazard set unit_id=$1, version=version+1 where site_id=$2 and closed_at is null"
IN_BUSINESS = require_empty("closed_at", Text("The site is closed.", "该场所已停业。"))
FREE_OF_HAZARDS = Requirement(
    "HAZARD_OPEN",
    lambda site, viewer: [
        Sql("not exists(select from safety.hazard h where h.site_id={0} and h.closed_at is null)", site.id)
    ],
    Text(
        "A hazard is open there: a closed workshop can burn, too. Look again first.",
        "该场所尚有未销号隐患，停业场所同样须消除隐患，请先复查。",
    ),
)


@strawberry.type(description="The site, or why nothing was done (监管场所结果).")
class SafetySitePayload:
    site: SafetySite | None = result_field("The site (场所).")
    errors: list[Problem] = problems()


@strawberry.input(description="A firm or a small site that is inspected from now on (登记监管场所).")
class RegisterSafetySiteInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it lies, by the grid's code (网格编码).")
    code: str = input_field(
        "Its code in the county: the unified social credit code, if it has one (场所编码).", pattern=CODE
    )
    name: str = input_field(NAMED, length=(1, 100))
    trade: str = input_field(TRADE, pattern=SHORT_CODE)
    address: str = input_field(PLACED, length=(1, 200))
    person: ID | None = input_field(ANSWERS, default=UNSET)
    unit: str = input_field(UNIT)


@command("Register a site in a grid, with who answers for it and a unit (登记监管场所).", requires=REGISTER)
async def register_safety_site(call: Call, input: RegisterSafetySiteInput) -> SafetySitePayload:
    grid, unit = await find_grid(input.grid, "grid"), await find_unit(input.unit, "unit")
    if not (call.may(REGISTER, grid) or acts_for(call, unit)):
        raise not_allowed("grid")
    if grid.county_id is None:
        raise invalid_input("Name a grid inside a county.", "请选择县级以下网格。", "grid")
    # Its county before the database fills it in: notices ask for its office hours.
    row = SiteRow(grid=grid, county_id=grid.county_id, unit=unit, registered_at=call.now)
    row.code, row.name, row.address = input.code, input.name, input.address
    await require_trade(grid.county_id, input.trade)
    row.trade = input.trade
    # None is better than a wrong one: a site is found by who walks past it, and its owner later.
    if is_given(input.person):
        row.person = await find_nameable(call, input.person, REGISTER, "person")
    # One at a time in a county: of two with one code the second finds the first.
    await GridRow.filter(id=grid.county_id).select_for_update(no_key=True).first()
    if await SiteRow.exists(county_id=grid.county_id, code=input.code, closed_at=None):
        raise duplicate("The county has a site with this code.", "本县已登记该编码的场所。", "code")
    await row.save(force_create=True)
    await telling.tell_responsible(call, row)
    return SafetySitePayload(site=ref(SafetySite, row.id))


def acts_for(call: Call, unit: UnitRow) -> bool:
    """Return whether the caller registers sites for this unit."""
    return any(one.unit == unit.id and REGISTER in one.permissions for one in call.viewer.account.grants)


@strawberry.input(description="What changes of a site; what is left out stays (变更监管场所).")
class EditSafetySiteInput:
    idempotency_key: str = input_field(KEY)
    site: ID = input_field(SITE)
    expected_version: int = input_field(EXPECTED)
    name: str | None = input_field(NAMED, length=(1, 100), default=UNSET)
    trade: str | None = input_field(TRADE, pattern=SHORT_CODE, default=UNSET)
    address: str | None = input_field(PLACED, length=(1, 200), default=UNSET)
    person: ID | None = input_field(ANSWERS, default=UNSET)
    unit: str | None = input_field(UNIT, default=UNSET)


@command(
    "Change what is on record of a site; one that has moved is closed here and registered there (变更监管场所).",
    requires=None,
    action=Action(SafetySite, REGISTERS, (IN_BUSINESS,)),
)
async def edit_safety_site(call: Call, input: EditSafetySiteInput) -> SafetySitePayload:
    row: SiteRow = await call.find(SafetySite, "site", id=key_of(SafetySite)(input.site))
    for name in ("name", "address"):
        if is_given(value := getattr(input, name)):
            setattr(row, name, value)
    if is_given(input.trade):
        assert row.county_id is not None, "a site lies in a county"
        await require_trade(row.county_id, input.trade)
        row.trade = input.trade
    # With what is open there, so that its deadlines are somebody's.
    if is_given(input.unit):
        row.unit = await find_unit(input.unit, "unit")
        await call.fetch(HANDED_OVER, row.unit_id, row.id)
    if is_given(input.person):
        row.person = await find_nameable(call, input.person, REGISTER, "person")
        await telling.tell_responsible(call, row)
    return await save_site(row)


@strawberry.input(description="A site that is out of business (场所停业).")
class CloseSafetySiteInput:
    idempotency_key: str = input_field(KEY)
    site: ID = input_field(SITE)
    expected_version: int = input_field(EXPECTED)


@command(
    "Close a site that is out of business and free of hazards; it is inspected no more (场所停业).",
    requires=None,
    action=Action(SafetySite, REGISTERS, (IN_BUSINESS, FREE_OF_HAZARDS)),
)
async def close_safety_site(call: Call, input: CloseSafetySiteInput) -> SafetySitePayload:
    row: SiteRow = await call.find(SafetySite, "site", id=key_of(SafetySite)(input.site))
    # The row stays: what was found there is read by who inspects the next one at the address.
    row.closed_at = call.now
    return await save_site(row)


async def save_site(row: SiteRow) -> SafetySitePayload:
    """Save a site under its next version."""
    row.version += 1
    await row.save()
    return SafetySitePayload(site=ref(SafetySite, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        register_safety_site=register_safety_site,
        edit_safety_site=edit_safety_site,
        close_safety_site=close_safety_site,
    ),
)
