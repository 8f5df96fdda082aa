"""Planner: compiles operations into statements and keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import MOST, PLAN, Stream
from gongzhi.declare.viewer import Viewer
from graphql import GraphQLField, GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetailsList, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from gongzhi_server._compat import graphql_schema
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.planner.rows import entity_of

from .budget import PLANNING
from .compiler import Compiler
from .declarations import check_declarations
from .document import Document, Trait
from .introspection import Introspection
from .statement import Statement
from .viewer_scope import Question, StatementScope

if TYPE_CHECKING:
    from gongzhi_server.graphql.schema import Schema


@dataclass(frozen=True)
class FollowedField:
    """A field of Subscription as somebody asks for it; `key` is its name in the answer."""

    key: str
    of: GraphQLField
    declared: StrawberryField
    details: FieldDetailsList


class Planner:
    """Statements for documents. Two viewers for whom a text would be the same share it.

    Raises DeclarationError for a schema with a field that cannot be planned.
    """

    def __init__(self, declared: Schema, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.registers = declared.registers
        self.declared, self.schema = declared, graphql_schema(declared)
        self.entities: dict[str, Entity] = {}
        for name, kind in self.schema.type_map.items():
            definition = kind.extensions.get("strawberry-definition")
            if found := getattr(getattr(definition, "origin", None), "__entity__", None):
                self.entities[name] = found
        self.introspection = Introspection(self.schema)
        # Once for a schema, however many engines answer by it.
        if not declared.plannable:
            check_declarations(self.schema, self.entities)
            declared.plannable = True

    def limit_steps(self, steps: int) -> Planner:
        """Return this planner limited to statements that take no more than so many steps."""
        brief = copy(self)
        most = {name: min(steps, getattr(self.limits, name)) for name in PLANNING}
        brief.limits = replace(self.limits, **most)
        return brief

    def query(self, document: Document, variables: VariableValues, viewer: Viewer, without: str = "") -> Statement:
        """Return the statement for a whole query; `without` names a plugin to leave out after it has failed."""
        root = self.schema.query_type
        assert root

        def build(compiler: Compiler) -> Statement:
            grouped = collect_fields(self.schema, document.fragments, variables, root, document.node)
            return compiler.root(root, grouped.grouped_field_set)

        # Not cached: a statement without a plugin is made once,
        # after a failure, and the plugin may work again at once.
        if without:
            return build(Compiler(self, document, variables, StatementScope(viewer, {}), without))
        return self._recall_or_build(document, variables, viewer, (), build)

    def followed_field(self, document: Document, variables: VariableValues) -> FollowedField:
        """Return the one field of a subscription."""
        root = self.schema.subscription_type
        assert root
        grouped = collect_fields(self.schema, document.fragments, variables, root, document.node).grouped_field_set
        # Validation has made sure that a subscription has exactly one root field.
        [(key, details)] = grouped.items()
        of = root.fields[details[0].node.name.value]
        return FollowedField(key, of, of.extensions["strawberry-definition"], details)

    def stream(
        self, document: Document, variables: VariableValues, viewer: Viewer, field: FollowedField, without: str = ""
    ) -> Statement:
        """Return the statement of a subscription: a stream's events by their keys, or what is followed live."""
        plan = field.declared.metadata[PLAN]
        root = self.schema.subscription_type

        def build(compiler: Compiler) -> Statement:
            if isinstance(plan, Stream):
                return compiler.stream_statement(plan, field.of, entity_of(field.declared.type), field.details)
            assert root
            return compiler.root(root, {field.key: field.details})

        if without:
            return build(Compiler(self, document, variables, StatementScope(viewer, {}), without))
        return self._recall_or_build(document, variables, viewer, (), build)

    def payload(self, document: Document, variables: VariableValues, viewer: Viewer) -> int:
        """Return what the entities in a mutation's payloads cost, before anything is done."""
        root = self.schema.mutation_type
        assert root
        grouped = collect_fields(self.schema, document.fragments, variables, root, document.node).grouped_field_set
        return sum(self.count_payload(document, variables, viewer, root, details) for details in grouped.values())

    def count_payload(
        self,
        document: Document,
        variables: VariableValues,
        viewer: Viewer,
        owner: GraphQLObjectType,
        details: FieldDetailsList,
    ) -> int:
        """Return what the entities below one field of a payload cost; those of a list as often as it may be long."""
        field = owner.fields.get(details[0].node.name.value)
        kind = get_named_type(field.type) if field else None
        if field is None or not isinstance(kind, GraphQLObjectType):
            return 0  # __typename, and values that are there already
        most: int = field.extensions["strawberry-definition"].metadata.get(MOST, 1)
        if kind.name in self.entities:
            return most * self.rows(document, variables, viewer, self.entities[kind.name], kind, details, True).cost
        grouped = collect_subfields(self.schema, document.fragments, variables, document.node, kind, details)
        inner = grouped.grouped_field_set.values()
        return most * sum(self.count_payload(document, variables, viewer, kind, one) for one in inner)

    def rows(
        self,
        document: Document,
        variables: VariableValues,
        viewer: Viewer,
        entity: Entity,
        kind: GraphQLObjectType,
        details: FieldDetailsList,
        shown: bool = False,
        without: str = "",
    ) -> Statement:
        """Return the statement for rows of an entity by the keys in `@keys`; `without` names a plugin that failed."""

        def build(compiler: Compiler) -> Statement:
            return compiler.rows_by_key(entity, kind, details, shown)

        if without:
            return build(Compiler(self, document, variables, StatementScope(viewer, {}), without))
        nodes = (shown, *(id(detail.node) for detail in details))  # the document keeps them alive
        return self._recall_or_build(document, variables, viewer, nodes, build)

    def _recall_or_build(
        self,
        document: Document,
        variables: VariableValues,
        viewer: Viewer,
        nodes: tuple[int, ...],
        build: Callable[[Compiler], Statement],
    ) -> Statement:
        values: Mapping[str, Any] = variables.coerced
        plans = document.plans(nodes, values)
        found = plans.find(values, viewer)
        # The questions and traits are noted while it is compiled,
        # and become the key under which it is found next time.
        if found is None:
            asked: dict[Question, None] = {}
            traits: dict[Trait, None] = {}
            found = build(Compiler(self, document, variables, StatementScope(viewer, asked), traits=traits))
            plans.add(values, viewer, found, asked, traits)
        return found
