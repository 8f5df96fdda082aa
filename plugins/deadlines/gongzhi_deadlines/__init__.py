"""Deadlines: by when each stage of a case is due, in the working time of its county, and who is reminded (时限)."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import OfficeHours
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.reactions import Reaction


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "calendars",
            "gongzhi_deadlines.calendars.models",
            "gongzhi_deadlines.calendars.migrations",
            "gongzhi_deadlines.calendars.national_calendar:seed_calendar",
        ),
        App(
            "clocks",
            "gongzhi_deadlines.clocks.models",
            "gongzhi_deadlines.clocks.migrations",
            "gongzhi_deadlines.clocks.default_rules:seed_rules",
            demo="gongzhi_deadlines.clocks.demo:start_clocks",
        ),
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from .calendars import types as calendars_types
    from .clocks import commands, town_commands, types

    return (
        *calendars_types.EXTENSIONS,
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *town_commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("calendars.edit", "Change when offices are open (维护工作日历)", ADMINISTRATOR),
        permission("clocks.edit_rules", "Choose and write deadlines of a county or town (维护时限规则)", ADMINISTRATOR),
    ]


@hookimpl
def handlers() -> tuple[Reaction, ...]:
    from .clocks.reactions import REACTIONS

    return REACTIONS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .clocks import sweeping

    return [sweeping.run_sweep]


@hookimpl
def registers() -> list[Registers]:
    from . import checks, holdings
    from .calendars.reading import NEXT_OPENING

    return [Registers(holdings=holdings.HOLDINGS, checks=checks.CHECKS, office_hours=(OfficeHours(NEXT_OPENING),))]


@hookimpl
def errands() -> list[Errand]:
    from .clocks.sweeping import sweep_all

    return [Errand("sweep", sweep_all, group="clocks")]
