"""Registration: what `notices` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def tables() -> list[App]:
    return [App("notices", "gongzhi.core.notices.models", "gongzhi.core.notices.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import outbound

    return [outbound.hand_to_channels, outbound.send_notices]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
