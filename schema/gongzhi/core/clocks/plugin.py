"""Registration: what `clocks` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR
from gongzhi.runtime.jobs import Job
from gongzhi.runtime.reactions import Reaction


@hookimpl
def tables() -> list[App]:
    return [
        App("clocks", "gongzhi.core.clocks.models", "gongzhi.core.clocks.migrations", "gongzhi.core.clocks.stock:seed")
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, town_commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *town_commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("clocks.edit_rules", "Choose and write deadlines of a county or town (维护时限规则)", ADMINISTRATOR),
    ]


@hookimpl
def handlers() -> tuple[Reaction, ...]:
    from .reacting import REACTIONS

    return REACTIONS


@hookimpl
def jobs() -> list[Job]:
    from . import sweeping

    return [sweeping.swept]
