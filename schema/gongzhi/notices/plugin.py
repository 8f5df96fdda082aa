"""Registration: what `notices` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..events.work import Job
from ..extend import Extension
from ..hooks import App, hookimpl
from ..registers.book import Registers


@hookimpl
def tables() -> list[App]:
    return [App("notices", "gongzhi.notices.models", "gongzhi.notices.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands, types

    return (
        *types.EXTENSIONS,
        *commands.EXTENSIONS,
    )


@hookimpl
def jobs() -> list[Job]:
    from . import outbound

    return [outbound.handed_out, outbound.sent]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
