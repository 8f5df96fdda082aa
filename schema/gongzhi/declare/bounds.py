"""Bounds of values: what an input's field takes is declared beside it, printed in the schema, and checked for all.

    title: str = free_text("In a few words (标题).", length=(1, 200))
    content: str = input_field("A picture in base64 (图片).", longest=800_000)

What is not declared has the bounds of its type, so nothing is without bounds: those keep out what no column, calendar
or sum could take. The server checks every input of a command once its idempotency key is taken and before the command
begins, and every argument of a query before it is planned.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from strawberry import UNSET
from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from gongzhi.values.errors import FIELD, Refusal, Refusals

BOUND = "bound"
"""The mark of an input's field that has limits of its own."""

TEXT = 20_000
ITEMS = 1_000
NUMBER = 10**15
PLACES = 12
EARLIEST, LATEST = datetime.date(1800, 1, 1), datetime.date(2999, 12, 31)
FIRST = datetime.datetime.combine(EARLIEST, datetime.time(), datetime.UTC)
LAST = datetime.datetime.combine(LATEST, datetime.time.max, datetime.UTC)

# Control characters but for the tab and line ends.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Path = tuple[str, ...]
Span = tuple[int, int] | None
"""The least and the most of something, both included."""


@dataclass(frozen=True)
class TextPattern:
    """A shape that a text has as a whole: an expression that JavaScript reads alike, and what is said of others."""

    expression: str
    en: str
    zh: str


SHORT_CODE = TextPattern(
    "[a-z][a-z0-9-]{1,23}",
    "A code has 2 to 24 lower-case letters, digits and hyphens and begins with a letter.",
    "编码须为 2 至 24 位小写字母、数字或连字符，以字母开头。",
)
"""A code that people give to something."""


@dataclass(frozen=True)
class Limits:
    """What a value may be, of a list what each of its entries may be. What is None has its type's own bound."""

    length: Span = None
    """How many characters a text has, without the blanks around it: the command gets it without them."""
    longest: int | None = None
    """How many characters a text has at the most that is taken as it was sent, such as a file or a secret."""
    pattern: TextPattern | None = None
    between: Span = None
    """The least and the greatest that a number may be."""
    items: int | Span = None
    """How many entries a list has at the most, or at least and at the most."""

    @property
    def entries(self) -> tuple[int, int]:
        """The fewest and the most entries of a list."""
        return self.items if isinstance(self.items, tuple) else (0, self.items or ITEMS)


USUAL = Limits()


def read_input(input: Any) -> Any:
    """Return an input as its command gets it. Raise Refusals, which name each field at fault and repeat no value."""
    if found := list(find_faults(input, ())):
        raise Refusals(found)
    return trim_texts(input)


def trim_texts(value: Any, limits: Limits = USUAL) -> Any:
    """Return a value with its texts as commands get them: those that have a length lose the blanks around them."""
    if isinstance(value, str) and limits.length:
        return value.strip()
    if isinstance(value, list):
        return [trim_texts(one, limits) for one in value]
    kind: type = type(value)
    if has_object_definition(kind):
        trimmed = {m.attribute: trim_texts(getattr(value, m.attribute), m.limits) for m in input_members(kind)}
        return replace(value, **trimmed)
    return value


def check_argument(value: Any, *path: str, limits: Limits = USUAL) -> None:
    """Check the value of an argument. Raise the first Refusal."""
    for refusal in find_faults(value, path, limits):
        raise refusal


def find_faults(value: Any, path: Path, limits: Limits = USUAL) -> Iterator[Refusal]:
    """Yield what is wrong with a value and with all that is in it."""
    # Before texts and numbers: to Python a bool is an int, and an enum of ours is a text.
    if value is None or value is UNSET or isinstance(value, bool | enum.Enum):
        return
    if isinstance(value, str):
        yield from text_faults(value, path, limits)
    elif isinstance(value, int | float | Decimal):
        yield from number_faults(value, path, limits)
    elif isinstance(value, datetime.datetime):
        # A time without an offset is read as UTC, since only its year matters here.
        if not FIRST <= (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)) <= LAST:
            yield outside_calendar(path)
    elif isinstance(value, datetime.date):
        if not EARLIEST <= value <= LATEST:
            yield outside_calendar(path)
    elif isinstance(value, list):
        yield from list_faults(value, path, limits)
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
            yield from find_faults(inner, (*path, member.name), member.limits)


class Member(NamedTuple):
    """A field of an input: its names in Python and in the schema, and its limits."""

    attribute: str
    name: str
    limits: Limits


@cache
def input_members(input: type) -> tuple[Member, ...]:
    """Return the fields of an input."""
    declared = input.__strawberry_definition__.fields  # type: ignore[attr-defined]
    return tuple(Member(one.python_name, field_name(one), one.metadata.get(BOUND, USUAL)) for one in declared)


def field_name(field: StrawberryField) -> str:
    """Return the name of a field in the schema."""
    return field.graphql_name or to_camel_case(field.python_name)


def list_faults(values: list[Any], path: Path, limits: Limits) -> Iterator[Refusal]:
    """Yield what is wrong with a list; of one that is too long, that alone."""
    least, most = limits.entries
    if least > 0 and not least <= len(values) <= most:
        en, zh = f"{FIELD} must have {least} to {most:,} entries.", f"{FIELD}应有 {least} 至 {most:,} 项。"
        yield bad_value(en, zh, path)
    elif len(values) > most:
        yield bad_value(f"{FIELD} has at most {most:,} entries.", f"{FIELD}最多 {most:,} 项。", path)
    for at, value in enumerate(values if len(values) <= most else ()):
        yield from find_faults(value, (*path, str(at)), limits)


def text_faults(value: str, path: Path, limits: Limits) -> Iterator[Refusal]:
    """Yield what is wrong with a text: its length, then its characters, then its shape."""
    if limits.length:
        value, (least, most) = value.strip(), limits.length
        if not least <= len(value) <= most:
            en, zh = f"{FIELD} must have {least} to {most} characters.", f"{FIELD}应为 {least} 至 {most} 个字符。"
            yield bad_value(en, zh, path)
            return
    elif len(value) > (most := limits.longest or TEXT):
        yield too_long(path, most)
        return
    if "\0" in value or not is_unicode(value):
        en = f"{FIELD} holds a character that cannot be stored."
        yield bad_value(en, f"{FIELD}含有无法存储的字符。", path)
    elif limits.length and UNPRINTABLE.search(value):
        yield bad_value(f"{FIELD} holds characters that cannot be printed.", f"{FIELD}含有不可打印的字符。", path)
    elif (shape := limits.pattern) and not re.fullmatch(shape.expression, value):
        yield bad_value(shape.en, shape.zh, path)


def is_unicode(value: str) -> bool:
    """Say whether a text is Unicode: half a surrogate pair is not."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def number_faults(value: int | float | Decimal, path: Path, limits: Limits) -> Iterator[Refusal]:
    """Yield what is wrong with a number: it is none, too large, or too fine, or not between its limits."""
    if isinstance(value, Decimal):  # NaN cannot even be compared
        exponent = value.as_tuple().exponent
        fine = isinstance(exponent, int) and exponent >= -PLACES and -NUMBER < value < NUMBER
    else:
        fine = -NUMBER < value < NUMBER  # which NaN is not, and infinity neither
    if not fine:
        en = f"{FIELD} must be a number below 10^15, with at most {PLACES} decimal places."
        yield bad_value(en, f"{FIELD}应为小于 10^15、至多 {PLACES} 位小数的数。", path)
    elif limits.between and not limits.between[0] <= value <= limits.between[1]:
        least, most = limits.between
        yield bad_value(f"{FIELD} must be {least} to {most}.", f"{FIELD}应为 {least} 至 {most}。", path)


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
