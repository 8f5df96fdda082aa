"""A field's arguments, as parameters and as facts that shape the text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from gongzhi.sql import Bind, Sql
from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_argument_values,
)
from pypika_tortoise.terms import Term, ValueWrapper

if TYPE_CHECKING:
    from graphql.execution.values import VariableValues

    from .document import Document

Way = tuple[str | int, ...]


class Given:
    """What `gongzhi.plans.Given` promises, for one field of one operation."""

    def __init__(self, document: Document, variables: VariableValues, of: GraphQLField, node: FieldNode) -> None:
        self.document, self.node = document, node
        self.values: dict[str, Any] = get_argument_values(of, node, variables)
        self.coerced: Mapping[str, Any] = variables.coerced

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def bind(self, *path: str | int, convert: Callable[[Any], Any] | None = None, cast: str = "") -> Term:
        """An argument's value as a parameter, read from the variables when the statement runs."""
        way = self._way(path)
        if way is not None:
            read = _reader(way, convert)
        else:
            value = self.at(*path)
            value = convert(value) if convert else value
            read = lambda variables, context: value  # noqa: E731
        term = ValueWrapper(Bind(read))
        return Sql(f"{{0}}::{cast}", term) if cast else term

    def whole(self, convert: Callable[[Mapping[str, Any], Any], Any], cast: str = "") -> Term:
        """All the arguments as one parameter, in whatever way they were written."""
        ways = {name: self._way((name,)) for name in self.values}
        fixed = self.values

        def read(variables: Any, context: Any) -> Any:
            found = {
                name: fixed[name] if way is None else _reader(way, None)(variables, context)
                for name, way in ways.items()
            }
            return convert(found, context)

        term = ValueWrapper(Bind(read))
        return Sql(f"{{0}}::{cast}", term) if cast else term

    def trait(self, *path: str | int, of: Callable[[Any], Hashable]) -> Any:
        """A fact about the value, which becomes part of the statement's key if the value is a variable's."""
        way = self._way(path)
        if way is not None:
            self.document.traits[way, of] = None
        value = self.at(*path)
        return None if value is None else of(value)

    def at(self, *path: str | int) -> Any:
        """The value now, or None. What is made of it must not depend on it but through traits."""
        value: Any = self.values
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError):
                return None
        return value

    def _way(self, path: tuple[str | int, ...]) -> Way | None:
        """The way to the value through the variables, or None if it is written in the document."""
        ast: ValueNode | None = next(
            (one.value for one in self.node.arguments or () if one.name.value == path[0]), None
        )
        rest = path[1:]
        while rest and ast is not None and not isinstance(ast, VariableNode):
            ast, rest = _into(ast, rest)
        if isinstance(ast, VariableNode) and ast.name.value in self.coerced:
            return _listed(self.coerced, (ast.name.value, *rest))
        return None


def _into(ast: ValueNode, path: tuple[str | int, ...]) -> tuple[ValueNode | None, tuple[str | int, ...]]:
    key, *rest = path
    if isinstance(ast, ObjectValueNode):
        return next((one.value for one in ast.fields if one.name.value == key), None), tuple(rest)
    if isinstance(ast, ListValueNode) and isinstance(key, int):
        return ast.values[key], tuple(rest)
    if key == 0:  # one value where a list is due
        return ast, tuple(rest)
    return None, ()


def _listed(variables: Mapping[str, Any], way: Way) -> Way:
    """The way, without an index into a variable that is itself one item of the list."""
    value: Any = variables
    kept: list[str | int] = []
    for key in way:
        if isinstance(key, int) and not isinstance(value, list):
            continue
        value = value[key]
        kept.append(key)
    return tuple(kept)


def _reader(way: Way, convert: Callable[[Any], Any] | None) -> Callable[[Any, Any], Any]:
    def read(variables: Any, context: Any) -> Any:
        for key in way:
            variables = variables[key]
        return convert(variables) if convert else variables

    return read
