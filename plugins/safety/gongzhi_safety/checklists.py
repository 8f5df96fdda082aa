"""Checklist commands: publish what is looked at in a trade, edition by edition."""

from __future__ import annotations

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import duplicate, invalid_input, is_given, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.codes import Kind
from strawberry import ID, UNSET

from .models import ChecklistRow, HazardLevel, ItemRow
from .rules import PUBLISH
from .types import SafetyChecklist

ITEMS, DAYS = 60, 90
TRADE = "The trade, by a code that sites name (行业编码)."


@strawberry.type(description="The checklist, or why nothing was done (安全检查清单结果).")
class SafetyChecklistPayload:
    checklist: SafetyChecklist | None = result_field("The edition (清单).")
    errors: list[Problem] = problems()


@strawberry.input(description="Something that is looked at (检查项).")
class SafetyCheckItemInput:
    code: str = input_field("Its code, the same in all editions (检查项编码).", pattern=SHORT_CODE)
    text: str = input_field("How it must be (检查内容).", length=(1, 300))
    basis: str = input_field("By which law or rule, with its article (检查依据).", length=(1, 300))
    level: HazardLevel = input_field("How grave it is if it is not so (隐患等级).", default=HazardLevel.ORDINARY)
    days: int = input_field("Working days in which it is corrected (整改期限，工作日).", between=(1, DAYS))


@strawberry.input(description="What is looked at in a trade from now on (发布安全检查清单).")
class PublishSafetyChecklistInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field("The county, by code (县区编码).")
    trade: str = input_field(TRADE, pattern=SHORT_CODE)
    name: str = input_field("What the trade is called (行业名称).", length=(1, 100))
    replaces: ID | None = input_field(
        "The edition that this one ends, unless the trade is new (被替换版本标识).", default=UNSET
    )
    items: list[SafetyCheckItemInput] = input_field("What is looked at, in this order (检查项).", items=(1, ITEMS))


def check_items(call: Call, input: PublishSafetyChecklistInput) -> None:
    """Refuse items that cannot be told apart."""
    if len({one.code for one in input.items}) < len(input.items):
        raise invalid_input("Give each item a code of its own.", "检查项编码不能重复。", "items")


@command(
    "Publish what is looked at in a trade; an edition before it ends, and inspections by it stay (发布安全检查清单).",
    requires=PUBLISH,
    form=check_items,
)
async def publish_safety_checklist(call: Call, input: PublishSafetyChecklistInput) -> SafetyChecklistPayload:
    check_items(call, input)
    # The county is locked, so that of two editions at once the second finds the first.
    grid = await find_grid(input.county, "county", lock=True)
    if grid.kind is not Kind.COUNTY:
        raise invalid_input("Name a county.", "请填写县区编码。", "county")
    if not call.may(PUBLISH, grid):
        raise not_allowed("county")
    edition = await end_edition(call, input, grid)
    row = await ChecklistRow.create(grid=grid, trade=input.trade, edition=edition, name=input.name, since=call.now)
    # Codes of items are compared across editions, so nothing of the last one is copied.
    await ItemRow.bulk_create(
        ItemRow(
            checklist=row,
            number=number,
            code=one.code,
            text=one.text,
            basis=one.basis,
            level=one.level,
            days=one.days,
        )
        for number, one in enumerate(input.items, 1)
    )
    return SafetyChecklistPayload(checklist=ref(SafetyChecklist, row.id))


async def end_edition(call: Call, input: PublishSafetyChecklistInput, county: GridRow) -> int:
    """End the edition that is replaced, and return the number of the next one."""
    last = await ChecklistRow.get_or_none(grid=county, trade=input.trade, until=None)
    replaced = key_of(SafetyChecklist)(input.replaces) if is_given(input.replaces) else None
    # Whoever publishes names what they saw, so that nobody's edition ends unread.
    if (last.id if last else None) != replaced:
        raise duplicate(
            "Name the edition that is in force now, and no other, as the one that is replaced.",
            "请指明被替换的现行版本；该行业无现行清单的无需填写。",
            "replaces",
        )
    if last is None:
        return 1
    # The very moment at which the next one begins: there is none between.
    last.until = call.now
    await last.save(update_fields=["until"])
    return int(last.edition) + 1


async def require_trade(county: int, trade: str) -> None:
    """Refuse a trade for which the county has no checklist."""
    if not await ChecklistRow.exists(grid_id=county, trade=trade, until=None):
        raise not_found(
            "The county has no checklist for this trade: publish one first.",
            "本县没有该行业的安全检查清单，请先发布清单。",
            "trade",
        )


EXTENSIONS = (extend(Mutation, publish_safety_checklist=publish_safety_checklist),)
