"""Legal services (公共法律服务): a legal panel, advice, people's mediation, legal aid, and law within reach."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import Handler, Job


@hookimpl
def about() -> list[About]:
    # Terms are reckoned by the plugin of deadlines; a clue calls inspectors by a whistle of the plugin of operations.
    return [About(requires=("deadlines", "operations", "rights"))]


@hookimpl
def tables() -> list[App]:
    return [App("legal", "gongzhi_legal.models", "gongzhi_legal.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import (  # when asked: tables must be known before types are declared over them
        advice,
        advice_types,
        agreement_types,
        agreements,
        aid,
        aid_types,
        booking,
        calendar,
        clues,
        confirming,
        education,
        education_types,
        figures,
        knowledge,
        matter_types,
        matters,
        mediating,
        mediation_types,
        panel,
        panel_types,
        rates,
        requesting,
        screening,
        templates,
    )

    rooms = (
        panel_types, matter_types, mediation_types, agreement_types, advice_types, aid_types, education_types, panel,
        booking, matters, requesting, mediating, agreements, confirming, templates, figures, rates, advice,
        knowledge, aid, screening, education, clues, calendar,
    )  # fmt: skip
    return tuple(one for room in rooms for one in room.EXTENSIONS)


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
    from .happenings import EVENTS

    return [*EVENTS]


@hookimpl
def handlers() -> list[Handler]:
    from .clues import handled

    return [handled]


@hookimpl
def jobs() -> tuple[Job, ...]:
    from .reminding import JOBS

    return JOBS


@hookimpl
def registers() -> list[Registers]:
    from .disclosure import HOLDINGS, STATEMENTS
    from .eligibility import CARD

    return [Registers(cards=(CARD,), holdings=HOLDINGS, statements=STATEMENTS)]


@hookimpl
def channels() -> tuple[Feed, ...]:
    from .calendar import FEEDS

    return FEEDS


@hookimpl
def errands() -> list[Errand]:
    from .confidential import rewrap
    from .furnishing import furnish

    return [Errand("rewrap", rewrap), Errand("demo", furnish)]
