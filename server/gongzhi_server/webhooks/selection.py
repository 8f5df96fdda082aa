"""What of a case is sent along: a GraphQL selection, checked when the endpoint is set up and planned like any other.

Deliveries hold ids, codes, numbers and times, and nothing that says who somebody is or what they wrote: what has
left, or lies in a log, is beyond anybody's right to be forgotten.
"""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import wrong
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

from gongzhi_server.events.subscriptions import Asked
from gongzhi_server.gateway.interfaces import Refused
from gongzhi_server.graphql.engine import Engine
from gongzhi_server.planner.rows import owner_of

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
    """The selections of endpoints, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def checked(self, text: str, viewer: Viewer) -> str:
        """The selection, printed anew. Raises Refusal for one that does not fit the schema, or tells too much."""
        selection = printed(text)
        try:
            asked = self.asked(selection)
        except Refused as refused:
            said = refused.errors[0].message
            raise wrong(f"The selection does not fit: {said}", f"字段选择无效：{said}", "selection") from refused
        found = Telling(self.engine)
        info = TypeInfo(self.engine.planner.schema)
        visit(asked.document.ast, TypeInfoVisitor(info, found.visitor(info)))
        if found.names:
            names = ", ".join(sorted(found.names))
            raise wrong(
                f"Deliveries hold ids, codes, numbers and times; ask the API for {names}.",
                f"投递内容仅限标识、代码、数值和时间；请通过接口查询 {names}。",
                "selection",
            )
        self.afforded(asked, viewer)
        return selection

    def asked(self, selection: str | None) -> Asked:
        """What is asked of each event. Raises Refused."""
        document = self.engine.prepare(EVENT.format(case=f"case {selection}" if selection else ""), None)
        variables = self.engine.coerced(document, {})
        return Asked(document, {}, variables, self.engine.planner.followed(document, variables))

    def afforded(self, asked: Asked, viewer: Viewer) -> None:
        cost = self.statement(asked, viewer).cost
        if cost > (most := self.engine.limits.cost):
            raise wrong(f"It may return {cost} objects, and {most} are allowed.", "字段选择过大。", "selection")

    def statement(self, asked: Asked, viewer: Viewer) -> Any:
        return self.engine.planner.stream(asked.document, asked.variables, viewer, asked.field)


class Telling:
    """Collects the fields of a document that deliveries may not have."""

    def __init__(self, engine: Engine) -> None:
        self.entities = engine.planner.entities
        self.names: set[str] = set()

    def visitor(self, info: TypeInfo) -> Visitor:
        telling = self

        class Each(Visitor):
            def enter_field(self, node: FieldNode, *_: Any) -> None:
                owner, kind = info.get_parent_type(), get_named_type(info.get_type())
                if owner and kind and owner.name not in OUTER and not telling.harmless(node.name.value, kind):
                    telling.names.add(f"{owner.name}.{node.name.value}")

        return Each()

    def harmless(self, name: str, kind: GraphQLNamedType) -> bool:
        if is_leaf_type(kind):
            return isinstance(kind, GraphQLEnumType) or kind.name in PLAIN or name in CODES
        return not filed(self.entities.get(kind.name))


def filed(entity: Entity | None) -> bool:
    """Whether rows of it are somebody's file."""
    if entity is None:
        return False
    return entity.file is not None or bool(entity.through) and filed(owner_of(entity))


def printed(text: str) -> str:
    """One selection set and nothing else. Raises Refusal."""
    en, zh = "The selection reads { number status }.", "字段选择应形如 { number status }。"
    if len(text) > LONGEST:
        raise wrong(f"{en} It has {LONGEST} characters at most.", zh, "selection")
    try:
        definitions = parse(text, max_tokens=1000).definitions
    except GraphQLError as error:
        raise wrong(en, zh, "selection") from error
    match definitions:
        case (OperationDefinitionNode(operation=OperationType.QUERY, name=None) as only,) if shorthand(only):
            return print_ast(only.selection_set)
        case _:
            raise Refusal("BAD_USER_INPUT", en, zh, ("selection",))


def shorthand(node: OperationDefinitionNode) -> bool:
    return not node.directives and not node.variable_definitions
