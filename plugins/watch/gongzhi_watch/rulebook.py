"""Rulebook commands: publish which facts a household may declare, and which conditions an error has to meet."""

from __future__ import annotations

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import duplicate, invalid_input, is_given
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.codes import Kind
from strawberry import ID, UNSET

from .models import FactKind, Ground, ItemRow, RulebookRow, Subject
from .rules import PUBLISH
from .types import WatchRule

ITEMS = 30


@strawberry.type(description="The rule, or why nothing was done (规则发布结果).")
class WatchRulePayload:
    rule: WatchRule | None = result_field("The edition (规则).")
    errors: list[Problem] = problems()


@strawberry.input(description="A fact or a condition that a rule names (规则条目).")
class WatchRuleItemInput:
    code: str = input_field("Its code, the same in all editions (条目编码).", pattern=SHORT_CODE)
    ground: Ground | None = input_field("What it is a ground for, of a fact (对应监测类别).", default=UNSET)
    fact: FactKind | None = input_field("What sort of fact it is (事实类别).", default=UNSET)
    text: str = input_field("What must be so (内容).", length=(1, 300))
    basis: str = input_field("By which rule of the state or province (依据).", length=(1, 300))


@strawberry.input(description="A rule that holds from now on (发布监测或容错规则).")
class PublishWatchRuleInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field("The county, by code (县区编码).")
    subject: Subject = input_field("What it is about (规则对象).")
    name: str = input_field("What it is called (规则名称).", length=(1, 100))
    replaces: ID | None = input_field(
        "The edition that this one ends, unless it is the first (被替换版本标识).", default=UNSET
    )
    items: list[WatchRuleItemInput] = input_field("What it names, in this order (条目).", items=(1, ITEMS))


def check_items(call: Call, input: PublishWatchRuleInput) -> None:
    """Refuse items that cannot be told apart, or that lack what their subject needs."""
    if len({one.code for one in input.items}) < len(input.items):
        raise invalid_input("Give each item a code of its own.", "条目编码不能重复。", "items")
    facts = input.subject is Subject.HOUSEHOLDS
    for at, one in enumerate(input.items):
        for name in ("ground", "fact"):
            if is_given(getattr(one, name)) is not facts:
                raise invalid_input(
                    "A fact of a household has a ground and a sort; a condition of an error has neither.",
                    "监测规则的条目须填写监测类别和事实类别，容错规则的条目不填。",
                    "items",
                    str(at),
                    name,
                )


@command(
    "Publish a county's rule; an edition before it ends, and what was decided by it stays (发布监测或容错规则).",
    requires=PUBLISH,
    form=check_items,
)
async def publish_watch_rule(call: Call, input: PublishWatchRuleInput) -> WatchRulePayload:
    check_items(call, input)
    # The county is locked, so that of two editions at once the second finds the first.
    grid = await find_grid(input.county, "county", lock=True)
    if grid.kind is not Kind.COUNTY:
        raise invalid_input("Name a county.", "请填写县区编码。", "county")
    if not call.may(PUBLISH, grid):
        raise not_allowed("county")
    last = await RulebookRow.get_or_none(grid=grid, subject=input.subject, until=None)
    replaced = key_of(WatchRule)(input.replaces) if is_given(input.replaces) else None
    # Whoever publishes names what they saw, so that nobody's edition ends unread.
    if (last.id if last else None) != replaced:
        raise duplicate(
            "Name the edition that is in force now, and no other, as the one that is replaced.",
            "请指明被替换的现行版本；尚无现行规则的无需填写。",
            "replaces",
        )
    if last is not None:
        # The very moment at which the next one begins: there is none between.
        last.until = call.now
        await last.save(update_fields=["until"])
    # Numbered by the county and the subject, as people name an edition.
    row = await RulebookRow.create(
        grid=grid, subject=input.subject, edition=last.edition + 1 if last else 1, name=input.name, since=call.now
    )
    await ItemRow.bulk_create(
        ItemRow(
            rule=row,
            number=number,
            code=one.code,
            ground=one.ground if is_given(one.ground) else None,
            fact=one.fact if is_given(one.fact) else None,
            text=one.text,
            basis=one.basis,
        )
        for number, one in enumerate(input.items, 1)
    )
    return WatchRulePayload(rule=ref(WatchRule, row.id))


EXTENSIONS = (extend(Mutation, publish_watch_rule=publish_watch_rule),)
