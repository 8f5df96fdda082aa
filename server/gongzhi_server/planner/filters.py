"""The `filter` argument as criteria."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gongzhi.entity import Entity
from gongzhi.filters import Comparison, Value
from gongzhi.plans import Frame
from gongzhi.sql import Sql, every, some
from graphql import GraphQLError
from pypika_tortoise.terms import Criterion

from .rows import Rows, held, here

if TYPE_CHECKING:
    from .compiler import Compiler


def filtered(compiler: Compiler, rows: Rows, at: Frame) -> None:
    """Keep only the rows that meet the filter, if there is one."""
    given: Any = at.given
    if "filter" in given:
        criterion = Filter(compiler, at, rows.target).all(("filter",))
        if criterion is not None:
            rows.where(criterion)


class Filter:
    """One filter of one field on its way to a criterion."""

    def __init__(self, compiler: Compiler, at: Frame, target: Entity) -> None:
        self.compiler, self.at, self.target = compiler, at, target
        self.known: Mapping[str, Comparison] = compiler.planner.declared.comparisons(target)
        self.given: Any = at.given

    def all(self, path: tuple[str | int, ...]) -> Criterion | None:
        found = [one for name in self.given.at(*path) if (one := self.one((*path, name))) is not None]
        return every(*found) if found else None

    def one(self, path: tuple[str | int, ...]) -> Criterion | None:
        """One entry of a filter object. What is null is no condition."""
        name, value = path[-1], self.given.at(*path)
        if value is None:
            return None
        match name:
            case "and" | "or":
                inner = [self.all((*path, index)) for index in range(len(value))]
                kept = [one for one in inner if one is not None]
                if name == "or" and (not inner or len(kept) < len(inner)):
                    return None if inner else Sql("false")  # an empty object is met by all, an empty list by none
                return (every if name == "and" else some)(*kept) if kept else None
            case "not":
                inside = self.all(path)
                return None if inside is None else Sql("not coalesce({0},false)", inside)
        comparison = self.known[snake(str(name))]
        allowed = self.allow(str(name), comparison)
        if comparison.plugin and self.compiler.unmet(comparison.plugin, self.given.node):
            return Sql("false")
        ways = [way for way in value if value[way] is not None]
        found = [comparison.build(self.at, way, Value(self.given, (*path, way))) for way in ways]
        return every(*allowed, *found) if found else None

    def allow(self, name: str, comparison: Comparison) -> list[Criterion]:
        """The rows on which the viewer may ask; elsewhere the condition would tell what they may not see.

        A plugin's condition is met by no row of a county where the plugin is off.
        """
        there = [here(comparison.plugin, self.target, self.at.rows)] if comparison.plugin else []
        if not comparison.requires:
            return there
        if not self.at.viewer.can(comparison.requires):
            extensions = {"code": "FORBIDDEN", "permission": comparison.requires}
            message = f"The condition {name!r} needs the permission {comparison.requires!r}."
            raise GraphQLError(message, self.given.node, extensions=extensions)
        where = held(self.target, self.at.rows, self.at.viewer, comparison.requires)
        return there if where is None else [*there, where]


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
