"""Registration: what `access` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("access", "gongzhi.core.access.models", "gongzhi.core.access.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, naming, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *naming.EXTENSIONS,
    )


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
