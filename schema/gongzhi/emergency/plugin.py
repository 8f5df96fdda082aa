"""Registration: what `emergency` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..events.event import Event
from ..events.work import Job
from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..registers.book import Registers
from ..roles import ADMINISTRATOR, AUDITOR, DISPATCHERS


@hookimpl
def tables() -> list[App]:
    return [App("emergency", "gongzhi.emergency.models", "gongzhi.emergency.migrations")]


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
        permission(
            "emergency.declare", "Declare, confirm and end emergencies (宣布、确认、结束应急状态)", *DISPATCHERS
        ),
        permission(
            "emergency.review", "See what emergencies allowed (查看应急留痕)", *DISPATCHERS, AUDITOR, ADMINISTRATOR
        ),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> list[Job]:
    from . import ending

    return [ending.ended]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
