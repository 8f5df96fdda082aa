"""Plugin loader: finds the installed plugins, asks what they bring, and refuses by name where that cannot work."""

from __future__ import annotations

import enum
import inspect
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, is_dataclass, replace
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from types import ModuleType
from typing import Any, TypeVar

import pluggy
from gongzhi.declare.events import Event, Registry
from gongzhi.declare.extend import Extension
from gongzhi.declare.plans import GUARD
from gongzhi.declare.register_entries import GONE, Check, Holding, Kpi, Purpose
from gongzhi.declare.registers import Registers
from gongzhi.plugin import hooks
from gongzhi.plugin.built_in import BUILT_IN
from gongzhi.plugin.hooks import GROUP, HOOKS, About, App, Errand
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.roles import ROLES
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.channels import Log, NoticeChannel
from gongzhi.runtime.context import Context, TimelineWords
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.reactions import Reaction
from gongzhi.runtime.routes import PATH, WELL_KNOWN, Files, Route
from gongzhi.runtime.services import ProcessService, Service
from gongzhi.runtime.waivers import Grantor, Waiver
from gongzhi.values.errors import DeclarationError, Refusal
from gongzhi.values.labels import split_label
from pluggy import PluginValidationError
from starlette.routing import compile_path
from tortoise.models import Model

from gongzhi_server.errors import Problem

from .feeding import feed_handler

T = TypeVar("T")

NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
FILE = re.compile(r"[a-z0-9][a-z0-9-]*\.[a-z0-9]+")
ADDRESS = re.compile(r"(?:/[A-Za-z0-9._~{}:-]+)*/?")
METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
SERVICES = (Service, ProcessService)
LONGEST, SLOWEST = 16 << 20, 60.0
"""The most bytes and seconds that a route may claim."""
CORE = "core"
"""Stands for the packages of the contract where a plugin's name is due."""
MACHINE = ("gongzhi_server.findings.plugin", "gongzhi_server.jobs.plugin", "gongzhi_server.notices.plugin")
"""What the server itself brings by the hooks; it counts as the core's, whose tables it works on."""
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


def empty_manager() -> pluggy.PluginManager:
    """Make a plugin manager that knows the hooks and the built-in plugins."""
    manager = pluggy.PluginManager("gongzhi")
    manager.add_hookspecs(hooks)
    for plugin, module in built_in():
        manager.register(import_module(module), name=plugin.name)
    return manager


class HookModule:
    """A module as it is asked for its hooks: with those that a module of the same name has taken the place of."""

    def __init__(self, module: ModuleType) -> None:
        vars(self).update(vars(module) | vars(module).get(HOOKS, {}))


@cache
def built_in() -> tuple[tuple[Plugin, str], ...]:
    """Return the packages of the contract and of the server with their modules of hooks, in the order of the tables."""
    release = version("gongzhi")
    modules = (*BUILT_IN, *MACHINE)
    return tuple((Plugin(one.split(".")[-2], "gongzhi", release, built_in=True), one) for one in modules)


@dataclass(frozen=True)
class Plugins:
    """What the core and its plugins declare, together."""

    found: tuple[Plugin, ...] = ()
    # Each hook is called when it is first needed and its answer
    # kept: plugins are asked once, and declare the same for all.
    manager: pluggy.PluginManager = field(default_factory=empty_manager)

    @cached_property
    def apps(self) -> tuple[App, ...]:
        """The tables, the core's first."""
        found = tuple(self._brought("tables", App, self._check_app))
        self._once("apps", ((plugin, app.label) for plugin, app in found))
        self._once("nouns or plugins", ((plugin, name) for plugin in self.found for name in self.labels[plugin.name]))
        for plugin, app in found:
            # Rules of visibility and errors ask a model whose it is.
            for model in () if plugin.built_in else models_of(app):
                model.__plugin__ = plugin.owner  # type: ignore[attr-defined]
        return tuple(contributed_values(found))

    @cached_property
    def labels(self) -> Mapping[str, frozenset[str]]:
        """What the published names of each plugin begin with: its name, the labels of its tables, and their nouns."""
        nouns = {
            name: {word for app in apps for word in (app.label, app.noun or app.label)}
            for name, apps in self.owned.items()
        }
        return {plugin.name: frozenset({plugin.name, *nouns.get(plugin.name, ())}) for plugin in self.found}

    @cached_property
    def owned(self) -> Mapping[str, tuple[App, ...]]:
        """The tables of each plugin that has any."""
        found: dict[str, tuple[App, ...]] = {}
        for plugin, app in self._brought("tables", App, accept_unchecked):
            if not plugin.built_in:
                found[plugin.name] = (*found.get(plugin.name, ()), app)
        return found

    @cached_property
    def extensions(self) -> tuple[tuple[str, Extension], ...]:
        """The fields, each with the name of its plugin, or the core's."""
        return tuple((plugin.owner, one) for plugin, one in self._brought("graphql", Extension, self._check_extension))

    @cached_property
    def permissions(self) -> tuple[Permission, ...]:
        return tuple(contributed_values(self._of_kind(self._powers, Permission, "permissions", self._check_permission)))

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        return (*ROLES, *contributed_values(self._of_kind(self._powers, Role, "roles", self._check_role)))

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """The exceptions that may be asked for."""
        return tuple(contributed_values(self._of_kind(self._powers, Waiver, "waivers", self._named_alike("waiver"))))

    @cached_property
    def grantors(self) -> Mapping[str, tuple[tuple[str | None, Grantor], ...]]:
        """Who may grant each waiver, each with the name of its plugin; None for the core's.

        Waivers of plugins that are not here are left out. Raises Problem for one that its plugin does not declare.
        """
        found: dict[str, list[tuple[str | None, Grantor]]] = {one.name: [] for one in self.waivers}
        mine = [(plugin, one) for plugin, one in self._powers if isinstance(one, Grantor)]
        for plugin, one in mine:
            for name in one.waivers:
                if name in found:
                    found[name].append((named_plugin(plugin), one))
                elif name.partition(".")[0] in TAKEN.union(*self.labels.values()):
                    raise plugin.problem(f"it grants the waiver {name!r}, which nobody declares")
        return {name: tuple(grantors) for name, grantors in found.items()}

    @cached_property
    def _powers(self) -> tuple[tuple[Plugin, Permission | Role | Waiver | Grantor], ...]:
        return tuple(self._brought("permissions", (Permission, Role, Waiver, Grantor), accept_unchecked))

    @cached_property
    def purposes(self) -> tuple[tuple[str, Purpose], ...]:
        """Why plugins read protected fields, each with the name of its plugin."""
        return tuple((plugin.name, one) for plugin, one in self._entries("purposes", self._check_purpose))

    @cached_property
    def _events(self) -> tuple[tuple[Plugin, type[Event]], ...]:
        mine: tuple[tuple[Plugin, type[Event]], ...] = tuple(self._brought("events", type, self._check_event))
        self._once("events", ((plugin, one.type) for plugin, one in mine))
        return mine

    @cached_property
    def registry(self) -> Registry:
        """The events that may be published."""
        return Registry(tuple(contributed_values(self._events)))

    @cached_property
    def _core_nouns(self) -> frozenset[str]:
        """What the types of the core's events begin with."""
        return frozenset(one.type.partition(".")[0] for plugin, one in self._events if plugin.built_in)

    @cached_property
    def timeline(self) -> TimelineWords:
        """What plugins' events are called on the timelines of cases."""
        mine = (one for plugin, one in self._events if one.timeline and not plugin.built_in)
        return TimelineWords({one.type: (split_label(one.description), one.explanation) for one in mine})

    @property
    def tellers(self) -> Mapping[str, str]:
        """The plugins that declare events, by the events' types."""
        return {one.type: plugin.name for plugin, one in self._events if not plugin.built_in}

    @cached_property
    def handlers(self) -> tuple[tuple[str | None, Handler], ...]:
        """The handlers, each with the name of its plugin; None for the core's."""
        mine = self._of_kind(self._following, Handler, "handlers", self._check_handler)
        fed = tuple(self.registry.feedable.values())
        return tuple((named_plugin(plugin), feed_handler(one, fed) if one.feedable else one) for plugin, one in mine)

    @cached_property
    def reactions(self) -> tuple[tuple[str | None, Reaction], ...]:
        """What runs in the transaction of a step that a case takes, each with the name of its plugin."""
        mine = self._of_kind(self._following, Reaction, "reactions", self._named_alike("reaction"))
        return tuple((named_plugin(plugin), one) for plugin, one in mine)

    @cached_property
    def _following(self) -> tuple[tuple[Plugin, Handler | Reaction], ...]:
        return tuple(self._brought("handlers", (Handler, Reaction), accept_unchecked))

    @cached_property
    def jobs(self) -> tuple[tuple[str | None, BackgroundJob], ...]:
        mine = tuple(self._brought("jobs", BackgroundJob, self._check_job))
        self._once("jobs", ((plugin, one.name) for plugin, one in mine))
        return tuple((named_plugin(plugin), one) for plugin, one in mine)

    def work_of(self, plugin: str) -> list[str]:
        """Return the names of a plugin's handlers and jobs, sorted."""
        work: tuple[tuple[str | None, Handler | BackgroundJob], ...] = (*self.handlers, *self.jobs)
        return sorted(one.name for whose, one in work if whose == plugin)

    @cached_property
    def registers(self) -> Registers:
        """What the core and the plugins declare for the public registers."""
        entries = self._entries
        added = {
            "cards": entries("cards", lambda plugin, one: self._unprefixed(plugin, "rule", one.name)),
            "kpis": entries("kpis", self._check_figure),
            "notices": entries("notices", lambda plugin, one: self._unprefixed(plugin, "purpose", one.purpose)),
            "holdings": entries("holdings", self._check_holding),
            "statements": entries("statements", accept_unchecked),
            "purposes": entries("purposes", self._check_purpose),
            "checks": entries("checks", self._check_check),
            "office_hours": entries("office_hours", accept_unchecked),
            "consents": entries("consents", accept_unchecked),
            "address_books": entries("address_books", accept_unchecked),
        }
        self._once("rules", ((plugin, card.rule) for plugin, card in added["cards"]))
        self._once("figures", ((plugin, kpi.name) for plugin, kpi in added["kpis"]))
        self._once("checks", ((plugin, one.name) for plugin, one in added["checks"]))
        for single in ("office_hours", "address_books"):
            self._once(f"registers of {single.replace('_', ' ')}", ((plugin, single) for plugin, _ in added[single]))
        self._once("kinds of statements", ((plugin, one.kind) for plugin, one in added["statements"]))
        notices = ((plugin, f"{one.purpose} {one.recipient} {one.version}") for plugin, one in added["notices"])
        self._once("notices", notices)
        return Registers(**{name: tuple(contributed_values(found)) for name, found in added.items()})

    @cached_property
    def _books(self) -> tuple[tuple[Plugin, Registers], ...]:
        return tuple(self._brought("registers", Registers, accept_unchecked))

    def _entries(self, register: str, check: Callable[[Plugin, Any], str | None]) -> list[tuple[Plugin, Any]]:
        """Return the entries of one register that plugins declare, each checked."""
        found = [(plugin, one) for plugin, book in self._books for one in getattr(book, register)]
        for plugin, one in found:
            judge_contribution(plugin, one, check)
        return found

    @cached_property
    def errands(self) -> dict[str, tuple[Errand, ...]]:
        """What each plugin does for operators."""
        mine = tuple(self._brought("errands", Errand, accept_unchecked))
        known = {plugin.name for plugin in self.found}
        for plugin, one in mine:
            if one.group and (not NAME.fullmatch(one.group) or one.group in known):
                raise plugin.problem(f"the errand {one.name!r} cannot be in the group {one.group!r}")
        self._once("errands", ((plugin, f"{one.group or plugin.name} {one.name}") for plugin, one in mine))
        names = dict.fromkeys(plugin.name for plugin, _ in mine)
        return {name: tuple(one for plugin, one in mine if plugin.name == name) for name in names}

    def errands_called(self, word: str) -> list[tuple[str, Errand]]:
        """Return the errands that are called by a word on the command line, each with the name of its plugin."""
        return [(plugin, one) for plugin, mine in self.errands.items() for one in mine if (one.group or plugin) == word]

    @cached_property
    def channels(self) -> tuple[NoticeChannel, ...]:
        """The ways out for notices: the log, and what plugins bring."""
        # One hook brings several kinds of ways out; here are those that are neither feeds nor routes.
        mine = tuple((plugin, one) for plugin, one in self._ways if not isinstance(one, (Feed, Route, Files)))
        for plugin, one in mine:
            if wrong := self._check_channel(plugin, one):
                raise plugin.problem(wrong)
        self._once("channels", ((plugin, one.name) for plugin, one in mine))
        return (Log(), *contributed_values(mine))

    @cached_property
    def feeds(self) -> dict[tuple[str, str], Feed]:
        """The files that others fetch, by plugin and name."""
        mine = tuple((plugin, one) for plugin, one in self._ways if isinstance(one, Feed))
        for plugin, one in mine:
            if not FILE.fullmatch(one.name):
                raise plugin.problem(f"the feed {one.name!r} must be named like a file: lower-case, such as 'a.ics'")
        self._once("feeds", ((plugin, f"{plugin.name}/{one.name}") for plugin, one in mine))
        return {(plugin.name, one.name): one for plugin, one in mine}

    @cached_property
    def routes(self) -> tuple[tuple[Plugin, Route | Files], ...]:
        """Where plugins answer by HTTP, and their static files."""
        mine = tuple((plugin, one) for plugin, one in self._ways if isinstance(one, (Route, Files)))
        for plugin, one in mine:
            if wrong := check_place(plugin, one) or (check_route(one) if isinstance(one, Route) else None):
                raise plugin.problem(wrong)
        self._once("routes", ((plugin, f"{one.root or f'{PATH}/{plugin.name}'}{one.path}") for plugin, one in mine))
        return mine

    @cached_property
    def _ways(self) -> tuple[tuple[Plugin, NoticeChannel | Feed | Route | Files], ...]:
        return tuple(self._brought("channels", (NoticeChannel, Feed, Route, Files), accept_unchecked))

    def chosen(self, names: Iterable[str]) -> tuple[NoticeChannel, ...]:
        """Return the channels of these names. Raises Problem for one that nobody brings."""
        known = {one.name: one for one in self.channels}
        if missing := sorted(set(names) - set(known)):
            raise Problem(f"GONGZHI_CHANNELS: there is no channel {missing[0]}; there are {', '.join(sorted(known))}")
        return tuple(known[name] for name in dict.fromkeys(names))

    @cached_property
    def choices(self) -> tuple[tuple[Plugin, type], ...]:
        """What operators may choose, each a dataclass."""
        mine = tuple((plugin, one) for plugin, one in self._chosen if isinstance(one, type))
        for plugin, one in mine:
            judge_contribution(plugin, one, self._check_settings)
        self._once("classes of settings", ((plugin, plugin.name) for plugin, _ in mine))
        return mine

    @cached_property
    def county_settings(self) -> dict[str, tuple[Plugin, CountySetting[Any]]]:
        """What counties may choose, by name."""
        mine = self._of_kind(self._chosen, CountySetting, "county settings", self._check_county_setting)
        return {one.name: (plugin, one) for plugin, one in mine}

    @cached_property
    def _chosen(self) -> tuple[tuple[Plugin, Any], ...]:
        return tuple(self._brought("settings", (type, CountySetting), accept_unchecked))

    @cached_property
    def lifespans(self) -> tuple[tuple[Plugin, Callable[[Context], AbstractAsyncContextManager[None]]], ...]:
        """What is held open while the server runs."""
        return tuple((plugin, one) for plugin, one in self._lasting if not isinstance(one, SERVICES))

    @cached_property
    def services(self) -> tuple[tuple[Plugin, Service | ProcessService], ...]:
        """What works in one process of the deployment, or in each."""
        return self._of_kind(self._lasting, SERVICES, "services", self._named_alike("service"))

    @cached_property
    def _lasting(self) -> tuple[tuple[Plugin, Any], ...]:
        return tuple(self._brought("lifespan", (*SERVICES, Callable), accept_unchecked))

    @cached_property
    def checks(self) -> tuple[tuple[Plugin, Callable[[Context], Awaitable[None]]], ...]:
        """How plugins tell whether they are well."""
        return tuple(self._brought("health", Callable, accept_unchecked))

    @property
    def switchable(self) -> list[str]:
        """The names of the plugins that counties switch on and off."""
        return [one.name for one in self.found if not one.always]

    def held(self, role: str) -> frozenset[str]:
        """Return the permissions of a role. Raises KeyError for a role that nobody declared."""
        if role not in self._held:
            raise KeyError("role")
        return self._held[role]

    @cached_property
    def _held(self) -> dict[str, frozenset[str]]:
        return {
            role.name: frozenset(one.name for one in self.permissions if role.name in one.roles) for role in self.roles
        }

    def holders(self, permission: str) -> list[str]:
        """Return the names of the roles that hold a permission, sorted."""
        return sorted(role for one in self.permissions if one.name == permission for role in one.roles)

    @cached_property
    def guarded(self) -> frozenset[str]:
        """The permissions that nobody gives alone."""
        return frozenset(one.name for one in self.permissions if one.guarded)

    @cached_property
    def naming(self) -> frozenset[str]:
        """The permissions whose holders may look people up by name."""
        return frozenset(one.name for one in self.permissions if one.names_people)

    @cached_property
    def civic(self) -> frozenset[str]:
        """The roles that residents hold."""
        return frozenset(one.name for one in self.roles if one.civic)

    def plugin(self, name: str) -> Plugin:
        """Return the plugin of a name. Raises StopIteration if it is not among them."""
        return next(plugin for plugin in self.found if plugin.name == name)

    def _brought(
        self, hook: str, kind: Any, check: Callable[[Plugin, Any], str | None]
    ) -> Iterator[tuple[Plugin, Any]]:
        """Yield what a hook brings: the built-in plugins' first, and then plugin by plugin in the order of loading.

        pluggy itself would call them the last first, and not say whose answer is whose.
        """
        # In a fixed order, so that tables, fields and messages come out the same at each start.
        known = {plugin.name: plugin for plugin in (*(one for one, _ in built_in()), *self.found)}
        calls = {call.plugin_name: call for call in getattr(self.manager.hook, hook).get_hookimpls()}
        for name, plugin in known.items():
            if name not in calls:
                continue
            try:
                # A plugin's code runs here: whatever it raises is told with its name, not as a fault of ours.
                given = calls[name].function()
                brought = list(given) if isinstance(given, Iterable) else None
            except FAULTS as error:
                raise plugin.problem(f"{hook}() failed: {describe_cause(error)}") from error
            if brought is None:
                given_name = f"the class {given.__name__}" if isinstance(given, type) else f"a {type(given).__name__}"
                raise plugin.problem(f"{hook}() gave {given_name}; it gives a list")
            for one in brought:
                if not isinstance(one, kind):
                    raise plugin.problem(f"{hook}() gave a {type(one).__name__}, not a {type_names(kind)}")
                judge_contribution(plugin, one, check)
                yield plugin, one

    def _of_kind(
        self,
        found: Iterable[tuple[Plugin, Any]],
        kind: type[T] | tuple[type[T], ...],
        what: str,
        check: Callable[[Plugin, Any], str | None],
    ) -> tuple[tuple[Plugin, T], ...]:
        """Return those of one kind that a hook brought among others, each checked, and no two of a name."""
        mine = tuple((plugin, one) for plugin, one in found if isinstance(one, kind))
        for plugin, one in mine:
            judge_contribution(plugin, one, check)
        self._once(what, ((plugin, one.name) for plugin, one in mine))  # type: ignore[attr-defined]
        return mine

    def _once(self, what: str, named: Iterable[tuple[Plugin, str]]) -> None:
        """Refuse what is declared twice, be it by one plugin or by two."""
        owners: dict[str, Plugin] = {}
        for plugin, name in named:
            if other := owners.get(name):
                raise plugin.problem(f"two {what} are called {name!r}; the other is from plugin {other.name!r}")
            owners[name] = plugin

    def _check_app(self, plugin: Plugin, app: App) -> str | None:
        """Check the tables of an app: its label, its migrations, and that they lie in the plugin's own schema."""
        if not NAME.fullmatch(app.label) or app.label in TAKEN:
            return f"the app cannot be labelled {app.label!r}: the core has that name, or it is none"
        if app.noun and (not app.label.startswith(app.noun) or app.noun in TAKEN | self._core_nouns):
            return f"the noun of {app.label!r} cannot be {app.noun!r}: it must begin the label, and not be the core's"
        try:
            models = models_of(app)
            import_module(app.migrations)
        except FAULTS as error:
            return describe_cause(error)
        if not models:
            return f"{app.models} has no models"
        # In a schema of its own the plugin's tables can be exported, confined and dropped without touching others.
        for model in models:
            if model._meta.schema != app.label:
                return f"{model.__name__} must lie in the plugin's own schema: schema = {app.label!r} in its Meta"
        twice = [name for name, times in Counter(model._meta.db_table for model in models).items() if times > 1]
        return f"two models share the table {app.label}.{twice[0]}" if twice else None

    def _check_extension(self, plugin: Plugin, extension: Extension) -> str | None:
        """Check that what an extension requires is declared."""
        declared = {one.name for one in self.permissions}
        needed = {one.python_name: one.metadata[GUARD].permission for one in extension.fields if one.metadata[GUARD]}
        needed |= {name: one.requires for name, one in extension.filter.items() if one.requires}
        needed |= {name: one.requires for name, one in extension.order.items() if one.requires}
        for name, permission in needed.items():
            if permission not in declared:
                return f"{name!r} requires {permission!r}, which nobody declares"
        return None

    def _check_event(self, plugin: Plugin, declared: type) -> str | None:
        """Check that a class is an event whose type says whose it is."""
        if not issubclass(declared, Event) or not declared.type:
            return f"{declared.__name__} is no event; decorate it with @event"
        return self._unprefixed(plugin, "event", declared.type)

    def _check_handler(self, plugin: Plugin, handler: Handler) -> str | None:
        """Check that the events a handler waits for are declared."""
        unknown = [one.type for one in handler.events if one.type not in self.registry]
        if unknown:
            return f"the handler {handler.name!r} waits for {unknown[0]!r}, which nobody declares"
        return self._unprefixed(plugin, "handler", handler.name)

    def _check_job(self, plugin: Plugin, job: BackgroundJob) -> str | None:
        """Check that a job's name says whose it is."""
        return self._unprefixed(plugin, "job", job.name)

    def _check_check(self, plugin: Plugin, check: Check) -> str | None:
        """Check that a health check's name says whose it is."""
        return None if plugin.always else self._unprefixed(plugin, "check", check.name)

    def _check_figure(self, plugin: Plugin, kpi: Kpi) -> str | None:
        """Check a figure's name. Those of plugins that are always on may have the name of the field that shows them."""
        return None if plugin.always else self._unprefixed(plugin, "figure", kpi.name)

    def _check_permission(self, plugin: Plugin, permission: Permission) -> str | None:
        """Check a permission's name and roles; what guards people is nothing that residents' roles may hold."""
        if wrong := self._unprefixed(plugin, "permission", permission.name):
            return wrong
        unknown = sorted(permission.roles - {role.name for role in self.roles})
        if permission.guarded and permission.roles & self.civic:
            return f"the permission {permission.name!r} is guarded, so no role that residents hold can have it"
        if permission.names_people and permission.roles & self.civic:
            return f"the permission {permission.name!r} looks people up, so no role that residents hold can have it"
        return f"the permission {permission.name!r} names unknown roles: {', '.join(unknown)}" if unknown else None

    def _check_role(self, plugin: Plugin, role: Role) -> str | None:
        """Check that a role is none of the core's."""
        taken = {one.name for one in ROLES}
        return f"the role {role.name!r} is one of the core's" if role.name in taken else None

    def _check_settings(self, plugin: Plugin, declared: type) -> str | None:
        """Check that settings are a frozen dataclass, since they are shared."""
        if not is_dataclass(declared) or not declared.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            return f"the settings {declared.__name__} must be a dataclass with frozen=True"
        return None

    def _check_county_setting(self, plugin: Plugin, setting: CountySetting[Any]) -> str | None:
        """Check a setting's name, its words, who sets it, and that its default is a value that it takes."""
        if wrong := self._unprefixed(plugin, "county setting", setting.name):
            return wrong
        if setting.permission not in {one.name for one in self.permissions}:
            return f"the county setting {setting.name!r} is set by {setting.permission!r}, which is no permission"
        try:
            split_label(setting.description)
            setting.parse(setting.standard)
        except ValueError as error:
            return f"the county setting {setting.name!r} has {error}"
        except Refusal:
            return f"the county setting {setting.name!r} does not take its own default"
        return None

    def _check_holding(self, plugin: Plugin, holding: Holding) -> str | None:
        """Check that a holding is one of the plugin's own tables, with a term and a way to erase it."""
        if holding.table.partition(".")[0] not in self.labels[plugin.name]:
            return f"the holding {holding.table!r} must be one of the plugin's own tables"
        if bool(holding.months) != bool(holding.since):
            return f"the holding {holding.table!r} needs both `months` and `since`, or neither"
        if holding.table not in self._tables:
            return f"there is no table {holding.table!r}"
        wordless = isinstance(holding.erase, str) and holding.erase != GONE
        return f"the holding {holding.table!r} is erased by columns, or GONE" if wordless else None

    def _named_alike(self, what: str) -> Callable[[Plugin, Any], str | None]:
        """Return a check that names of these say whose they are."""
        return lambda plugin, one: self._unprefixed(plugin, what, one.name)

    def _unprefixed(self, plugin: Plugin, what: str, name: str) -> str | None:
        """Return what is wrong with a published name that does not say whose it is."""
        if name.partition(".")[0] in self.labels[plugin.name] and "." in name:
            return None
        return f"the {what} {name!r} must begin with {f'{plugin.name}.'!r}"

    @cached_property
    def _tables(self) -> frozenset[str]:
        return frozenset(f"{app.label}.{model._meta.db_table}" for app in self.apps for model in models_of(app))

    def _check_channel(self, plugin: Plugin, channel: NoticeChannel) -> str | None:
        """Check that a channel that needs consent has a privacy notice that asks for it."""
        wanted = channel.consent
        texts = [one for one in self.registers.notices if wanted and one.purpose == wanted.purpose and one.consent]
        if wanted and not any(one.recipient in (None, wanted.recipient) for one in texts):
            return f"the channel {channel.name!r} needs consent, and no privacy notice asks for {wanted.purpose!r}"
        return None

    def _check_purpose(self, plugin: Plugin, purpose: Purpose) -> str | None:
        """Check that a purpose says what for and on which legal basis."""
        empty = not (purpose.purpose.strip() and purpose.basis.strip())
        return f"the purpose for {purpose.field!r} must say what for, and on which legal basis" if empty else None


def check_place(plugin: Plugin, one: Route | Files) -> str | None:
    """Return what is wrong with where a route lies."""
    # Well-known paths are standards': each belongs to one plugin, and nobody else may answer there.
    if one.root and WELL_KNOWN.get(one.root) != plugin.name:
        return f"the route {one.path!r} claims {one.root!r}, which is no well-known path of this plugin"
    try:
        if not ADDRESS.fullmatch(one.path):
            raise ValueError
        compile_path(one.path)
    except (AssertionError, ValueError):
        return f"the route {one.path!r} must be a path such as '/bins/{{id}}'"
    return None


def check_route(one: Route) -> str | None:
    """Return what is wrong with how a route answers."""
    if not one.methods or not METHODS.issuperset(one.methods):
        return f"the route {one.path!r} must have methods among {', '.join(sorted(METHODS))}"
    # One that is not async would hold the event loop up for everybody.
    if not inspect.iscoroutinefunction(one.answer):
        return f"the route {one.path!r} must be answered by an async function"
    if not 0 <= one.longest <= LONGEST or not 0 < one.seconds <= SLOWEST:
        return f"the route {one.path!r} may read {LONGEST} bytes and take {SLOWEST:g} seconds at the most"
    return None


def named_plugin(plugin: Plugin) -> PluginOwner | None:
    """Return the name of a plugin; None for a built-in one."""
    return None if plugin.built_in else plugin.owner


def judge_contribution(plugin: Plugin, one: Any, check: Callable[[Plugin, Any], str | None]) -> None:
    """Raise Problem for what a plugin brings and a check finds wrong; what is built in is checked by tests."""
    if not plugin.built_in and (wrong := check(plugin, one)):
        raise plugin.problem(wrong)


def accept_unchecked(plugin: Plugin, one: Any) -> None:
    """Accept it: nothing can be wrong with it by itself."""


def type_names(kind: Any) -> str:
    """Return the name of a kind, or of several."""
    return " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))


def contributed_values(found: Iterable[tuple[Plugin, T]]) -> Iterator[T]:
    """Return what was brought, without who brought it."""
    return (one for _, one in found)


def models_of(app: App) -> list[type[Model]]:
    """Return the models that an app declares itself; what it imports from elsewhere is not its own."""
    root = app.models.partition(".")[0]
    found = inspect.getmembers(import_module(app.models), inspect.isclass)
    return [
        one
        for _, one in found
        if issubclass(one, Model) and not one._meta.abstract and one.__module__.partition(".")[0] == root
    ]


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
    about = {
        plugin.name: one for plugin, one in plugins._brought("about", About, accept_unchecked) if not plugin.built_in
    }
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


CORE_PLUGINS = Plugins()
"""The built-in plugins alone."""
CORE_APPS = CORE_PLUGINS.apps
"""Their tables."""
