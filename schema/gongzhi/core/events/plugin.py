"""Registration: what `events` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("events", "gongzhi.core.events.models", "gongzhi.core.events.migrations")]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import types

    return types.EXTENSIONS
