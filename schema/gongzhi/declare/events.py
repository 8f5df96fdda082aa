"""Events: what happened, in ids, codes and numbers. Names and free text stay where they are.

    @event("rubbish.collected", "A household's rubbish was collected (垃圾已收运).")
    class Collected(Event):
        bin: UUID
        kilograms: int

Inside a command: `call.publish(Collected(bin=row.id, kilograms=3), row)`.
"""

from __future__ import annotations

import datetime
import enum
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, NewType, TypeVar
from uuid import UUID

from gongzhi.values.errors import DeclarationError, Text
from gongzhi.values.labels import LABELLED

Code = NewType("Code", str)
"""A text that is a code: letters, digits and `.:_-`, at most 60 of them."""

# No blanks and ASCII only: neither a name nor a sentence fits.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,59}")
TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
LONGEST = 60


class Actor(enum.StrEnum):
    """What kind of actor an act came from."""

    STRANGER = "STRANGER"
    RESIDENT = "RESIDENT"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True)
class Event:
    """The base of all events; decorate each with `event`."""

    type: ClassVar[str] = ""
    description: ClassVar[str] = ""
    version: ClassVar[int] = 1
    feedable: ClassVar[bool] = False
    """Whether points or credit may be given for it: to who reported its case, or to the `person` it names."""
    internal: ClassVar[bool] = False
    """Whether only staff may know of it."""
    unnamed: ClassVar[bool] = False
    """Whether nobody is to know what kind of actor it came from; it says SYSTEM, and a case's timeline names nobody."""
    timeline: ClassVar[bool] = False
    """Whether it stands on the timeline of the case it is about, put there by
    `gongzhi.core.cases.timeline.record_on_timeline`.
    """
    explanation: ClassVar[Text | None] = None
    """What it means for whoever reads the timeline, in their words."""
    hints: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Its fields and their types."""

    @classmethod
    def upgrade(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data of an earlier version as this one has it; fields that were added have defaults."""
        return data


E = TypeVar("E", bound=Event)


@typing.dataclass_transform(frozen_default=True)
def event(
    type: str,
    description: str,
    *,
    version: int = 1,
    feedable: bool = False,
    internal: bool = False,
    unnamed: bool = False,
    timeline: bool = False,
    explanation: Text | None = None,
) -> Callable[[type[E]], type[E]]:
    """Declare an event. A type's meaning never changes: what its fields mean does with its `version`.

    With `timeline` it can be put on the timeline of a case: the description is its title there, so it has a Chinese
    label in brackets, and `explanation` says to the reader what it means.

    Raises DeclarationError for a field that could hold a name or free text.
    """
    if not TYPE.fullmatch(type) or len(type) > LONGEST:
        raise DeclarationError(f"{type!r} is no type of event; write whose.what_happened, such as case.closed")

    def decorate(cls: typing.Any) -> typing.Any:
        done = dataclass(frozen=True)(cls)
        done.type, done.description, done.version = type, description, version
        done.feedable, done.internal, done.unnamed = feedable, internal, unnamed
        done.timeline, done.explanation = timeline, explanation
        done.hints = field_types(done)
        for name, hint in done.hints.items():
            if not is_nameless(hint):
                raise DeclarationError(f"{done.__name__}.{name}: an event carries ids, codes and numbers only")
        if timeline and not LABELLED.match(description):
            raise DeclarationError(
                f"{done.__name__}: the timeline needs a Chinese label in brackets: 'It was kept (保管).'"
            )
        # Whom it is given to is told by the case of a `number`, or by the `person`.
        if feedable and not done.hints.keys() & {"number", "person"}:
            raise DeclarationError(f"{done.__name__}: what points may be given for is of a case, or names a `person`")
        return done

    return decorate


@dataclass(frozen=True)
class Occurrence:
    """An event as it was kept: what handlers get. `data` is what the class declares, as JSON has it."""

    id: UUID
    position: int
    type: str
    version: int
    at: datetime.datetime
    actor: Actor
    county: int | None
    """The county's key."""
    grid: str | None
    """The code of the grid it happened in."""
    case: UUID | None
    data: Mapping[str, Any]

    def read(self, cls: typing.Type[E]) -> E:  # noqa: UP006 - `type` is a field here
        """Return the event as its class has it. Raises ValueError if it is of another type."""
        if self.type != cls.type:
            raise ValueError(f"{self.type} is no {cls.type}")
        data = dict(self.data)
        return event_of(cls, data if self.version == cls.version else cls.upgrade(self.version, data))


def event_of(cls: type[E], data: Mapping[str, Any]) -> E:
    """Return the event of a class from its data as JSON has it; what the class does not declare is left out."""
    # Leniently: an event that an older release wrote may lack what has a default now, or have what is gone.
    known = {name: (camel_case(name), hint) for name, hint in cls.hints.items()}
    return cls(**{name: from_json(hint, data[key]) for name, (key, hint) in known.items() if key in data})


class Registry:
    """The events somebody declares, by type."""

    def __init__(self, events: Iterable[type[Event]]) -> None:
        self._known = {one.type: one for one in events}
        self.feedable: Mapping[str, type[Event]] = {type: one for type, one in self._known.items() if one.feedable}
        """Those that points or credit may be given for."""

    def __contains__(self, type: str) -> bool:
        return type in self._known

    def __iter__(self) -> Iterator[type[Event]]:
        return iter(self._known.values())

    def find(self, type: str) -> type[Event]:
        """Return the event of a type. Raises DeclarationError for a type that nobody declares."""
        if type not in self._known:
            raise DeclarationError(f"{type!r} is published and nobody declares it; add a class for it to the events")
        return self._known[type]


def field_types(cls: type[Event]) -> Mapping[str, Any]:
    """Return the fields of an event and their types."""
    found = typing.get_type_hints(cls)
    return MappingProxyType({one.name: found[one.name] for one in fields(cls)})


PLAIN = (bool, int, Decimal, UUID, datetime.date, datetime.datetime, Code)


def is_nameless(hint: Any) -> bool:
    """Return whether the type has no room for a name."""
    if hint in PLAIN or isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return True
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    # Only with None: of a union of two types, JSON does not tell which was meant.
    if origin in (types.UnionType, typing.Union):
        return len(inner) == 2 and type(None) in inner and all(one is type(None) or is_nameless(one) for one in inner)
    return origin is tuple and len(inner) == 2 and inner[1] is ... and is_nameless(inner[0])


def event_data(happened: Event) -> dict[str, Any]:
    """Return the data as JSON has it. Raises ValueError for a value that is not of its field's type."""
    found = {}
    for name, hint in type(happened).hints.items():
        try:
            found[camel_case(name)] = to_json(hint, getattr(happened, name))
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{type(happened).__name__}.{name} is not what the event declares") from error
    return found


def to_json(hint: Any, value: Any) -> Any:
    if value is None and type(None) in typing.get_args(hint):
        return None
    hint = strip_optional(hint)
    if typing.get_origin(hint) is tuple:
        return [to_json(typing.get_args(hint)[0], one) for one in value]
    if hint is Code:
        # Asked of the value, too: to Python a `Code` is any text.
        if not CODE.fullmatch(value):
            raise ValueError("not a code")
        return str(value)
    # To Python a bool is an int; who declares a number means none.
    if not isinstance(value, hint) or hint is int and isinstance(value, bool):
        raise TypeError("of another type")
    if hint in (datetime.date, datetime.datetime):
        return value.isoformat()
    # Decimals become texts as ids do: a JSON number loses digits.
    return value if hint in (bool, int) else str(value)


def from_json(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    hint = strip_optional(hint)
    if typing.get_origin(hint) is tuple:
        return tuple(from_json(typing.get_args(hint)[0], one) for one in value)
    if hint in (datetime.date, datetime.datetime):
        return hint.fromisoformat(value)
    return value if hint in (bool, int, Code) else hint(value)


@cache
def strip_optional(hint: Any) -> Any:
    """Return the type without its None."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(one for one in typing.get_args(hint) if one is not type(None))
    return hint


@cache
def camel_case(name: str) -> str:
    """Return a field's name as JSON has it; the underscore after a Python word is left off."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(map(str.title, rest))
