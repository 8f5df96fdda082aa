"""Registration: what `calendars` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import OfficeHours
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "calendars",
            "gongzhi.core.calendars.models",
            "gongzhi.core.calendars.migrations",
            "gongzhi.core.calendars.stock:seed",
        )
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


@hookimpl
def registers() -> list[Registers]:
    from .reading import NEXT_OPENING

    return [Registers(office_hours=(OfficeHours(NEXT_OPENING),))]
