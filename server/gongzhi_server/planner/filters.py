"""Filters: compiles the `filter` argument into conditions on rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gongzhi.declare.filters import Comparison, Value
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql, all_of, any_of
from graphql import GraphQLError
from pypika_tortoise.terms import Criterion

from .budget import Budget, budget_exceeded
from .containment import PluginFault, build_term
from .rows import Rows, permission_criterion, switched_on_criterion

if TYPE_CHECKING:
    from .compiler import Compiler


SEARCH = "contains"
SEARCHING = 10
"""What searching a text costs, in objects for each time it is done; other conditions cost one."""


def apply_filter(compiler: Compiler, rows: Rows, at: Frame) -> None:
    """Narrow rows to those that meet the filter, if there is one."""
    given: Any = at.given
    if "filter" in given:
        criterion = Filter(compiler, at, rows).all(("filter",), 0)
        if criterion is not None:
            rows.where(criterion)


class Filter:
    """One filter of one field on its way to a criterion."""

    def __init__(self, compiler: Compiler, at: Frame, rows: Rows) -> None:
        self.compiler, self.at, self.rows, self.target = compiler, at, rows, rows.target
        self.known: Mapping[str, Comparison] = compiler.planner.declared.comparisons(self.target)
        self.given: Any = at.given
        self.budget = compiler.budget

    def all(self, path: tuple[str | int, ...], depth: int) -> Criterion | None:
        """Compile all entries of a filter object, which a row has to meet together."""
        self.budget.nest(depth)
        found = [one for name in self.given.at(*path) if (one := self.compile_entry((*path, name), depth)) is not None]
        return all_of(*found) if found else None

    def compile_entry(self, path: tuple[str | int, ...], depth: int) -> Criterion | None:
        """Compile one entry of a filter object at a depth. What is null is no condition."""
        self.budget.step()
        name, value = path[-1], self.given.at(*path)
        if value is None:
            return None
        match name:
            case "and" | "or":
                inner = [self.all((*path, index), depth + 1) for index in range(len(value))]
                kept = [one for one in inner if one is not None]
                if name == "or" and (not inner or len(kept) < len(inner)):
                    return None if inner else Sql("false")  # an empty object is met by all, an empty list by none
                return (all_of if name == "and" else any_of)(*kept) if kept else None
            case "not":
                inside = self.all(path, depth + 1)
                # A comparison with null is null: without "coalesce" a row
                # without the value would meet neither it nor its negation.
                return None if inside is None else Sql("not coalesce({0},false)", inside)
        comparison = self.known[snake_case(str(name))]
        allowed = self.allow(str(name), comparison)
        if comparison.plugin and self.compiler.failures.leaves_out_condition(comparison.plugin, self.given.node):
            return Sql("false")
        operators = [operator for operator in value if value[operator] is not None]
        # A condition on what is not open is a look at whomever it finds, so it is noted for the access log.
        if operators and not self.target.is_open(snake_case(str(name))):
            self.rows.conditions[str(name)] = None
            self.rows.filtered = True
            self.rows.plugin = self.rows.plugin or comparison.plugin
        try:
            found = [
                build_term(comparison.plugin, comparison.build, self.at, operator, self.value((*path, operator)))
                for operator in operators
            ]
        except PluginFault as fault:
            self.compiler.failures.refuse_answer(fault, self.given.node)
            return Sql("false")
        return all_of(*allowed, *found) if found else None

    def value(self, path: tuple[str | int, ...]) -> Value:
        """Return what one condition compares with, counted, with what it costs on the rows it is asked of."""
        self.budget.spend("conditions")
        searched = path[-1] == SEARCH
        self.compiler.cost += self.compiler.times * (SEARCHING if searched else 1)
        return Value(Searching(self.given, self.budget) if searched else self.given, path)

    def allow(self, name: str, comparison: Comparison) -> list[Criterion]:
        """Return the rows on which the viewer may ask; elsewhere the condition would tell what they may not see.

        A plugin's condition is met by no row of a county where the plugin is off.
        """
        on_here = switched_on_criterion(comparison.plugin or None, self.target, self.at.rows)
        there = [] if on_here is None else [on_here]
        if not comparison.requires:
            return there
        if not self.at.viewer.can(comparison.requires):
            extensions = {"code": "FORBIDDEN", "permission": comparison.requires}
            message = f"The condition {name!r} needs the permission {comparison.requires!r}."
            raise GraphQLError(message, self.given.node, extensions=extensions)
        where = permission_criterion(self.target, self.at.rows, self.at.viewer, comparison.requires)
        return there if where is None else [*there, where]


class Searching:
    """A field's arguments, of which a text to search for may not be long."""

    def __init__(self, given: Any, budget: Budget) -> None:
        self._given, self._node = given, given.node
        self._setting, self._allowed = budget.limit("search")

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def __getattr__(self, name: str) -> Any:
        return getattr(self._given, name)

    def bind(self, *path: str | int, convert: Callable[[Any], Any] | None = None, cast: str = "") -> Any:
        """Bind the text as a parameter, once it is known to be short enough."""

        def checked(text: str) -> Any:
            self.check(text)
            return convert(text) if convert else text

        return self._given.bind(*path, convert=checked, cast=cast)

    def check(self, text: str) -> None:
        # In bytes, which is what the index and the comparison work on.
        if len(text.encode()) > self._allowed:
            message = f"A text to search for has at most {self._allowed:,} bytes in UTF-8."
            raise budget_exceeded(self._setting, self._allowed, message, self._node)


def snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
