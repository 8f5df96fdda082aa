"""Contribution checks: what may be wrong with each thing that a plugin brings, as a sentence that names it."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.plans import GUARD
from gongzhi.declare.register_entries import GONE, Check, Holding, Kpi, Purpose
from gongzhi.plugin.hooks import About, App, Errand
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.roles import ROLES
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View, ViewKind
from gongzhi.runtime.channels import NoticeChannel
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.routes import WELL_KNOWN, Files, Route
from gongzhi.values.errors import Refusal
from gongzhi.values.labels import split_label
from starlette.routing import compile_path
from tortoise.models import Model

from .installed import FAULTS, NAME, TAKEN, Plugin, describe_cause

if TYPE_CHECKING:
    from .contributions import Plugins

FILE = re.compile(r"[a-z0-9][a-z0-9-]*\.[a-z0-9]+")
ADDRESS = re.compile(r"(?:/[A-Za-z0-9._~{}:-]+)*/?")
METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
LONGEST, SLOWEST = 16 << 20, 60.0
"""The most bytes and seconds that a route may claim."""

ContributionCheck: TypeAlias = "Callable[[Plugins, Plugin, Any], str | None]"
"""Returns what is wrong with something that a plugin brings; it may look at what all of them bring."""


def models_of(app: App) -> list[type[Model]]:
    """Return the models that an app declares itself; what it imports from elsewhere is not its own."""
    root = app.models.partition(".")[0]
    found = inspect.getmembers(import_module(app.models), inspect.isclass)
    return [
        one
        for _, one in found
        if issubclass(one, Model) and not one._meta.abstract and one.__module__.partition(".")[0] == root
    ]


def check_about(plugins: Plugins, plugin: Plugin, about: About) -> str | None:
    """Check that what people call a plugin is there in both languages."""
    return find_title_fault("plugin", about.title) if about.title else None


def find_title_fault(what: str, title: str) -> str | None:
    """Return what is wrong with a title."""
    try:
        split_label(title)
    except ValueError as error:
        return f"the {what} has {error}"
    return None


def check_app(plugins: Plugins, plugin: Plugin, app: App) -> str | None:
    """Check the tables of an app: its label, its migrations, and that they lie in the plugin's own schema."""
    if not NAME.fullmatch(app.label) or app.label in TAKEN:
        return f"the app cannot be labelled {app.label!r}: the core has that name, or it is none"
    if app.noun and (not app.label.startswith(app.noun) or app.noun in TAKEN | plugins.core_nouns):
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


def check_extension(plugins: Plugins, plugin: Plugin, extension: Extension) -> str | None:
    """Check that what an extension requires is declared."""
    declared = {one.name for one in plugins.permissions}
    needed = {one.python_name: one.metadata[GUARD].permission for one in extension.fields if one.metadata[GUARD]}
    needed |= {name: one.requires for name, one in extension.filter.items() if one.requires}
    needed |= {name: one.requires for name, one in extension.order.items() if one.requires}
    for name, permission in needed.items():
        if permission not in declared:
            return f"{name!r} requires {permission!r}, which nobody declares"
    return None


def check_event(plugins: Plugins, plugin: Plugin, declared: type) -> str | None:
    """Check that a class is an event whose type says whose it is."""
    if not issubclass(declared, Event) or not declared.type:
        return f"{declared.__name__} is no event; decorate it with @event"
    return check_prefix(plugins, plugin, "event", declared.type)


def check_handler(plugins: Plugins, plugin: Plugin, handler: Handler) -> str | None:
    """Check that the events a handler waits for are declared."""
    unknown = [one.type for one in handler.events if one.type not in plugins.registry]
    if unknown:
        return f"the handler {handler.name!r} waits for {unknown[0]!r}, which nobody declares"
    return check_prefix(plugins, plugin, "handler", handler.name)


def check_job(plugins: Plugins, plugin: Plugin, job: BackgroundJob) -> str | None:
    """Check that a job's name says whose it is."""
    return check_prefix(plugins, plugin, "job", job.name)


def check_check(plugins: Plugins, plugin: Plugin, check: Check) -> str | None:
    """Check that a health check's name says whose it is."""
    return None if plugin.always else check_prefix(plugins, plugin, "check", check.name)


def check_figure(plugins: Plugins, plugin: Plugin, kpi: Kpi) -> str | None:
    """Check a figure's name. Those of plugins that are always on may have the name of the field that shows them."""
    return None if plugin.always else check_prefix(plugins, plugin, "figure", kpi.name)


def check_permission(plugins: Plugins, plugin: Plugin, permission: Permission) -> str | None:
    """Check a permission's name and roles; what guards people is nothing that residents' roles may hold."""
    if wrong := check_prefix(plugins, plugin, "permission", permission.name):
        return wrong
    unknown = sorted(permission.roles - {role.name for role in plugins.roles})
    if permission.guarded and permission.roles & plugins.civic:
        return f"the permission {permission.name!r} is guarded, so no role that residents hold can have it"
    if permission.names_people and permission.roles & plugins.civic:
        return f"the permission {permission.name!r} looks people up, so no role that residents hold can have it"
    return f"the permission {permission.name!r} names unknown roles: {', '.join(unknown)}" if unknown else None


def check_role(plugins: Plugins, plugin: Plugin, role: Role) -> str | None:
    """Check that a role is none of the core's."""
    taken = {one.name for one in ROLES}
    return f"the role {role.name!r} is one of the core's" if role.name in taken else None


def check_settings(plugins: Plugins, plugin: Plugin, declared: type) -> str | None:
    """Check that settings are a frozen dataclass, since they are shared."""
    if not is_dataclass(declared) or not declared.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return f"the settings {declared.__name__} must be a dataclass with frozen=True"
    return None


def check_county_setting(plugins: Plugins, plugin: Plugin, setting: CountySetting[Any]) -> str | None:
    """Check a setting's name, its words, who sets it, and that its default is a value that it takes."""
    if wrong := check_prefix(plugins, plugin, "county setting", setting.name):
        return wrong
    if setting.permission not in {one.name for one in plugins.permissions}:
        return f"the county setting {setting.name!r} is set by {setting.permission!r}, which is no permission"
    try:
        split_label(setting.description)
        setting.parse(setting.standard)
    except ValueError as error:
        return f"the county setting {setting.name!r} has {error}"
    except Refusal:
        return f"the county setting {setting.name!r} does not take its own default"
    return None


def check_view(plugins: Plugins, plugin: Plugin, view: View) -> str | None:
    """Check a view's name and title, who is offered it, and what it opens; its document is checked with the schema."""
    if wrong := check_prefix(plugins, plugin, "view", view.name):
        return wrong
    if view.requires is not None and view.requires not in {one.name for one in plugins.permissions}:
        return f"the view {view.name!r} requires {view.requires!r}, which nobody declares"
    opened = ViewKind.LIST if view.kind is ViewKind.COUNTER else ViewKind.DETAIL
    if view.opens and (view.opens, opened) not in {(one.name, one.kind) for one in plugins.declared_views}:
        return f"the view {view.name!r} opens {view.opens!r}, which is no {opened.value} that a plugin declares"
    return find_title_fault(f"view {view.name!r}", view.title)


def check_holding(plugins: Plugins, plugin: Plugin, holding: Holding) -> str | None:
    """Check that a holding is one of the plugin's own tables, with a term and a way to erase it."""
    if holding.table.partition(".")[0] not in plugins.labels[plugin.name]:
        return f"the holding {holding.table!r} must be one of the plugin's own tables"
    if bool(holding.months) != bool(holding.since):
        return f"the holding {holding.table!r} needs both `months` and `since`, or neither"
    if holding.table not in plugins.tables:
        return f"there is no table {holding.table!r}"
    wordless = isinstance(holding.erase, str) and holding.erase != GONE
    return f"the holding {holding.table!r} is erased by columns, or GONE" if wordless else None


def check_named(what: str) -> ContributionCheck:
    """Return a check that names of these say whose they are."""
    return lambda plugins, plugin, one: check_prefix(plugins, plugin, what, one.name)


def check_prefix(plugins: Plugins, plugin: Plugin, what: str, name: str) -> str | None:
    """Return what is wrong with a published name that does not say whose it is."""
    if name.partition(".")[0] in plugins.labels[plugin.name] and "." in name:
        return None
    return f"the {what} {name!r} must begin with {f'{plugin.name}.'!r}"


def check_channel(plugins: Plugins, plugin: Plugin, channel: NoticeChannel) -> str | None:
    """Check that a channel that needs consent has a privacy notice that asks for it."""
    wanted = channel.consent
    texts = [one for one in plugins.registers.notices if wanted and one.purpose == wanted.purpose and one.consent]
    if wanted and not any(one.recipient in (None, wanted.recipient) for one in texts):
        return f"the channel {channel.name!r} needs consent, and no privacy notice asks for {wanted.purpose!r}"
    return None


def check_purpose(plugins: Plugins, plugin: Plugin, purpose: Purpose) -> str | None:
    """Check that a purpose says what for and on which legal basis."""
    empty = not (purpose.purpose.strip() and purpose.basis.strip())
    return f"the purpose for {purpose.field!r} must say what for, and on which legal basis" if empty else None


def check_errand(plugins: Plugins, plugin: Plugin, errand: Errand) -> str | None:
    """Check that the group of an errand is a word that no plugin has as its name."""
    if errand.group and (not NAME.fullmatch(errand.group) or errand.group in {one.name for one in plugins.found}):
        return f"the errand {errand.name!r} cannot be in the group {errand.group!r}"
    return None


def check_feed(plugins: Plugins, plugin: Plugin, feed: Feed) -> str | None:
    """Check that a feed is named like a file."""
    if FILE.fullmatch(feed.name):
        return None
    return f"the feed {feed.name!r} must be named like a file: lower-case, such as 'a.ics'"


def check_route(plugins: Plugins, plugin: Plugin, one: Route | Files) -> str | None:
    """Check where a route lies, and how it answers."""
    return find_place_fault(plugin, one) or (find_answer_fault(one) if isinstance(one, Route) else None)


def find_place_fault(plugin: Plugin, one: Route | Files) -> str | None:
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


def find_answer_fault(one: Route) -> str | None:
    """Return what is wrong with how a route answers."""
    if not one.methods or not METHODS.issuperset(one.methods):
        return f"the route {one.path!r} must have methods among {', '.join(sorted(METHODS))}"
    # One that is not async would hold the event loop up for everybody.
    if not inspect.iscoroutinefunction(one.answer):
        return f"the route {one.path!r} must be answered by an async function"
    if not 0 <= one.longest <= LONGEST or not 0 < one.seconds <= SLOWEST:
        return f"the route {one.path!r} may read {LONGEST} bytes and take {SLOWEST:g} seconds at the most"
    return None
