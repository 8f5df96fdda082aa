"""Registration: what `supervision` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..events.work import Job
from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..registers.book import Registers
from ..roles import ADMINISTRATOR, COUNTY_DISPATCHER, COUNTY_LEADER, DISPATCHERS


@hookimpl
def tables() -> list[App]:
    return [App("supervision", "gongzhi.supervision.models", "gongzhi.supervision.migrations")]


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
def jobs() -> list[Job]:
    from . import sweeping

    return [sweeping.swept]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
