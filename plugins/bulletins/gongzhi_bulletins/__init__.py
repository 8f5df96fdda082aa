"""Bulletins: what a village publishes and whom it tells, its ledger of affairs, and warnings (村务公开和推送)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, COUNTY_DISPATCHER, GRID_LEADER, TOWN_DISPATCHER
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.routes import Route
from gongzhi.runtime.services import Service


@hookimpl
def about() -> list[About]:
    # Who is told of a kind of bulletins has agreed to it.
    return [About(requires=("rights",), title="Bulletins (公开信息与推送)")]


@hookimpl
def tables() -> list[App]:
    return [
        App("bulletins", "gongzhi_bulletins.models", "gongzhi_bulletins.migrations", "gongzhi_bulletins.questions:seed")
    ]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import commands, interests, questions, types
    from .ledger import commands as ledger_commands
    from .ledger import types as ledger_types
    from .views import VIEWS
    from .warnings import types as warning_types

    modules = (types, commands, interests, ledger_types, ledger_commands, warning_types, questions)
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission(
            "bulletins.publish", "Publish bulletins (发布信息)", GRID_LEADER, TOWN_DISPATCHER, COUNTY_DISPATCHER
        ),
        Role("village_supervisor", "村务监督委员会成员", "Supervises what a village publishes, and signs it."),
        permission(
            "bulletins.keep_ledger", "Keep a village's ledger of affairs (登记村务公开)", GRID_LEADER, TOWN_DISPATCHER
        ),
        permission("bulletins.sign", "Sign for the village committee (村委会签字)", GRID_LEADER),
        Permission("bulletins.countersign", "Sign for its supervision (监委会签字)", frozenset({"village_supervisor"})),
        permission(
            "bulletins.set_terms", "Set by when villages publish (设置村务公开期限)", COUNTY_DISPATCHER, ADMINISTRATOR
        ),
        permission("bulletins.warn", "Warn of danger at any hour (发布应急信息)", TOWN_DISPATCHER, COUNTY_DISPATCHER),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .ledger.periods import open_periods
    from .ledger.reminders import remind_villages
    from .telling import tell_readers
    from .warnings.handling import handle_warnings

    return [tell_readers, open_periods, remind_villages, handle_warnings]


@hookimpl
def registers() -> list[Registers]:
    from .interests import NOTICES
    from .ledger.periods import CHECK
    from .registers import HOLDINGS

    return [Registers(holdings=HOLDINGS, notices=NOTICES, checks=(CHECK,))]


@hookimpl
def settings() -> list[type | CountySetting[int]]:
    from .ledger.periods import DAYS, MAJOR_DAYS
    from .warnings.settings import BulletinSettings

    return [BulletinSettings, DAYS, MAJOR_DAYS]


@hookimpl
def channels() -> tuple[Route, ...]:
    from .warnings.receiving import ROUTES

    return ROUTES


@hookimpl
def lifespan() -> list[Service]:
    from .warnings.receiving import ask_source, has_source

    return [Service("bulletins.source", ask_source, wanted=has_source)]


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo_bulletins

    return [Errand("demo", load_demo_bulletins)]
