"""Conditions: filters of cases by which it is chosen what is told to other systems, asked as a list of cases is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from gongzhi.declare.entity import PAGE
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.event_access import UnfitSelection
from gongzhi.values.errors import Refusal
from graphql import (
    GraphQLError,
    ObjectFieldNode,
    ObjectValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse_const_value,
    print_ast,
    visit,
)

from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.graphql.engine import GraphQLEngine

LONGEST = 4000
MEETING = """
query($numbers: [String!], $first: Int) {{
  cases(first: $first, filter: {{ and: [{{ number: {{ in: $numbers }} }}, {condition}] }}) {{ nodes {{ number }} }}
}}
"""
SEARCHED = "TextComparison"
"""What looks into texts that people wrote."""


class Conditions:
    """Checks conditions, and asks them, over one engine."""

    def __init__(self, engine: GraphQLEngine) -> None:
        self.engine = engine

    async def check(self, text: str, viewer: Viewer) -> str:
        """Print a condition anew. Raises Refusal for one that does not fit the schema, or looks into texts."""
        condition = print_condition(text)
        try:
            document = self.engine.prepare(MEETING.format(condition=condition), None)
            if looks_into_texts(self.engine, document.ast):
                raise invalid_input(
                    "A filter of events does not look into what people wrote.",
                    "事件过滤条件不得检索文本内容。",
                    "filter",
                )
            # Of no case at all: what somebody may not ask by, or what costs too much, is refused before it runs.
            await self.ask_page((), condition, viewer)
        except RequestRefused as refused:
            said = refused.errors[0].message
            raise invalid_input(f"The filter does not fit: {said}", f"过滤条件无效：{said}", "filter") from refused
        except UnfitSelection as unfit:
            raise invalid_input(f"The filter does not fit: {unfit}", f"过滤条件无效：{unfit}", "filter") from unfit
        return condition

    async def find_meeting(self, numbers: Collection[str], condition: str, viewer: Viewer) -> set[str]:
        """Find those of these cases that somebody sees and that meet a condition. Raises UnfitSelection."""
        asked, met = sorted(numbers), set[str]()
        # A page at a time: what a list has beyond its first page would count as not meeting the condition.
        for at in range(0, len(asked), PAGE):
            met |= await self.ask_page(asked[at : at + PAGE], condition, viewer)
        return met

    async def ask_page(self, numbers: Sequence[str], condition: str, viewer: Viewer) -> set[str]:
        """Find those that meet a condition, of as many cases as a page has at most. Raises UnfitSelection."""
        try:
            document = self.engine.prepare(MEETING.format(condition=condition), None)
            answer = await self.engine.run(document, {"numbers": numbers, "first": PAGE}, viewer)
        except RequestRefused as refused:
            raise UnfitSelection(refused.errors[0].message) from refused
        found = orjson.loads(answer.body)
        if problems := found.get("errors"):
            raise UnfitSelection(problems[0]["message"])
        return {one["number"] for one in found["data"]["cases"]["nodes"]}


def print_condition(text: str) -> str:
    """Print one object of conditions and nothing else. Raises Refusal."""
    en, zh = "The filter reads { urgency: { equals: URGENT } }.", "过滤条件应形如 { urgency: { equals: URGENT } }。"
    if len(text) > LONGEST:
        raise invalid_input(f"{en} It has {LONGEST} characters at most.", zh, "filter")
    try:
        # Bounded: parsing recurses as deep as braces nest.
        found = parse_const_value(text, max_tokens=1000)
    except GraphQLError as error:
        raise invalid_input(en, zh, "filter") from error
    if not isinstance(found, ObjectValueNode):
        raise Refusal("BAD_USER_INPUT", en, zh, ("filter",))
    return print_ast(found)


def looks_into_texts(engine: GraphQLEngine, document: Any) -> bool:
    """Return whether a condition compares or searches what people wrote."""
    info, found = TypeInfo(engine.planner.schema), []

    class Each(Visitor):
        def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
            kind = get_named_type(info.get_input_type())
            found.append(kind is not None and kind.name == SEARCHED)

    visit(document, TypeInfoVisitor(info, Each()))
    return any(found)
