"""Registration: what `units` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [App("units", "gongzhi.units.models", "gongzhi.units.migrations")]


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
