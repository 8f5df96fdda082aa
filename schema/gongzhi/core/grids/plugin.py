"""Registration: what `grids` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [App("grids", "gongzhi.core.grids.models", "gongzhi.core.grids.migrations")]


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
        permission("grids.edit", "Add grids, change names and boundaries (维护网格)", ADMINISTRATOR),
    ]
