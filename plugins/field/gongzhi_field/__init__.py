"""Field work (外勤作业): work without a network, corrections of cases, and conflicts."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl


@hookimpl
def about() -> list[About]:
    return [About(requires=("operations",), always=True)]


@hookimpl
def tables() -> list[App]:
    # The label is `sync`, as the tables and the mutation are called.
    return [App("sync", "gongzhi_field.models", "gongzhi_field.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
