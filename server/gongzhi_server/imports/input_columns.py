"""Input columns: those of a table whose rows are inputs of a mutation, read from how the schema declares the input."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, time

from gongzhi.values import codes
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInputType, GraphQLList, GraphQLScalarType
from graphql import get_nullable_type as nullable
from graphql.type.definition import is_required_input_field

from gongzhi_server.clock import CHINA
from gongzhi_server.labels.collection import member_labels

from .columns import Reader, parse_day, split_parts
from .tables import NUMBER, ImportColumn
from .texts import refusal_for

KEY = "idempotencyKey"
"""What each input has and no file: it is made from the row."""
YES, NO = ("yes", "true", "是", "1"), ("no", "false", "否", "0")


def columns_of(form: GraphQLInputObjectType, given: Collection[str] = ()) -> list[ImportColumn]:
    """Return a column for each field of an input that a cell can hold, called as the field is, or as its label is.

    What is `given` for all rows has none.
    """
    return list(_columns(form, {KEY, *given}))


def _columns(form: GraphQLInputObjectType, given: Collection[str]) -> Iterator[ImportColumn]:
    labels = {one.name: one.text.zh for one in member_labels(form)}
    for name, field in form.fields.items():
        read = reader_of(field.type)
        if read and name not in given:
            # A label that two fields share names neither.
            aliases = (labels[name],) if list(labels.values()).count(labels[name]) == 1 else ()
            # An empty list needs no cell, and any other value that must be there does.
            filled = is_required_input_field(field) and not isinstance(nullable(field.type), GraphQLList)
            yield ImportColumn(name, aliases, filled=filled, read=read)


def reader_of(declared: GraphQLInputType) -> Reader | None:
    """Return what reads a cell into what GraphQL takes for a value; None for what no cell can hold."""
    kind = nullable(declared)
    if isinstance(kind, GraphQLList):
        inner = reader_of(kind.of_type)
        return inner and (lambda text, today: [inner(part, today) for part in split_parts(text)])
    if isinstance(kind, GraphQLInputObjectType):
        return None
    if isinstance(kind, GraphQLEnumType):
        return enum_reader(kind)
    assert isinstance(kind, GraphQLScalarType)
    return READERS.get(kind.name, read_text)


def enum_reader(kind: GraphQLEnumType) -> Reader:
    """Read one of an enum's values, by its name or by its label in either language."""
    labels = list(member_labels(kind))
    known = {said.casefold(): one.name for one in labels for said in (one.text.en, one.text.zh, one.name)}
    words = ", ".join(f"{one.name} {one.text.zh}" for one in labels)

    def read(text: str, today: date) -> str:
        if (found := known.get(text.casefold())) is None:
            raise refusal_for("WORD", words=words)
        return found

    return read


def read_text(text: str, today: date) -> str:
    """Read a text, which a spreadsheet has not turned into a number."""
    if NUMBER.fullmatch(text):
        raise refusal_for("NUMBER")
    if codes.is_masked(text):
        raise refusal_for("MASKED")
    return text


def read_whole(text: str, today: date) -> int:
    """Read a whole number."""
    try:
        return int(text.removesuffix(".0"))
    except ValueError:
        raise refusal_for("VALUE") from None


def read_truth(text: str, today: date) -> bool:
    """Read yes or no."""
    if text.casefold() not in (*YES, *NO):
        raise refusal_for("WORD", words="是, 否")
    return text.casefold() in YES


def read_day(text: str, today: date) -> str:
    """Read a date."""
    return parse_day(text).isoformat()


def read_moment(text: str, today: date) -> str:
    """Read a moment; a day is its beginning, and what has no offset is in China's time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.combine(parse_day(text), time())
    return (found if found.tzinfo else found.replace(tzinfo=CHINA)).isoformat()


READERS: dict[str, Reader] = {
    "Int": read_whole,
    "Boolean": read_truth,
    "Date": read_day,
    "DateTime": read_moment,
    "Decimal": lambda text, today: text,
    "Float": lambda text, today: text,
}
"""By scalar; the others are texts."""


def one_list(form: GraphQLInputObjectType) -> str | None:
    """Return the field of an input that is a list of inputs, if it is the only one: then its rows are a table."""
    lists = [
        name
        for name, field in form.fields.items()
        if isinstance(kind := nullable(field.type), GraphQLList)
        and isinstance(nullable(kind.of_type), GraphQLInputObjectType)
    ]
    return lists[0] if len(lists) == 1 else None
