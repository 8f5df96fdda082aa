"""Action fields: adds `actions` to every type that commands are done to, made of what the commands declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.plans import PLAN, PLUGIN
from gongzhi.declare.sql import Sql
from gongzhi.runtime.commands import COMMAND, Command
from strawberry.types.field import StrawberryField

from gongzhi_server.commands.field_labels import name_text
from gongzhi_server.planner.actions import ActionList, OfferedAction


@strawberry.type(name="Action", description="What may be done to an object, or why not (可执行操作).")
class ActionType:
    name: str = strawberry.field(description="The mutation (操作名称).")
    label: str = strawberry.field(description="What people call it, in the caller's language (操作标签).")
    allowed: bool = strawberry.field(
        description="Whether its state and your permissions allow it; what you send may still be refused (是否可执行)."
    )
    reason: str | None = strawberry.field(
        description="The code it would be refused with; `labels` has them as reasons (不可执行的原因)."
    )


def action_fields(mutations: Mapping[str, StrawberryField]) -> Iterable[tuple[type, StrawberryField]]:
    """Yield the types that mutations are done to, each with its `actions`, in the order of the mutations' names."""
    offered: dict[type, list[OfferedAction]] = defaultdict(list)
    for name, field in sorted(mutations.items()):
        command: Command | None = field.metadata.get(COMMAND)
        if command and command.action:
            plugin = field.metadata.get(PLUGIN)
            label = name_text(name, field.description)
            offered[command.action.on].append(OfferedAction(name, label, command, plugin))
    for target, found in offered.items():
        yield target, actions_field(tuple(found))


def actions_field(offered: tuple[OfferedAction, ...]) -> StrawberryField:
    """Return the field `actions` for these."""
    description = "What may be done to it: each mutation, and whether you may with it as it is (可执行操作)."
    field: StrawberryField = embedded(description, lambda at: Sql("null"), type=list[ActionType])
    field.metadata = MappingProxyType({**field.metadata, PLAN: ActionList(offered)})
    field.python_name = "actions"
    return field
