"""Operations: emergencies (平战结合), whistle calls (吹哨报到), supervision (督办), centres, patrols (巡查)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.waivers import Grantor, Waiver

from .centers import plugin as centers
from .emergency import plugin as emergency
from .patrols import plugin as patrols
from .supervision import plugin as supervision
from .whistles import plugin as whistles

PARTS = (emergency, whistles, centers, patrols, supervision)
"""The packages, in the order in which their tables are made."""


@hookimpl
def about() -> list[About]:
    # Deadlines reckon terms in working time; a whistle and a supervision belong to cases that dispatch hands out.
    # Always on: counties cannot switch off that an overdue case is asked about.
    return [About(requires=("deadlines", "dispatch"), always=True, title="Operations (综治运行)")]


@hookimpl
def tables() -> list[App]:
    return [table for one in PARTS for table in one.tables()]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from .views import VIEWS

    return (*(extension for one in PARTS for extension in one.graphql()), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role | Waiver | Grantor]:
    return [permission for one in PARTS for permission in one.permissions()]


@hookimpl
def events() -> tuple[type[Event], ...]:
    return (*emergency.events(), *whistles.events())


@hookimpl
def jobs() -> list[BackgroundJob]:
    return [*emergency.jobs(), *whistles.jobs(), *supervision.jobs()]


@hookimpl
def registers() -> list[Registers]:
    return [register for one in PARTS for register in one.registers()]


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo

    return [Errand("demo", load_demo)]
