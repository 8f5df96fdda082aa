"""Registration: what the server keeps of API keys, and what it lets their holders do."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("api_keys", "gongzhi_server.api_keys.models", "gongzhi_server.api_keys.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (*types.EXTENSIONS, *commands.EXTENSIONS)


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
