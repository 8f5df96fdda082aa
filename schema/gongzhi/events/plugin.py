"""Registration: what `events` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import App, hookimpl
from ..permissions import Permission, Role, permission
from ..roles import ADMINISTRATOR, AUDITOR


@hookimpl
def tables() -> list[App]:
    return [App("events", "gongzhi.events.models", "gongzhi.events.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, jobs, types

    return (
        *types.EXTENSIONS,
        *jobs.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("jobs.view", "See what works in the background (查看后台任务)", AUDITOR, ADMINISTRATOR),
        permission("jobs.redrive", "Have failed jobs tried again (重试后台任务)", ADMINISTRATOR),
    ]
