"""Registration: what `patrols` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..registers.book import Registers
from ..roles import ADMINISTRATOR, AUDITOR, DISPATCHERS, FIELD_STAFF


@hookimpl
def tables() -> list[App]:
    return [App("patrols", "gongzhi.patrols.models", "gongzhi.patrols.migrations")]


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
