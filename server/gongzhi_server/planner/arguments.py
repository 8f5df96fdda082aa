"""Arguments: those of one field, as bound parameters and as facts that shape the statement's text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gongzhi.declare.sql import Bind, Sql
from gongzhi.values.errors import Refusal
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

    from .document import Trait

Way = tuple[str | int, ...]


class ArgumentRefusal(Refusal):
    """A refusal of an argument's value; `node` is the field as the document has it."""

    def __init__(self, refusal: Refusal, node: FieldNode, path: Way) -> None:
        way = tuple(map(str, path)) or refusal.path
        place = f"{node.name.value}({'.'.join(way)})"
        super().__init__(refusal.code, f"{place}: {refusal.text.en}", f"{place}：{refusal.text.zh}", way)
        self.node = node


Source = Callable[[Any], Any]


class Chosen(Bind):
    """A list of values that a condition compares with; how many it holds is counted when they are known."""


class Given:
    """The arguments of one field of one operation, as `gongzhi.declare.plans.Given` promises."""

    def __init__(self, traits: dict[Trait, None], variables: VariableValues, of: GraphQLField, node: FieldNode) -> None:
        self.traits, self.node = traits, node
        self.values: dict[str, Any] = get_argument_values(of, node, variables)
        self.coerced: Mapping[str, Any] = variables.coerced

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def bind(self, *path: str | int, convert: Callable[[Any], Any] | None = None, cast: str = "") -> Term:
        """Bind an argument's value as a parameter, read from the variables when the statement runs."""
        # A literal is fixed with the document; a variable is read
        # anew each time, since the statement is shared by requests.
        source, fixed = self._source(path), self.at(*path)
        checked = self.refusing(path, convert) if convert else None
        if source is None:
            value = checked(fixed) if checked else fixed
            read: Callable[[Any, Any], Any] = lambda variables, context: value  # noqa: E731
        elif checked is None:
            read = lambda variables, context: source(variables)  # noqa: E731
        else:
            read = lambda variables, context: checked(source(variables))  # noqa: E731
        term = ValueWrapper((Chosen if isinstance(fixed, list) else Bind)(read))
        return Sql(f"{{0}}::{cast}", term) if cast else term

    def whole(self, convert: Callable[[Mapping[str, Any], Any], Any], cast: str = "") -> Term:
        """Bind all the arguments as one parameter, in whatever way they were written."""
        sources = {name: self._source((name,)) for name in self.values}
        fixed = self.values

        def read(variables: Any, context: Any) -> Any:
            given = {name: source(variables) if source else fixed[name] for name, source in sources.items()}
            return self.refusing((), lambda given: convert(given, context))(given)

        term = ValueWrapper(Bind(read))
        return Sql(f"{{0}}::{cast}", term) if cast else term

    def trait(self, *path: str | int, of: Callable[[Any], Hashable]) -> Any:
        """Return a fact about the value, which becomes part of the statement's key if the value is a variable's."""
        # Without a trait, a statement compiled for one value would
        # be found again for another that needs a different text.
        ast, rest = self._node(path)
        if isinstance(ast, VariableNode) and ast.name.value in self.coerced:
            self.traits[_without_index(self.coerced, (ast.name.value, *rest)), of] = None
        else:  # of a literal with variables inside, all that they are is a trait
            for name in variable_names(ast):
                self.traits[(name,), repr] = None
        value = self.at(*path)
        return None if value is None else self.refusing(path, of)(value)

    def refusing(self, path: Way, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a conversion whose refusals name this field and the argument that was converted."""

        def converted(value: Any) -> Any:
            try:
                return convert(value)
            except Refusal as refusal:
                raise ArgumentRefusal(refusal, self.node, path) from refusal

        return converted

    def at(self, *path: str | int) -> Any:
        """Return the value now, or None. What is made of it must not depend on it but through traits."""
        value: Any = self.values
        for key in path:
            try:
                value = value[key]
            except (KeyError, IndexError):
                return None
        return value

    def _node(self, path: Way) -> tuple[ValueNode | None, Way]:
        """Return what is written on the way to the value, as far as it is written, and the rest of the way."""
        ast: ValueNode | None = next(
            (one.value for one in self.node.arguments or () if one.name.value == path[0]), None
        )
        rest = path[1:]
        while rest and ast is not None and not isinstance(ast, VariableNode):
            ast, rest = _into(ast, rest)
        return ast, rest

    def _source(self, path: Way) -> Source | None:
        """Return what reads the value from the variables, or None if all of it is written in the document."""
        ast, rest = self._node(path)
        if not isinstance(ast, VariableNode):
            return self._literal_filler(ast, self.at(*path))
        name = ast.name.value
        return _reader(_without_index(self.coerced, (name, *rest))) if name in self.coerced else None

    def _literal_filler(self, ast: ValueNode | None, value: Any) -> Source | None:
        """Return what puts the variables that stand in a literal into their places."""
        if isinstance(ast, VariableNode):
            return _reader((ast.name.value,)) if ast.name.value in self.coerced else None
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        parts = {key: part for key in keys if (part := self._literal_filler(_into(ast, (key,))[0], value[key]))}
        if not parts:
            return None

        # Copied each time: the literal is shared by all requests of the document.
        def read(variables: Any) -> Any:
            made = value.copy()
            for key, part in parts.items():
                made[key] = part(variables)
            return made

        return read


def _into(ast: ValueNode | None, path: Way) -> tuple[ValueNode | None, Way]:
    key, *rest = path
    if isinstance(ast, ObjectValueNode):
        return next((one.value for one in ast.fields if one.name.value == key), None), tuple(rest)
    if isinstance(ast, ListValueNode) and isinstance(key, int):
        return ast.values[key], tuple(rest)
    if key == 0:  # one value where a list is due
        return ast, tuple(rest)
    return None, ()


def _without_index(variables: Mapping[str, Any], way: Way) -> Way:
    """Return the way without an index into a variable that is itself one item of the list."""
    value: Any = variables
    kept: list[str | int] = []
    for key in way:
        if isinstance(key, int) and not isinstance(value, list):
            continue
        value = value[key]
        kept.append(key)
    return tuple(kept)


def variable_names(ast: ValueNode | None) -> Iterator[str]:
    """Yield the variables inside a literal."""
    if isinstance(ast, VariableNode):
        yield ast.name.value
    inside = ast.values if isinstance(ast, ListValueNode) else ()
    for one in [field.value for field in ast.fields] if isinstance(ast, ObjectValueNode) else inside:
        yield from variable_names(one)


def _reader(way: Way) -> Source:
    def read(variables: Any) -> Any:
        for key in way:
            variables = variables[key]
        return variables

    return read
