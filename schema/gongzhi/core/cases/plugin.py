"""Registration: what `cases` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    COUNTY_DISPATCHER,
    DEPARTMENT_HANDLER,
    DISPATCHERS,
    FIELD_STAFF,
    INTEGRATOR,
    STAFF,
)


@hookimpl
def tables() -> list[App]:
    return [
        App("cases", "gongzhi.core.cases.models", "gongzhi.core.cases.migrations", "gongzhi.core.cases.catalog:seed")
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import attachment_commands, attachment_types, commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *attachment_types.EXTENSIONS,
        *attachment_commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("cases.view", "See cases (查看诉求)", *STAFF, INTEGRATOR),
        permission("cases.view_sealed", "See tip-offs (查看举报)", COUNTY_DISPATCHER, guarded=True),
        permission("cases.view_notes", "Read staff notes (查看内部备注)", *STAFF),
        permission("cases.accept", "Accept and decline cases (受理诉求)", *FIELD_STAFF, *DISPATCHERS),
        permission("cases.dispatch", "Dispatch cases to units (派单)", *DISPATCHERS),
        permission("cases.settle", "Settle cases in the grid (自处理)", *FIELD_STAFF),
        permission("cases.handle", "Handle and answer cases (办理和答复)", *FIELD_STAFF, DEPARTMENT_HANDLER),
        permission("cases.close", "Close and reopen answered cases (结案、重办)", *DISPATCHERS),
        permission(
            "cases.report_proactive",
            "File what nobody asked for (上报未诉先办事项)",
            *FIELD_STAFF,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
            INTEGRATOR,
        ),
        permission("cases.intake", "File cases of another system by its numbers (批量接入)", INTEGRATOR, ADMINISTRATOR),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
