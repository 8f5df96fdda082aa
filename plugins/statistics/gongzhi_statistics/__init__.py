"""Statistics (统计分析): figures, digests, maps of concerns, early signs, and what is asked of grid workers."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    AUDITOR,
    COUNTY_DISPATCHER,
    COUNTY_LEADER,
    DEPARTMENT_HANDLER,
    DEPUTY,
    DISPATCHERS,
    GRID_LEADER,
)
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.reactions import Reaction
from gongzhi.runtime.routes import Route


@hookimpl
def about() -> list[About]:
    # Early signs propose patrols and whistles, and patrols are among what is asked of grid workers: those are of the
    # plugin of operations.
    return [About(requires=("operations",), always=True, title="Statistics (统计分析)")]


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
def graphql() -> tuple[Extension | View, ...]:
    from . import concerns, digests, known_values, streams, types
    from .early_signs import deciding
    from .early_signs import types as sign_types
    from .open_data import publishing
    from .open_data import types as dataset_types
    from .views import VIEWS

    modules = (types, known_values, concerns, digests, streams, sign_types, deciding, dataset_types, publishing)
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


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
        permission(
            "statistics.publish", "Publish open data, two together (发布开放数据)", COUNTY_DISPATCHER, ADMINISTRATOR
        ),
        permission("statistics.decide_signs", "Decide about early signs (研判处置民情预警)", GRID_LEADER, *DISPATCHERS),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import SIGN_EVENTS

    return SIGN_EVENTS


@hookimpl
def handlers() -> list[Handler | Reaction]:
    from . import recounting

    return [recounting.count_on_event, recounting.count_moved_deadlines]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import recounting
    from .early_signs.finding import find_signs

    return [recounting.count_by_job, find_signs]


@hookimpl
def settings() -> list[CountySetting[int] | CountySetting[str]]:
    from .burden import WORKERS_AT_LEAST
    from .early_signs.finding import LEAST
    from .open_data.publishing import LICENCE

    return [WORKERS_AT_LEAST, LEAST, LICENCE]


@hookimpl
def channels() -> list[Route]:
    from .open_data.files import ROUTES

    return [*ROUTES]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings, kpis
    from .early_signs.card import CARD

    return [Registers(cards=(CARD,), kpis=kpis.KPIS, holdings=holdings.HOLDINGS, checks=holdings.CHECKS)]


@hookimpl
def errands() -> tuple[Errand, ...]:
    from .console import ERRANDS

    return ERRANDS
