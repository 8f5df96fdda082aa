"""Registration: what `emergency` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR, DISPATCHERS
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.waivers import Grantor


@hookimpl
def tables() -> list[App]:
    return [App("emergency", "gongzhi_operations.emergency.models", "gongzhi_operations.emergency.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role | Grantor]:
    from .powers import grant_power

    return [
        permission(
            "emergency.declare", "Declare, confirm and end emergencies (宣布、确认、结束应急状态)", *DISPATCHERS
        ),
        permission(
            "emergency.review", "See what emergencies allowed (查看应急留痕)", *DISPATCHERS, AUDITOR, ADMINISTRATOR
        ),
        grant_power,
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import ending

    return [ending.end_due_emergencies]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
