"""Registration: what operators see of jobs, and have done about them."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import ADMINISTRATOR, AUDITOR


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (*types.EXTENSIONS, *commands.EXTENSIONS)


@hookimpl
def permissions() -> list[Permission | Role]:
    return [
        permission("jobs.view", "See what works in the background (查看后台任务)", AUDITOR, ADMINISTRATOR),
        permission("jobs.redrive", "Have failed jobs tried again (重试后台任务)", ADMINISTRATOR),
    ]
