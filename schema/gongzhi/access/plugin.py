"""Registration: what `access` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..extend import Extension
from ..hooks import App, hookimpl
from ..registers.book import Registers


@hookimpl
def tables() -> list[App]:
    return [App("access", "gongzhi.access.models", "gongzhi.access.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, naming, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
        *naming.EXTENSIONS,
    )


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
