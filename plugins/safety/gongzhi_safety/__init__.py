"""Safety: firms and small sites are inspected by checklists, and hazards are corrected in time (网格+安全监管)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    AUDITOR,
    COUNTY_DISPATCHER,
    COUNTY_LEADER,
    DEPARTMENT_HANDLER,
    DISPATCHERS,
    FIELD_STAFF,
)
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.reactions import Reaction


@hookimpl
def about() -> list[About]:
    # Working days are reckoned by the plugin of deadlines.
    return [About(requires=("deadlines",), title="Safety (安全监管)")]


@hookimpl
def tables() -> list[App]:
    return [App("safety", "gongzhi_safety.models", "gongzhi_safety.migrations", "gongzhi_safety.hazards:seed")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import checklists, correcting, figures, inspecting, reviewing, sites, types
    from .views import VIEWS

    modules = (types, checklists, sites, inspecting, correcting, reviewing, figures)
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission]:
    return [
        permission(
            "safety.view",
            "See sites, their inspections and hazards (查看安全监管场所和隐患)",
            *FIELD_STAFF,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
            COUNTY_LEADER,
            AUDITOR,
            ADMINISTRATOR,
        ),
        # It opens no search of people by name: field staff and dispatchers see those whom they name.
        permission(
            "safety.register",
            "Register sites, and who answers for them (登记安全监管场所)",
            *FIELD_STAFF,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
        ),
        permission(
            "safety.inspect",
            "Inspect sites, and look again at what was corrected (安全检查、复查)",
            *FIELD_STAFF,
            DEPARTMENT_HANDLER,
        ),
        permission(
            "safety.supervise",
            "Confirm that major hazards are gone, extend deadlines, decide objections (重大隐患销号、延期、异议处理)",
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
        ),
        permission(
            "safety.publish",
            "Publish the checklists of a county (发布安全检查清单)",
            COUNTY_DISPATCHER,
            ADMINISTRATOR,
        ),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def handlers() -> list[Reaction]:
    from .watching import guard_case

    return [guard_case]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .watching import watch_hazards

    return [watch_hazards]


@hookimpl
def registers() -> list[Registers]:
    from .registers import CHECKS, HOLDINGS, KPIS

    return [Registers(holdings=HOLDINGS, kpis=KPIS, checks=CHECKS)]


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo_sites

    return [Errand("demo", load_demo_sites)]
