"""Registration: what `journal` brings to the schema, by the hooks that every plugin has."""

from __future__ import annotations

from ..hooks import App, hookimpl


@hookimpl
def tables() -> list[App]:
    return [App("journal", "gongzhi.journal.models", "gongzhi.journal.migrations")]
