"""Actions of rows: compiles what commands require of a row into which of them may be done to it, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.sql import Sql, any_of, bind, quote_text
from gongzhi.runtime.actions import Requirement
from gongzhi.runtime.commands import Command
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, NullValue, Term

from .containment import PluginFault, build_rows
from .failures import log_fault
from .rows import switched_on_criterion
from .viewer_scope import StatementScope

if TYPE_CHECKING:
    from .compiler import Compiler

FORBIDDEN, INACTIVE = "FORBIDDEN", "PLUGIN_INACTIVE"


@dataclass(frozen=True)
class OfferedAction:
    """A mutation that is done to rows of a type: its name, what people call it, and the plugin it comes from."""

    name: str
    label: Text
    command: Command
    plugin: str | None


@dataclass(frozen=True)
class ActionList:
    """The plan of a type's `actions`: what may be done to a row, by the mutations that are done to such rows."""

    offered: tuple[OfferedAction, ...]


def plan_actions(compiler: Compiler, plan: ActionList, row: Table, entity: Entity) -> Term:
    """Return the actions of a row as JSON, each with the code of what refuses it."""
    lines = [line for one in plan.offered if (line := plan_action(compiler, one, row, entity)) is not None]
    if not lines:
        return Sql("'[]'::jsonb")
    values = ",".join(f"{{{at}}}" for at in range(len(lines)))
    each = "jsonb_build_object('name',a.name,'label',a.label,'allowed',a.reason is null,'reason',a.reason)"
    return Sql(f"(select jsonb_agg({each}) from (values {values}) a(name,label,reason))", *lines)


def plan_action(compiler: Compiler, offered: OfferedAction, row: Table, entity: Entity) -> Term | None:
    """Return one line of a row's actions; None for that of a plugin that has failed."""
    if offered.plugin and compiler.failures.is_left_out(offered.plugin):
        return None
    try:
        reason = refusing_code(compiler.scope, offered, row, entity)
    except PluginFault as fault:
        log_fault(fault, f"{entity.name}.actions")
        return None
    language = bind(lambda variables, context: context.viewer.language, "text")
    label = f"case {{0}} when 'zh' then {quote_text(offered.label.zh)} else {quote_text(offered.label.en)} end"
    return Sql(f"('{offered.name}',{label},{{1}})", language, reason)


def refusing_code(scope: StatementScope, offered: OfferedAction, row: Table, entity: Entity) -> Term:
    """Return the code with which the command would refuse the row, in the order in which it asks; null if it does not.

    A permission that the viewer holds nowhere is said at once, as mutations do it.
    """
    command = offered.command
    assert command.action
    if command.requires and not scope.can(command.requires):
        return Sql(f"'{FORBIDDEN}'")
    unmet: list[tuple[Criterion | None, str]] = []
    if (on_here := switched_on_criterion(offered.plugin, entity, row)) is not None:
        unmet.append((Sql("({0}) is not true", on_here), INACTIVE))
    for one in (*command.action.who, *command.action.when):
        unmet.append((unmet_condition(one, row, scope, offered.plugin), one.code))
    return first_case([(criterion, f"'{code}'") for criterion, code in unmet])


def unmet_condition(
    requirement: Requirement, row: Table, scope: StatementScope, plugin: str | None = None
) -> Criterion | None:
    """Return the condition that a row does not meet a requirement; None if every row does."""
    rows = build_rows(plugin, requirement.rows, row, scope)
    if rows is None:
        return None
    # "Is not true" takes what is unknown for not met, such as a column that is null.
    return Sql("({0}) is not true", any_of(*rows)) if rows else Sql("true")


def first_case(cases: Sequence[tuple[Criterion | None, Any]]) -> Term:
    """Return the value of the first condition that holds, of those that are none without it; null if none holds."""
    told = [(criterion, value) for criterion, value in cases if criterion is not None]
    if not told:
        return NullValue()
    text = "".join(f" when {{{at}}} then {value}" for at, (_, value) in enumerate(told))
    return Sql(f"case{text} end", *(criterion for criterion, _ in told))
