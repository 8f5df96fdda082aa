"""Lists: compiles lists and pages of rows, with their windows, cursors and totals."""

from __future__ import annotations

import base64
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from gongzhi.declare.entity import USUAL
from gongzhi.declare.events import camel_case
from gongzhi.declare.orders import Ordering, SideTable
from gongzhi.declare.plans import Frame, Many
from gongzhi.declare.sql import Sql, all_of
from gongzhi.values.errors import Refusal
from graphql import GraphQLError, get_named_type
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from pypika_tortoise.enums import Order
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, LiteralValue, Term, Tuple

from . import looks
from .arguments import ArgumentRefusal
from .containment import PluginFault, build_term
from .counts import Counting
from .failures import log_fault
from .filters import apply_filter
from .rows import (
    SINGLE,
    Derived,
    LevelsFromSide,
    OrderKey,
    Rows,
    SideScan,
    everywhere,
    permission_criterion,
    permissions_held,
    select_from,
    switched_on_criterion,
    terms_or_empty,
)
from .scalars import quote_constant
from .statement import AnswerShape

if TYPE_CHECKING:
    from .compiler import Compiler

LISTED = "(select coalesce(json_agg(row_to_json({0})),'[]') from {1} {0})"
CURSOR = "replace(encode(convert_to(json_build_array({0},{1})::text,'utf8'),'base64'),E'\\n','')"
# Starts with "@", as no column or alias does.
NUMBER = "@i"


class Window:
    """The part of a list that is asked for, and from which end."""

    def __init__(self, compiler: Compiler, plan: Many, rows: Rows, at: Frame) -> None:
        given: Any = at.given
        if "first" in given and "last" in given:
            both = Refusal("BAD_USER_INPUT", "Ask for the first or the last, not both.", "first 与 last 只能取其一。")
            raise ArgumentRefusal(both, given.node, ("last",))
        self.back = "last" in given
        # The end that was cut off is exact; at the other a cursor tells.
        self.further, self.earlier = (
            ("hasPreviousPage", "hasNextPage") if self.back else ("hasNextPage", "hasPreviousPage")
        )
        name = "last" if self.back else "first"
        # Both shape the text (a limit is a constant that PostgreSQL
        # plans by), so they are part of the statement's key.
        size = given.trait(name, of=identity_key)
        if size is not None and not 0 <= size <= plan.cap:
            said = f"It must be between 0 and {plan.cap}.", f"应在 0 至 {plan.cap} 之间。"
            raise ArgumentRefusal(Refusal("BAD_USER_INPUT", *said), given.node, (name,))
        self.size: int = min(USUAL, plan.cap) if size is None else size
        asked = given.trait("orderBy", of=identity_key)
        keys = plugin_order(compiler, asked, rows, at) if asked else None
        order = column_order(asked) if asked and keys is None else plan.order
        self.keys = keys or rows.keys(order)
        # A place in an order, and each cursor, tell the value that the rows are ordered by.
        named = asked.rpartition("_")[0] if asked else order.removeprefix("-")
        if named and not rows.target.is_open(named):
            rows.sorted = True
            if (by := compiler.planner.declared.orderings(rows.target).get(named)) is not None:
                rows.plugin = rows.plugin or by.plugin
            if asked:
                rows.conditions[camel_case(named)] = None
        if self.back:
            # The last rows are the first in the reverse order; they are turned round again where they are aggregated.
            self.keys = [key.reverse for key in self.keys]
            if (scan := rows.side_scan) is not None:
                rows.side_scan = replace(scan, keys=[key.reverse for key in scan.keys])
        self.after, self.before = "after" in given, "before" in given

    def check_cursors(self, compiler: Compiler, at: Frame) -> None:
        """Have the cursors read, also where only a total is asked for.

        Of connections alone: a plain list may have arguments of these names that are no cursors.
        """
        for end in ("after", "before"):
            if end in at.given:
                compiler.checks += [at.given.bind(end, convert=CursorValue(key, i)) for i, key in enumerate(self.keys)]

    def bounds(self, keys: Sequence[OrderKey], at: Frame) -> Criterion | None:
        """Return the condition for rows between the cursors: one row comparison each, served by the order's index."""
        found: Criterion | None = None
        for name, follows in (("after", not self.back), ("before", self.back)):
            if name in at.given:
                greater = (keys[0].direction is Order.asc) == follows
                columns = Tuple(*(key.term for key in keys))
                values = Tuple(*(at.given.bind(name, convert=CursorValue(key, i)) for i, key in enumerate(keys)))
                one = columns > values if greater else columns < values
                found = one if found is None else all_of(found, one)
        return found


def plan_list(
    compiler: Compiler, plan: Many, rows: Rows, kind: Any, details: FieldDetailsList, at: Frame
) -> tuple[Term, AnswerShape]:
    """Compile a plain list."""
    apply_filter(compiler, rows, at)
    window = Window(compiler, plan, rows, at)
    terms, shape = plan_repeated_object(compiler, window.size, kind, details, rows)
    query = rows.select_ordered(window.keys, window.size)
    if not window.back:
        return Sql(LISTED, compiler.name("o"), query.select(*terms_or_empty(terms))), shape
    # The last rows were read in reverse order, so they are sorted once more, as the client expects them.
    last = select_from(Derived(Sql("{0}", query.select(rows.table.star)), rows.table.alias)).select(
        *terms_or_empty(terms)
    )
    for key in window.keys:
        last = last.orderby(key.term, order=key.reverse.direction)
    return Sql(LISTED, compiler.name("o"), last), shape


def plan_page(
    compiler: Compiler, plan: Many, rows: Rows, kind: Any, details: FieldDetailsList, at: Frame
) -> tuple[Term, AnswerShape]:
    """Compile a connection. Its rows are read once, and one more than asked for where the page says if more follow."""
    apply_filter(compiler, rows, at)
    window = Window(compiler, plan, rows, at)
    window.check_cursors(compiler, at)
    selected = compiler.subfields(kind, details)
    made = PageOf(compiler, rows, window, asks_for_more(compiler, kind, selected, window))
    shape, parts = AnswerShape(), []
    for key, inside in selected.items():
        name = inside[0].node.name.value
        child = AnswerShape()
        with compiler.answer_path.step(key, of=kind.fields.get(name)):
            match name:
                case "__typename":
                    term: Term = LiteralValue(quote_constant(kind.name))
                case "totalCount":
                    term = made.total()
                case "counts":
                    made.counted = True
                    term = Counting(compiler, rows, at, kind.fields[name], inside).term()
                case "nodes":
                    term, child = made.nodes(get_named_type(kind.fields[name].type), inside)
                case "edges":
                    term, child = made.edges(get_named_type(kind.fields[name].type), inside)
                case _:
                    term = made.info(get_named_type(kind.fields[name].type), inside)
        shape.add(key, child)
        parts.append(term.as_(key))
    if (look := looks.look_of_page(compiler, rows, shape, made.placed, made.counted)) is not None:
        parts.append(look.as_(shape.look))
    # Only totals and type names are selected: no row has to be read for them.
    if not made.read:
        return compiler.nest_terms(parts), shape
    if rows.side_scan is not None:
        rows.side_scan = replace(rows.side_scan, bounds=partial(window.bounds, at=at))
    alias = rows.table.alias
    bounds = window.bounds(window.keys, at)
    source: Any = rows.select_ordered(window.keys, made.limit, bounds).select(rows.table.star)
    if made.numbered:
        source = select_from(Derived(Sql("{0}", source), alias)).select(
            Sql("row_number() over ()").as_(NUMBER), rows.table.star
        )
    # "having" makes it one row, even where no field selected is an aggregate.
    query = select_from(Derived(Sql("{0}", source), alias)).select(*parts).having(LiteralValue("true"))
    return Sql(SINGLE, compiler.name("x"), query), shape


def asks_for_more(compiler: Compiler, kind: Any, selected: GroupedFieldSet, window: Window) -> bool:
    """Return whether a page is to say if rows follow beyond the end that was cut off."""
    return any(
        one[0].node.name.value == window.further
        for details in selected.values()
        if details[0].node.name.value == "pageInfo"
        for one in compiler.subfields(get_named_type(kind.fields["pageInfo"].type), details).values()
    )


def plugin_order(compiler: Compiler, asked: str, rows: Rows, at: Frame) -> list[OrderKey] | None:
    """Return an order that a plugin has added; None for a column's, and nothing if the plugin's has failed."""
    name, _, direction = asked.rpartition("_")
    found = compiler.planner.declared.orderings(rows.target).get(name)
    if found is None:
        return None
    given: Any = at.given
    # An order tells something of the value it sorts by, so it needs the permission of the value.
    if found.requires and not at.viewer.can(found.requires):
        extensions = {"code": "FORBIDDEN", "permission": found.requires}
        message = f"The order {name.upper()} needs the permission {found.requires!r}."
        raise GraphQLError(message, given.node, extensions=extensions)
    if found.plugin and compiler.failures.is_left_out(found.plugin):
        compiler.failures.replace_failed(found.plugin, given.node)
        return []
    where: Criterion | None = None
    on = [one for one in (switched_on_criterion(found.plugin, rows.target, rows.table),) if one is not None]
    if found.requires:
        where = permission_criterion(rows.target, rows.table, compiler.scope, found.requires)
        on += [] if where is None else [where]
    # Where the viewer may not know the value, or the plugin is off, rows sort as if they had none.
    if on:
        guarded = replace(found, build=lambda at: Sql("case when {0} then {1} end", all_of(*on), found.build(at)))
    else:
        guarded = found
    key = rows.key(rows.target.key, Order[direction])
    try:
        build_term(found.plugin, found.build, at)
    except PluginFault as fault:
        log_fault(fault, f"the order {name.upper()}")
        compiler.failures.replace_failed(fault.plugin, given.node, fault.__cause__)
        return []
    if found.side is not None and rows.rebuild_on is not None:
        by = found.requires if where is not None else None
        covered = [
            by is None or any(compiler.scope.covers(by, one) for one in permissions_held(branch))
            for branch in rows.branches
        ]
        rows.side_scan = scan_side_table(found, found.side, rows, rows.rebuild_on, key, covered)
    # The key of the row breaks ties: without it, rows of equal value could be skipped between two pages.
    return [OrderKey(guarded.value(at), key.direction, found.read), key]


def scan_side_table(
    found: Ordering,
    side: SideTable,
    rows: Rows,
    rebuild_on: Callable[[Table], Rows],
    key: OrderKey,
    covered: list[bool],
) -> SideScan:
    """Return how rows are found in an order by the index of its side table."""
    side_table = side.table(f"{rows.table.alias}w")
    there = rebuild_on(
        LevelsFromSide(rows.table, side_table) if "grid_3_id" in side.model._meta.fields_map else rows.table
    )
    joined = Sql("{0}={1}", rows.table.field(rows.target.key), side_table.field(side.key))
    keys = [
        OrderKey(side_table.field(side.column), key.direction, found.read),
        OrderKey(side_table.field(side.key), key.direction, key.read),
    ]
    return SideScan(side_table, joined, there.branches, covered, keys, lambda keys: None, everywhere(found.plugin))


class PageOf:
    """The fields of a connection as aggregates over its rows.

    The row beyond the page tells whether another page follows, without counting; it is read where that is asked for,
    and then rows are numbered as they come, so that it can be left out.
    """

    def __init__(self, compiler: Compiler, rows: Rows, window: Window, more: bool) -> None:
        self.compiler, self.rows, self.window, self.more = compiler, rows, window, more
        # Read in reverse order, rows are turned round by their numbers.
        self.numbered, self.limit = more or window.back, window.size + more
        self.read = self.counted = self.placed = False

    def total(self) -> Term:
        """Count the rows; many are counted by the hundred where a condition tells of their files."""
        self.counted = True
        total = self.rows.count()
        return looks.round_count(self.compiler, self.rows, total) or total

    def nodes(self, kind: Any, details: FieldDetailsList) -> tuple[Term, AnswerShape]:
        """Compile the `nodes` of a connection."""
        terms, shape = plan_repeated_object(self.compiler, self.window.size, kind, details, self.rows)
        return self.aggregate_list(self.compiler.nest_terms(terms)), shape

    def edges(self, kind: Any, details: FieldDetailsList) -> tuple[Term, AnswerShape]:
        """Compile the `edges` of a connection."""
        compiler, shape, parts = self.compiler, AnswerShape(), []
        for key, inside in compiler.subfields(kind, details).items():
            match inside[0].node.name.value:
                case "cursor":
                    self.placed = True
                    term: Term = Sql(CURSOR, *self.places())
                case "node":
                    node: Any = get_named_type(kind.fields["node"].type)
                    terms, child = plan_repeated_object(compiler, self.window.size, node, inside, self.rows)
                    term = compiler.nest_terms(terms)
                    shape.add(key, child)
                case _:
                    term = LiteralValue(quote_constant(kind.name))
            parts.append(term.as_(key))
        return self.aggregate_list(compiler.nest_terms(parts)), shape

    def info(self, kind: Any, details: FieldDetailsList) -> Term:
        """Compile `pageInfo`."""
        parts = []
        for key, inside in self.compiler.subfields(kind, details).items():
            name = inside[0].node.name.value
            term = LiteralValue(quote_constant(kind.name)) if name == "__typename" else self.fact(name)
            parts.append(Sql(f"'{key}',{{0}}", term))
        return Sql("json_build_object(" + ",".join(f"{{{at}}}" for at in range(len(parts))) + ")", *parts)

    def fact(self, name: str) -> Term:
        """Compile one field of `pageInfo`."""
        self.read = self.placed = True
        window, size = self.window, self.window.size
        if name == window.further:
            return Sql(f"count(*)>{size}")
        if name == window.earlier:
            return LiteralValue("true" if (window.before if window.back else window.after) else "false")
        first = (name == "startCursor") != window.back
        number = "1" if first else f"least(count(*),{size})::int"
        # Rows come numbered; only where another aggregate turns them round must this one ask for its order.
        order = " order by {1}" if window.back else ""
        by = [self.number] if window.back else []
        places = [Sql(f"(array_agg({{0}}{order}))[{number}]", place, *by) for place in self.places()]
        return Sql(f"case when least(count(*),{size})>0 then {CURSOR} end", *places)

    def aggregate_list(self, item: Term) -> Term:
        """Aggregate an item of each row into a list, without the extra row."""
        self.read = True
        order = " order by {1} desc" if self.window.back else ""
        within = f" filter (where {{1}}<={self.window.size})" if self.more else ""
        return Sql(f"coalesce(json_agg({{0}}{order}){within},'[]')", item, *([self.number] if self.numbered else ()))

    @property
    def number(self) -> Term:
        return self.rows.table.field(NUMBER)

    def places(self) -> list[Term]:
        terms = [key.term for key in self.window.keys]
        # A cursor always has two values, so that all are read alike.
        return terms if len(terms) > 1 else terms * 2


class CursorValue:
    """One value of a cursor, as the statement takes it."""

    def __init__(self, key: OrderKey, at: int) -> None:
        self.key, self.at = key, at

    def __call__(self, cursor: str) -> Any:
        """Read this value from a cursor. Raises Refusal for a text that is no cursor of the list."""
        try:
            values = orjson.loads(base64.b64decode(cursor, validate=True))
            if not isinstance(values, list) or len(values) != 2 or None in values:
                raise ValueError
            return self.key.read(values[self.at])
        # Cursors are opaque, so whatever is wrong with one is the caller's, and has one message.
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise Refusal("BAD_USER_INPUT", "That is not a cursor of this list.", "该游标不属于此列表。") from error


def plan_repeated_object(
    compiler: Compiler, times: int, kind: Any, details: FieldDetailsList, rows: Rows
) -> tuple[list[Term], AnswerShape]:
    """Compile an object's fields, with its cost counted as often as it may come."""
    before, compiler.times = compiler.times, compiler.times * times
    try:
        return compiler.object(kind, compiler.subfields(kind, details), rows.table, rows.target, rows)
    finally:
        compiler.times = before


def identity_key(value: Any) -> Hashable:
    return value  # type: ignore[no-any-return]


def column_order(asked: str) -> str:
    """Translate an order of the schema, `reported_at_desc`, to the one of plans, `-reported_at`."""
    name, _, direction = asked.rpartition("_")
    return f"-{name}" if direction == "desc" else name
