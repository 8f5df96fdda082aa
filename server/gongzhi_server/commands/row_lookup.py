"""Row lookup: finds the row that a command names, of those the viewer may see, and locks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.sql import Bind, Sql
from gongzhi.runtime.actions import Action, Requirement
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Refusal
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery as Query
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import NullValue, Term, ValueWrapper

from gongzhi_server.planner.actions import first_case, unmet_condition
from gongzhi_server.planner.parameters import Parameters
from gongzhi_server.planner.rows import Rows
from gongzhi_server.planner.viewer_scope import StatementScope

WANTED = "@wanted"
"""The variable that holds what a row is looked for by."""
WHO, WHEN = "@who", "@when"
"""The columns that say which requirement of an action a row does not meet, the first of each kind, by its place."""


@dataclass(frozen=True)
class LookupStatement:
    """A statement with what it binds."""

    sql: str
    binds: tuple[Any, ...]

    def values(self, wanted: Any, context: Context) -> list[Any]:
        """Return what it binds when the row with this value is looked for."""
        return [bind.read({WANTED: wanted}, context) if isinstance(bind, Bind) else bind for bind in self.binds]


@dataclass(frozen=True)
class RowLookup:
    """How a row is found: the statement that locks and reads it, and the one that asks further what it must meet.

    There is a second one where other tables say what a row must meet: they are read as they are once the row is locked.
    """

    lock: LookupStatement
    ask: LookupStatement | None


def row_lookup(entity: Entity, context: Context, column: str, shown: bool, action: Action | None) -> RowLookup:
    """Return the statements that find a row by a column, if the viewer may see it."""
    viewer = context.viewer
    # The text depends on the grants alone, so it is kept with
    # the account's other answers; only values are bound anew.
    known: dict[Any, Any] = viewer.account.answers
    key = row_lookup, entity.name, column, shown, viewer.glass is not None, action
    if key not in known:
        known[key] = build_row_lookup(entity, StatementScope(viewer, {}), column, shown, action)
    found: RowLookup = known[key]
    return found


def build_row_lookup(
    entity: Entity, scope: StatementScope, column: str, shown: bool, action: Action | None
) -> RowLookup:
    """Write the statement that locks a visible row by a column, and the one that asks what other tables say of it."""
    meta = entity.model._meta
    name = f'"{meta.schema}"."{meta.db_table}" r'
    table, row = (Table(meta.db_table, schema=meta.schema, alias=alias) for alias in "tr")
    rows = Rows(entity, table, None if shown else scope, None)
    wanted = ValueWrapper(Bind(lambda variables, context: variables[WANTED]))
    rows.where(Sql("{0}={1}", table.field(entity.column(column)), wanted))
    columns = ",".join(f'r."{one}"' for one in meta.fields_db_projection.values())
    terms: list[Term] = []
    ask = None
    if action:
        who, when = first_unmet(action.who, row, scope), first_unmet(action.when, row, scope)
        asked = write_statement(
            f'select {{0}} "{WHEN}" from {name} where {{1}}={{2}}', when, row.field(entity.column(column)), wanted
        )
        # What waits for a lock reads the row again, but not other tables.
        if asked.sql.count("select") > 1:
            ask, when = asked, NullValue()
        columns += f',{{1}} "{WHO}",{{2}} "{WHEN}"'
        terms = [who, when]
    # A union of branches cannot be locked in PostgreSQL, so the visible key
    # is looked up in a subquery and the lock is taken on the table itself. What waited for the lock is read again,
    # and so are the requirements of an action: they are asked of the row as it is locked.
    text = f'select {columns} from {name} where r."{entity.key}" in ({{0}}) for update of r'
    return RowLookup(write_statement(text, rows.select(table.field(entity.key).as_("key")), *terms), ask)


def write_statement(text: str, *terms: Any) -> LookupStatement:
    parameters = Parameters()
    sql = Sql(text, *terms).get_sql(Query.SQL_CONTEXT.copy(parameterizer=parameters))
    return LookupStatement(sql, tuple(parameters.values))


def first_unmet(requirements: Sequence[Requirement], row: Table, scope: StatementScope) -> Term:
    """Return the place of the first requirement that the row does not meet; null if it meets all."""
    return first_case([(unmet_condition(one, row, scope), str(at)) for at, one in enumerate(requirements)])


def not_found(entity: Entity, path: Sequence[str]) -> Refusal:
    """Make one refusal for what is not there and for what the viewer may not see, so that neither can be told apart."""
    return Refusal("NOT_FOUND", "There is no such thing, or you may not see it.", "没有找到，或您无权查看。", path)
