"""Rows: those of a table that a field asks for, out of those the viewer may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.located import LEVELS
from gongzhi.declare.sql import Alternatives, Disjoint, JoinedCriteria, ReachedTable, Sql, any_of
from gongzhi.declare.viewer import ViewerScope
from gongzhi.values.errors import DeclarationError
from pypika_tortoise.context import SqlContext
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery as Query
from pypika_tortoise.enums import Order
from pypika_tortoise.queries import Selectable, Table
from pypika_tortoise.terms import Criterion, Field, LiteralValue, Term
from strawberry.types.base import StrawberryContainer

from gongzhi_server._compat import split_table, start_query
from gongzhi_server.plugins.installed import is_switched

from .containment import build_rows
from .scalars import decode_column, quote_constant

COUNTIES = "array(select a.county_id from plugins.activation a where a.plugin={0} and a.until is null and a.active)"
"""The counties that have switched a plugin on; looked up once a statement."""


@dataclass(frozen=True)
class OrderKey:
    """One of the values that rows are ordered by; `read` makes one of it that a cursor has."""

    term: Term
    direction: Order
    read: Callable[[Any], Any]

    @property
    def reverse(self) -> OrderKey:
        return replace(self, direction=Order.asc if self.direction is Order.desc else Order.desc)


class LevelsFromSide(Table):
    """A table of which the levels are read from its side table, for the sake of that one's indexes."""

    def __init__(self, table: Table, side: Table) -> None:
        schema, name = split_table(table)
        super().__init__(name, schema=schema or None, alias=table.alias)
        self.side = side

    def field(self, name: str) -> Field:
        return self.side.field(name) if name in LEVELS else super().field(name)


@dataclass(frozen=True)
class SideScan:
    """How rows are found in the order of a side table: by its index, and joined.

    `branches` are those of the rows as the side table has them. They choose the index and decide nothing: the rows'
    own are asked, too. Those that are not `covered`, on all of whose rows the viewer may ask for the order, are sorted.
    `everywhere` says when it holds, None if always: elsewhere all rows are sorted.
    """

    side: Table
    joined: Criterion
    branches: Sequence[list[Criterion]]
    covered: Sequence[bool]
    keys: Sequence[OrderKey]
    bounds: Callable[[Sequence[OrderKey]], Criterion | None]
    everywhere: Criterion | None


def select_from(rows: Selectable) -> Any:
    """Start a query over these rows.

    It is changed where pypika would copy it, so go on with what its methods return.
    """
    return Query.from_(rows, immutable=False)


# `row_to_json` of a subquery keeps the members in the order of the selection, as GraphQL asks for.
SINGLE = "(select row_to_json({0}) from {1} {0})"


def select_terms(*terms: Term) -> Any:
    """Start a query of terms that need no table."""
    return start_query(Query).select(*terms)


def terms_or_empty(terms: list[Term]) -> list[Term]:
    """Return the terms, or the empty selection that PostgreSQL allows and pypika does not."""
    return terms or [Sql("")]


class Derived(Selectable):
    """A subquery in the place of a table, under the table's own alias, so that terms over it still hold."""

    def __init__(self, text: Sql, alias: str) -> None:
        super().__init__(alias)
        self.text = text

    def get_sql(self, ctx: SqlContext) -> str:
        return f'({self.text.get_sql(ctx)}) "{self.alias}"'


class Rows:
    """Rows of one table. Each branch of the alternatives is one path through an index.

    Without a scope nobody is asked who may see them: `on` is the right itself. Of a `ReachedTable` the owner
    has been found visible already.

    `alone` is a row that was asked for by itself; `covered` are rows whose owner's selection is a look already.

    `conditions` are what the caller filters and orders the rows by beyond what is open: which rows there are tells it.
    `filtered` says that some of them are left out by these, so that their number tells something, too.
    `sorted` says that they come in an order that tells more than that, whoever chose it.
    `whose` is the plugin that tells of events by these rows.
    """

    alone = covered = sorted = filtered = False
    side_scan: SideScan | None = None
    """How they are found in the order that is asked for, if a side table has it."""
    rebuild_on: Callable[[Table], Rows] | None = None
    """Makes the same rows of another table."""

    def __init__(
        self,
        target: Entity,
        table: Table,
        scope: ViewerScope | None,
        on: Alternatives,
        whose: str | None = None,
    ) -> None:
        self.target, self.table = target, table
        self.criteria: list[Criterion] = []
        self.conditions: dict[str, None] = {}
        self.plugin = plugin_of(target)
        """Whose rows they are, or whose condition or order finds them; None for the core's."""
        # The rule of visibility is applied here and nowhere else: every statement reads rows by this class.
        seen = build_rows(self.plugin or whose, target.visible, table, scope) if scope else None
        # Rows that belong to another are seen only if that one is, unless they were reached from it.
        if scope and target.through and not isinstance(table, ReachedTable):
            self.criteria.append(_owner_is_visible(target, table, scope))
        if (on_here := switched_on_criterion(self.plugin, target, table)) is not None:
            self.criteria.append(on_here)
        self.branches = _branches(on, seen)

    @property
    def telling(self) -> bool:
        """Whether it tells something of a file that a row is among them, or where it stands."""
        return self.sorted or bool(self.conditions)

    def where(self, criterion: Criterion) -> Rows:
        """Add a condition that all the rows have to meet."""
        self.criteria.append(criterion)
        return self

    def whole(self, more: Criterion | None = None) -> Any:
        """Select from all the rows, in no order."""
        if len(self.branches) == 1:
            return self._branch(self.branches[0], select_from(self.table), more)
        return select_from(Derived(self._union(lambda query: query, more), self.table.alias))

    def select(self, *terms: Term) -> Any:
        return self.whole().select(*terms)

    def count(self) -> Term:
        """Count the rows, a branch at a time."""
        # Summed, not united: each branch can be counted from its own index.
        ones = [
            self._branch(branch, select_from(self.table), None).select(LiteralValue("count(*)"))
            for branch in self.branches
        ]
        return Sql("+".join(f"{{{at}}}" for at in range(len(ones))) or "0", *ones)

    def select_ordered(self, keys: Sequence[OrderKey], limit: Any, more: Criterion | None = None) -> Any:
        """Select the first rows in an order: each branch cut off by itself, then all of them together."""

        def cut(query: Any, keys: Sequence[OrderKey] = keys) -> Any:
            for key in keys:
                query = query.orderby(key.term, order=key.direction)
            return query.limit(limit)

        if (scan := self.side_scan) is not None and self.branches:
            parts = [cut(query, scan.keys) for query in self._scan_branches(scan)]
            parts += [cut(query) for query in self._sort_branches(scan, more)]
            return cut(select_from(Derived(union(part.select(self.table.star) for part in parts), self.table.alias)))
        if len(self.branches) == 1:
            return cut(self._branch(self.branches[0], select_from(self.table), more))
        return cut(select_from(Derived(self._union(cut, more), self.table.alias)))

    def keys(self, order: str) -> list[OrderKey]:
        """Return the columns of an order, ties broken by key in the same direction."""
        direction = Order.desc if order.startswith("-") else Order.asc
        named = order.removeprefix("-")
        column = self.target.column(named) if named else self.target.key
        return [self.key(name, direction) for name in dict.fromkeys((column, self.target.key))]

    def key(self, column: str, direction: Order) -> OrderKey:
        return OrderKey(self.table.field(column), direction, partial(decode_column, self.target, column))

    def _branch(self, branch: list[Criterion], query: Any, more: Criterion | None) -> Any:
        criteria = (*branch, *self.criteria, *([more] if more is not None else ()))
        if not criteria:
            return query
        # Each criterion in parentheses: one that holds "or" would otherwise weaken the others.
        return query.where(Sql(" AND ".join(f"({{{at}}})" for at in range(len(criteria))), *criteria))

    def _scan_branches(self, scan: SideScan) -> Iterator[Any]:
        """Yield each branch in the order of the side table's index."""
        more = [one for one in (scan.bounds(scan.keys), scan.everywhere) if one is not None]
        for branch, of_side, covered in zip(self.branches, scan.branches, scan.covered, strict=True):
            if covered:
                query = select_from(scan.side).from_(self.table)
                yield self._branch([scan.joined, *of_side, *more, *branch], query, None)

    def _sort_branches(self, scan: SideScan, more: Criterion | None) -> Iterator[Any]:
        """Yield the branches that are not scanned, and those that are, for where the side table does not hold."""
        elsewhere = [] if scan.everywhere is None else [Sql("not {0}", scan.everywhere)]
        for branch, covered in zip(self.branches, scan.covered, strict=True):
            if not covered or elsewhere:
                yield self._branch([*branch, *(elsewhere if covered else ())], select_from(self.table), more)

    def _union(self, cut: Any, more: Criterion | None) -> Sql:
        if not self.branches:
            # No alternative means that nobody may see any; the query stays well-formed and finds nothing.
            return Sql("{0}", select_from(self.table).select(self.table.star).where(Sql("false")))
        return union(
            cut(self._branch(branch, select_from(self.table), more)).select(self.table.star) for branch in self.branches
        )


def union(queries: Iterable[Any]) -> Sql:
    """Join all that several queries find, each in the order it has."""
    parts = list(queries)
    return Sql(" union all ".join(f"{{{at}}}" for at in range(len(parts))), *parts)


def _branches(on: Alternatives, seen: Alternatives) -> list[list[Criterion]]:
    """Multiply out what is asked for and what may be seen, so that a row is in one branch only."""
    asked, allowed = _apart(on), _apart(seen)
    return [[*one, *other] for one in asked for other in allowed]


def _apart(rows: Alternatives) -> list[list[Criterion]]:
    """Make alternatives exclude each other: each keeps the rows that none before it has."""
    if rows is None:
        return [[]]
    if isinstance(rows, Disjoint):
        return [[row] for row in rows]
    # "Is not true" keeps rows for which an earlier alternative is null, which "not" would lose.
    return [[row, *(Sql("({0}) is not true", other) for other in rows[:at])] for at, row in enumerate(rows)]


def permissions_held(criteria: Iterable[Any]) -> Iterator[str]:
    """Yield the permissions that the viewer holds on every row that meets all of these."""
    for one in criteria:
        # Of alternatives nobody can say that the permission is held on every row.
        if isinstance(one, JoinedCriteria) and one.text == " and ":
            yield from permissions_held(one.parts)
        elif isinstance(one, Sql) and one.held:
            yield one.held


def permission_criterion(target: Entity, table: Table, scope: ViewerScope, permission: str) -> Criterion | None:
    """Return the condition that the viewer holds the permission on a row; None if it is the same for all rows."""
    if target.held or "grid_3_id" in target.model._meta.fields_map:
        rows = scope.within(table, permission)
        if target.held:
            rows = build_rows(plugin_of(target), target.held, table, scope, permission)
        return None if rows is None else any_of(Sql("false"), *rows)
    if target.through is None:
        return None
    # Rows without grids of their own lie where their owner does.
    return _owner_meets(target, table, "h", lambda owner, row: permission_criterion(owner, row, scope, permission))


def plugin_of(target: Entity) -> str | None:
    """Return the plugin whose rows they are; None for the core's."""
    return getattr(target.model, "__plugin__", None)


def declared_by(target: Entity, plugin: str | None) -> str | None:
    """Return the plugin whose type an entity reached by a plugin's field is; None for the core's."""
    core = target.cls.__module__.partition(".")[0] == "gongzhi"
    return plugin_of(target) or (None if core else plugin)


def switched_on_criterion(plugin: str | None, target: Entity | None, table: Any) -> Criterion | None:
    """Return the condition that a row, or what it belongs to, lies in a county that has switched the plugin on.

    Of what lies in no county, that one of them has. None of a plugin that is always on, and of the core.
    """
    if plugin is None or not is_switched(plugin):
        return None
    name = LiteralValue(quote_constant(plugin))
    if target is None or not (located := "county_id" in target.model._meta.fields_map) and not target.through:
        return Sql(f"{COUNTIES}<>'{{{{}}}}'", name)
    if located:
        return Sql(f"coalesce({{1}}=any({COUNTIES}),{COUNTIES}<>'{{{{}}}}')", name, table.county_id)
    return _owner_meets(target, table, "p", partial(switched_on_criterion, plugin))


def everywhere(plugin: str | None) -> Criterion | None:
    """Return the condition that a plugin is on in every county; None for one that is always on, and for the core."""
    if plugin is None or not is_switched(plugin):
        return None
    text = (
        f"not exists(select from grids.grid g where g.kind='COUNTY' and g.valid_to is null and g.id<>all({COUNTIES}))"
    )
    return Sql(text, LiteralValue(quote_constant(plugin)))


def _owner_is_visible(target: Entity, table: Table, scope: ViewerScope) -> Criterion:
    """Return the condition that the row's owner is visible."""
    owner, other, belongs = _owner(target, table, "o")
    rows = Rows(owner, other, scope, None).where(belongs)
    return Sql("exists{0}", rows.whole().select(LiteralValue("1")))


def _owner_meets(
    target: Entity, table: Table, letter: str, build: Callable[[Entity, Table], Criterion | None]
) -> Criterion | None:
    """Return a condition on the row's owner, asked of the row that it was reached from, or else of one looked up."""
    if isinstance(table, ReachedTable):
        return build(owner_of(target), table.reached_from)
    owner, other, belongs = _owner(target, table, letter)
    if (criterion := build(owner, other)) is None:
        return None
    return Sql("exists{0}", select_from(other).where(belongs).where(criterion).select(LiteralValue("1")))


def _owner(target: Entity, table: Table, letter: str) -> tuple[Entity, Table, Criterion]:
    """Return the entity a row belongs to, its table under an alias of its own, and the condition that joins both."""
    owner, column = owner_of(target), target.column(target.through or "")
    other = Table(owner.model._meta.db_table, schema=owner.model._meta.schema, alias=f"{table.alias}{letter}")
    return owner, other, Sql("{0}={1}", other.field(owner.key), table.field(column))


def owner_of(target: Entity) -> Entity:
    """Return the entity that the rows of this one belong to."""
    for declared in target.cls.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        if declared.python_name == target.through:
            return entity_of(declared.type)
    raise TypeError(f"{target.name} is seen through {target.through!r}, which is no field of it")


def is_file(entity: Entity) -> bool:
    """Return whether its rows are somebody's file: their own, or that of the row they belong to."""
    return bool(entity.file) or bool(entity.through) and is_file(owner_of(entity))


def entity_of(kind: Any, where: str = "a field") -> Entity:
    """Return the entity inside a type such as `list[Case]` or `Connection[Case]`."""
    named = kind
    # Lists and nullable types hold the type, connections are generic over it.
    while not hasattr(named, "__entity__"):
        definition = getattr(named, "__strawberry_definition__", None)
        if definition is not None and "T" in definition.type_var_map:
            named = definition.type_var_map["T"]
        elif isinstance(named, StrawberryContainer):
            named = named.of_type
        else:
            raise DeclarationError(f"{where} is planned, but {named!r} is no entity")
    return named.__entity__  # type: ignore[no-any-return]
