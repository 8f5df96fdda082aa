"""Field guards: what a field shows where the viewer lacks its permission, or its plugin is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import PLUGIN, Frame, Guard
from gongzhi.declare.sql import Sql
from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLObjectType
from pypika_tortoise.terms import NullValue, Term

from .rows import permission_criterion, switched_on_criterion

if TYPE_CHECKING:
    from .compiler import Compiler


def off_condition(declared: Any, row: Any, entity: Entity | None) -> Term | None:
    """Return the condition that the row lies where the field's plugin is off; None where it always is on."""
    on_here = switched_on_criterion(declared.metadata.get(PLUGIN), entity, row)
    return None if on_here is None else Sql("not {0}", on_here)


def held_condition(compiler: Compiler, guard: Guard | None, row: Any, entity: Entity | None) -> Term | None:
    """Return the condition that the viewer holds the field's permission on the row; None if they hold it on all."""
    return permission_criterion(entity, row, compiler.scope, guard.permission) if guard and entity else None


def mark_withheld(off: Term | None, held: Term | None) -> Term:
    """Mark the rows that a Python field must not be given: true for those, null for the others."""
    # "Is not true" takes null for not held: a row without a grid is covered by no grant.
    if held is None:
        return off or NullValue()
    return Sql("nullif({0} or ({1}) is not true,false)", off or Sql("false"), held)


def mask_value(compiler: Compiler, guard: Guard, of: GraphQLField, row: Any, node: FieldNode) -> Term:
    """Return the term that stands for a value whose permission the viewer does not hold."""
    assert guard.masked
    return compiler.value(of.type, guard.masked, Frame(row, row, compiler.scope, compiler.arguments_of(of, node)))


def deny_value(
    compiler: Compiler, guard: Guard, kind: GraphQLObjectType, of: GraphQLField, row: Any, node: FieldNode
) -> Term:
    """Return what somebody without the permission sees: a mask, or null and an error for the selected field."""
    if guard.masked:
        return mask_value(compiler, guard, of, row, node)
    name = f"{kind.name}.{node.name.value}"
    message = f"{name} needs the permission {guard.permission!r}."
    extensions = {"code": "FORBIDDEN", "field": name, "permission": guard.permission}
    failures = compiler.failures
    failures.errors.append(GraphQLError(message, node, path=failures.path.keys, extensions=extensions))
    return NullValue()
