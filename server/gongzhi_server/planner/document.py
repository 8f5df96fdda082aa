"""Documents: a validated operation, and the statements made for it so far."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from threading import Lock
from typing import Any

from gongzhi.declare.viewer import Viewer
from gongzhi.values.errors import Refusal
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    coerce_input_value,
    is_leaf_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from gongzhi_server.caching import Cache
from gongzhi_server.gateway.interfaces import Kind

from .argument_checks import open_arguments
from .statement import Statement
from .viewer_scope import Question, answer_all

DOCUMENT, TOKEN, PLANS, TRAIT = 14_000, 550, 2_000, 400
"""Bytes that a document, a token of it, the plans for a shape and a fact they depend on take, as measured."""

PLANNED = 1_000_000
"""Bytes of statements kept by a document that is in no cache."""

Coercer = Callable[[Any], Any]

PLAIN = frozenset((str, int, float))
"""Types of values of which a text depends on no more than that they are there."""

Trait = tuple[tuple[str | int, ...], Callable[[Any], Hashable]]
"""A fact about a variable's value that a text depends on: the way to the value, and what is asked of it."""


class Document:
    """One operation of a document. `operation` is "query", "mutation" or "subscription".

    What is answered to one that is `taken` leaves the house in a file: whosever file is in it is looked at, however
    little of it is shown.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        ast: DocumentNode,
        node: OperationDefinitionNode,
        taken: bool = False,
        most: int = PLANNED,
        keep: Callable[[Document], None] | None = None,
    ) -> None:
        self.schema, self.ast, self.node, self.taken = schema, ast, node, taken
        self.operation: Kind = node.operation.value
        self.name = node.name.value if node.name else None
        self.title = self.name or ", ".join(
            one.name.value for one in node.selection_set.selections if isinstance(one, FieldNode)
        )
        """Its name; of one without a name, the root fields that are written out."""
        self.fragments = {
            found.name.value: FragmentDetails(found)
            for found in ast.definitions
            if isinstance(found, FragmentDefinitionNode)
        }
        # Statements are kept with their document: they die with it, and one document cannot fill the cache of all.
        self._plans: Cache[Hashable, Plans] = Cache(most)
        self._own = estimate_size(ast)
        self.arguments = open_arguments(schema, ast)
        self._variables = [(one.name, one, make_coercer(one.type)) for one in variable_signatures(schema, node)]
        self.keep = keep
        """Called when the document takes more or less memory than before."""

    def simply_coerced(self, given: Mapping[str, Any]) -> VariableValues | None:
        """Coerce the variables if each is given and fits; return None where graphql-core must decide.

        It looks up the types of variables in the schema each time, which most operations spare themselves here.
        """
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, signature, coerce in self._variables:
            if name not in given:
                return None
            try:
                value = coerced[name] = coerce(given[name])
            # Nested too deep to be read here; graphql-core decides.
            except RecursionError:
                return None
            if value is Undefined:
                return None
            sources[name] = VariableValueSource(signature, given[name])
        return VariableValues(sources, coerced)

    @property
    def size(self) -> int:
        """About how many bytes it takes, with its statements."""
        return self._own + self._plans.bytes

    @property
    def statements(self) -> list[Statement]:
        """What it has been planned as, for whomever."""
        return [one for plans in self._plans.values() for one in plans.statements.values()]

    def plans(self, nodes: tuple[int, ...], variables: Mapping[str, Any]) -> Plans:
        """Return the plans for variables of this shape, new ones if there are none."""
        # Asked with every operation: a list is built faster than a generator, and most values are plain.
        shapes = [(name, type(one) in PLAIN or value_shape(one)) for name, one in variables.items()]
        key = nodes, tuple(shapes)
        found = self._plans.get(key)
        if found is None:
            # One shape may take half of the document's room, so that
            # a client with many shapes cannot push out all others.
            found = Plans(self._plans.most // 2, lambda size: self._grown(key, found, size))
        return found

    def _grown(self, key: Hashable, plans: Plans | None, size: int) -> None:
        # Both caches are told: the document has grown for whoever keeps it, too.
        assert plans
        self._plans.put(key, plans, size)
        if self.keep:
            self.keep(self)


class Plans:
    """The statements of a document for variables of one shape, and what their text depends on besides."""

    def __init__(self, most: int, keep: Callable[[int], None]) -> None:
        self.asked: dict[Question, None] = {}
        self.traits: dict[Trait, None] = {}
        self.statements: Cache[Hashable, Statement] = Cache(most)
        self._keep, self._lock = keep, Lock()

    def find(self, variables: Mapping[str, Any], viewer: Viewer) -> Statement | None:
        """Return the statement that was made for such variables and such a viewer, or None."""
        try:
            return self.statements.get(self._key(variables, viewer))
        except Refusal:
            # A value is out of bounds: who makes the statement says of which argument.
            return None

    def add(
        self,
        variables: Mapping[str, Any],
        viewer: Viewer,
        statement: Statement,
        asked: Mapping[Question, None],
        traits: Mapping[Trait, None],
    ) -> None:
        """Keep a statement that has been made; making it has told what its key is made of.

        Threads may do so at once. What the key is made of only ever grows at its end: were a question lost, statements
        that depend on it would be found by the answers to another one.
        """
        with self._lock:
            # New dictionaries, not changed ones: readers go through them without the lock.
            self.asked, self.traits = {**self.asked, **asked}, {**self.traits, **traits}
            self.statements.put(self._key(variables, viewer), statement, statement.size)
            self._keep(self.statements.bytes + (len(self.asked) + len(self.traits)) * TRAIT + PLANS)

    def _key(self, variables: Mapping[str, Any], viewer: Viewer) -> Hashable:
        # In the order in which they were first asked; equal answers to all of them mean an equal text.
        return (
            tuple(read_trait(variables, way, of) for way, of in self.traits),
            answer_all(viewer, self.asked),
        )


def variable_signatures(schema: GraphQLSchema, node: OperationDefinitionNode) -> list[GraphQLVariableSignature]:
    """Return the variables of a valid operation with their types."""
    found = (get_variable_signature(schema, one) for one in node.variable_definitions or ())
    return [one for one in found if isinstance(one, GraphQLVariableSignature)]


def make_coercer(kind: GraphQLInputType) -> Coercer:
    """Return what does as `coerce_input_value` for this type; it returns Undefined for what does not fit.

    That asks at every level of every value of which kind its type is.
    """
    if isinstance(kind, GraphQLNonNull):
        return _refuse_null(make_coercer(kind.of_type))
    if kind is GraphQLString:
        return _text
    if is_leaf_type(kind):
        return _leaf(kind.coerce_input_value)
    # Lists and objects are few, and large ones are coerced in a thread.
    return partial(coerce_input_value, type_=kind)


def _refuse_null(coerce: Coercer) -> Coercer:
    """Return the same for a type that has no null."""
    return lambda value: Undefined if value is None or value is Undefined else coerce(value)


def _text(value: Any) -> Any:
    """Coerce to String."""
    return value if isinstance(value, str) else None if value is None or value is Undefined else Undefined


def _leaf(convert: Coercer) -> Coercer:
    """Return what coerces to a scalar or enum."""

    def coerce(value: Any) -> Any:
        if value is None or value is Undefined:
            return None
        try:
            return convert(value)
        except Exception:  # a scalar refuses by whatever it raises
            return Undefined

    return coerce


def estimate_size(ast: DocumentNode) -> int:
    """Estimate the bytes that a parsed document takes: mostly its tokens, and the nodes that are made of them."""
    text, tokens = 0, 0
    if ast.loc:
        text = len(ast.loc.source.body)
        token = ast.loc.start_token
        while token.next:
            token, tokens = token.next, tokens + 1
    return DOCUMENT + 2 * text + tokens * TOKEN


def value_shape(value: Any) -> Any:
    """Return the part of a variable's value that every text depends on: what is there, and what is true."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return tuple((key, value_shape(inner)) for key, inner in value.items())
    # Lists of objects are filters, whose text depends on each; how many plain values a list has does not matter.
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return tuple(map(value_shape, value))
    return True


def read_trait(variables: Mapping[str, Any], way: tuple[str | int, ...], of: Callable[[Any], Hashable]) -> Hashable:
    """Evaluate a trait for these variables; None where the way to its value ends early."""
    value: Any = variables
    for key in way:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return None if value is None else of(value)
