"""Python fields: computes what a statement cannot, for all rows of a field at once."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from gongzhi.declare.plans import PLUGIN
from gongzhi.values.errors import Refusal
from graphql import (
    GraphQLError,
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from strawberry.types.arguments import convert_arguments

from .answer_path import AnswerPlace
from .failures import MASKED
from .statement import PythonCall

if TYPE_CHECKING:
    from .execution import OperationRun

PATIENCE = 5.0
"""Seconds a Python field of a plugin may take."""


class FieldRow:
    """A row with the columns that a Python field asked for, and no others."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name!r} is not among the columns this field says it needs")


async def compute_field(
    run: OperationRun, call: PythonCall, rows: list[FieldRow], objects: list[dict[str, Any]]
) -> None:
    """Set one Python field on all objects."""
    # The statement has said true where the plugin is off or the permission is not held: Python sees no such row.
    on = [at for at, one in enumerate(objects) if not one[call.key]]
    values = await compute_values(run, call, [rows[at] for at in on]) if on else []
    for one in objects:
        one[call.key] = None
    for at, value in zip(on, values, strict=True):
        objects[at][call.key] = value


async def compute_values(run: OperationRun, call: PythonCall, rows: list[FieldRow]) -> list[Any]:
    """Compute a Python field on these rows. If it fails, it is null on all of them and there is one error."""
    plugin = call.declared.metadata.get(PLUGIN)
    try:
        values = call.plan.function(rows, run.context, **call_arguments(run, call))
        if inspect.isawaitable(values):
            # A plugin that hangs would hold the operation and its connection.
            async with asyncio.timeout(PATIENCE if plugin else None):
                values = await values
        if len(values) != len(rows):
            raise ValueError(f"{len(rows)} rows went in and {len(values)} values came out")
        return await serialise_values(run, call, values)
    except Exception as error:
        # No row may have null here, so the error rises as GraphQL says.
        if isinstance(call.of.type, GraphQLNonNull):
            raise
        known = isinstance(error, Refusal)
        message = str(error) if known else MASKED
        owner = {"plugin": plugin} if plugin else None
        located = GraphQLError(message, call.node, path=call.path, original_error=error, extensions=owner)
        run.errors.append(located)
        return [None] * len(rows)


def call_arguments(run: OperationRun, call: PythonCall) -> dict[str, Any]:
    """Return a call's arguments by their Python names, input objects as instances."""
    given = get_argument_values(call.of, call.node, run.variables)
    converter = run.planner.declared.schema_converter
    return convert_arguments(given, call.declared.arguments, converter.scalar_registry, converter.config)


async def serialise_values(run: OperationRun, call: PythonCall, values: Sequence[Any]) -> list[Any]:
    """Convert a field's values to JSON: leaves are serialised, references planned and fetched."""
    named = get_named_type(call.of.type)
    if is_leaf_type(named):
        listed = is_list_type(get_nullable_type(call.of.type))
        return [serialise_leaf(named, value, listed) for value in values]
    assert isinstance(named, GraphQLObjectType)
    entity = run.planner.entities[named.name]
    make = partial(run.planner.rows, run.document, run.variables, run.viewer, entity, named, call.details)
    keys = [one.key for one in flatten(values)]
    place = AnswerPlace(call.path, call.exact)
    statement = make()
    # Even without rows the errors of the selection are reported, as they are for planned lists.
    if not keys:
        run.tell(statement, place)
    found = dict(zip(keys, await run.rows(statement, keys, make, place), strict=True)) if keys else {}
    return [
        [found[one.key] for one in value] if isinstance(value, list) else value and found[value.key] for value in values
    ]


def flatten(values: Any) -> Iterator[Any]:
    """Yield what is inside lists of lists, without the nulls."""
    for value in values:
        if isinstance(value, list):
            yield from flatten(value)
        elif value is not None:
            yield value


def serialise_leaf(kind: GraphQLLeafType, value: Any, listed: bool) -> Any:
    """Serialise a leaf value, or a list of them."""
    if value is None:
        return None
    if listed:
        return [serialise_leaf(kind, one, False) for one in value]
    return kind.coerce_output_value(value)
