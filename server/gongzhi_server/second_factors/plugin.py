"""Registration: the second factors of accounts, and how one that was lost is taken away."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("second_factors", "gongzhi_server.second_factors.models", "gongzhi_server.second_factors.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (*types.EXTENSIONS, *commands.EXTENSIONS)


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
