"""Published registers: what the schema tells of the plugins, built once as JSON; see `gongzhi.plugins`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
from gongzhi.plugin.hooks import App
from gongzhi.plugin.roles import STRANGER
from gongzhi.values.errors import Text
from gongzhi.values.labels import split_label

from gongzhi_server.commands.field_labels import described_text
from gongzhi_server.plugins.contribution_checks import models_of
from gongzhi_server.plugins.contributions import Plugins

from .schema import Schema


@dataclass(frozen=True)
class PublishedPlugins:
    """Each plugin with what it adds, keeps and does, all purposes together, and which plugins are not well."""

    registers: dict[str, list[dict[str, Any]]]

    def json(self, failing: Mapping[str, str] = MappingProxyType({})) -> str:
        """Write all of it as JSON, with what the plugins fail in that are not well."""
        ill = {name: {"failing": why} for name, why in failing.items()}
        found = [one | ill.get(one["name"], {}) for one in self.registers["plugins"]]
        return orjson.dumps({**self.registers, "plugins": found}).decode()


def publish_plugins(plugins: Plugins, schema: Schema) -> PublishedPlugins:
    """Collect what is told of each plugin and all purposes."""
    # Told once at the start: what plugins declare does not change while the server runs.
    purposes = [{"plugin": name, **vars(one)} for name, one in plugins.purposes]
    found = [
        {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "always": plugin.always,
            "fields": sorted(schema.fields_added_by(plugin.name)),
            "tables": sorted(name for app in plugins.owned.get(plugin.name, ()) for name in table_names(app)),
            "jobs": plugins.work_of(plugin.name),
            "dataPurposes": [one for one in purposes if one["plugin"] == plugin.name],
        }
        for plugin in plugins.found
    ]
    settings = [
        {
            "name": one.name,
            "label": split_label(one.description).zh,
            "description": one.description,
            "standard": one.standard,
            "options": one.options,
            "permission": one.permission,
        }
        for _, one in plugins.county_settings.values()
    ]
    registers = {"plugins": found, "dataPurposes": purposes, "settings": settings, "roles": publish_roles(plugins)}
    return PublishedPlugins(registers)


def publish_roles(plugins: Plugins) -> list[dict[str, Any]]:
    """Tell of each role what people call it, and of what it may, in the order of their declaration."""
    permissions = {
        one.name: write_names(one.name, described_text(one.name, one.description)) | {"tone": None}
        for one in plugins.permissions
    }
    guarded = {one.name for one in plugins.permissions if one.guarded}
    return [
        {
            **write_names(role.name, role.label),
            "description": role.description,
            # What `grantRole` refuses: everybody is a stranger who is nobody else.
            "grantable": role is not STRANGER,
            "guarded": not guarded.isdisjoint(plugins.held(role.name)),
            "permissions": [told for name, told in permissions.items() if name in plugins.held(role.name)],
        }
        for role in plugins.roles
    ]


def write_names(name: str, label: Text) -> dict[str, Any]:
    return {"name": name, "english": label.en, "chinese": label.zh}


def table_names(app: App) -> Iterable[str]:
    """Return the tables of an app, by their names in SQL."""
    return (f"{app.label}.{model._meta.db_table}" for model in models_of(app))
