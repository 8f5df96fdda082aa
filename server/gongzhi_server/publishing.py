"""What is told of the plugins, once, as JSON; see `gongzhi.plugins`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from gongzhi.hooks import App

from .plugins import Plugins, own
from .schema import Schema


def published(plugins: Plugins, schema: Schema) -> str:
    """Each plugin with what it adds and keeps, and all purposes together."""
    purposes = [{"plugin": name, **vars(one)} for name, one in plugins.purposes]
    apps = {app.label: app for app in plugins.apps}
    found = [
        {
            **vars(plugin),
            "fields": sorted(schema.added(plugin.name)),
            "tables": sorted(tables(apps[plugin.name])) if plugin.name in apps else [],
            "dataPurposes": [one for one in purposes if one["plugin"] == plugin.name],
        }
        for plugin in plugins.found
    ]
    told: dict[str, list[Any]] = {"plugins": found, "dataPurposes": purposes}
    return orjson.dumps(told).decode()


def tables(app: App) -> Iterable[str]:
    return (f"{app.label}.{model._meta.db_table}" for model in own(app))
