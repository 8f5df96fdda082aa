"""Whose files a selection looks at (rulings 2): a hidden member of the object tells, and is taken out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongzhi.entity import Entity
from gongzhi.sql import Sql
from pypika_tortoise.queries import Table

from .rows import Rows, owner_of
from .statement import Shape

if TYPE_CHECKING:
    from .compiler import Compiler

LOOK = "@look"
"""The member with the keys of the people; no alias can be called so."""

FOUND = "(select {0} from {1} where {2}={3})"


def look(compiler: Compiler, rows: Rows, shape: Shape) -> Sql | None:
    """The people whose file the selection of these rows looks at; None where it is no look, or told of already."""
    if rows.told or not (rows.alone or shape.beyond or compiler.document.taken):
        return None
    found = file(compiler, rows.target, rows.table)
    shape.look = found is not None
    return found


def file(compiler: Compiler, entity: Entity, row: Table) -> Sql | None:
    """The people whose file a row of this entity is: its own, or that of the row it belongs to."""
    if entity.file:
        return entity.file(row, compiler.lens)
    if not entity.through:
        return None
    owner = owner_of(entity)
    above = compiler.table(owner)
    if (found := file(compiler, owner, above)) is None:
        return None
    meta = owner.model._meta
    source = Sql(f'"{meta.schema}"."{meta.db_table}" "{above.alias}"')
    return Sql(FOUND, found, source, above.field(owner.key), row.field(entity.column(entity.through)))
