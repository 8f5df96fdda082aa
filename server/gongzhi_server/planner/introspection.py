"""Introspection: what a document asks about the schema itself, answered beside the event loop and kept.

The whole schema takes graphql-core most of a second to describe, two megabytes of JSON. On the event loop everybody
would wait for it. It cannot change while the server runs, so each question is answered once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    execute_sync,
)
from graphql.execution import Executor

from .document import Document

__all__ = ["Introspection"]

FIELDS = frozenset({"__schema", "__type"})
MOST = 16_000_000
"""Bytes of answers that are kept."""
LONGEST_KEY = 1_000
"""Bytes of variables with which an answer is kept; no tool sends more than a name and some flags."""

Fields = dict[str, orjson.Fragment]
"""Members of an answer by their keys, each as JSON already."""


class SchemaExecutor(Executor[Any]):
    """graphql-core that answers introspection fields at the root and leaves out all others."""

    def execute_field(self, parent_type: Any, source: Any, details: Any, path: Any, position: Any) -> Any:
        # Undefined leaves a field out of the answer; the statement has answered it.
        if path.prev is None and details[0].node.name.value not in FIELDS:
            return Undefined
        return super().execute_field(parent_type, source, details, path, position)


class Introspection:
    """Answers questions about one schema. `computed` counts those that were not answered from memory."""

    def __init__(self, schema: GraphQLSchema, most: int = MOST) -> None:
        self.schema, self.most = schema, most
        self.computed = 0
        self._kept: OrderedDict[tuple[Document, bytes], dict[str, bytes]] = OrderedDict()
        self._size = 0
        self._turn = asyncio.Lock()

    async def answer(self, document: Document, given: Mapping[str, Any]) -> tuple[Fields, list[GraphQLError]]:
        """Return the introspection fields at the root of a document, and what went wrong with them.

        `given` are the variables as they were sent.
        """
        if not asks_for_schema(document, document.node.selection_set, set()):
            return {}, []
        # Undeclared variables cannot change the answer, and would only make keys of their own.
        declared = {one.variable.name.value for one in document.node.variable_definitions or ()}
        values = {name: value for name, value in given.items() if name in declared}
        key = document, orjson.dumps(values, option=orjson.OPT_SORT_KEYS, default=str)
        # One at a time: two threads that describe the schema take twice as long each, and the second of two equal
        # questions finds the answer of the first.
        async with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return json_fragments(self._kept[key]), []
            self.computed += 1
            found, errors = await asyncio.to_thread(self._compute, document, values)
            if not errors:
                self._keep(key, found)
            return json_fragments(found), errors

    def _compute(self, document: Document, values: Mapping[str, Any]) -> tuple[dict[str, bytes], list[GraphQLError]]:
        result = execute_sync(
            self.schema, document.ast, None, None, dict(values), document.name, executor_class=SchemaExecutor
        )
        return {name: orjson.dumps(value) for name, value in (result.data or {}).items()}, list(result.errors or ())

    def _keep(self, key: tuple[Document, bytes], found: dict[str, bytes]) -> None:
        # Keys are written by callers, so their length is bounded, or the cache would be filled with them.
        if len(key[1]) > LONGEST_KEY or estimate_weight(found) > self.most:
            return
        self._kept[key] = found
        self._size += estimate_weight(found)
        # The least recently asked goes first.
        while self._size > self.most:
            self._size -= estimate_weight(self._kept.popitem(last=False)[1])


def asks_for_schema(document: Document, selected: SelectionSetNode, seen: set[str]) -> bool:
    """Say whether an introspection field is among the root fields. `seen` are fragments looked into already."""
    for one in selected.selections:
        if isinstance(one, FieldNode):
            if one.name.value in FIELDS:
                return True
            continue
        if isinstance(one, FragmentSpreadNode):
            name = one.name.value
            if name in seen:
                continue
            seen.add(name)
            inner = document.fragments[name].definition.selection_set
        else:
            assert isinstance(one, InlineFragmentNode)
            inner = one.selection_set
        if asks_for_schema(document, inner, seen):
            return True
    return False


def json_fragments(found: Mapping[str, bytes]) -> Fields:
    """Mark the members as JSON that is to be written as it is."""
    return {name: orjson.Fragment(value) for name, value in found.items()}


def estimate_weight(found: Mapping[str, bytes]) -> int:
    """Estimate the bytes that an answer takes, with what holds it."""
    return 1_000 + sum(map(len, found.values()))
