"""Bounds of values: how long, how many and how large what callers send may be, declared with the input's field.

    content: str = given("A picture in base64 (图片).", longest=800_000)

What is not declared has the bounds of its type, so nothing is without bounds. They are wider than what a command asks
of its own texts: they keep out what no column, calendar or sum could take. The server checks every input of a command
before it begins, and every argument of a query before it is planned.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from strawberry import UNSET
from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from gongzhi.values.errors import FIELD, Refusal, Refusals

BOUND = "bound"
"""The mark of an input's field that has a bound of its own."""

TEXT = 20_000
ITEMS = 1_000
NUMBER = 10**15
PLACES = 12
EARLIEST, LATEST = datetime.date(1800, 1, 1), datetime.date(2999, 12, 31)
FIRST = datetime.datetime.combine(EARLIEST, datetime.time(), datetime.UTC)
LAST = datetime.datetime.combine(LATEST, datetime.time.max, datetime.UTC)

Path = tuple[str, ...]


@dataclass(frozen=True)
class Bound:
    """The most that a value may be. What is None has its type's own bound."""

    longest: int | None = None
    """Characters of a text, of each text of a list."""
    items: int | None = None
    """Items of a list."""


USUAL = Bound()


def check_values(input: Any) -> None:
    """Check all values of an input. Raise Refusals, which name each field at fault and repeat no value."""
    if found := list(find_faults(input, ())):
        raise Refusals(found)


def check_argument(value: Any, *path: str) -> None:
    """Check the value of an argument. Raise the first Refusal."""
    for refusal in find_faults(value, path):
        raise refusal


def find_faults(value: Any, path: Path, bound: Bound = USUAL) -> Iterator[Refusal]:
    """Yield what is wrong with a value and with all that is in it."""
    # Before texts and numbers: to Python a bool is an int, and an enum of ours is a text.
    if value is None or value is UNSET or isinstance(value, bool | enum.Enum):
        return
    if isinstance(value, str):
        yield from text_faults(value, path, bound.longest or TEXT)
    elif isinstance(value, int | float | Decimal):
        yield from number_faults(value, path)
    elif isinstance(value, datetime.datetime):
        # A time without an offset is read as UTC, since only its year matters here.
        if not FIRST <= (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)) <= LAST:
            yield outside_calendar(path)
    elif isinstance(value, datetime.date):
        if not EARLIEST <= value <= LATEST:
            yield outside_calendar(path)
    elif isinstance(value, list):
        yield from list_faults(value, path, bound)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from find_faults(inner, (*path, str(key)))
    elif has_object_definition(type(value)):
        yield from input_faults(value, path)


def input_faults(value: Any, path: Path) -> Iterator[Refusal]:
    """Yield what is wrong with an input: of one that must hold exactly one member, if it holds none or several."""
    kind: type = type(value)
    definition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    given = [(member, one) for member in input_members(kind) if (one := getattr(value, member.attribute)) is not None]
    if definition.is_one_of and sum(one is not UNSET for _, one in given) != 1:
        en, zh = f"{FIELD} must hold exactly one of its members.", f"{FIELD}须且只能填写其中一项。"
        yield bad_value(en, zh, path)
    for member, inner in given:
        if not isinstance(inner, Mapping):  # JSON, which the command reads for itself
            yield from find_faults(inner, (*path, member.name), member.bound)


class Member(NamedTuple):
    """A field of an input: its names in Python and in the schema, and its bound."""

    attribute: str
    name: str
    bound: Bound


@cache
def input_members(input: type) -> tuple[Member, ...]:
    """Return the fields of an input."""
    declared = input.__strawberry_definition__.fields  # type: ignore[attr-defined]
    return tuple(Member(one.python_name, field_name(one), one.metadata.get(BOUND, USUAL)) for one in declared)


def field_name(field: StrawberryField) -> str:
    """Return the name of a field in the schema."""
    return field.graphql_name or to_camel_case(field.python_name)


def list_faults(values: list[Any], path: Path, bound: Bound) -> Iterator[Refusal]:
    """Yield what is wrong with a list; of one that is too long, that alone."""
    most = bound.items or ITEMS
    if len(values) > most:
        yield bad_value(f"{FIELD} has at most {most:,} entries.", f"{FIELD}最多 {most:,} 项。", path)
        return
    for at, value in enumerate(values):
        yield from find_faults(value, (*path, str(at)), bound)


def text_faults(value: str, path: Path, most: int) -> Iterator[Refusal]:
    """Yield what no column takes: a text that is too long, and characters that are none."""
    if len(value) > most:
        yield too_long(path, most)
    elif "\0" in value or not is_unicode(value):
        en = f"{FIELD} holds a character that cannot be stored."
        yield bad_value(en, f"{FIELD}含有无法存储的字符。", path)


def is_unicode(value: str) -> bool:
    """Say whether a text is Unicode: half a surrogate pair is not."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def number_faults(value: int | float | Decimal, path: Path) -> Iterator[Refusal]:
    """Yield what is wrong with a number: it is none, too large, or too fine."""
    if isinstance(value, Decimal):  # NaN cannot even be compared
        exponent = value.as_tuple().exponent
        fine = isinstance(exponent, int) and exponent >= -PLACES and -NUMBER < value < NUMBER
    else:
        fine = -NUMBER < value < NUMBER  # which NaN is not, and infinity neither
    if not fine:
        en = f"{FIELD} must be a number below 10^15, with at most {PLACES} decimal places."
        yield bad_value(en, f"{FIELD}应为小于 10^15、至多 {PLACES} 位小数的数。", path)


def outside_calendar(path: Path) -> Refusal:
    """Return the refusal for a day that no calendar of ours has."""
    return bad_value(
        f"{FIELD} must lie in the years {EARLIEST.year} to {LATEST.year}.",
        f"{FIELD}应在 {EARLIEST.year} 年至 {LATEST.year} 年之间。",
        path,
    )


def too_long(path: Path, most: int) -> Refusal:
    """Return the refusal for a text that is too long."""
    return bad_value(f"{FIELD} has at most {most:,} characters.", f"{FIELD}最多 {most:,} 个字符。", path)


def bad_value(en: str, zh: str, path: Path) -> Refusal:
    return Refusal("BAD_USER_INPUT", en, zh, path)
