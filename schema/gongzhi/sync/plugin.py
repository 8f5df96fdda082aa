"""Registration: what `sync` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import App, hookimpl
from ..registers.book import Registers


@hookimpl
def tables() -> list[App]:
    return [App("sync", "gongzhi.sync.models", "gongzhi.sync.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
