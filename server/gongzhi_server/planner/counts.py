"""Counts: groups the rows of a list by what it can be filtered by, and counts each group, in the list's statement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.events import camel_case
from gongzhi.declare.filters import CodeComparison, Comparison, GridComparison
from gongzhi.declare.plans import Build, Frame
from gongzhi.declare.sql import Sql, all_of
from gongzhi.values.errors import Refusal
from graphql import GraphQLBoolean, GraphQLField, get_named_type, is_enum_type
from graphql.execution.collect_fields import FieldDetailsList
from pypika_tortoise.terms import LiteralValue, NullValue, Term

from . import looks
from .arguments import ArgumentRefusal
from .containment import PluginFault, build_term
from .filters import Filter
from .rows import Rows
from .scalars import encode_term, quote_constant

if TYPE_CHECKING:
    from .compiler import Compiler

GROUPS = 100
"""How many groups come at most; the largest do."""
MOST = 3
"""By how many dimensions at once."""
PLACES = {"county": "县", "town": "镇", "village": "村"}
"""The levels that rows in a grid are counted by, with their labels."""


@dataclass(frozen=True)
class Dimension:
    """What rows are counted by: a comparison's own term, or the grid of a level that they lie in."""

    name: str
    comparison: Comparison
    term: Build
    coded: str | None = None
    """The table whose codes stand for the keys that the term gives."""


def list_dimensions(entity: Entity, comparisons: Mapping[str, Comparison]) -> dict[str, Dimension]:
    """Return what the lists of an entity can be counted by: what they can be filtered by that has few values."""
    found: dict[str, Dimension] = {}
    for name, one in comparisons.items():
        if one.kind is GridComparison and "village_id" in entity.model._meta.fields_map:
            found |= {level: Dimension(name, one, place_term(level), "grids.grid") for level in PLACES}
        elif one.term and is_finite(one.kind):
            found[name] = Dimension(name, one, one.term, one.coded)
    return found


def place_term(level: str) -> Build:
    """Return what gives the key of the grid of a level that a row lies in."""
    return lambda at: at.rows.field(f"{level}_id")


def is_finite(comparison: Any) -> bool:
    """Say whether a comparison input compares one of few values: an enum, yes or no, or a code."""
    equals = next(one for one in comparison.__strawberry_definition__.fields if one.python_name == "equals")
    value = getattr(equals.type, "of_type", equals.type)
    return value is bool or comparison is CodeComparison or hasattr(value, "wrapped_cls")


class Counting:
    """One `counts` of a page on its way to a term."""

    def __init__(self, compiler: Compiler, rows: Rows, at: Frame, of: GraphQLField, details: FieldDetailsList) -> None:
        self.compiler, self.rows, self.at, self.kind, self.details = (
            compiler,
            rows,
            at,
            get_named_type(of.type),
            details,
        )
        given = compiler.arguments_of(of, details[0].node)
        # Which groups there are is the statement's text, so it is part of its key.
        names = given.trait("by", of=tuple)
        if not 1 <= len(names) <= MOST:
            said = Refusal("BAD_USER_INPUT", f"Count by one to {MOST} of these.", f"请选择一至 {MOST} 项。")
            raise ArgumentRefusal(said, given.node, ("by",))
        known = list_dimensions(rows.target, compiler.planner.declared.comparisons(rows.target))
        self.dimensions = [known[name] for name in names]

    def term(self) -> Term:
        """Return the groups as JSON, the largest first."""
        compiler, places = self.compiler, [str(at + 1) for at in range(len(self.dimensions))]
        keys = [self.group_key(one).as_(f"k{at}") for at, one in enumerate(self.dimensions)]
        compiler.cost += compiler.times * min(GROUPS, math.prod(map(self.count_values, self.dimensions)))
        # Keys are counted first, and only those that are there are looked up; a code may stand for several of them.
        rows = self.rows.whole().select(*keys, LiteralValue("count(*)").as_("n")).groupby(*map(LiteralValue, places))
        shown = [Sql(f"{{0}} as v{at}", self.show(one, f"c.k{at}")) for at, one in enumerate(self.dimensions)]
        count = looks.round_groups(compiler, self.rows, "sum(c.n)::bigint")
        text = "select {0},{1} as n from ({2}) c group by " + ",".join(places)
        counted = Sql(text, join_terms(shown), count, rows)
        largest = Sql(f"select * from ({{0}}) g order by n desc,{','.join(places)} limit {GROUPS}", counted)
        # What is told by the hundred leaves no group of fewer.
        return Sql("(select coalesce(json_agg({0}),'[]') from ({1}) g where g.n>0)", self.group_object(), largest)

    def group_key(self, dimension: Dimension) -> Term:
        """Return what rows are grouped by: null where the viewer may not know it, as if there were no value."""
        compiler, comparison, name = self.compiler, dimension.comparison, dimension.name
        compiler.budget.spend("conditions")
        allowed = Filter(compiler, self.at, self.rows).allow(name, comparison)
        node = self.details[0].node
        if comparison.plugin and compiler.failures.leaves_out_condition(comparison.plugin, node):
            return NullValue()
        # Where a row is counted tells what the condition tells, and is a look as that is.
        if not self.rows.target.is_open(name):
            self.rows.conditions[camel_case(name)] = None
            self.rows.filtered = True
            self.rows.plugin = self.rows.plugin or comparison.plugin
        try:
            term = build_term(comparison.plugin, dimension.term, self.at)
        except PluginFault as fault:
            compiler.failures.refuse_answer(fault, node)
            return NullValue()
        return Sql("case when {0} then {1} end", all_of(*allowed), term) if allowed else Sql("{0}", term)

    def show(self, dimension: Dimension, key: str) -> Term:
        """Return the text of a key: the name of an enum's value, a code, true or false."""
        if dimension.coded:
            return Sql(f'(select r.code from {dimension.coded} r where r.id={key}) collate "C"')
        return Sql('({0})::text collate "C"', encode_term(self.compared_type(dimension), Sql(key)))

    def count_values(self, dimension: Dimension) -> int:
        """Return how many values there may be, with none of them."""
        kind = self.compared_type(dimension)
        return 3 if kind is GraphQLBoolean else len(kind.values) + 1 if is_enum_type(kind) else GROUPS

    def compared_type(self, dimension: Dimension) -> Any:
        """Return the type of the values that a dimension has."""
        name = dimension.comparison.kind.__strawberry_definition__.name  # type: ignore[union-attr]
        compared: Any = self.compiler.schema.type_map[name]
        return compared.fields["equals"].type

    def group_object(self) -> Term:
        """Return the selected fields of one group."""
        parts = []
        for key, inside in self.compiler.subfields(self.kind, self.details).items():
            match inside[0].node.name.value:
                case "values":
                    term = f"json_build_array({','.join(f'g.v{at}' for at in range(len(self.dimensions)))})"
                case "count":
                    term = "g.n"
                case _:
                    term = quote_constant(self.kind.name)
            parts.append(Sql(f"'{key}',{term}"))
        return Sql("json_build_object({0})", join_terms(parts))


def join_terms(terms: Sequence[Term]) -> Sql:
    return Sql(",".join(f"{{{at}}}" for at in range(len(terms))), *terms)
