"""Registration: what `contacts` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..events.work import Job
from ..extend import Extension
from ..hooks import App, hookimpl
from ..registers.book import Registers


@hookimpl
def tables() -> list[App]:
    return [App("contacts", "gongzhi.contacts.models", "gongzhi.contacts.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands

    return commands.EXTENSIONS


@hookimpl
def jobs() -> list[Job]:
    from . import sending

    return [sending.sent, sending.forgotten]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
