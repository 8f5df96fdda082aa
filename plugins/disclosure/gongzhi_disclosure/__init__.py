"""Disclosure: protected values shown in clear, people found by them, and what people read of looks at their files."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import About, hookimpl
from gongzhi.plugin.permissions import Permission, Role, permission
from gongzhi.plugin.roles import AUDITOR


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, naming, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *naming.EXTENSIONS,
    )


@hookimpl
def permissions() -> list[Permission | Role]:
    from .rules import AUDIT

    return [permission(AUDIT, "Read what was done, by whom and on what (查阅操作审计)", AUDITOR)]
