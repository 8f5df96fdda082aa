"""Hooks: what a plugin may implement; all are optional, and asked once while the application is built.

A plugin is a module or object registered under the entry-point group `gongzhi.plugins`; the entry point's name
is the plugin's name, the prefix of its permissions, the label of its Tortoise app and its PostgreSQL schema.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from pluggy import HookimplMarker, HookspecMarker

from gongzhi.declare.events import Event
from gongzhi.declare.extend import Extension
from gongzhi.declare.registers import Registers
from gongzhi.plugin.permissions import Permission, Role
from gongzhi.plugin.settings import CountySetting
from gongzhi.plugin.views import View
from gongzhi.runtime.channels import NoticeChannel
from gongzhi.runtime.context import Context
from gongzhi.runtime.feeds import Feed
from gongzhi.runtime.jobs import BackgroundJob, Handler
from gongzhi.runtime.reactions import Reaction
from gongzhi.runtime.routes import Files, Route
from gongzhi.runtime.services import ProcessService, Service
from gongzhi.runtime.waivers import Grantor, Waiver

hookspec = HookspecMarker("gongzhi")
HOOKS = "__gongzhi_hooks__"
"""The name under which a module keeps its hooks."""
_mark = HookimplMarker("gongzhi")
F = TypeVar("F", bound=Callable[..., object])


def hookimpl(function: F) -> F:
    """Mark a function as what a plugin answers to the hook of its name."""
    # Importing `events.py` sets the package's attribute `events`, which was the hook. Its module keeps
    # the hook besides, so that it is there for whoever loads plugins after that, as tests do.
    getattr(function, "__globals__", {}).setdefault(HOOKS, {})[function.__name__] = function
    return _mark(function)


GROUP = "gongzhi.plugins"


@dataclass(frozen=True)
class About:
    """What a plugin is among the others.

    `requires` names plugins that it builds on: they are loaded before it, and it cannot be without them. With `always`
    counties cannot switch it off, which is for what the law or the closed loop of cases needs; an operator can still
    leave it out.
    """

    requires: tuple[str, ...] = ()
    always: bool = False
    title: str = ""
    """What people call it where they choose among plugins: "English (中文)"."""


@dataclass(frozen=True)
class App:
    """A set of tables somebody owns: a Tortoise app, its models and where its migrations live.

    The label is the PostgreSQL schema; a plugin may own several, and its permissions, events, handlers and jobs begin
    with its name, with one of these or with a `noun`. Every model has `Meta.schema` equal to the label. Foreign keys to
    the core are named by string, such as "people.PersonRow", with `related_name=False`.
    """

    label: str
    models: str
    migrations: str
    seed: str = ""
    """What fills in the defaults of the tables after every migration: `package.module:function`, an
    `async def f(connection)` that changes nothing when it is run again."""
    noun: str = ""
    """The singular of the label, where published names have that: `whistle` of `whistles`, for `whistle.called`. The
    label begins with it, and it is nobody else's."""
    demo: str = ""
    """What fills the tables from what the demo county has so far, such as the timelines of its cases, in the
    transaction that loads it: `package.module:function`, an `async def f(connection, county, now, keys)` with the
    county's key, the moment that it is there and the deployment's key ring. What is somebody's doing, the errand `demo`
    adds."""


@dataclass(frozen=True)
class Errand:
    """What an operator can have done on the command line: `gongzhi PLUGIN NAME`, or `gongzhi GROUP NAME`.

    `function` is `async def f(call, …) -> int | None`: it runs in one transaction, as the plugin, everywhere. Its
    other parameters become arguments and options, as typer reads them; its docstring is the help; what it returns
    is the exit code, and anything but 0 or None takes back what it wrote. One called `demo` is also run, without
    options, once the demo county is loaded; one called `verify`, which says whether a ledger holds, when a backup is
    proved, unless it has a `group`. A plain `def f(settings, …) -> int | None` gets what the operator chose for
    plugins, by its class, and no database is opened for it.
    """

    name: str
    function: Callable[..., Awaitable[int | None] | int | None]
    group: str = ""
    """A word in place of the plugin's name, for commands that operators knew before the plugin had them; it is neither
    a command of the core nor a plugin's name."""


@hookspec
def about() -> Iterable[About]:
    """Return what the plugin builds on, and whether it is always on: one `About`, or nothing."""
    return ()


@hookspec
def tables() -> Iterable[App]:
    """Return the tables the plugin owns: mostly one app, labelled with the plugin's name."""
    return ()


@hookspec
def graphql() -> Iterable[Extension | View]:
    """Return fields that it adds to types of the core, of other plugins, and to Query, Mutation and Subscription; and
    views, each a document of these that the console draws, whose names begin with the plugin's name and a dot.
    """
    return ()


@hookspec
def permissions() -> Iterable[Permission | Role | Waiver | Grantor]:
    """Return the permissions it introduces, which roles hold them, roles of its own, such as a lender, and exceptions:
    the waivers it asks for where it would refuse, and its grantors of waivers, of its own or of others.

    Names of permissions and waivers begin with the plugin's name and a dot.
    """
    return ()


@hookspec
def events() -> Iterable[type[Event]]:
    """Return the events it publishes. Their types begin with the plugin's name and a dot."""
    return ()


@hookspec
def handlers() -> Iterable[Handler | Reaction]:
    """Return what it does when something happens, of its own or the core's: handlers afterwards, reactions within it.

    Names begin with the plugin's name and a dot.
    """
    return ()


@hookspec
def jobs() -> Iterable[BackgroundJob]:
    """Return its work in the background, on demand or every so often. Names begin with its name and a dot."""
    return ()


@hookspec
def registers() -> Iterable[Registers]:
    """Return what it adds to public registers: why it reads protected fields, what its tables hold, cards of rules,
    figures, notices and statements.

    A protected field without a purpose is not given to it. Names of rules and figures and purposes of notices begin
    with the plugin's name and a dot; those of figures need not, if the plugin is always on.
    """
    return ()


@hookspec
def settings() -> Iterable[type | CountySetting[Any]]:
    """Return what an operator may choose: a frozen dataclass, its fields made with `gongzhi.plugin.settings.setting`;
    and what each county may, each a `CountySetting`, whose name begins with the plugin's name and a dot.

    The operator's is read once, before anything is served; `context.settings[TheClass]` is what was read.
    """
    return ()


@hookspec
def errands() -> Iterable[Errand]:
    """Return what operators can have it do, as `gongzhi PLUGIN NAME`."""
    return ()


@hookspec
def lifespan() -> Iterable[Callable[[Context], AbstractAsyncContextManager[None]] | Service | ProcessService]:
    """Return what it holds open while the server runs, such as a connection elsewhere; and services.

    A service works in one process of the whole deployment, or in each.

    Ten seconds each to begin and to end. What fails to begin stops the start; what fails to end is logged.
    """
    return ()


@hookspec
def health() -> Iterable[Callable[[Context], Awaitable[None]]]:
    """Return checks of what it depends on: each raises if that does not work, and has two seconds.

    What fails three times in a row is reported by /health and in `plugins`; the server goes on.
    """
    return ()


@hookspec
def channels() -> Iterable[NoticeChannel | Feed | Route | Files]:
    """Return ways out: for notices, such as SMS, mail or app push, of which the setting GONGZHI_CHANNELS chooses; files
    that others fetch at a secret address, such as a calendar; and HTTP of its own below `/x/PLUGIN`, by routes and
    static files."""
    return ()
