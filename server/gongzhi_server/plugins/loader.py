"""Plugin loader: finds the installed plugins, puts them in order, and refuses by name those that cannot be."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy
from gongzhi.plugin.hooks import GROUP, HOOKS, About
from gongzhi.values.errors import DeclarationError
from pluggy import PluginValidationError

from gongzhi_server.errors import Problem
from gongzhi_server.startup import fast_startup

from .contributions import Plugins
from .installed import FAULTS, NAME, TAKEN, Plugin, empty_manager


class HookModule:
    """A module as it is asked for its hooks: with those that a module of the same name has taken the place of."""

    def __init__(self, module: ModuleType) -> None:
        vars(self).update(vars(module) | vars(module).get(HOOKS, {}))


@fast_startup()
def load_plugins(without: Collection[str] = (), entries: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load the installed plugins in the order of their names. Raises Problem with the name of one that cannot be.

    A plugin that is left out by name starts nothing; its tables stay.
    """
    manager = empty_manager()
    found: dict[str, Plugin] = {}
    # By name, so that the order does not depend on how the distributions were installed.
    there = sorted(entry_points(group=GROUP) if entries is None else entries, key=lambda one: (one.name, one.value))
    if missing := sorted(set(without) - {entry.name for entry in there}):
        known = ", ".join(dict.fromkeys(entry.name for entry in there)) or "none"
        raise Problem(f"there is no plugin {', '.join(missing)} to leave out; there are {known}")
    for entry in there:
        plugin = Plugin.of(entry)
        if plugin.name in without:
            continue
        if wrong := name_fault(plugin, found):
            raise plugin.problem(wrong)
        found[plugin.name] = plugin
        register_plugin(manager, plugin, entry)
    return check_plugins(Plugins(order_plugins(Plugins(tuple(found.values()), manager)), manager))


def essential_plugins() -> Plugins:
    """Load the core with the installed plugins that are always on."""
    return load_plugins(without=load_plugins().switchable)


def order_plugins(plugins: Plugins) -> tuple[Plugin, ...]:
    """Return the plugins with what they say of themselves, each behind those that it requires. Raises Problem."""
    # Asked of all before any is placed: a plugin may require one that comes later by name.
    about = plugins.about
    known = {one.name: replace(one, always=about.get(one.name, About()).always) for one in plugins.found}
    order: dict[str, Plugin] = {}

    def place(plugin: Plugin, waiting: tuple[str, ...]) -> None:
        """Put a plugin behind what it requires. Raises Problem for one that requires itself."""
        if plugin.name in waiting:
            way = ", ".join(waiting[waiting.index(plugin.name) + 1 :])
            raise plugin.problem(f"it requires itself, by way of {way}")
        for name in about.get(plugin.name, About()).requires:
            if name not in known:
                raise plugin.problem(f"it requires the plugin {name!r}, which is not installed or left out")
            if name not in order:
                place(known[name], (*waiting, plugin.name))
        order[plugin.name] = plugin

    for plugin in known.values():
        if plugin.name not in order:
            place(plugin, ())
    return tuple(order.values())


def register_plugin(manager: pluggy.PluginManager, plugin: Plugin, entry: EntryPoint) -> None:
    """Import a plugin and take its hooks in. Raises Problem."""
    declared = core_enums()
    try:
        manager.register(HookModule(entry.load()), name=plugin.name)
        # Refuses a hook that does not exist, such as a misspelled one, which would silently never be called.
        manager.check_pending()
        # Strawberry keeps the declaration on the class itself, so a
        # plugin that decorates a core enum changes it for everybody.
        for kind, before in declared.items():
            if kind.__dict__["__strawberry_definition__"] is not before:
                kind.__strawberry_definition__ = before  # type: ignore[attr-defined]
                raise DeclarationError(f"it declares {before.name} anew, an enum of the core ({kind.__module__})")
    except PluginValidationError as error:
        raise plugin.problem(str(error).replace(repr(error.plugin), entry.value)) from error
    except FAULTS as error:
        raise plugin.problem(error) from error
    if not manager.get_hookcallers(manager.get_plugin(plugin.name)):
        raise plugin.problem(f"{entry.value} implements no hook; put @hookimpl before those it is to implement")


def core_enums(of: type[enum.Enum] = enum.Enum) -> dict[type[enum.Enum], Any]:
    """Return the enums that the core has in the schema, each with what is declared of it."""
    found: dict[type[enum.Enum], Any] = {}
    for kind in of.__subclasses__():
        if kind.__module__.partition(".")[0] == "gongzhi" and "__strawberry_definition__" in kind.__dict__:
            found[kind] = kind.__dict__["__strawberry_definition__"]
        found |= core_enums(kind)
    return found


def name_fault(plugin: Plugin, found: dict[str, Plugin]) -> str | None:
    """Return what is wrong with a plugin's name."""
    if not NAME.fullmatch(plugin.name):
        return "the name must be lower-case letters, digits and underscores"
    if plugin.name in TAKEN or plugin.name.startswith("pg_"):
        return "the name is taken by the core"
    if other := found.get(plugin.name):
        return f"{other.distribution} {other.version} has a plugin of this name too"
    return None


def check_plugins(plugins: Plugins) -> Plugins:
    """Ask for everything once, so that what is wrong is said before anything is served."""
    known = ("apps", "roles", "permissions", "grantors", "registers", "extensions", "registry")
    ways = ("choices", "lifespans", "services", "checks", "channels", "feeds", "routes")
    for what in (*known, "handlers", "reactions", "jobs", "errands", *ways):
        getattr(plugins, what)
    return plugins
