"""Registration: what operations take, for those who look after a deployment."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import Holding
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.retention import OPERATION
from gongzhi.values.errors import Text


@hookimpl
def tables() -> list[App]:
    return [App("performance", "gongzhi_server.performance.models", "gongzhi_server.performance.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import types

    return types.EXTENSIONS


@hookimpl
def registers() -> list[Registers]:
    # Names of operations are the clients', and nobody's: strangers' names are not counted.
    return [
        Registers(holdings=(Holding("performance.operation", Text("what operations took", "操作耗时"), OPERATION),)),
    ]
