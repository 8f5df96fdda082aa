"""Statistics (统计分析): figures, digests, what is asked of grid workers, and what forms need not ask for."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
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
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.reactions import Reaction


@hookimpl
def about() -> list[About]:
    # Patrols are among what is asked of grid workers, hence the plugin of operations.
    return [About(requires=("operations",), always=True)]


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "statistics",
            "gongzhi_statistics.models",
            "gongzhi_statistics.migrations",
            demo="gongzhi_statistics.demo:count_figures",
        )
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import concerns, digests, known_values, streams, types

    modules = (types, known_values, concerns, digests, streams)
    return tuple(one for module in modules for one in module.EXTENSIONS)


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
def handlers() -> list[Handler | Reaction]:
    from . import recounting

    return [recounting.count_on_event, recounting.count_moved_deadlines]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import recounting

    return [recounting.count_by_job]


@hookimpl
def settings() -> list[CountySetting[int]]:
    from .burden import WORKERS_AT_LEAST

    return [WORKERS_AT_LEAST]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings, kpis

    return [Registers(kpis=kpis.KPIS, holdings=holdings.HOLDINGS)]


@hookimpl
def errands() -> tuple[Errand, ...]:
    from .console import ERRANDS

    return ERRANDS
