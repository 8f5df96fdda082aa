"""Registration: what `calendars` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [
        App("calendars", "gongzhi.calendars.models", "gongzhi.calendars.migrations", "gongzhi.calendars.stock:seed")
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import types

    return types.EXTENSIONS


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("calendars.edit", "Change when offices are open (维护工作日历)", ADMINISTRATOR),
    ]
