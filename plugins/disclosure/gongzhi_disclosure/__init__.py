"""Disclosure: protected values shown in clear, people found by them, and what people read of looks at their files."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import About, hookimpl


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
