"""Installed plugins: their names and versions, those that are built in, and to whom belongs what they bring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, version

import pluggy
from gongzhi.plugin import hooks
from gongzhi.plugin.built_in import BUILT_IN

from gongzhi_server.errors import Problem

NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
CORE = "core"
"""Stands for the packages of the contract where a plugin's name is due."""
MACHINE = (
    "gongzhi_server.api_keys.plugin",
    "gongzhi_server.case_lists.plugin",
    "gongzhi_server.findings.plugin",
    "gongzhi_server.identities.plugin",
    "gongzhi_server.jobs.plugin",
    "gongzhi_server.labels.plugin",
    "gongzhi_server.notices.plugin",
    "gongzhi_server.performance.plugin",
    "gongzhi_server.second_factors.plugin",
)
"""What the server itself brings by the hooks; it counts as the core's."""
# Names of PostgreSQL schemas that exist already; a plugin's schema is called like the plugin.
TAKEN = {one.split(".")[-2] for one in (*BUILT_IN, *MACHINE)} | {"gongzhi", "public", CORE, "information_schema"}
FAULTS = (Exception, SystemExit)
"""What a plugin's code may raise. Ctrl-C is not its fault."""


class PluginOwner(str):
    """The name of a plugin that something belongs to; it also says whether counties can switch the plugin off."""

    always: bool

    def __new__(cls, name: str, *, always: bool = False) -> PluginOwner:
        made = super().__new__(cls, name)
        made.always = always
        return made


def is_switched(plugin: str) -> bool:
    """Return whether it depends on the county that a plugin is there."""
    return not getattr(plugin, "always", False)


@dataclass(frozen=True)
class Plugin:
    """A plugin, and where it came from."""

    name: str
    distribution: str
    version: str
    built_in: bool = False
    """Whether it is a package of the contract or of the server: its names have no prefix, and it is always on."""
    always: bool = False
    """Whether no county can switch it off."""

    @property
    def owner(self) -> PluginOwner:
        """Whose its fields are: its own, or the core's."""
        return PluginOwner(CORE if self.built_in else self.name, always=self.built_in or self.always)

    @classmethod
    def of(cls, entry: EntryPoint) -> Plugin:
        """Read the plugin of an installed distribution's entry point."""
        dist = entry.dist
        return cls(entry.name, dist.name if dist else "no distribution", dist.version if dist else "?")

    def problem(self, cause: object) -> Problem:
        """Make a refusal that names the plugin, its distribution and version, and the cause, in one line."""
        return Problem(f"plugin {self.name!r} ({self.distribution} {self.version}): {describe_cause(cause)}")


def describe_cause(cause: object) -> str:
    """Write a cause in one line."""
    text = f"{type(cause).__name__}: {cause}" if isinstance(cause, BaseException) else str(cause)
    return " ".join(text.split())


def named_plugin(plugin: Plugin) -> PluginOwner | None:
    """Return the name of a plugin; None for a built-in one."""
    return None if plugin.built_in else plugin.owner


@cache
def built_in() -> tuple[tuple[Plugin, str], ...]:
    """Return the packages of the contract and of the server with their modules of hooks, in the order of the tables."""
    release = version("gongzhi")
    modules = (*BUILT_IN, *MACHINE)
    return tuple((Plugin(one.split(".")[-2], "gongzhi", release, built_in=True), one) for one in modules)


def empty_manager() -> pluggy.PluginManager:
    """Make a plugin manager that knows the hooks and the built-in plugins."""
    manager = pluggy.PluginManager("gongzhi")
    manager.add_hookspecs(hooks)
    for plugin, module in built_in():
        manager.register(import_module(module), name=plugin.name)
    return manager
