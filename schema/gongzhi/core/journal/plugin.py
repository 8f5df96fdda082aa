"""Registration: what `journal` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from gongzhi.plugin.hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("journal", "gongzhi.core.journal.models", "gongzhi.core.journal.migrations")]
