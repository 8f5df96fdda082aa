"""Registration: what `patrols` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR, DISPATCHERS, FIELD_STAFF


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "patrols",
            "gongzhi_operations.patrols.models",
            "gongzhi_operations.patrols.migrations",
            demo="gongzhi_operations.patrols.demo:record_patrols",
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
        permission("patrols.record", "Record patrols (记录巡查)", *FIELD_STAFF),
        permission("patrols.view", "See patrols (查看巡查)", *FIELD_STAFF, *DISPATCHERS, AUDITOR, ADMINISTRATOR),
    ]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
