"""Selections: what of a case is told to other systems, checked when it is set up and planned like any operation.

They hold ids, codes, numbers and times, and nothing that says who somebody is or what they wrote: what has left, or
lies in a log, is beyond anybody's right to be forgotten.
"""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import invalid_input
from gongzhi.values.errors import Refusal
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLNamedType,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse,
    print_ast,
    visit,
)

from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.planner.rows import owner_of

from ..events.subscriptions import SubscriptionRequest

LONGEST = 4000
EVENT = "subscription {{ caseEvents {{ id version actor data {case} }} }}"
CODES = frozenset(
    ("number", "code", "type", "source", "externalNumber", "edition", "standardRef", "standardCode", "__typename")
)
"""Texts that are codes."""
PLAIN = frozenset(("ID", "Int", "Boolean", "Date", "DateTime", "Decimal"))
"""Scalars that hold no text; those that say where something is (Float) are not among them."""
OUTER = frozenset(("Subscription", "Event"))


class Selections:
    """Checks and plans selections over one engine."""

    def __init__(self, engine: GraphQLEngine) -> None:
        self.engine = engine

    def check(self, text: str, viewer: Viewer) -> str:
        """Print a selection anew. Raises Refusal for one that does not fit the schema, or tells too much."""
        # Printed anew, so that comments and odd spacing are not stored with it.
        selection = print_selection(text)
        try:
            asked = self.prepare(selection)
        except RequestRefused as refused:
            said = refused.errors[0].message
            raise invalid_input(
                f"The selection does not fit: {said}", f"字段选择无效：{said}", "selection"
            ) from refused
        names = TellingFields(self.engine).find(asked)
        if names:
            listed = ", ".join(sorted(names))
            raise invalid_input(
                f"Deliveries hold ids, codes, numbers and times; ask the API for {listed}.",
                f"投递内容仅限标识、代码、数值和时间；请通过接口查询 {listed}。",
                "selection",
            )
        self.check_cost(asked, viewer)
        return selection

    def prepare(self, selection: str | None) -> SubscriptionRequest:
        """Prepare what is asked of each event. Raises RequestRefused."""
        return self.engine.prepare_subscription(EVENT.format(case=f"case {selection}" if selection else ""))

    def check_cost(self, asked: SubscriptionRequest, viewer: Viewer) -> None:
        """Refuse a selection that may return more objects than an operation may."""
        cost = self.plan(asked, viewer).cost
        if cost > (most := self.engine.limits.cost):
            raise invalid_input(f"It may return {cost} objects, and {most} are allowed.", "字段选择过大。", "selection")

    def plan(self, asked: SubscriptionRequest, viewer: Viewer) -> Any:
        """Make the statement that answers for somebody."""
        return self.engine.planner.stream(asked.document, asked.variables, viewer, asked.field)


class TellingFields:
    """Finds the fields of a document that other systems may not be told."""

    def __init__(self, engine: GraphQLEngine) -> None:
        self.schema, self.entities = engine.planner.schema, engine.planner.entities
        self.names: set[str] = set()

    def find(self, asked: SubscriptionRequest) -> set[str]:
        """Find the names of all of them."""
        info = TypeInfo(self.schema)
        visit(asked.document.ast, TypeInfoVisitor(info, self.visitor(info)))
        return self.names

    def visitor(self, info: TypeInfo) -> Visitor:
        """Make the visitor that collects the names of such fields."""
        fields = self

        class Each(Visitor):
            def enter_field(self, node: FieldNode, *_: Any) -> None:
                owner, kind = info.get_parent_type(), get_named_type(info.get_type())
                if owner and kind and owner.name not in OUTER and not fields.is_harmless(node.name.value, kind):
                    fields.names.add(f"{owner.name}.{node.name.value}")

        return Each()

    def is_harmless(self, name: str, kind: GraphQLNamedType) -> bool:
        """Return whether a field tells nothing about anybody."""
        if is_leaf_type(kind):
            return isinstance(kind, GraphQLEnumType) or kind.name in PLAIN or name in CODES
        return not is_file(self.entities.get(kind.name))


def is_file(entity: Entity | None) -> bool:
    """Return whether the rows of an entity are somebody's file."""
    if entity is None:
        return False
    return entity.file is not None or bool(entity.through) and is_file(owner_of(entity))


def print_selection(text: str) -> str:
    """Print one selection set and nothing else. Raises Refusal."""
    en, zh = "The selection reads { number status }.", "字段选择应形如 { number status }。"
    if len(text) > LONGEST:
        raise invalid_input(f"{en} It has {LONGEST} characters at most.", zh, "selection")
    try:
        # Bounded: parsing recurses as deep as braces nest.
        definitions = parse(text, max_tokens=1000).definitions
    except GraphQLError as error:
        raise invalid_input(en, zh, "selection") from error
    match definitions:
        case (OperationDefinitionNode(operation=OperationType.QUERY, name=None) as only,) if is_shorthand(only):
            return print_ast(only.selection_set)
        case _:
            raise Refusal("BAD_USER_INPUT", en, zh, ("selection",))


def is_shorthand(node: OperationDefinitionNode) -> bool:
    """Return whether an operation is nothing but a selection in braces."""
    return not node.directives and not node.variable_definitions
