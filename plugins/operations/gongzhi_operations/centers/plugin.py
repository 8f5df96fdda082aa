"""Registration: what `centers` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "centers",
            "gongzhi_operations.centers.models",
            "gongzhi_operations.centers.migrations",
            demo="gongzhi_operations.centers.demo:found_centers",
        )
    ]


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
        permission("centers.edit", "Set up governance centres (维护综治中心)", ADMINISTRATOR),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
