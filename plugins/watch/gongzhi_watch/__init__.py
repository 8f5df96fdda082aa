"""Watch: households ask or agree to be watched over (防返贫监测), and errors in good faith are reviewed (容错纠错)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    COUNTY_DISPATCHER,
    DEPARTMENT_HANDLER,
    DISPATCHERS,
    FIELD_STAFF,
)
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob

REVIEWER = "exemption_reviewer"


@hookimpl
def about() -> list[About]:
    # A watch rests on a consent, and ends with it.
    return [About(requires=("rights",), title="Watch (监测帮扶与容错)")]


@hookimpl
def tables() -> list[App]:
    return [App("watch", "gongzhi_watch.models", "gongzhi_watch.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import asking, deciding, error_types, exemptions, figures, measures, rulebook, types
    from .views import VIEWS

    modules = (types, error_types, rulebook, asking, deciding, measures, exemptions, figures)
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        Role(REVIEWER, "容错复核人员", "Reviews errors that people in office made in good faith."),
        permission("watch.view", "See households that are watched over (查看监测户)", *FIELD_STAFF, *DISPATCHERS),
        permission(
            "watch.propose",
            "Propose watches to households, record what they sign (提议监测、代录书面意见)",
            *FIELD_STAFF,
        ),
        permission(
            "watch.decide",
            "Look into watches, decide with a second person, plan measures (监测核实、审定、帮扶和复核)",
            *DISPATCHERS,
        ),
        permission("watch.hear", "Decide on refusals that are contested (处理监测复核申请)", COUNTY_DISPATCHER),
        permission("watch.help", "Carry out measures of one's unit (落实帮扶措施)", DEPARTMENT_HANDLER),
        permission(
            "watch.publish", "Publish the rules of a county (发布监测与容错规则)", COUNTY_DISPATCHER, ADMINISTRATOR
        ),
        permission(
            "watch.ask_exemption", "Put errors of one's unit before review (为本单位申请容错认定)", DEPARTMENT_HANDLER
        ),
        # Nobody makes their own reviewers: a second person confirms whoever is one.
        Permission(
            "watch.review_errors", "Review errors in good faith (容错复核)", frozenset({REVIEWER}), guarded=True
        ),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .sweeping import sweep_watches

    return [sweep_watches]


@hookimpl
def registers() -> list[Registers]:
    from .registers import CHECKS, HOLDINGS, KPIS, NOTICES

    return [Registers(holdings=HOLDINGS, notices=NOTICES, kpis=KPIS, checks=CHECKS)]


@hookimpl
def settings() -> list[CountySetting[int]]:
    from .records import DECIDED, REVIEWED

    return [DECIDED, REVIEWED]


@hookimpl
def errands() -> list[Errand]:
    from .demo import load_demo_watches

    return [Errand("demo", load_demo_watches)]
