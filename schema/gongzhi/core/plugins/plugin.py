"""Registration: what `plugins` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR


@hookimpl
def tables() -> list[App]:
    return [App("plugins", "gongzhi.core.plugins.models", "gongzhi.core.plugins.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def events() -> list[type[Event]]:
    from .commands import SettingChanged

    return [SettingChanged]


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("plugins.activate", "Switch plugins on and off in a county (启停插件)", ADMINISTRATOR),
        permission("plugins.view", "See what plugins are installed (查看插件)", AUDITOR, ADMINISTRATOR),
    ]
