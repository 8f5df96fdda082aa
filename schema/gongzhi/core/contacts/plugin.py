"""Registration: what `contacts` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def tables() -> list[App]:
    return [App("contacts", "gongzhi.core.contacts.models", "gongzhi.core.contacts.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands

    return commands.EXTENSIONS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import sending

    return [sending.sent, sending.forgotten]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings

    return [Registers(holdings=holdings.HOLDINGS)]
