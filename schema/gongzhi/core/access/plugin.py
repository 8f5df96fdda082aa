"""Registration: what `access` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("access", "gongzhi.core.access.models", "gongzhi.core.access.migrations")]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
