"""Points incentives (积分制): rules adopted by villagers, claims, a ledger nobody can change, rewards and honours."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob, Handler


@hookimpl
def about() -> list[About]:
    return [About(requires=("resolutions",), title="Points (积分制)")]


@hookimpl
def tables() -> list[App]:
    return [App("points", "gongzhi_points.models", "gongzhi_points.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import extensions
    from .claims import commands as claims_commands
    from .claims import objections
    from .honours import commands as honours_commands
    from .honours import types as honours_types
    from .ledger import statements
    from .programmes import acts
    from .programmes import commands as programmes_commands
    from .programmes import rules as programmes_rules
    from .programmes import types as programmes_types
    from .rewards import redemptions, shops
    from .rewards import types as rewards_types
    from .views import VIEWS

    modules = (
        programmes_types, rewards_types, honours_types, extensions, programmes_commands, acts, programmes_rules,
        claims_commands, objections, shops, redemptions, honours_commands, statements,
    )  # fmt: skip
    return (*(one for module in modules for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    workers = frozenset({"grid_worker", "grid_leader"})
    office = frozenset({"points_manager", "administrator"})
    return [
        Role("points_manager", "积分管理员", "Runs a points programme: rules, shops, honours."),
        Role("points_reviewer", "积分评议员", "Says as a villager whether a claim is so.", civic=True),
        Role("merchant", "积分商户", "A shop that takes points, for its unit."),
        Permission(
            "points.view", "See accounts, claims and redemptions (查看积分账户)", workers | office | {"auditor"}
        ),
        Permission("points.review", "Say whether claims are so (积分评议)", frozenset({"points_reviewer"})),
        Permission("points.decide", "Decide on claims, redeem at a holder's wish (积分认定、代办兑换)", workers),
        Permission("points.appeal", "Decide on objections (处理积分异议)", office | {"grid_leader"}),
        Permission(
            "points.manage", "Run programmes, rules, shops and honours (管理积分项目)", office, names_people=True
        ),
        Permission("points.offer", "Offer rewards and say how many there are (上架奖品)", office | {"merchant"}),
        Permission("points.settle", "Settle codes (核销兑换码)", frozenset({"merchant"})),
    ]


@hookimpl
def events() -> list[type[Event]]:
    from .events import Posted

    return [Posted]


@hookimpl
def handlers() -> list[Handler]:
    from .claims.event_awards import award_for_event

    return [award_for_event]


@hookimpl
def jobs() -> tuple[BackgroundJob, ...]:
    from .claims.photos import seal_photos
    from .claims.reminders import remind_of_claims
    from .ledger.expiry import JOBS

    return (*JOBS, remind_of_claims, seal_photos)


@hookimpl
def registers() -> list[Registers]:
    from .claims.photos import CHECK
    from .registers import CARDS, HOLDINGS, STATEMENTS

    return [Registers(cards=CARDS, holdings=HOLDINGS, statements=STATEMENTS, checks=(CHECK,))]


@hookimpl
def errands() -> list[Errand]:
    from .console import ERRANDS
    from .demo import load_demo

    return [*ERRANDS, Errand("demo", load_demo)]
