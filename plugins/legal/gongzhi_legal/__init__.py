"""Legal services (公共法律服务): a legal panel, advice, people's mediation, legal aid, and law within reach."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.views import View
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob, Handler


@hookimpl
def about() -> list[About]:
    # Terms are reckoned by the plugin of deadlines; a clue calls inspectors by a whistle of the plugin of operations.
    return [About(requires=("deadlines", "operations", "rights"), title="Legal services (公共法律服务)")]


@hookimpl
def tables() -> list[App]:
    return [App("legal", "gongzhi_legal.models", "gongzhi_legal.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from .advice import commands as advice_commands
    from .advice import knowledge
    from .advice import types as advice_types
    from .agreements import commands as agreements_commands
    from .agreements import confirmation, templates
    from .agreements import types as agreements_types
    from .aid import commands as aid_commands
    from .aid import types as aid_types
    from .education import commands as education_commands
    from .education import types as education_types
    from .matters import commands as matters_commands
    from .matters import types as matters_types
    from .mediation import commands as mediation_commands
    from .mediation import figures, rates, requests
    from .mediation import types as mediation_types
    from .panel import bookings, calendar_feed
    from .panel import commands as panel_commands
    from .panel import types as panel_types
    from .prevention import clues, screening
    from .views import VIEWS

    modules = (
        panel_types, matters_types, mediation_types, agreements_types, advice_types, aid_types, education_types,
        panel_commands, bookings, matters_commands, requests, mediation_commands, agreements_commands, confirmation,
        templates, figures, rates, advice_commands, knowledge, aid_commands, screening, education_commands, clues,
        calendar_feed,
    )  # fmt: skip
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    field = frozenset({"grid_worker", "grid_leader"})
    dispatch = frozenset({"town_dispatcher", "county_dispatcher"})
    office = frozenset({"legal_manager", "administrator"})
    return [
        Role("counsellor", "法律顾问", "Answers questions and helps with legal aid: a lawyer, a judge, an officer."),
        Role("mediator", "人民调解员", "Mediates disputes by name."),
        Role("firm", "律师事务所", "A law firm that gives legal aid, for its unit."),
        Role("legal_manager", "司法行政人员", "Keeps the legal panel; sees figures, and no matter."),
        Permission(
            "legal.handle", "Handle the matters one is named for (承办法律事务)", frozenset({"counsellor", "mediator"})
        ),
        Permission("legal.represent", "Work on what a firm is assigned (办理法律援助)", frozenset({"firm"})),
        Permission("legal.manage", "Keep the legal panel and its documents (管理法律服务)", office, names_people=True),
        Permission("legal.figures", "See figures and subsidies (查看法律服务统计)", office | {"auditor"}),
        Permission("legal.refer", "Ask for mediation on behalf of others (移送人民调解)", field | dispatch),
        Permission("legal.screen", "Look after situations (矛盾排查)", field | {"mediator"}),
        Permission("legal.teach", "Publish about the law (普法宣传、知识审核)", office | {"counsellor"}),
        Permission("legal.clues", "Take up clues for inspectors (受理执法线索)", dispatch | {"grid_leader"}),
    ]


@hookimpl
def events() -> list[type[Event]]:
    from .events import EVENTS

    return [*EVENTS]


@hookimpl
def handlers() -> list[Handler]:
    from .prevention.clues import request_answer

    return [request_answer]


@hookimpl
def jobs() -> tuple[BackgroundJob, ...]:
    from .reminders import JOBS

    return JOBS


@hookimpl
def registers() -> list[Registers]:
    from .aid.eligibility import CARD
    from .registers import HOLDINGS, STATEMENTS

    return [Registers(cards=(CARD,), holdings=HOLDINGS, statements=STATEMENTS)]


@hookimpl
def channels() -> tuple[Feed, ...]:
    from .panel.calendar_feed import FEEDS

    return FEEDS


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo

    return [Errand("demo", load_demo)]
