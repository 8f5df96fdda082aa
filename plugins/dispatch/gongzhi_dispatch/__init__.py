"""Dispatch: who answers for what, what each unit was given to do, and what was asked about it (派单)."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, COUNTY_DISPATCHER, DEPARTMENT_HANDLER, DISPATCHERS, FIELD_STAFF
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.reactions import Reaction
from gongzhi.runtime.waivers import Waiver

from .waivers import DESIGNATION


@hookimpl
def about() -> list[About]:
    return [About(requires=("deadlines",), always=True, title="Dispatch (派单)")]


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "dispatch",
            "gongzhi_dispatch.models",
            "gongzhi_dispatch.migrations",
            demo="gongzhi_dispatch.demo:fill_dispatch",
        )
    ]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import approvals, follow_ups, level_raising, types, work_types
    from .directory import commands as directory_commands
    from .merging import commands as merging_commands
    from .merging import similar_cases
    from .orders import assignment, objections
    from .orders import commands as orders_commands
    from .views import VIEWS

    return (
        *types.EXTENSIONS,
        *work_types.EXTENSIONS,
        *directory_commands.EXTENSIONS,
        *assignment.EXTENSIONS,
        *orders_commands.EXTENSIONS,
        *objections.EXTENSIONS,
        *approvals.EXTENSIONS,
        *merging_commands.EXTENSIONS,
        *follow_ups.EXTENSIONS,
        *similar_cases.EXTENSIONS,
        *level_raising.EXTENSIONS,
        *VIEWS,
    )


@hookimpl
def permissions() -> list[Permission | Role | Waiver]:
    return [
        permission(
            "dispatch.edit_directory",
            "Keep the dispatch directory and the list of duties (维护派单目录和职责清单)",
            COUNTY_DISPATCHER,
            ADMINISTRATOR,
        ),
        permission("dispatch.rule_objections", "Rule on objections to a dispatch (裁定派单异议)", COUNTY_DISPATCHER),
        permission(
            "dispatch.request_voiding",
            "Ask to void cases (申请作废)",
            *FIELD_STAFF,
            *DISPATCHERS,
            DEPARTMENT_HANDLER,
        ),
        permission("dispatch.approve", "Decide what units ask for (审批延期、挂账、作废、结案)", *DISPATCHERS),
        permission("dispatch.merge_cases", "See similar cases, merge and unmerge them (并单)", *DISPATCHERS),
        permission("dispatch.follow_up", "Ask requesters how it went (回访)", *DISPATCHERS),
        DESIGNATION,
    ]


@hookimpl
def handlers() -> tuple[Reaction, ...]:
    from .reactions import REACTIONS

    return REACTIONS


@hookimpl
def settings() -> list[CountySetting[int]]:
    from .deadlines import RETURNS

    return [RETURNS]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings
    from .directory import checks

    return [Registers(holdings=holdings.HOLDINGS, checks=checks.CHECKS)]
