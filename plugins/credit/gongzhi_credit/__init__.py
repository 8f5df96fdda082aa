"""Credit loans (三治信农贷): neighbours appraise, the villager releases, the lender decides, loans are to the fen."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def about() -> list[About]:
    # Lenders decide within working days, which the plugin of deadlines reckons.
    return [About(requires=("deadlines", "resolutions", "rights"), title="Credit loans (三治信农贷)")]


@hookimpl
def tables() -> list[App]:
    return [App("credit", "gongzhi_credit.models", "gongzhi_credit.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import extensions
    from .applications import api_keys, decisions, signed_decisions
    from .applications import commands as applications_commands
    from .appraisals import objections, panels, scorecards, scoring
    from .loans import data_sheet, disbursement, payoff, pools, portfolio, repayments
    from .products import commands as products_commands
    from .products import types as products_types
    from .views import VIEWS

    modules = (
        products_types, extensions, portfolio, products_commands, scorecards, panels, scoring, objections,
        applications_commands, decisions, disbursement, repayments, pools, data_sheet, payoff, signed_decisions,
        api_keys,
    )  # fmt: skip
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    office = frozenset({"credit_officer"})
    return [
        Role("credit_officer", "信用评议专员", "Runs the county's credit programme: scorecards, panels, products."),
        Role("panelist", "道德评判团成员", "Scores appraisals on whose panel they sit.", civic=True),
        Role("lender", "贷款机构人员", "Decides on applications sent to their unit, and keeps its loans."),
        Permission("credit.view", "See applications, appraisals and loans (查看贷款申请和评议)", office),
        Permission("credit.manage", "Keep lenders, products, scorecards, risk pools (管理信贷项目)", office),
        Permission("credit.convene", "Draw and close panels (组织信用评议)", office, names_people=True),
        Permission(
            "credit.score", "Score on a panel on which one sits (参加信用评议)", frozenset({"panelist", "resident"})
        ),
        Permission("credit.lend", "Decide on what was sent to one's unit (审批贷款申请)", frozenset({"lender"})),
        Permission("credit.disburse", "Prepare and approve paying out (放款)", frozenset({"lender"})),
        Permission(
            "credit.statistics",
            "See figures of loans and risk pools (查看信贷统计)",
            office | {"auditor", "administrator"},
        ),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> tuple[BackgroundJob, ...]:
    from .daily_jobs import JOBS

    return JOBS


@hookimpl
def registers() -> list[Registers]:
    from .registers import CARDS, HOLDINGS, KPIS, NOTICES, STATEMENTS

    return [Registers(cards=CARDS, kpis=KPIS, notices=NOTICES, holdings=HOLDINGS, statements=STATEMENTS)]


@hookimpl
def errands() -> list[Errand]:
    from .applications.signed_decisions import ERRANDS
    from .demo import load_demo
    from .loans import verification

    return [*ERRANDS, *verification.ERRANDS, Errand("demo", load_demo)]
