"""Registration: what `resolutions` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import GRID_LEADER


@hookimpl
def tables() -> list[App]:
    return [App("resolutions", "gongzhi.core.resolutions.models", "gongzhi.core.resolutions.migrations")]


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
        permission("resolutions.record", "Record what assemblies decided (登记决议)", GRID_LEADER),
    ]
