"""The hooks a plugin may implement. All are optional, and all are asked once, while the application is built.

A plugin is a module or object registered under the entry-point group `gongzhi.plugins`; the entry point's name
is the plugin's name, the prefix of its permissions, the label of its Tortoise app and its PostgreSQL schema.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from pluggy import HookimplMarker, HookspecMarker

from .channels import Channel
from .events.event import Event
from .events.work import Handler, Job
from .extend import Extension
from .permissions import Permission, Role
from .registers.declared import Card, Holding, Kpi, PrivacyNotice, Statement

hookspec = HookspecMarker("gongzhi")
hookimpl = HookimplMarker("gongzhi")

GROUP = "gongzhi.plugins"


@dataclass(frozen=True)
class App:
    """A set of tables somebody owns: a Tortoise app, its models and where its migrations live.

    Every model has `Meta.schema` equal to the label. Foreign keys to the core are named by string, such as
    "people.PersonRow", with `related_name=False`.
    """

    label: str
    models: str
    migrations: str


@dataclass(frozen=True)
class Purpose:
    """Why a plugin reads a protected field, such as `Person.phone`, and on which legal basis. It is published."""

    field: str
    purpose: str
    basis: str


@dataclass(frozen=True)
class Errand:
    """What an operator can have done on the command line: `gongzhi PLUGIN NAME`.

    `function` is `async def f(call, …) -> int | None`: it runs in one transaction, as the plugin, everywhere. Its
    other parameters become arguments and options, as typer reads them; its docstring is the help; what it returns
    is the exit code, and anything but 0 or None takes back what it wrote.
    """

    name: str
    function: Callable[..., Awaitable[int | None]]


@hookspec
def tables() -> Iterable[App]:
    """The tables the plugin owns; one app, labelled with the plugin's name."""
    return ()


@hookspec
def graphql() -> Iterable[Extension]:
    """The fields it adds to types of the core, of other plugins, and to Query, Mutation and Subscription."""
    return ()


@hookspec
def permissions() -> Iterable[Permission]:
    """The permissions it introduces, and which roles hold them. Names begin with the plugin's name and a dot."""
    return ()


@hookspec
def roles() -> Iterable[Role]:
    """The roles it introduces, such as a lender or a merchant."""
    return ()


@hookspec
def purposes() -> Iterable[Purpose]:
    """The protected fields it reads, and why. What is not declared is not given to it."""
    return ()


@hookspec
def events() -> Iterable[type[Event]]:
    """The events it publishes. Their types begin with the plugin's name and a dot."""
    return ()


@hookspec
def handlers() -> Iterable[Handler]:
    """What it does when something happens, of its own or of the core. Names begin with the plugin's name and a dot."""
    return ()


@hookspec
def jobs() -> Iterable[Job]:
    """What it does in the background, when asked to or every so often. Names begin with its name and a dot."""
    return ()


@hookspec
def algorithms() -> Iterable[Card]:
    """The cards of its automated rules. A rule without a card cannot record a decision."""
    return ()


@hookspec
def kpis() -> Iterable[Kpi]:
    """The figures it shows, each with its formula. Names begin with the plugin's name and a dot."""
    return ()


@hookspec
def notices() -> Iterable[PrivacyNotice]:
    """The texts people are shown before a purpose, every version. Purposes begin with the plugin's name and a dot."""
    return ()


@hookspec
def holdings() -> Iterable[Holding]:
    """What each of its tables holds about people: for their copy, for anonymisation, for the register."""
    return ()


@hookspec
def statements() -> Iterable[Statement]:
    """The kinds of positive statements it can fill, for people to release to others."""
    return ()


@hookspec
def errands() -> Iterable[Errand]:
    """What operators can have it do, as `gongzhi PLUGIN NAME`."""
    return ()


@hookspec
def demo() -> Iterable[Errand]:
    """What it adds to the demo county once that is loaded; each function gets the Call and nothing else."""
    return ()


@hookspec
def channels() -> Iterable[Channel]:
    """Ways out for notices, such as SMS, mail or app push; the setting GONGZHI_CHANNELS chooses among them."""
    return ()
