"""Registration: what `intake` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "intake",
            "gongzhi_integrations.intake.models",
            "gongzhi_integrations.intake.migrations",
            demo="gongzhi_integrations.intake.demo:tell_of_calls",
        )
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, filed_orders, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *filed_orders.EXTENSIONS,
    )


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
