"""Registration: what `supervision` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, COUNTY_DISPATCHER, COUNTY_LEADER, DISPATCHERS
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def tables() -> list[App]:
    return [App("supervision", "gongzhi_operations.supervision.models", "gongzhi_operations.supervision.migrations")]


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
        permission("supervision.view", "See how cases are supervised, without the cases (查看督办)", COUNTY_LEADER),
        permission("supervision.supervise", "Remind and supervise units (催办、督办)", *DISPATCHERS),
        permission("supervision.list", "Put a supervision on the county's list (挂牌督办)", COUNTY_DISPATCHER),
        permission("supervision.edit_rules", "Set when cases are supervised (维护督办规则)", ADMINISTRATOR),
    ]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import daily_sweep

    return [daily_sweep.supervise_by_rule]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
