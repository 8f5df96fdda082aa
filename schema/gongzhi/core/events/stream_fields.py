"""Streamed types: the fields that each has, which say where the event stands and what it is about."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.entity import expression, pick
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql, bind
from gongzhi.values.errors import DeclarationError

KEYS, CURSORS = "@keys", "@cursors"


def event_cursor() -> Any:
    """Return where the event stands: `after: cursor` goes on after it. It tells nothing of what lies between two."""

    def place(at: Frame) -> Any:
        # The server seals positions; the statement finds a row's cursor by its key.
        keys = bind(lambda variables, context: variables[KEYS], "uuid[]")
        cursors = bind(lambda variables, context: variables[CURSORS], "text[]")
        return Sql("({0})[array_position({1},{2})]", cursors, keys, at.row.id)

    return expression("Where it stands; `after` goes on from here (游标).", place)


def event_subject(description: str, name: str, *, type: Any = None, cast: str = "uuid") -> Any:
    """Return the row whose key the event's data has under this name, as it is now; `cast` is the type of the key."""
    # The name is written into the statement, so it must be a plain word.
    if not name.isidentifier():
        raise DeclarationError(f"{name!r} is no field of an event's data")
    return pick(description, lambda at: [Sql(f"{{0}}=({{1}}->>'{name}')::{cast}", at.rows.id, at.row.data)], type=type)
