"""Rules: who may know of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pypika_tortoise.dialects.postgresql import PostgreSQLQuery
from pypika_tortoise.queries import Table

from gongzhi.core.cases.rules import NOTES, rows_of_held_cases
from gongzhi.declare.entity import Entity, Visible
from gongzhi.declare.sql import Alternatives, Sql, any_of
from gongzhi.declare.viewer import ViewerScope
from gongzhi.values.errors import DeclarationError


def visible_to_staff(event: Table, viewer: ViewerScope) -> Alternatives:
    """Return events: internal ones for those who read staff notes where they happened, or those of the case.

    Everybody else is told the rest.
    """
    seen = viewer.within(event, NOTES)
    if seen is None:
        return None
    # Cases of one's unit lie anywhere, so they are asked for by themselves.
    units = rows_of_held_cases(event, viewer) or () if viewer.units(NOTES) else ()
    return [any_of(Sql("not {0}", event.internal), *seen, *units)]


def visible_with(of: Callable[[], type], name: str, cast: str = "uuid") -> Visible:
    """Return a rule by which whoever may see the row that an event's data names may know of the event."""
    # The name is written into the statement, so it must be a plain word.
    if not name.isidentifier():
        raise DeclarationError(f"{name!r} is no field of an event's data")

    def visible(event: Table, viewer: ViewerScope) -> Alternatives:
        target: Entity = of().__entity__  # type: ignore[attr-defined]
        # Such a row is seen by its owner's rule as well, which is not asked here.
        if target.through:
            raise DeclarationError(f"{target.name} is seen through {target.through!r}: name that row in the event")
        meta = target.model._meta
        row = Table(meta.db_table, schema=meta.schema, alias="told")
        query: Any = PostgreSQLQuery.from_(row).select(row.field(target.key))
        query = query.where(Sql(f"{{0}}=({{1}}->>'{name}')::{cast}", row.field(target.key), event.data))
        seen = target.visible(row, viewer)
        # None is every row, and an empty list none.
        if seen is not None:
            query = query.where(any_of(*seen) if seen else Sql("false"))
        return [Sql("exists{0}", query)]

    return visible
