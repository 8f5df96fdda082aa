"""Protected columns: finds those that SQL of a plugin reads.

What is looked at is what a builder gave, before anything is put around it: the columns in its terms, and in its text
those of the tables that the text names. Words that only look like a protected column, such as a column of the same name
in another table, are no matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from gongzhi.declare.columns import BytesField
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql
from gongzhi.declare.sqltext import CLAUSES, HOLE, JOINING, Token, split_tokens
from pypika_tortoise.context import DEFAULT_SQL_CONTEXT
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Field, LiteralValue, Node, Star
from tortoise.models import Model

from gongzhi_server._compat import read_literal, split_table
from gongzhi_server.plugins.contribution_checks import models_of
from gongzhi_server.plugins.contributions import CORE_APPS

ALL = "*"
"""Stands for every column of a row."""
NO_ALIAS = CLAUSES | JOINING | {"cross", "left", "right", "inner", "full", "natural", "lateral", "using", "for", "set"}
Tables = Mapping[str, frozenset[str]]


class ReadsProtected(Exception):
    """SQL of a plugin reads a column that holds a protected value; `call.disclose` is the way to it."""

    def __init__(self, column: str) -> None:
        super().__init__(f"reads {column}, which is protected: see call.disclose")
        self.column = column


# The tables are fixed once the plugins are loaded.
@cache
def protected_columns() -> Tables:
    """Return the columns of the core's tables that hold sealed values or open them, by table."""
    # Only sealed values are stored as bytes, so a new protected column is found without being listed here.
    found: dict[str, frozenset[str]] = {}
    models: list[type[Model]] = [model for app in CORE_APPS for model in models_of(app)]
    for model in models:
        meta = model._meta
        sealed = {
            meta.fields_db_projection[name] for name, one in meta.fields_map.items() if isinstance(one, BytesField)
        }
        if sealed:
            found[f"{meta.schema}.{meta.db_table}"] = frozenset(sealed)
    return found


def find_protected(term: Any, *given: Any) -> str | None:
    """Return the first protected column that a term reads; `given` are the tables, or the frame, its builder had."""
    aliases = {
        one.alias: name for one in iterate_tables(given) if (name := name_of(one)) in protected_columns() and one.alias
    }
    return next(columns_read(term, aliases), None)


def iterate_tables(given: Iterable[Any]) -> Iterator[Table]:
    """Yield the tables that a builder was given."""
    for one in given:
        if isinstance(one, Frame):
            yield from iterate_tables((one.row, one.rows))
        elif isinstance(one, Table):
            yield one


def name_of(table: Any) -> str:
    """Return a table's name with its schema; nothing for a subquery."""
    if not isinstance(table, Table):
        return ""
    return ".".join(split_table(table))


def columns_read(node: Any, aliases: Mapping[str, str]) -> Iterator[str]:
    """Yield the protected columns in a term and the terms inside it."""
    if isinstance(node, Sql):
        yield from in_text(node, aliases)
        yield from columns_read((*node.parts, *node.named.values()), aliases)
    # A star reads every column of the table.
    elif isinstance(node, Field):
        sealed = protected_columns().get(name_of(node.table), frozenset())
        if isinstance(node, Star) and sealed or node.name in sealed:
            yield f"{name_of(node.table)}.{ALL if isinstance(node, Star) else node.name}"
        yield from columns_read(node.table if not isinstance(node.table, Table) else (), aliases)
    elif isinstance(node, LiteralValue):
        yield from in_words(read_literal(node), aliases)
    elif isinstance(node, list | tuple | set):
        for one in node:
            yield from columns_read(one, aliases)
    # Terms of pypika keep their operands in attributes of many names, so all of them are searched.
    elif isinstance(node, Node) or type(node).__module__.startswith("pypika_tortoise."):
        for one in getattr(node, "__dict__", {}).values():
            yield from columns_read(one, aliases)


def in_text(node: Sql, aliases: Mapping[str, str]) -> Iterator[str]:
    """Find what the text of a term reads; tables and literal text in its places belong to it."""
    values = {str(at): part for at, part in enumerate(node.parts)} | node.named
    pieces = node.template.pieces
    return in_words("".join(one.text + literal_text(values, one.place) for one in pieces), aliases)


def literal_text(values: Mapping[str, Any], place: str | None) -> str:
    """Return the text that stands in a place of a template, or a hole for a bound value."""
    if place is None:
        return ""
    value = values[place]
    if isinstance(value, str):
        return value
    if isinstance(value, Table | LiteralValue):
        return str(value.get_sql(DEFAULT_SQL_CONTEXT.copy(with_alias=True)))
    return HOLE


def in_words(text: str, known: Mapping[str, str]) -> Iterator[str]:
    """Yield the protected columns that a text reads, by the tables it names and those known by an alias."""
    words = list(split_tokens(text))
    names = dict(known)
    places = set[int]()
    # First the tables (schema.table [as] alias), then the columns: an alias may be used before it is introduced.
    for at in range(len(words) - 2):
        table = "".join((words[at].name, words[at + 1].text, words[at + 2].name))
        if table in protected_columns():
            places |= {at, at + 2}
            names[words[at + 2].name] = table
            alias = at + 4 if token_at(words, at + 3).name == "as" else at + 3
            if (name := token_at(words, alias).name) and name not in NO_ALIAS:
                names[name] = table
                places.add(alias)
    if not names:
        return
    for at in range(len(words)):
        if at not in places and (found := read_at(words, at, names, set(names) - set(known))):
            yield found


def read_at(words: list[Token], at: int, names: Mapping[str, str], here: set[str]) -> str | None:
    """Return the protected column that the word at a place reads; `here` are the tables that the text itself names."""
    name, after = words[at].name, token_at(words, at + 1)
    if token_at(words, at - 1).kind == "dot":
        return None
    if table := names.get(name):
        # A function of the name of a table, not the table.
        if after.kind == "open":
            return None
        column = token_at(words, at + 2)
        if after.kind != "dot" or column.text == ALL:
            return f"{table}.{ALL}"
        return f"{table}.{column.name}" if column.name in protected_columns()[table] else None
    if here and words[at].text == ALL and token_at(words, at - 1).name in ("select", "distinct"):
        return f"{names[min(here)]}.{ALL}"
    # An unqualified column could be of any table the text names, so the strictest reading is taken.
    return next((f"{names[one]}.{name}" for one in sorted(here) if name in protected_columns()[names[one]]), None)


def token_at(words: list[Token], at: int) -> Token:
    """Return the word at a place; an empty one outside the text."""
    return words[at] if 0 <= at < len(words) else Token("", "")
