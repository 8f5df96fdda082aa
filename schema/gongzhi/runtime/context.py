"""Context: what everything that runs for one operation has at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import strawberry
from tortoise.models import Model

from gongzhi.declare.registers import Registers
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.channels import NoticeChannel
from gongzhi.runtime.event_access import EventAccess
from gongzhi.runtime.file_checks import FileChecks
from gongzhi.runtime.lists import Lists, NoLists
from gongzhi.runtime.reactions import NoReactions, Reactions
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values.errors import Language, Text

if TYPE_CHECKING:
    from gongzhi.runtime.waivers import Grantor


@dataclass(frozen=True)
class Bounds:
    """How many people's files may be read before somebody is told, or no more is shown."""

    reveals: int = 100
    """People whose protected values one account may be shown, or look for, in a day."""
    bulk: int = 1000
    """People whose files one account may look at in an hour before the data-protection officer is told."""
    neighbours: int = 30
    """People of one's own village at whose files one may look in an hour without serving it, before that is told."""
    exported: int = 5000
    """Rows of lists that one account may ask to have as files in a day."""
    alone: int = 100
    """Rows of a list, without anybody's file in it, that no second person need release."""
    appointed: int = 30
    """Days in office before somebody is a second person: for a guarded role, or beside others of their appointer."""
    proposed: int = 72
    """Hours that a guarded role waits, in which the data-protection officer can stop it."""


PURPOSE = 200
"""The most characters of what a look is for."""


@dataclass(frozen=True)
class FileLook:
    """A look at people's files: whose, at which fields (`Person.birthDate`), what for (200 characters at most).

    People are named by their keys, which may be written out: a page names fifty.
    """

    people: Collection[UUID | str]
    fields: Collection[str]
    purpose: str
    kind: str = "READ"
    operation: str = ""


async def _refuse_look(look: FileLook) -> None:
    """Refuse a look where nobody keeps it."""
    raise RuntimeError("nobody keeps the access log here, so no file can be looked at")


def _refuse_role(role: str) -> frozenset[str]:
    """Refuse a role where nobody declares any."""
    raise KeyError(role)


def _find_no_role(permission: str) -> list[str]:
    """Find no role where nobody declares any."""
    return []


async def _refuse_work(*given: Any, **more: Any) -> Any:
    """Refuse to enqueue a job, or to read a file, where there are none."""
    raise RuntimeError("there are no jobs and no files here: this context was made without them")


@dataclass(frozen=True)
class TimelineWords:
    """Titles and explanations of events that plugins put on timelines, by their types."""

    texts: Mapping[str, tuple[Text, Text | None]] = field(default_factory=dict)
    _made: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def words(self, language: Language) -> str:
        """Return all of them as JSON, in a language; made once."""
        # Made once a language: the words do not change while the server runs.
        if language not in self._made:
            said = {
                type: {"title": title.say(language), "text": text and text.say(language)}
                for type, (title, text) in self.texts.items()
            }
            self._made[language] = orjson.dumps(said).decode()
        return self._made[language]


@dataclass(frozen=True)
class Context:
    """One operation: who asks, and the keys of the deployment."""

    viewer: Viewer
    keys: KeyRing
    receipts: bytes
    """The secret that receipt codes and idempotency MACs are derived from."""
    # Functions that the server gives, so that the contract imports nothing of it.
    perform: Callable[[Any, Any], Awaitable[Any]]
    """Carries out a `gongzhi.runtime.commands.Command` with its input, once, in a transaction."""
    value: Callable[[type[Model], str, Any], Awaitable[Any]]
    """One column of the row with this key."""
    fetch: Callable[..., Awaitable[Any]]
    """Rows of a statement of ours, read only; what callers sent is in its values."""
    published: str = '{"plugins":[],"dataPurposes":[]}'
    """What is told of the plugins, as JSON (`gongzhi.core.plugins`)."""
    # Refuses where nobody keeps looks: no file is shown because the log is missing.
    look: Callable[[FileLook], Awaitable[None]] = _refuse_look
    """Keeps a look in the access log. Wait for it before anything is shown; if it fails, show nothing."""
    bounds: Bounds = Bounds()
    """How much may be read of protected values."""
    held: Callable[[str], frozenset[str]] = _refuse_role
    """The permissions of a role. Raises KeyError for one that nobody declares."""
    holders: Callable[[str], list[str]] = _find_no_role
    """The names of the roles that hold a permission, sorted."""
    guarded: Collection[str] = ()
    """The permissions that nobody gives alone."""
    registers: Registers = Registers()
    """What the core and plugins declare for the public registers (`gongzhi.declare.registers`)."""
    events: EventAccess = EventAccess()
    """What accounts may know of events (`gongzhi.runtime.event_access`)."""
    lists: Lists = NoLists()
    """Counts and reads lists for an account (`gongzhi.runtime.lists`)."""
    channels: tuple[NoticeChannel, ...] = ()
    """The ways out for notices that are in use."""
    settings: Mapping[type, Any] = field(default_factory=dict)
    """What the operator chose for plugins, by their classes of settings (`gongzhi.plugin.settings`)."""
    feedable: Collection[str] = ()
    """The types of events that points or credit may be given for."""
    files: FileChecks = FileChecks()
    """Looks at files that people send, before anybody opens them (`gongzhi.runtime.file_checks`)."""
    civic: Collection[str] = ()
    """The roles that residents hold, which put them above nobody."""
    naming: Collection[str] = ()
    """The permissions whose holders may look people up by name (`findPeopleToName`)."""
    grantors: Mapping[str, Sequence[tuple[str | None, Grantor]]] = field(default_factory=dict)
    """Who may grant each waiver, each with the plugin whose it is (`gongzhi.runtime.waivers`)."""
    reactions: Reactions = NoReactions()
    """What runs in the transaction of a step that a case takes (`gongzhi.runtime.reactions`)."""
    address: str = ""
    """The address that people know the deployment by, such as `https://gongzhi.example`."""
    timeline: TimelineWords = field(default_factory=TimelineWords)
    """What plugins' events are called on the timelines of cases."""
    enqueue: Callable[..., Awaitable[None]] = _refuse_work
    """Has a job run as `Call.enqueue` does, in a transaction of its own: the way to write from a route, a service or
    what is held open while the server runs. Once it returns the job is kept."""
    stored: Callable[[Any], Awaitable[bytes | None]] = _refuse_work
    """The file of an attachment's row (`gongzhi.core.cases.attachment_reading`); None once it is erased."""
    labels: Callable[[Collection[str]], str] = lambda names: "[]"
    """What people read in place of the names of these types, as JSON."""
    views: Callable[[Viewer], str] = lambda viewer: "[]"
    """The views that plugins declare and that somebody is offered, laid out, as JSON (`gongzhi.plugin.views`)."""
    forms: Callable[[Collection[str]], str] = lambda names: "[]"
    """What the inputs of these mutations take, as JSON."""


Info = strawberry.Info[Context, None]
