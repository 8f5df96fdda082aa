"""Row lookup: finds the row that a command names, of those the viewer may see, and locks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.sql import Bind, Sql
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Refusal
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery as Query
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import ValueWrapper
from tortoise.models import Model

from gongzhi_server.planner.parameters import Parameters
from gongzhi_server.planner.rows import Rows
from gongzhi_server.planner.viewer_scope import StatementScope

WANTED = "@wanted"
"""The variable that holds what a row is looked for by."""


def visible_key_statement(
    entity: Entity, context: Context, column: str, value: Any, shown: bool
) -> tuple[str, list[Any]]:
    """Return the statement for the key of the row with this value, if the viewer may see it."""
    viewer = context.viewer
    # The text depends on the grants alone, so it is kept with
    # the account's other answers; only values are bound anew.
    known: dict[Any, Any] = viewer.account.answers
    key = visible_key_statement, entity.name, column, shown, viewer.glass is not None
    if key not in known:
        known[key] = build_key_statement(entity, None if shown else StatementScope(viewer, {}), column)
    sql, binds = known[key]
    return sql, [bind.read({WANTED: value}, context) if isinstance(bind, Bind) else bind for bind in binds]


def build_key_statement(entity: Entity, scope: StatementScope | None, column: str) -> tuple[str, tuple[Any, ...]]:
    """Write the statement that finds a visible row by a column, and return its text with what it binds."""
    meta = entity.model._meta
    table = Table(meta.db_table, schema=meta.schema, alias="t")
    rows = Rows(entity, table, scope, None, None)
    wanted = ValueWrapper(Bind(lambda variables, context: variables[WANTED]))
    rows.where(Sql("{0}={1}", table.field(entity.column(column)), wanted))
    parameters = Parameters()
    query = rows.select(table.field(entity.key).as_("key"))
    return query.get_sql(Query.SQL_CONTEXT.copy(parameterizer=parameters)), tuple(parameters.values)


def lock_statement(model: type[Model], key: str, keys: str) -> str:
    """Return the statement that reads and locks the rows with these keys."""
    meta = model._meta
    columns = ",".join(f'r."{column}"' for column in meta.fields_db_projection.values())
    # A union of branches cannot be locked in PostgreSQL, so the visible key
    # is looked up in a subquery and the lock is taken on the table itself.
    return f'select {columns} from "{meta.schema}"."{meta.db_table}" r where r."{key}" in ({keys}) for update of r'


def not_found(entity: Entity, path: Sequence[str]) -> Refusal:
    """Make one refusal for what is not there and for what the viewer may not see, so that neither can be told apart."""
    return Refusal("NOT_FOUND", "There is no such thing, or you may not see it.", "没有找到，或您无权查看。", path)
