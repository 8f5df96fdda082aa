"""Forms: returns that are declared as data, fill themselves, and are signed up the line (一表通、减负)."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import (
    ADMINISTRATOR,
    AUDITOR,
    COUNTY_DISPATCHER,
    COUNTY_LEADER,
    DISPATCHERS,
    FIELD_STAFF,
    GRID_LEADER,
)
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.routes import Route


@hookimpl
def about() -> list[About]:
    # What forms save is shown beside what is asked of grid workers, which statistics have.
    return [About(requires=("statistics",), title="Forms (一表通)")]


@hookimpl
def tables() -> list[App]:
    return [App("forms", "gongzhi_forms.models", "gongzhi_forms.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import declaring, figures, returns, types
    from .views import VIEWS

    return (*(one for module in (types, figures, declaring, returns) for one in module.EXTENSIONS), *VIEWS)


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("forms.declare", "Declare forms and retire them (声明报表)", COUNTY_DISPATCHER, ADMINISTRATOR),
        permission("forms.fill", "Fill returns (填报报表)", GRID_LEADER, *DISPATCHERS),
        permission("forms.sign", "Sign returns for one's level (签署报表)", GRID_LEADER, *DISPATCHERS, COUNTY_LEADER),
        permission("forms.answer", "Answer what nobody else was asked (回答报表提问)", *FIELD_STAFF, *DISPATCHERS),
        permission(
            "forms.view",
            "See returns (查看报表)",
            *FIELD_STAFF,
            *DISPATCHERS,
            COUNTY_LEADER,
            AUDITOR,
            ADMINISTRATOR,
        ),
    ]


@hookimpl
def events() -> tuple[type[Event], ...]:
    from .events import EVENTS

    return EVENTS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .periods import open_returns

    return [open_returns]


@hookimpl
def registers() -> list[Registers]:
    from .figures import KPIS
    from .periods import CHECK
    from .registers import HOLDINGS

    return [Registers(holdings=HOLDINGS, kpis=KPIS, checks=(CHECK,))]


@hookimpl
def channels() -> list[Route]:
    from . import filling, workbooks

    return [*filling.ROUTES, *workbooks.ROUTES]


@hookimpl
def errands() -> list[Errand]:
    from .declaring import declare_from_file
    from .demo import load_demo_forms
    from .returns import verify_returns

    return [
        Errand("declare", declare_from_file),
        Errand("demo", load_demo_forms),
        Errand("verify", verify_returns),
    ]
