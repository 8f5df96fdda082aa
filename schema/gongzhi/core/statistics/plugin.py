"""Registration: what `statistics` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    AUDITOR,
    COUNTY_LEADER,
    DEPARTMENT_HANDLER,
    DEPUTY,
    DISPATCHERS,
    GRID_LEADER,
)
from gongzhi.runtime.jobs import Handler, Job


@hookimpl
def tables() -> list[App]:
    return [App("statistics", "gongzhi.core.statistics.models", "gongzhi.core.statistics.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import digests, prefilling, types

    return (
        *types.EXTENSIONS,
        *prefilling.EXTENSIONS,
        *digests.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission(
            "statistics.view",
            "See figures and digests (查看统计和汇总)",
            GRID_LEADER,
            *DISPATCHERS,
            COUNTY_LEADER,
            DEPARTMENT_HANDLER,
            DEPUTY,
            AUDITOR,
            ADMINISTRATOR,
        ),
    ]


@hookimpl
def handlers() -> list[Handler]:
    from . import counting

    return [counting.counted]


@hookimpl
def jobs() -> list[Job]:
    from . import counting

    return [counting.followed]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
