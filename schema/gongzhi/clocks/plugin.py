"""Registration: what `clocks` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..events.work import Job
from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..roles import ADMINISTRATOR


@hookimpl
def tables() -> list[App]:
    return [App("clocks", "gongzhi.clocks.models", "gongzhi.clocks.migrations", "gongzhi.clocks.stock:seed")]


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
        permission("clocks.edit_rules", "Choose and write a county's deadlines (维护时限规则)", ADMINISTRATOR),
    ]


@hookimpl
def jobs() -> list[Job]:
    from . import sweeping

    return [sweeping.swept]
