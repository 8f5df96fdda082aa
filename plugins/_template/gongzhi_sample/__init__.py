"""What this plugin brings: tables, fields, permissions, work in the background, and what it holds about people."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import Holding
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission
from gongzhi.plugin.views import View
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.values.errors import Text


@hookimpl
def about() -> list[About]:
    return [About(title="Notes on households (户备注)")]


@hookimpl
def tables() -> list[App]:
    return [App("sample", "gongzhi_sample.models", "gongzhi_sample.migrations")]


@hookimpl
def graphql() -> tuple[Extension | View, ...]:
    from . import commands, types, views  # when asked: tables must be known before types are declared over them

    return (*types.EXTENSIONS, *commands.EXTENSIONS, *views.VIEWS)


@hookimpl
def handlers() -> list[Handler]:
    from .background import count

    return [count]


@hookimpl
def jobs() -> list[BackgroundJob]:
    from .background import tidy

    return [tidy]


@hookimpl
def permissions() -> list[Permission]:
    workers = frozenset({"grid_worker", "grid_leader"})
    return [
        Permission("sample.view", "Read notes on households (查看备注)", workers | {"auditor"}),
        Permission("sample.add", "Write notes on households (填写备注)", workers),
    ]


@hookimpl
def registers() -> list[Registers]:
    held = Holding(
        "sample.note",
        Text("notes on households", "户的备注"),
        Text("PIPL 13(1)(3): statutory duties", "《个人信息保护法》第十三条第一款第三项"),
        person="t.household_id in (select m.household_id from people.membership m "
        "where m.person_id=$1 and m.until is null)",
        erase={"text": "'—'"},
        months=36,
        since="t.at",
    )
    # Purpose("Person.phone", "To announce a visit (走访前联系)", "PIPL 13(1)") before a command reads that field
    return [Registers(holdings=(held,), purposes=())]
