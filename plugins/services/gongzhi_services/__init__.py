"""Services: what people apply for, with what is on file filled in, in the days that units promise (一网通办)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR, COUNTY_LEADER, DEPARTMENT_HANDLER
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.reactions import Reaction


@hookimpl
def about() -> list[About]:
    # Days are reckoned by the plugin of deadlines; proxies rest on a consent, corrections are asked for as a right.
    return [About(requires=("deadlines", "rights"), title="Services (政务服务)")]


@hookimpl
def tables() -> list[App]:
    return [App("services", "gongzhi_services.models", "gongzhi_services.migrations", "gongzhi_services.applying:seed")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import applying, catalogue, figures, handling, lapses, ratings, types
    from .views import VIEWS

    modules = (types, catalogue, applying, handling, ratings, lapses, figures)
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        Role(
            "service_manager", "政务服务管理人员", "Keeps the catalogue of services, and supervises how units keep it."
        ),
        Permission(
            "services.publish",
            "Publish what people may apply for (发布政务服务事项)",
            frozenset({"service_manager", ADMINISTRATOR.name}),
        ),
        permission("services.handle", "Decide on applications of one's unit (办理政务服务申请)", DEPARTMENT_HANDLER),
        Permission(
            "services.supervise",
            "Look at what units did otherwise than they promised (效能监察)",
            frozenset({"service_manager", COUNTY_LEADER.name, AUDITOR.name}),
        ),
        permission("services.set_terms", "Set the county's terms for services (设置政务服务时限)", ADMINISTRATOR),
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
    from .watching import watch

    return [watch]


@hookimpl
def registers() -> list[Registers]:
    from .registers import CHECK, HOLDINGS, KPIS, NOTICES

    return [Registers(holdings=HOLDINGS, notices=NOTICES, kpis=KPIS, checks=(CHECK,))]


@hookimpl
def settings() -> list[CountySetting[int]]:
    from .clocks import ANSWER, RATING, RECEIPT

    return [RECEIPT, RATING, ANSWER]


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo_services

    return [Errand("demo", load_demo_services)]
