"""Registration: what `statistics` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..events.work import Handler, Job
from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..registers.book import Registers
from ..roles import ADMINISTRATOR, AUDITOR, COUNTY_LEADER, DEPARTMENT_HANDLER, DEPUTY, DISPATCHERS, GRID_LEADER


@hookimpl
def tables() -> list[App]:
    return [App("statistics", "gongzhi.statistics.models", "gongzhi.statistics.migrations")]


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
