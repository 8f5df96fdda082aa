"""List arguments: paging, filters and orders of a list, which depend on the schema a type stands in."""

from __future__ import annotations

import copy
import enum
import typing
from collections.abc import Callable, Iterable, Mapping

import strawberry
from gongzhi.declare.entity import Entity, build_argument
from gongzhi.declare.filters import Comparison
from gongzhi.declare.plans import GUARD, PLAN, Argument, Many, One, Page, Pick, Stream
from gongzhi.values.errors import DeclarationError
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from gongzhi_server.commands.field_labels import described_text
from gongzhi_server.planner.counts import PLACES, Dimension
from gongzhi_server.planner.rows import entity_of

COMMON = {"grid": "网格", "unit": "单位", "text": "全文", "due_at": "期限", "overdue": "是否逾期"}
"""What lists are asked by under the same name everywhere, also where no field of the type has it."""
KINDS = {"_at": "时间", "_on": "日期"}


def complete_field(
    field: StrawberryField,
    owner: str,
    filters: Callable[[Entity], type | None],
    orders: Callable[[Entity], type[enum.Enum] | None],
) -> StrawberryField:
    """Copy a planned field, checked, with the arguments that depend on what it returns and on the schema."""
    plan, guard, where = field.metadata.get(PLAN), field.metadata.get(GUARD), f"{owner}.{field.python_name}"
    withheld = isinstance(plan, One | Pick) and not entity_of(field.type, where).open
    refused = guard and not guard.masked and not isinstance(plan, Stream)  # a stream is refused as a whole
    if (withheld or isinstance(plan, Pick) or refused) and not isinstance(field.type, StrawberryOptional):
        raise DeclarationError(f"{where} may be withheld from a viewer, so it must be optional")
    if isinstance(plan, Stream):
        # A copy: the declared field is shared by all schemas of the process, and these arguments are of one.
        field = copy.copy(field)
        if asked := filters(entity_of(field.type, where)):
            field.arguments = [*field.arguments, build_argument("filter", filter_argument(asked))]
    if isinstance(plan, Many):
        target = entity_of(field.type, where)
        if plan.on and plan.on not in target.model._meta.fk_fields:
            raise DeclarationError(f"{where}: {target.name} has no foreign key {plan.on!r}")
        listed = paging_arguments(plan, filters(target), orders(target))
        field = copy.copy(field)
        field.arguments = [*field.arguments, *(build_argument(name, one) for name, one in listed.items())]
    return field


def paging_arguments(plan: Many, filter: type | None, order: type[enum.Enum] | None) -> dict[str, Argument]:
    """Return the arguments of a list: how many, from where, in which order, and which rows."""
    found = {
        "first": Argument(int, f"How many from the start, {plan.cap} at most (前几条)."),
        "last": Argument(int, f"How many from the end, {plan.cap} at most (后几条)."),
    }
    if isinstance(plan, Page):
        found["after"] = Argument(str, "Only what follows this cursor (游标之后).")
        found["before"] = Argument(str, "Only what comes before this cursor (游标之前).")
    if order:
        found["order_by"] = Argument(order, "In which order (排序).")
    if filter:
        found["filter"] = filter_argument(filter)
    return {name: Argument(typing.Optional[one.type], one.description) for name, one in found.items()}  # noqa: UP045


def filter_argument(kind: type) -> Argument:
    """Return the argument for a filter."""
    return Argument(typing.Optional[kind], "Which rows (过滤).")  # noqa: UP045


Labels = Mapping[str, str]
"""The Chinese labels of a type's fields by name: what lists are asked by is labelled as they are."""


def label_fields(fields: Iterable[StrawberryField]) -> Labels:
    """Read the labels of fields from their descriptions, once for all that lists of their type are asked by."""
    return {one.python_name: described_text("", one.description).zh for one in fields}


def order_enum(entity: Entity, added: Mapping[str, list[object]], labels: Labels) -> type[enum.Enum] | None:
    """Build the orders an entity's lists can be asked for in, in a schema that adds these, with their directives."""
    names = [f"{name}_{way}".upper() for name in (*entity.order, *added) for way in ("asc", "desc")]
    if not names:
        return None
    made = enum.StrEnum(f"{entity.name}Order", {name: name.lower() for name in names})  # type: ignore[misc]
    ordered = strawberry.enum(made, description=f"Orders of a list of {entity.name}; ties go by key (排序).")
    for value in ordered.__strawberry_definition__.values:  # type: ignore[attr-defined]
        name, _, way = value.name.lower().rpartition("_")
        words, label, rises = name.replace("_", " "), label_name(name, labels), way == "asc"
        value.description = (
            f"By {words} ascending (按{label}升序)." if rises else f"By {words} descending (按{label}降序)."
        )
        value.directives = added.get(name, ())
    return ordered


@strawberry.type(name="Count", description="How many rows have the same values (分组计数).")
class CountType:
    values: list[str | None] = strawberry.field(
        description="The values, in the order of `by`; null is none, or none that you may know (值)."
    )
    count: int = strawberry.field(description="How many (数量).")


def counts_field(
    entity: Entity, dimensions: Mapping[str, Dimension], added: Mapping[str, list[object]], labels: Labels
) -> StrawberryField:
    """Build the field `counts` of an entity's connection; `added` has the directives of plugins' conditions."""
    made = enum.StrEnum(f"{entity.name}Dimension", {name.upper(): name for name in dimensions})  # type: ignore[misc]
    by = strawberry.enum(made, description=f"What a list of {entity.name} can be counted by (计数维度).")
    for value in by.__strawberry_definition__.values:  # type: ignore[attr-defined]
        name = value.name.lower()
        described = None if name in PLACES else dimensions[name].comparison.description
        value.description = described or describe_name(name, labels)
        value.directives = added.get(name, ())
    said = "How many rows of the whole list have each value or combination, the most first (分组计数)."
    field = StrawberryField(
        python_name="counts", type_annotation=StrawberryAnnotation(list[CountType]), description=said
    )
    field.arguments = [build_argument("by", Argument(list[by], "By what, one to three (按何分组)."))]  # type: ignore[valid-type]
    return field


def describe_name(name: str, labels: Labels) -> str:
    """Describe what lists are asked by where nothing else does."""
    return f"{name.replace('_', ' ').capitalize()} ({label_name(name, labels)})"


def label_name(name: str, labels: Labels) -> str:
    """Return the Chinese label of what lists are asked by: of a level, of the field of this name, or of its kind."""
    kind = next((label for ending, label in KINDS.items() if name.endswith(ending)), "序号")
    return PLACES.get(name) or labels.get(name) or COMMON.get(name, kind)


def filter_input(
    entity: Entity, added: Mapping[str, Comparison], directives: Mapping[str, list[object]], labels: Labels
) -> type | None:
    """Build the filter an entity's lists can be asked for with in a schema that adds these, with their directives."""
    hints, inputs = {}, {}
    for name, comparison in (dict(entity.filter) | dict(added)).items():
        hints[name] = typing.Optional[comparison.kind]  # noqa: UP045 - the kind is a value here
        inputs[name] = strawberry.field(
            default=strawberry.UNSET,
            description=comparison.description or describe_name(name, labels),
            directives=directives.get(name, ()),
        )
    if not hints:
        return None
    made = strawberry.input(
        type(f"{entity.name}Filter", (), {"__annotations__": hints, **inputs}),
        description=f"Which {entity.name} rows; all conditions must hold (过滤条件).",
    )
    many = StrawberryAnnotation(typing.Optional[list[made]])  # type: ignore[valid-type]  # noqa: UP045
    single = StrawberryAnnotation(typing.Optional[made])  # noqa: UP045
    # A type that refers to itself cannot be written as annotations
    # of its own class, so these fields are added after it.
    for name, kind, said in (
        ("and", many, "All of these (且)."),
        ("or", many, "One of these (或)."),
        ("not", single, "Not this (非)."),
    ):
        joined = StrawberryField(
            python_name=f"{name}_", graphql_name=name, type_annotation=kind, description=said,
            default=strawberry.UNSET,
        )  # fmt: skip
        made.__strawberry_definition__.fields.append(joined)  # type: ignore[attr-defined]
    return made
