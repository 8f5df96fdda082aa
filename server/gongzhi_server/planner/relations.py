"""Relations: compiles fields that lead to other rows: one by foreign key, one picked, many, or a value over many."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import Aggregate, Frame, Many, One, Page, Pick, Plan
from gongzhi.declare.sql import Sql
from graphql import GraphQLField
from graphql.execution.collect_fields import FieldDetailsList
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import NullValue, Term

from . import lists
from .arguments import Given
from .containment import build_rows
from .rows import SINGLE, Rows, is_file, owner_of, plugin_of, terms_or_empty
from .statement import AnswerShape
from .viewer_scope import StatementScope

if TYPE_CHECKING:
    from .compiler import Compiler


def plan_related(
    compiler: Compiler,
    plan: Plan,
    target: Entity,
    kind: Any,
    details: FieldDetailsList,
    frame: Frame,
    entity: Entity | None,
    open: bool | None,
) -> tuple[Term, AnswerShape]:
    """Compile a relation: one row by foreign key, one picked row, or many."""
    scope, table = compiler.scope, related_table(compiler, target, plan, frame, entity)
    at = Frame(frame.row, table, scope, frame.given)
    match plan:
        case One(key):
            rows = Rows(target, table, scope, None)
            rows.where(Sql("{0}={1}", table.field(target.key), frame.row.field(entity.column(key))))  # type: ignore[union-attr]
            return plan_single(compiler, rows, kind, details)
        case Pick():
            # Asked for by itself at the root, a row is a look at
            # its file; reached from its owner, the owner's is.
            rows = related_rows(compiler, target, plan, at, entity, None if plan.shown else scope)
            rows.alone, rows.covered = entity is None, is_reached_from_owner(rows, plan, open, entity)
            return plan_single(compiler, rows, kind, details, plan.order)
        case Many():
            rows = related_rows(compiler, target, plan, at, entity, scope)
            rows.covered = is_reached_from_owner(rows, plan, open, entity)
            rows.rebuild_on = lambda table: related_rows(compiler, target, plan, replace(at, rows=table), entity, scope)
            make = lists.plan_page if isinstance(plan, Page) else lists.plan_list
            return make(compiler, plan, rows, kind, details, at)
    raise TypeError(f"{plan} is not a relation")


def is_reached_from_owner(rows: Rows, plan: Pick | Many, open: bool | None, owner: Entity | None) -> bool:
    """Return whether the rows were reached from their owner, by a field that is itself a look at its file."""
    if owner is None or open or not plan.on or plan.on != rows.target.through:
        return False
    # Of an owner that is nobody's file no look is written: that of rows which are somebody's stands for itself.
    return not rows.target.file or is_file(owner)


def related_table(compiler: Compiler, target: Entity, plan: Plan, frame: Frame, entity: Entity | None) -> Table:
    """Return the target's table; of rows that belong to the row the field stands on, that of rows reached from it."""
    by = plan.on if isinstance(plan, Pick | Many | Aggregate) else None
    if entity is None or not by or by != target.through or owner_of(target).model is not entity.model:
        return compiler.table(target)
    # The owner's visibility has been checked where the field stands; it need not be checked for each row again.
    return compiler.reached_table(target, frame.row)


def related_rows(
    compiler: Compiler,
    target: Entity,
    plan: Pick | Many | Aggregate,
    at: Frame,
    entity: Entity | None,
    scope: StatementScope | None,
) -> Rows:
    """Return the target's rows that belong to the row the field stands on, of those the viewer may see."""
    rows = Rows(target, at.rows, scope, build_rows(compiler.owner, plan.where, at) if plan.where else None)
    if plan.on and entity:
        rows.where(Sql("{0}={1}", at.rows.field(target.column(plan.on)), at.row.field(entity.key)))
    return rows


def plan_single(
    compiler: Compiler, rows: Rows, kind: Any, details: FieldDetailsList, order: str = ""
) -> tuple[Term, AnswerShape]:
    """Compile one row as a subquery that gives its JSON object, or null."""
    terms, shape = compiler.object(kind, compiler.subfields(kind, details), rows.table, rows.target, rows)
    query = (
        rows.select_ordered(rows.keys(order), 1).select(*terms_or_empty(terms))
        if order
        else rows.select(*terms_or_empty(terms))
    )
    return Sql(SINGLE, compiler.name("x"), query), shape


def plan_choice(compiler: Compiler, given: Given, argument: str, details: FieldDetailsList) -> tuple[Term, AnswerShape]:
    """Compile a row of whatever type a global id names."""
    # The type is part of the statement's key, so each type has a statement of its own.
    named = given.trait(argument, of=type_name)
    target = compiler.planner.entities.get(named or "")
    if target is None:
        return NullValue(), AnswerShape()
    if (plugin := plugin_of(target)) and compiler.failures.is_left_out(plugin):
        return compiler.failures.replace_failed(plugin, details[0].node), AnswerShape()
    rows = Rows(target, compiler.table(target), compiler.scope, None)
    rows.alone = True
    key = given.bind(argument, convert=target.parse)
    rows.where(Sql("{0}={1}", rows.table.field(target.key), key))
    return plan_single(compiler, rows, compiler.schema.type_map[target.name], details)


def plan_aggregate(compiler: Compiler, plan: Aggregate, of: GraphQLField, frame: Frame, entity: Entity | None) -> Term:
    """Compile a value over all the rows of a relation, such as a count."""
    target: Entity = plan.of().__entity__  # type: ignore[attr-defined]
    table = related_table(compiler, target, plan, frame, entity)
    at = Frame(frame.row, table, compiler.scope, frame.given)
    rows = related_rows(compiler, target, plan, at, entity, compiler.scope)
    return Sql("{0}", rows.whole().select(compiler.value(of.type, plan.build, at)))


def type_name(text: str) -> str:
    """Return the type of a global id, `Type:key`."""
    return text.partition(":")[0]
