"""Plans: how a field is made. The server compiles them to SQL; only a `Batch` runs Python."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Term

from gongzhi.declare.events import Event, Occurrence
from gongzhi.declare.registers import Registers
from gongzhi.declare.sql import Alternatives
from gongzhi.declare.viewer import ViewerScope

PLAN = "plan"
GUARD = "guard"
DECIDED = "decided"
PLUGIN = "plugin"
LIVE = "live"
OPEN = "open"
MOST = "most"
"""How many objects a list of a payload has at most; its cost multiplier."""


class Given(Protocol):
    """A field's arguments. Names are those of the schema (camelCase); a path goes into input objects."""

    def __contains__(self, name: str) -> bool:
        """Return whether the argument has a value that is not null. Decides the statement's text."""

    def bind(self, *path: str | int, convert: Callable[[Any], Any] | None = None, cast: str = "") -> Term:
        """Return the value as a parameter; `convert` sees it first and may raise a Refusal."""

    def whole(self, convert: Callable[[Mapping[str, Any], Any], Any], cast: str = "") -> Term:
        """Return what `convert(arguments, context)` makes of all the arguments, as one parameter."""

    def trait(self, *path: str | int, of: Callable[[Any], Hashable]) -> Any:
        """Return what `of` tells of the value. Decides the statement's text, so keep its range small."""


@dataclass(frozen=True)
class Frame:
    """Where a builder stands: the row a field belongs to, the rows it asks for, who asks, and with what.

    `part` are the arguments of the part of the row that the field belongs to; `registers` what all packages and plugins
    declare.
    """

    row: Table
    rows: Table
    viewer: ViewerScope
    given: Given
    part: Given | None = None
    registers: Registers = Registers()


Build = Callable[[Frame], Term]
Where = Callable[[Frame], Alternatives]


@dataclass(frozen=True)
class Key:
    """The row's global id: its type's name, a colon, its key."""


@dataclass(frozen=True)
class Column:
    """A column of the entity's own row, by the model's name for it."""

    name: str


@dataclass(frozen=True)
class Expression:
    """A value the database computes from the entity's row; where it is `sealed`, what opens it, as `Sealed.value`."""

    build: Build
    sealed: bool = False


@dataclass(frozen=True)
class Sealed:
    """A protected value: its mask, but in clear on a row of one's own.

    `mine` says whether it is; `value` is what opens it, as JSON: `[county's code, wrapped data key, context, sealed
    value]`, bytes in base64.
    """

    mask: Build
    mine: Build
    value: Build


@dataclass(frozen=True)
class Embedded:
    """JSON the database computes from the entity's row, of which the selected fields are sent.

    Of the fields that are `sealed` it has what opens them, as `Sealed.value`.
    """

    build: Build
    sealed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """An object whose fields are planned on the same row; null where `present` does not hold."""

    present: Build | None = None


@dataclass(frozen=True)
class One:
    """The row that a foreign key of the entity's own row points to."""

    key: str


@dataclass(frozen=True)
class Pick:
    """The first row whose foreign key `on` points here and that meets `where`.

    If it is `shown`, meeting the condition is itself the right to see the row.
    """

    where: Where | None
    on: str | None = None
    order: str = ""
    shown: bool = False


@dataclass(frozen=True)
class Choice:
    """The row a global id names, whatever its type."""

    argument: str = "id"


@dataclass(frozen=True)
class Many:
    """The rows whose foreign key `on` points here and that meet `where`; at most `cap` of them."""

    where: Where | None
    on: str | None
    order: str
    cap: int


@dataclass(frozen=True)
class Page(Many):
    """The rows of `Many`, a page at a time, as a Relay connection."""


@dataclass(frozen=True)
class Aggregate:
    """A value computed from rows that the viewer may see, and no others."""

    of: Callable[[], type]
    build: Build
    where: Where | None
    on: str | None


@dataclass(frozen=True)
class Batch:
    """Python, called once for all the rows, which hold the columns it `needs` and no others."""

    # For all rows at once: called for each, a list would become as many waits as it has rows.
    function: Callable[..., Sequence[Any] | Awaitable[Sequence[Any]]]
    needs: tuple[str, ...]
    cost: int = 1
    """What one row of it costs, in objects."""


@dataclass(frozen=True)
class Stream:
    """Rows over the outbox, each told as its event gets its position, to those who may see it."""

    events: tuple[type[Event], ...]
    where: Where | None


@dataclass(frozen=True)
class Live:
    """When a planned field of Subscription is asked again: after these events, where they touch its arguments."""

    events: tuple[type[Event], ...]
    touches: Callable[[Occurrence, Mapping[str, Any]], bool] | None
    handled: str | None = None
    """The handler whose work it shows."""


Plan = (
    Key | Column | Expression | Sealed | Embedded | Part | One | Pick | Choice | Many | Page | Aggregate | Batch
    | Stream
)  # fmt: skip


@dataclass(frozen=True)
class Guard:
    """The permission a field needs, and what the others see in its place (nothing, if that is None)."""

    permission: str
    masked: Build | None = None


@dataclass(frozen=True)
class Argument:
    """An argument of a planned field."""

    type: Any
    description: str
    default: Any = field(default=None)
    name: str | None = None


Arguments = Mapping[str, Argument]
