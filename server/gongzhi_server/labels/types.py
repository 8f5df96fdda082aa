"""Label types: what frontends ask for, a few types at a time; all of it is a file."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import strawberry
from gongzhi.core.plugins.types import published_part
from gongzhi.declare.entity import embedded
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import invalid_input

MOST = 50
"""Names that may be asked for at once."""


class LabelTone(enum.Enum):
    """How a value looks where it matters."""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"


describe_enum(
    LabelTone,
    "LabelTone",
    "How a value looks where it matters (色调).",
    GREEN="As it should be (绿)",
    AMBER="Needs attention soon (黄)",
    RED="Needs attention now (红)",
)
set_tones(LabelTone, GREEN="GREEN", AMBER="AMBER", RED="RED")


@strawberry.type(name="Label", description="What people read in place of a name (标签).")
class LabelType:
    name: str = strawberry.field(description="The name that programs use (名称).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    tone: LabelTone | None = strawberry.field(description="How it looks, where that matters (色调).")
    min_length: int | None = strawberry.field(
        description="Of a text in an input, how many characters at least, without blanks around it (最少字数)."
    )
    max_length: int | None = strawberry.field(description="Of a text in an input, how many at most (最多字数).")
    pattern: str | None = strawberry.field(
        description="Of a text in an input, which expression it meets as a whole (格式)."
    )
    min: int | None = strawberry.field(description="Of a number in an input, the least (最小值).")
    max: int | None = strawberry.field(description="Of a number in an input, the greatest (最大值).")
    min_items: int | None = strawberry.field(description="Of a list in an input, how many entries at least (最少项数).")
    max_items: int | None = strawberry.field(description="Of a list in an input, how many at most (最多项数).")


@strawberry.type(name="LabelGroup", description="The labels of a type, or of what programs know by a code (标签组).")
class LabelGroupType:
    of: str = strawberry.field(description="The type, or permissions, roles, events, errors or reasons (所属).")
    english: str = strawberry.field(description="What the type is called in English (英文标签).")
    chinese: str = strawberry.field(description="What the type is called in Chinese (中文标签).")
    labels: list[LabelType] = strawberry.field(
        description="Of its values or fields, in the order in which they are shown (标签列表)."
    )


@strawberry.type(name="Role", description="An office, and what it may (角色).")
class RoleType:
    name: str = strawberry.field(description="The name that `grantRole` takes (名称).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    description: str = strawberry.field(description="What it is for (说明).")
    grantable: bool = strawberry.field(
        description="Whether an account may be given it: in any grid, for any unit, or everywhere (可否授予)."
    )
    guarded: bool = strawberry.field(description="Whether a second person confirms who is given it (是否须复核).")
    permissions: list[LabelType] = strawberry.field(description="What it may, where it is held (权限).")


def select_labels(given: Mapping[str, Any], context: Any) -> str:
    """Return the groups that are asked for, as JSON. Raises Refusal for too many."""
    if len(given["of"]) > MOST:
        raise invalid_input(
            f"Ask for {MOST} names at most; all labels are in labels.json, beside the schema.",
            f"一次最多查询{MOST}个名称；全部标签见与模式一同提供的 labels.json。",
            "of",
        )
    return str(context.labels(given["of"]))


def labels_sql(at: Frame) -> Sql:
    return Sql("{0}", at.given.whole(select_labels, cast="jsonb"))


EXTENSIONS = (
    extend(
        Query,
        labels=embedded(
            "What people read in place of names, in both languages; a name that nothing has is left out (标签).",
            labels_sql,
            type=list[LabelGroupType],
            arguments={
                "of": Argument(list[str], "Types, or permissions, roles, events, errors, reasons; 50 at most (所属).")
            },
        ),
        roles=embedded(
            "Every role of the core and of plugins, and what it may (角色).",
            published_part("roles"),
            type=list[RoleType],
        ),
    ),
)
