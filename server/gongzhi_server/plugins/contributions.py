"""Contributions: what the core and its plugins declare by their hooks, together; refused by name where it cannot be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pluggy
from gongzhi.declare.events import Event, Registry
from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import Purpose
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, Errand
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.roles import ROLES
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.channels import NoticeChannel
from gongzhi.runtime.context import Context, TimelineWords
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.reactions import Reaction
from gongzhi.runtime.routes import PATH, Files, Route
from gongzhi.runtime.services import ProcessService, Service
from gongzhi.runtime.waivers import Grantor, Waiver
from gongzhi.values.labels import split_label

from gongzhi_server.errors import Problem

from .contribution_checks import (
    ContributionCheck,
    check_about,
    check_app,
    check_channel,
    check_check,
    check_county_setting,
    check_errand,
    check_event,
    check_extension,
    check_feed,
    check_figure,
    check_handler,
    check_holding,
    check_job,
    check_named,
    check_permission,
    check_prefix,
    check_purpose,
    check_role,
    check_route,
    check_settings,
    check_view,
    models_of,
)
from .feeding import feed_handler
from .installed import FAULTS, TAKEN, Plugin, built_in, describe_cause, empty_manager, named_plugin
from .log_channel import LogChannel

T = TypeVar("T")

SERVICES = (Service, ProcessService)


@dataclass(frozen=True)
class Plugins:
    """What the core and its plugins declare, together."""

    found: tuple[Plugin, ...] = ()
    # Each hook is called when it is first needed and its answer
    # kept: plugins are asked once, and declare the same for all.
    manager: pluggy.PluginManager = field(default_factory=empty_manager)

    @cached_property
    def about(self) -> Mapping[str, About]:
        """What each plugin says of itself, if it says anything."""
        found = self._contributions("about", About, check_about)
        return {plugin.name: one for plugin, one in found if not plugin.built_in}

    @cached_property
    def apps(self) -> tuple[App, ...]:
        """The tables, the core's first."""
        found = tuple(self._contributions("tables", App, check_app))
        self._refuse_duplicates("apps", ((plugin, app.label) for plugin, app in found))
        self._refuse_duplicates(
            "nouns or plugins", ((plugin, name) for plugin in self.found for name in self.labels[plugin.name])
        )
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
        for plugin, app in self._contributions("tables", App, accept_unchecked):
            if not plugin.built_in:
                found[plugin.name] = (*found.get(plugin.name, ()), app)
        return found

    @cached_property
    def extensions(self) -> tuple[tuple[str, Extension], ...]:
        """The fields, each with the name of its plugin, or the core's."""
        mine = tuple((plugin, one) for plugin, one in self._extensions_and_views if isinstance(one, Extension))
        for plugin, one in mine:
            self._check(plugin, one, check_extension)
        return tuple((plugin.owner, one) for plugin, one in mine)

    @cached_property
    def views(self) -> tuple[tuple[Plugin, View], ...]:
        """What the console draws, plugin by plugin in the order of loading."""
        return self._of_kind(self._extensions_and_views, View, "views", check_view)

    @property
    def declared_views(self) -> Iterable[View]:
        """All views, whether they fit or not."""
        return (one for _, one in self._extensions_and_views if isinstance(one, View))

    @cached_property
    def _extensions_and_views(self) -> tuple[tuple[Plugin, Extension | View], ...]:
        return tuple(self._contributions("graphql", (Extension, View), accept_unchecked))

    @cached_property
    def permissions(self) -> tuple[Permission, ...]:
        return tuple(
            contributed_values(self._of_kind(self._permissions_and_roles, Permission, "permissions", check_permission))
        )

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        return (*ROLES, *contributed_values(self._of_kind(self._permissions_and_roles, Role, "roles", check_role)))

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """The exceptions that may be asked for."""
        return tuple(
            contributed_values(self._of_kind(self._permissions_and_roles, Waiver, "waivers", check_named("waiver")))
        )

    @cached_property
    def grantors(self) -> Mapping[str, tuple[tuple[str | None, Grantor], ...]]:
        """Who may grant each waiver, each with the name of its plugin; None for the core's.

        Waivers of plugins that are not here are left out. Raises Problem for one that its plugin does not declare.
        """
        found: dict[str, list[tuple[str | None, Grantor]]] = {one.name: [] for one in self.waivers}
        mine = [(plugin, one) for plugin, one in self._permissions_and_roles if isinstance(one, Grantor)]
        for plugin, one in mine:
            for name in one.waivers:
                if name in found:
                    found[name].append((named_plugin(plugin), one))
                elif name.partition(".")[0] in TAKEN.union(*self.labels.values()):
                    raise plugin.problem(f"it grants the waiver {name!r}, which nobody declares")
        return {name: tuple(grantors) for name, grantors in found.items()}

    @cached_property
    def _permissions_and_roles(self) -> tuple[tuple[Plugin, Permission | Role | Waiver | Grantor], ...]:
        return tuple(self._contributions("permissions", (Permission, Role, Waiver, Grantor), accept_unchecked))

    @cached_property
    def purposes(self) -> tuple[tuple[str, Purpose], ...]:
        """Why plugins read protected fields, each with the name of its plugin."""
        return tuple((plugin.name, one) for plugin, one in self._entries("purposes", check_purpose))

    @cached_property
    def _events(self) -> tuple[tuple[Plugin, type[Event]], ...]:
        mine: tuple[tuple[Plugin, type[Event]], ...] = tuple(self._contributions("events", type, check_event))
        self._refuse_duplicates("events", ((plugin, one.type) for plugin, one in mine))
        return mine

    @cached_property
    def registry(self) -> Registry:
        """The events that may be published."""
        return Registry(tuple(contributed_values(self._events)))

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables there are, each with its schema."""
        return frozenset(f"{app.label}.{model._meta.db_table}" for app in self.apps for model in models_of(app))

    @cached_property
    def core_nouns(self) -> frozenset[str]:
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
        mine = self._of_kind(self._handlers_and_reactions, Handler, "handlers", check_handler)
        fed = tuple(self.registry.feedable.values())
        return tuple((named_plugin(plugin), feed_handler(one, fed) if one.feedable else one) for plugin, one in mine)

    @cached_property
    def reactions(self) -> tuple[tuple[str | None, Reaction], ...]:
        """What runs in the transaction of a step that a case takes, each with the name of its plugin."""
        mine = self._of_kind(self._handlers_and_reactions, Reaction, "reactions", check_named("reaction"))
        return tuple((named_plugin(plugin), one) for plugin, one in mine)

    @cached_property
    def _handlers_and_reactions(self) -> tuple[tuple[Plugin, Handler | Reaction], ...]:
        return tuple(self._contributions("handlers", (Handler, Reaction), accept_unchecked))

    @cached_property
    def jobs(self) -> tuple[tuple[str | None, BackgroundJob], ...]:
        mine = tuple(self._contributions("jobs", BackgroundJob, check_job))
        self._refuse_duplicates("jobs", ((plugin, one.name) for plugin, one in mine))
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
            "cards": entries("cards", lambda plugins, plugin, one: check_prefix(plugins, plugin, "rule", one.name)),
            "kpis": entries("kpis", check_figure),
            "notices": entries(
                "notices", lambda plugins, plugin, one: check_prefix(plugins, plugin, "purpose", one.purpose)
            ),
            "holdings": entries("holdings", check_holding),
            "statements": entries("statements", accept_unchecked),
            "purposes": entries("purposes", check_purpose),
            "checks": entries("checks", check_check),
            "office_hours": entries("office_hours", accept_unchecked),
            "consents": entries("consents", accept_unchecked),
            "address_books": entries("address_books", accept_unchecked),
        }
        self._refuse_duplicates("rules", ((plugin, card.rule) for plugin, card in added["cards"]))
        self._refuse_duplicates("figures", ((plugin, kpi.name) for plugin, kpi in added["kpis"]))
        self._refuse_duplicates("checks", ((plugin, one.name) for plugin, one in added["checks"]))
        for single in ("office_hours", "address_books"):
            self._refuse_duplicates(
                f"registers of {single.replace('_', ' ')}", ((plugin, single) for plugin, _ in added[single])
            )
        self._refuse_duplicates("kinds of statements", ((plugin, one.kind) for plugin, one in added["statements"]))
        notices = ((plugin, f"{one.purpose} {one.recipient} {one.version}") for plugin, one in added["notices"])
        self._refuse_duplicates("notices", notices)
        return Registers(**{name: tuple(contributed_values(found)) for name, found in added.items()})

    @cached_property
    def _registers(self) -> tuple[tuple[Plugin, Registers], ...]:
        return tuple(self._contributions("registers", Registers, accept_unchecked))

    def _entries(self, register: str, check: ContributionCheck) -> list[tuple[Plugin, Any]]:
        """Return the entries of one register that plugins declare, each checked."""
        found = [(plugin, one) for plugin, book in self._registers for one in getattr(book, register)]
        for plugin, one in found:
            self._check(plugin, one, check)
        return found

    @cached_property
    def errands(self) -> dict[str, tuple[Errand, ...]]:
        """What each plugin does for operators."""
        mine = tuple(self._contributions("errands", Errand, check_errand))
        self._refuse_duplicates("errands", ((plugin, f"{one.group or plugin.name} {one.name}") for plugin, one in mine))
        names = dict.fromkeys(plugin.name for plugin, _ in mine)
        return {name: tuple(one for plugin, one in mine if plugin.name == name) for name in names}

    def errands_called(self, word: str) -> list[tuple[str, Errand]]:
        """Return the errands that are called by a word on the command line, each with the name of its plugin."""
        return [(plugin, one) for plugin, mine in self.errands.items() for one in mine if (one.group or plugin) == word]

    @cached_property
    def channels(self) -> tuple[NoticeChannel, ...]:
        """The ways out for notices: the log, and what plugins bring."""
        # One hook brings several kinds of ways out; here are those that are neither feeds nor routes.
        mine = tuple(
            (plugin, one) for plugin, one in self._channels_and_routes if not isinstance(one, (Feed, Route, Files))
        )
        for plugin, one in mine:
            self._check(plugin, one, check_channel)
        self._refuse_duplicates("channels", ((plugin, one.name) for plugin, one in mine))
        return (LogChannel(), *contributed_values(mine))

    @cached_property
    def feeds(self) -> dict[tuple[str, str], Feed]:
        """The files that others fetch, by plugin and name."""
        mine = tuple((plugin, one) for plugin, one in self._channels_and_routes if isinstance(one, Feed))
        for plugin, one in mine:
            self._check(plugin, one, check_feed)
        self._refuse_duplicates("feeds", ((plugin, f"{plugin.name}/{one.name}") for plugin, one in mine))
        return {(plugin.name, one.name): one for plugin, one in mine}

    @cached_property
    def routes(self) -> tuple[tuple[Plugin, Route | Files], ...]:
        """Where plugins answer by HTTP, and their static files."""
        mine = tuple((plugin, one) for plugin, one in self._channels_and_routes if isinstance(one, (Route, Files)))
        for plugin, one in mine:
            self._check(plugin, one, check_route)
        self._refuse_duplicates(
            "routes", ((plugin, f"{one.root or f'{PATH}/{plugin.name}'}{one.path}") for plugin, one in mine)
        )
        return mine

    @cached_property
    def _channels_and_routes(self) -> tuple[tuple[Plugin, NoticeChannel | Feed | Route | Files], ...]:
        return tuple(self._contributions("channels", (NoticeChannel, Feed, Route, Files), accept_unchecked))

    def choose_channels(self, names: Iterable[str]) -> tuple[NoticeChannel, ...]:
        """Return the channels of these names. Raises Problem for one that nobody brings."""
        known = {one.name: one for one in self.channels}
        if missing := sorted(set(names) - set(known)):
            raise Problem(f"GONGZHI_CHANNELS: there is no channel {missing[0]}; there are {', '.join(sorted(known))}")
        return tuple(known[name] for name in dict.fromkeys(names))

    @cached_property
    def choices(self) -> tuple[tuple[Plugin, type], ...]:
        """What operators may choose, each a dataclass."""
        mine = tuple((plugin, one) for plugin, one in self._settings_and_choices if isinstance(one, type))
        for plugin, one in mine:
            self._check(plugin, one, check_settings)
        self._refuse_duplicates("classes of settings", ((plugin, plugin.name) for plugin, _ in mine))
        return mine

    @cached_property
    def county_settings(self) -> dict[str, tuple[Plugin, CountySetting[Any]]]:
        """What counties may choose, by name."""
        mine = self._of_kind(self._settings_and_choices, CountySetting, "county settings", check_county_setting)
        return {one.name: (plugin, one) for plugin, one in mine}

    @cached_property
    def _settings_and_choices(self) -> tuple[tuple[Plugin, Any], ...]:
        return tuple(self._contributions("settings", (type, CountySetting), accept_unchecked))

    @cached_property
    def lifespans(self) -> tuple[tuple[Plugin, Callable[[Context], AbstractAsyncContextManager[None]]], ...]:
        """What is held open while the server runs."""
        return tuple((plugin, one) for plugin, one in self._lifespans_and_services if not isinstance(one, SERVICES))

    @cached_property
    def services(self) -> tuple[tuple[Plugin, Service | ProcessService], ...]:
        """What works in one process of the deployment, or in each."""
        return self._of_kind(self._lifespans_and_services, SERVICES, "services", check_named("service"))

    @cached_property
    def _lifespans_and_services(self) -> tuple[tuple[Plugin, Any], ...]:
        return tuple(self._contributions("lifespan", (*SERVICES, Callable), accept_unchecked))

    @cached_property
    def checks(self) -> tuple[tuple[Plugin, Callable[[Context], Awaitable[None]]], ...]:
        """How plugins tell whether they are well."""
        return tuple(self._contributions("health", Callable, accept_unchecked))

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

    def _check(self, plugin: Plugin, one: Any, check: ContributionCheck) -> None:
        """Raise Problem for what a plugin brings and a check finds wrong; what is built in is checked by tests."""
        if not plugin.built_in and (wrong := check(self, plugin, one)):
            raise plugin.problem(wrong)

    def _contributions(self, hook: str, kind: Any, check: ContributionCheck) -> Iterator[tuple[Plugin, Any]]:
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
                self._check(plugin, one, check)
                yield plugin, one

    def _of_kind(
        self,
        found: Iterable[tuple[Plugin, Any]],
        kind: type[T] | tuple[type[T], ...],
        what: str,
        check: ContributionCheck,
    ) -> tuple[tuple[Plugin, T], ...]:
        """Return those of one kind that a hook brought among others, each checked, and no two of a name."""
        mine = tuple((plugin, one) for plugin, one in found if isinstance(one, kind))
        for plugin, one in mine:
            self._check(plugin, one, check)
        self._refuse_duplicates(what, ((plugin, one.name) for plugin, one in mine))  # type: ignore[attr-defined]
        return mine

    def _refuse_duplicates(self, what: str, named: Iterable[tuple[Plugin, str]]) -> None:
        """Refuse what is declared twice, be it by one plugin or by two."""
        owners: dict[str, Plugin] = {}
        for plugin, name in named:
            if other := owners.get(name):
                raise plugin.problem(f"two {what} are called {name!r}; the other is from plugin {other.name!r}")
            owners[name] = plugin


def accept_unchecked(plugins: Plugins, plugin: Plugin, one: Any) -> None:
    """Accept it: nothing can be wrong with it by itself."""


def type_names(kind: Any) -> str:
    """Return the name of a kind, or of several."""
    return " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))


def contributed_values(found: Iterable[tuple[Plugin, T]]) -> Iterator[T]:
    """Return what was brought, without who brought it."""
    return (one for _, one in found)


CORE_PLUGINS = Plugins()
"""The built-in plugins alone."""
CORE_APPS = CORE_PLUGINS.apps
"""Their tables."""
