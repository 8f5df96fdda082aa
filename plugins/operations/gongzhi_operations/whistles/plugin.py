"""Registration: what `whistles` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import COUNTY_LEADER, DEPARTMENT_HANDLER, DISPATCHERS, GRID_LEADER, STAFF
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.waivers import Waiver

from .waivers import APPROVAL


@hookimpl
def tables() -> list[App]:
    models, migrations = "gongzhi_operations.whistles.models", "gongzhi_operations.whistles.migrations"
    return [App("whistles", models, migrations, noun="whistle")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import calls, responses, types

    return (
        *types.EXTENSIONS,
        *calls.EXTENSIONS,
        *responses.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role | Waiver]:
    return [
        permission("whistles.call", "Call units together (吹哨)", GRID_LEADER, *DISPATCHERS),
        permission("whistles.approve", "Approve what a village calls units for (吹哨审批)", *DISPATCHERS),
        permission("whistles.check_in", "Check one's unit in (报到)", DEPARTMENT_HANDLER),
        permission("whistles.view", "See whistle calls (查看吹哨)", *STAFF, COUNTY_LEADER),
        APPROVAL,
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import escalation

    return [escalation.escalate_late_units]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
