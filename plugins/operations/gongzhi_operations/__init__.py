"""Operations: supervision of what is overdue (催办、督办), and governance centres (综治中心)."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.runtime.jobs import Job

from .centers import plugin as centers
from .supervision import plugin as supervision


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return [*centers.tables(), *supervision.tables()]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    return (*centers.graphql(), *supervision.graphql())


@hookimpl
def permissions() -> list[Permission | Role]:
    return [*centers.permissions(), *supervision.permissions()]


@hookimpl
def jobs() -> list[Job]:
    return supervision.jobs()


@hookimpl
def registers() -> list[Registers]:
    return [*centers.registers(), *supervision.registers()]
