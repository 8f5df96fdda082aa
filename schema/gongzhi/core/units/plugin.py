"""Registration: what `units` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [App("units", "gongzhi.core.units.models", "gongzhi.core.units.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("units.edit", "Add and change organisations (维护单位)", ADMINISTRATOR),
    ]
