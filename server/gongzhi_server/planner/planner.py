"""Compiles operations and keeps what it compiled."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gongzhi.entity import Entity, entity_of
from gongzhi.plans import MOST, PLAN, Stream
from gongzhi.viewer import Viewer
from graphql import GraphQLField, GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetailsList, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from .compiler import Compiler
from .declarations import check
from .document import Document
from .introspection import Introspection
from .lens import Lens
from .statement import Statement

if TYPE_CHECKING:
    from ..schema import Schema


@dataclass(frozen=True)
class Followed:
    """A field of Subscription as somebody asks for it; `key` is its name in the answer."""

    key: str
    of: GraphQLField
    declared: StrawberryField
    details: FieldDetailsList


class Planner:
    """Statements for documents. Two viewers for whom a text would be the same share it.

    Raises DeclarationError for a schema with a field that cannot be planned.
    """

    def __init__(self, declared: Schema) -> None:
        self.declared, self.schema = declared, declared._schema
        self.entities: dict[str, Entity] = {}
        for name, kind in self.schema.type_map.items():
            definition = kind.extensions.get("strawberry-definition")
            if found := getattr(getattr(definition, "origin", None), "__entity__", None):
                self.entities[name] = found
        self.introspection = Introspection(self.schema)
        check(self.schema, self.entities)

    def query(self, document: Document, variables: VariableValues, viewer: Viewer, without: str = "") -> Statement:
        """The statement for the whole of a query; `without` what a plugin has in it, for when that fails."""
        root = self.schema.query_type
        assert root

        def build(compiler: Compiler) -> Statement:
            grouped = collect_fields(self.schema, document.fragments, variables, root, document.node)
            return compiler.root(root, grouped.grouped_field_set)

        if without:
            return build(Compiler(self, document, variables, Lens(viewer, {}), without))
        return self._cached(document, variables, viewer, (), build)

    def followed(self, document: Document, variables: VariableValues) -> Followed:
        """The one field of a subscription."""
        root = self.schema.subscription_type
        assert root
        grouped = collect_fields(self.schema, document.fragments, variables, root, document.node).grouped_field_set
        [(key, details)] = grouped.items()
        of = root.fields[details[0].node.name.value]
        return Followed(key, of, of.extensions["strawberry-definition"], details)

    def stream(
        self, document: Document, variables: VariableValues, viewer: Viewer, field: Followed, without: str = ""
    ) -> Statement:
        """The statement of a subscription: of a stream's events by their keys, or of what is followed live."""
        plan = field.declared.metadata[PLAN]
        root = self.schema.subscription_type

        def build(compiler: Compiler) -> Statement:
            if isinstance(plan, Stream):
                return compiler.streamed(plan, field.of, entity_of(field.declared.type), field.details)
            assert root
            return compiler.root(root, {field.key: field.details})

        if without:
            return build(Compiler(self, document, variables, Lens(viewer, {}), without))
        return self._cached(document, variables, viewer, (), build)

    def payload(self, document: Document, variables: VariableValues, viewer: Viewer) -> int:
        """What the entities in a mutation's payloads cost, told before anything is done."""
        root = self.schema.mutation_type
        assert root
        grouped = collect_fields(self.schema, document.fragments, variables, root, document.node).grouped_field_set
        return sum(self._payload(document, variables, viewer, root, details) for details in grouped.values())

    def _payload(
        self,
        document: Document,
        variables: VariableValues,
        viewer: Viewer,
        owner: GraphQLObjectType,
        details: FieldDetailsList,
    ) -> int:
        """What the entities below one field of a payload cost; those of a list as often as it may be long."""
        field = owner.fields.get(details[0].node.name.value)
        kind = get_named_type(field.type) if field else None
        if field is None or not isinstance(kind, GraphQLObjectType):
            return 0  # __typename, and values that are there already
        most: int = field.extensions["strawberry-definition"].metadata.get(MOST, 1)
        if kind.name in self.entities:
            return most * self.rows(document, variables, viewer, self.entities[kind.name], kind, details, True).cost
        grouped = collect_subfields(self.schema, document.fragments, variables, document.node, kind, details)
        inner = grouped.grouped_field_set.values()
        return most * sum(self._payload(document, variables, viewer, kind, one) for one in inner)

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
        """The statement for rows of one entity by their keys, which are its variable `@keys`; `without` as above."""

        def build(compiler: Compiler) -> Statement:
            return compiler.keyed(entity, kind, details, shown)

        if without:
            return build(Compiler(self, document, variables, Lens(viewer, {}), without))
        nodes = (shown, *(id(detail.node) for detail in details))  # the document keeps them alive
        return self._cached(document, variables, viewer, nodes, build)

    def _cached(
        self,
        document: Document,
        variables: VariableValues,
        viewer: Viewer,
        nodes: tuple[int, ...],
        build: Callable[[Compiler], Statement],
    ) -> Statement:
        values: Mapping[str, Any] = variables.coerced
        found = document.statements.get(document.key(nodes, values, viewer))
        if found is None:
            found = build(Compiler(self, document, variables, Lens(viewer, document.asked)))
            document.keep(document.key(nodes, values, viewer), found)  # compiling has told what the key is made of
        return found


class Documents:
    """Prepared documents, the least recently used forgotten first."""

    def __init__(self, prepare: Callable[[str, str | None], Document], size: int = 1000) -> None:
        self._prepare, self._size = prepare, size
        self._kept: OrderedDict[tuple[str, str | None], Document] = OrderedDict()

    def find(self, text: str, name: str | None) -> Document:
        key = text, name
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._prepare(text, name)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found
