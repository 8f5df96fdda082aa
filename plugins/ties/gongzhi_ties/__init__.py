"""Ties: links of help by agreement, deputies and what they hear, social organisations (联系帮扶与代表)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, permission
from gongzhi.plugin.roles import COUNTY_DISPATCHER, DEPARTMENT_HANDLER, DISPATCHERS, GRID_LEADER
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob, Handler


@hookimpl
def about() -> list[About]:
    # Deputies' proposals are party's, and what deputies hear becomes some of them.
    return [About(requires=("party",), title="Ties (联系帮扶)")]


@hookimpl
def tables() -> list[App]:
    return [App("ties", "gongzhi_ties.models", "gongzhi_ties.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import (
        arranging,
        community,
        congress,
        deeds,
        deputies,
        figures,
        organisations,
        purchases,
        receptions,
        types,
        volunteers,
    )
    from .views import VIEWS

    links, people = (types, arranging, deeds, figures), (congress, deputies, receptions)
    modules = (*links, *people, community, organisations, volunteers, purchases)
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission]:
    return [
        permission(
            "ties.keep",
            "Propose links of help in a place, and write down what was done (拟定联系帮扶、登记实事)",
            GRID_LEADER,
            *DISPATCHERS,
        ),
        # Apart from that: a unit's people agree for it, and arrange nothing in a village.
        permission(
            "ties.answer",
            "Agree to links for a town or village, or for a unit (代表镇村或单位答复联系帮扶)",
            GRID_LEADER,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
        ),
        permission(
            "ties.keep_deputies",
            "Keep the register of deputies, their stations and reception days (登记代表、联络站和接待日)",
            *DISPATCHERS,
        ),
        permission(
            "ties.register_organisations",
            "Register social organisations in a place, or for the unit that supervises them (登记社会组织)",
            COUNTY_DISPATCHER,
            DEPARTMENT_HANDLER,
        ),
        permission(
            "ties.purchase",
            "Write down services that are bought, and accept them (登记和验收购买服务)",
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
        ),
        permission(
            "ties.see_volunteers",
            "See volunteers in a grid, to ask them for help (查看登记志愿者)",
            GRID_LEADER,
            *DISPATCHERS,
        ),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def handlers() -> list[Handler]:
    from .receptions import tell_asker

    return [tell_asker]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .watching import end_ties

    return [end_ties]


@hookimpl
def registers() -> list[Registers]:
    from .registers import HOLDINGS

    return [Registers(holdings=HOLDINGS)]


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo_ties

    return [Errand("demo", load_demo_ties)]
