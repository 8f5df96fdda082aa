"""Directory: keeping the dispatch directory and the list of duties, whose entries are replaced and never changed."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from gongzhi.core.cases.models import CategoryRow
from gongzhi.core.cases.steps import find_by_code
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import Reach, UnitKind, UnitRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_held
from gongzhi.runtime.checks import duplicate
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
    stale_version,
)
from gongzhi.values.errors import Refusal, Text
from strawberry import ID

from ..models import DutyRow, RuleRow, RuleSupportRow
from ..types import DispatchRule, ListedDuty
from .matching import DUTY, entry_weight

EDIT = "dispatch.edit_directory"
BASIS = 300
"""The most characters of a basis."""


@strawberry.type(description="An entry of the dispatch directory, or why nothing was done (目录操作结果).")
class DispatchRulePayload:
    rule: DispatchRule | None = result_field("The entry (目录条目).")
    errors: list[Problem] = problems()


@strawberry.input(description="Who answers for a subject in a place (目录条目).")
class SetDispatchRuleInput:
    idempotency_key: str = input_field(KEY)
    category: str = input_field("The subject's code; what belongs to it is included (分类代码).")
    grid: str = input_field("The place's code; what lies in it is included (网格编码).")
    unit: str = input_field("The code of the unit that answers for it (主办单位编码).")
    support_units: list[str] = input_field("Codes of units that help (协办单位编码).", default_factory=list)
    basis: str = input_field("The law or list that says so (依据).", length=(1, BASIS))
    expected_version: int = input_field("The version of the entry you saw; 0 if there was none (预期版本).")


@command("Add an entry to the dispatch directory, or a new version of one (维护派单目录).", requires=EDIT)
async def set_dispatch_rule(call: Call, input: SetDispatchRuleInput) -> DispatchRulePayload:
    category = await find_by_code(CategoryRow, input.category, "category", valid_to=None)
    # Locks the grid, so that two versions of one entry have one order.
    grid = await load_directory_grid(call, input.grid)
    unit = await find_unit(input.unit, "unit")
    support = [
        await find_unit(code, "supportUnits") for code in dict.fromkeys(input.support_units) if code != unit.code
    ]
    # Locked: whoever ends the entry at this moment locks it alone, and it would be renewed after its end.
    before = await RuleRow.filter(category=category, grid=grid, valid_to=None).select_for_update().first()
    # 0 stands for "no entry yet": whoever adds one must not replace another that somebody has added meanwhile.
    version = before.version if before else 0
    if version != input.expected_version:
        raise stale_version(version, "expectedVersion")
    rule = await renew_entry(call, before, category, grid, unit, support, input.basis)
    return DispatchRulePayload(rule=ref(DispatchRule, rule.id))


@strawberry.input(description="An entry that no longer holds (停用目录条目).")
class EndDispatchRuleInput:
    idempotency_key: str = input_field(KEY)
    rule: ID = input_field("The entry (目录条目).")
    expected_version: int = input_field(EXPECTED)


HOLDS = require_empty("valid_to", Text("It has ended already.", "该条目已停用。"))


@command(
    "End an entry of the dispatch directory (停用目录条目).",
    requires=EDIT,
    action=Action(DispatchRule, (require_held(EDIT),), (HOLDS,)),
)
async def end_dispatch_rule(call: Call, input: EndDispatchRuleInput) -> DispatchRulePayload:
    rule: RuleRow = await call.find(DispatchRule, "rule", id=key_of(DispatchRule)(input.rule))
    rule.valid_to = call.now
    await rule.save()
    return DispatchRulePayload(rule=ref(DispatchRule, rule.id))


@strawberry.type(description="A listed duty, or why nothing was done (职责清单操作结果).")
class ListedDutyPayload:
    duty: ListedDuty | None = result_field("The duty (职责).")
    errors: list[Problem] = problems()


@strawberry.input(description="A duty that is by law a department's (部门职责).")
class ListDutyInput:
    idempotency_key: str = input_field(KEY)
    category: str = input_field("The subject's code; what belongs to it is included (分类代码).")
    grid: str = input_field("The county's code (县级编码).")
    kind: UnitKind = input_field("The sort of unit whose duty it is (单位性质).")
    basis: str = input_field("The law or list that says so (依据).", length=(1, BASIS))


@command("List a duty: no town or village is given it from now on (列入部门职责清单).", requires=EDIT)
async def list_duty(call: Call, input: ListDutyInput) -> ListedDutyPayload:
    category = await find_by_code(CategoryRow, input.category, "category", valid_to=None)
    grid = await load_directory_grid(call, input.grid)
    if grid.county_id != grid.id:
        raise Refusal("BAD_USER_INPUT", "Give a county's code.", "职责清单以县为单位，请填写县级编码。", ("grid",))
    # The grid is locked above, so of two that list one duty the second finds the first.
    if await DutyRow.exists(category=category, grid=grid, valid_to=None):
        raise duplicate("The duty is listed already.", "该职责已在清单中。", "category")
    duty = await DutyRow.create(
        category=category,
        grid=grid,
        kind=input.kind,
        basis=input.basis,
        valid_from=call.now,
        account=call.viewer.account.name,
    )
    return ListedDutyPayload(duty=ref(ListedDuty, duty.id))


@strawberry.input(description="A duty to be taken off the list (移出清单).")
class UnlistDutyInput:
    idempotency_key: str = input_field(KEY)
    duty: ID = input_field("The duty (职责).")


@command(
    "Take a duty off the list (移出部门职责清单).",
    requires=EDIT,
    action=Action(ListedDuty, (require_held(EDIT),), (HOLDS,)),
)
async def unlist_duty(call: Call, input: UnlistDutyInput) -> ListedDutyPayload:
    duty: DutyRow = await call.find(ListedDuty, "duty", id=key_of(ListedDuty)(input.duty))
    duty.valid_to = call.now
    await duty.save()
    return ListedDutyPayload(duty=ref(ListedDuty, duty.id))


# what the commands share


async def load_directory_grid(call: Call, code: str) -> GridRow:
    """Return the grid with this code, locked so that two do not write one entry; the caller must be in charge of it."""
    grid = await find_grid(code, "grid", lock=True)
    if not call.may(EDIT, grid):
        raise not_allowed("grid")
    # An entry fits by the places of a case from its county down: one above would never be found.
    if grid.county_id is None:
        raise Refusal("BAD_USER_INPUT", "Name a county or a grid inside one.", "请选择县或县以下网格。", ("grid",))
    return grid


async def renew_entry(
    call: Call, before: RuleRow | None, category: CategoryRow, grid: GridRow, unit: UnitRow,
    support: Sequence[UnitRow], basis: str,
) -> RuleRow:  # fmt: skip
    """Create a new version of an entry; the one before ends."""
    # Before anything is written: a listed duty is no town's, in the directory neither.
    await check_duties(call, grid.county_id, category.id, unit, "unit")
    if before:
        before.valid_to = call.now
        await before.save()
    rule = await RuleRow.create(
        category=category,
        grid=grid,
        unit=unit,
        basis=basis,
        # Stored when it is written, because an index can order by a column and not by a formula over two tables.
        weight=entry_weight(category.code, grid.kind),
        valid_from=call.now,
        previous=before,
        account=call.viewer.account.name,
        version=before.version + 1 if before else 1,
    )
    await RuleSupportRow.bulk_create([RuleSupportRow(rule=rule, unit=one) for one in support])
    return rule


async def check_duties(call: Call, county: int | None, category: int, unit: UnitRow, path: str) -> None:
    """Refuse to push a department's listed duty down to a town or village (乡镇履职清单, 条例 17)."""
    # Departments may have any duty; only units of an area are protected.
    if unit.reach != Reach.AREA:
        return
    for duty in await call.fetch(DUTY, county, category):
        raise Refusal(
            "LISTED_DUTY",
            f"By the county's list this is the duty of a department, not of a town or village: {duty['basis']}.",
            f"该事项属部门职责清单，不得转由乡镇、村办理。依据：{duty['basis']}。",
            (path,),
        )


EXTENSIONS = (
    extend(
        Mutation,
        set_dispatch_rule=set_dispatch_rule,
        end_dispatch_rule=end_dispatch_rule,
        list_duty=list_duty,
        unlist_duty=unlist_duty,
    ),
)
