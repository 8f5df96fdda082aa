"""Looks: finds whose files a selection reads, by a hidden member of its objects that is taken out of the answer."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from gongzhi.declare.entity import Entity
from gongzhi.declare.sql import ReachedTable, Sql
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import LiteralValue, NullValue, Term

from .containment import build_term
from .rows import Rows, owner_of, plugin_of
from .statement import AnswerShape

if TYPE_CHECKING:
    from .compiler import Compiler

LOOK = "@look"
"""The beginning of the member with the keys of the people; no alias can be called so."""
BEGINNING = f'"{LOOK}'.encode()
KEYS = r"\[[0-9a-f\-\"null, \n]*\]"
PAIRS = rf"\[[null, \n]*(?:{KEYS}[null, \n]*)*\]"
LISTS = rf"\[[null, \n]*(?:(?:{KEYS}|{PAIRS})[null, \n]*)*\]"
NUMBER_AND_VALUE = re.compile(rf'(\d*)":(null|{KEYS}|{PAIRS}|{LISTS})'.encode())

EXACT = 100
"""Up to so many rows a count by a condition is exact, and a look at all who are counted."""

FOUND = "(select {0} from {1} where {2}={3})"
ROUNDED = f"(select case when n>{EXACT} then n/{EXACT}*{EXACT} else n end from (select {{0}} as n) counted)"
ROUNDED_GROUP = f"case when sum({{0}}) over ()>{EXACT} then {{0}}/{EXACT}*{EXACT} else {{0}} end"
COUNTED = f"(select case when count(*)<={EXACT} then json_agg(f) end from ({{0}}) counted)"


def look_of_rows(compiler: Compiler, rows: Rows, shape: AnswerShape) -> Sql | None:
    """Return the people whose file the selection of these rows looks at; None where it is no look, or one already."""
    # A file that is taken out of the system is a look however little of it is selected.
    if rows.covered or not (rows.alone or shape.beyond or rows.telling or compiler.document.taken):
        return None
    found = file_owners(compiler, rows.target, rows.table)
    if found is not None:
        shape.look = compiler.name(LOOK)
        tell_conditions(compiler, rows, shape)
    return found


def look_of_page(compiler: Compiler, rows: Rows, shape: AnswerShape, placed: bool, counted: bool) -> Sql | None:
    """Return the people of whom a page tells something by itself: its cursors, whether more follow, and its count.

    Without this, a condition could be tried out on somebody with no more than `totalCount` or `pageInfo` selected.
    """
    if (found := telling_file(compiler, rows)) is None or not (placed or counted):
        return None
    shape.look, shape.kind = compiler.name(LOOK), rows.target.name
    tell_conditions(compiler, rows, shape)
    # One more than is counted exactly: with it, the aggregate below knows that there are too many, and names none.
    first = Sql("{0}", rows.whole().select(found.as_("f")).limit(EXACT + 1))
    members: list[Term] = [
        Sql("json_agg({0})", found) if placed else NullValue(),
        Sql(COUNTED, first) if counted and rows.filtered else NullValue(),
    ]
    return Sql("json_build_array({0},{1})", *members)


def cut_looks(text: bytes) -> tuple[bytes, dict[str, set[str]]] | None:
    """Take the looks out of an answer without taking it apart, and return the people by the member they stood in.

    Return None where something in it is not as expected. In JSON a text cannot hold the member, since its quotes would
    be escaped there; values that are JSON themselves can, and must not be in the answer.
    """
    before, *parts = text.split(BEGINNING)
    kept, values = [], defaultdict[bytes, list[bytes]](list)
    for part in parts:
        # The comma before a member goes with it; the member that an object begins with has none.
        if not before.endswith(b",") or (found := NUMBER_AND_VALUE.match(part)) is None:
            return None
        kept.append(before[:-1])
        values[found[1]].append(found[2])
        before = part[found.end() :]
    # Keys are what stands between quotes.
    people = {LOOK + number.decode(): set(b"".join(of).decode().split('"')[1::2]) for number, of in values.items()}
    return b"".join([*kept, before]), people


def round_count(compiler: Compiler, rows: Rows, total: Term) -> Term | None:
    """Round a count by a condition on files where there are too many to name; None for other counts."""
    return Sql(ROUNDED, total) if tells_by_count(compiler, rows) else None


def round_groups(compiler: Compiler, rows: Rows, count: str) -> Sql:
    """Return the count of each group; all of them by the hundred where the rows are too many to name."""
    return Sql(ROUNDED_GROUP if tells_by_count(compiler, rows) else "{0}", LiteralValue(count))


def tells_by_count(compiler: Compiler, rows: Rows) -> bool:
    """Say whether a number of these rows tells something of files."""
    return rows.filtered and telling_file(compiler, rows) is not None


def telling_file(compiler: Compiler, rows: Rows) -> Sql | None:
    """Return whose file each row is, if being among these rows tells something of it."""
    return file_owners(compiler, rows.target, rows.table) if rows.telling and not rows.covered else None


def tell_conditions(compiler: Compiler, rows: Rows, shape: AnswerShape) -> None:
    """Note what the rows were asked for by, so that the entry names it even where nobody was found."""
    shape.plugin = compiler.within_plugin or rows.plugin
    asked = [f"{rows.target.name}.{name}" for name in rows.conditions]
    shape.asked += [one for one in asked if one not in shape.asked]


def file_owners(compiler: Compiler, entity: Entity, row: Table) -> Sql | None:
    """Return the people whose file a row of this entity is: its own, or that of the row it belongs to."""
    if entity.file:
        return build_term(plugin_of(entity), entity.file, row, compiler.scope)  # type: ignore[no-any-return]
    if not entity.through:
        return None
    # The owner may itself be owned, so this climbs until an entity has a file of its own.
    owner = owner_of(entity)
    if isinstance(row, ReachedTable):
        return file_owners(compiler, owner, row.reached_from)
    above = compiler.table(owner)
    if (found := file_owners(compiler, owner, above)) is None:
        return None
    meta = owner.model._meta
    source = Sql(f'"{meta.schema}"."{meta.db_table}" "{above.alias}"')
    return Sql(FOUND, found, source, above.field(owner.key), row.field(entity.column(entity.through)))
