"""Label collection: the labels of everything that has a name, each from where the thing is declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from gongzhi.values.errors import Text
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)
from strawberry.utils.str_converters import to_camel_case

from gongzhi_server._compat import graphql_schema
from gongzhi_server.commands.field_labels import described_text, name_text
from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.graphql.constraints import write_limits
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.plugins.contributions import Plugins

STANDARD = ("Date", "DateTime", "Decimal", "JSON")
"""Scalars that Strawberry describes."""
DEFINITION = "strawberry-definition"
"""Under which Strawberry leaves what it was declared with."""


@dataclass(frozen=True)
class Label:
    """What people read in place of a name, and how it looks: green, amber or red, where that matters."""

    name: str
    text: Text
    tone: str | None = None
    limits: Mapping[str, int | str] = field(default_factory=dict)
    """What a field of an input takes, as `@constraint` has it."""


@dataclass(frozen=True)
class LabelGroup:
    """The labels of one type, or of all permissions, say, in the order in which they are shown."""

    of: str
    text: Text
    labels: tuple[Label, ...]


class Labels:
    """The labels of a deployment, by what they are of: a type, or a register such as `permissions`."""

    def __init__(self, schema: Schema, plugins: Plugins) -> None:
        self.types = graphql_schema(schema).type_map
        self.registers = {group.of: group for group in label_registers(plugins)}
        self.registers["reasons"] = label_reasons(schema)

    def find(self, name: str) -> LabelGroup | None:
        """Return the labels of one of them; None for a name that nothing has."""
        kind = self.types.get(name)
        # Made when somebody asks: reading all descriptions would hold everybody up.
        return label_type(kind) if kind and is_labelled(kind) else self.registers.get(name)

    def select(self, names: Iterable[str]) -> str:
        """Write the groups with these names as JSON, for the schema; a name that nothing has is left out."""
        found = (self.find(name) for name in dict.fromkeys(names))
        return orjson.dumps([write_group(group) for group in found if group]).decode()

    def write(self) -> str:
        """Write all labels as JSON, by what they are of and by name."""
        types = (label_type(kind) for _, kind in sorted(self.types.items()) if is_labelled(kind))
        found = {
            group.of: {**write_text(group.text), "labels": {one.name: write_label(one) for one in group.labels}}
            for group in (*types, *self.registers.values())
        }
        return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n"


def write_text(text: Text) -> dict[str, Any]:
    return {"english": text.en, "chinese": text.zh}


def write_label(label: Label) -> dict[str, Any]:
    return {**write_text(label.text), **({"tone": label.tone} if label.tone else {}), **label.limits}


def write_group(group: LabelGroup) -> dict[str, Any]:
    labels = [{"name": one.name, **write_label(one)} for one in group.labels]
    return {"of": group.of, **write_text(group.text), "labels": labels}


def is_labelled(kind: GraphQLNamedType) -> bool:
    """Return whether a type has labels: those that GraphQL itself has are for programs."""
    return not (is_introspection_type(kind) or is_specified_scalar_type(kind) or kind.name in STANDARD)


def label_type(kind: GraphQLNamedType) -> LabelGroup:
    """Return the labels of a type and of what it consists of."""
    return LabelGroup(kind.name, name_text(kind.name, kind.description), tuple(member_labels(kind)))


def member_labels(kind: GraphQLNamedType) -> Iterator[Label]:
    """Yield the labels of an enum's values, or of the fields of a type or an input, as declared."""
    if isinstance(kind, GraphQLEnumType):
        declared = kind.extensions[DEFINITION].wrapped_cls
        tones = getattr(declared, "__tones__", {})  # by gongzhi.declare.enums.set_tones
        for name in in_order(kind.values, declared.__members__):
            yield Label(name, described_text(name, kind.values[name].description), tones.get(name))
    elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        declared_names = [to_camel_case(one.python_name) for one in kind.extensions[DEFINITION].fields]
        for name in in_order(kind.fields, declared_names):
            one = kind.fields[name]
            limits = write_limits(one.extensions[DEFINITION]) if isinstance(one, GraphQLInputField) else {}
            yield Label(name, name_text(name, one.description), limits=limits)


def in_order(names: Iterable[str], declared: Iterable[str]) -> list[str]:
    """Return names in the order of their declaration, for the schema sorts them; others come last."""
    places = {name: at for at, name in enumerate(declared)}
    return sorted(names, key=lambda name: places.get(name, len(places)))


REASONS = {
    "FORBIDDEN": Text("No permission", "没有权限"),
    "PLUGIN_INACTIVE": Text("Not switched on here", "本县未启用"),
    "ILLEGAL_TRANSITION": Text("Wrong state", "当前状态不可执行"),
    "DUPLICATE": Text("Done already", "已办理"),
    "CONFLICT_OF_INTEREST": Text("Somebody else must do it", "需回避"),
    "FOUR_EYES": Text("A second person must do it", "须由他人办理"),
    **dict.fromkeys(("TERM_OVER", "OFFER_OVER"), Text("Too late", "已过期限")),
}
"""Why something may not be done, in the words of a button; of other codes, the words of what requires them."""


def label_reasons(schema: Schema) -> LabelGroup:
    """Return the labels of the codes with which actions are refused."""
    required = {
        one.code: one.text if isinstance(one.text, Text) else Text(one.code, one.code)
        for action in schema.actions
        for one in (*action.who, *action.when)
    }
    known = {**REASONS, **{code: text for code, text in sorted(required.items()) if code not in REASONS}}
    return LabelGroup("reasons", Text("Reasons", "不可执行的原因"), tuple(Label(*one) for one in known.items()))


def label_registers(plugins: Plugins) -> Iterator[LabelGroup]:
    """Yield the labels of what programs know by a code and no type of the schema lists."""
    roles = (Label(one.name, one.label) for one in plugins.roles)
    yield LabelGroup("roles", Text("Roles", "角色"), tuple(roles))
    described = {
        "permissions": (Text("Permissions", "权限"), [(one.name, one.description) for one in plugins.permissions]),
        "events": (Text("Events", "事件"), [(one.type, one.description) for one in plugins.registry]),
        "errors": (Text("Errors", "错误"), [(one.value, one.description) for one in Code]),
    }
    for name, (text, known) in described.items():
        yield LabelGroup(name, text, tuple(Label(code, described_text(code, said)) for code, said in known))
