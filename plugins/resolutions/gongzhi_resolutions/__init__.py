"""Resolutions: what an assembly or council decided, by whom, when, and which rules it adopts."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import Holding
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.retention import PUBLIC
from gongzhi.plugin.roles import GRID_LEADER
from gongzhi.values.errors import Text


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return [App("resolutions", "gongzhi_resolutions.models", "gongzhi_resolutions.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("resolutions.record", "Record what assemblies decided (登记决议)", GRID_LEADER),
    ]


@hookimpl
def registers() -> list[Registers]:
    return [
        # Without `person`: the text names no private person, as its field asks, so nobody's copy or erasure reaches it.
        Registers(holdings=(Holding("resolutions.resolution", Text("what assemblies decided", "决议"), PUBLIC),)),
    ]
