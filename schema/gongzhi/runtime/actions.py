"""Actions: to which rows somebody may do what, and in which states; commands check it, and `actions` tells it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pypika_tortoise.queries import Table

from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.values.errors import Refusal, Text
from gongzhi.values.labels import label_of


@dataclass(frozen=True)
class Requirement:
    """What a row must meet for a command: `rows` are those that do; the others are refused with the code and the text.

    The text may depend on the row, as the command has found it.
    """

    code: str
    rows: Callable[[Table, ViewerScope], Alternatives]
    text: Text | Callable[[Any], Text]

    def refusal(self, row: Any, path: Sequence[str]) -> Refusal:
        text = self.text if isinstance(self.text, Text) else self.text(row)
        return Refusal(self.code, text.en, text.zh, path)


@dataclass(frozen=True)
class Action:
    """The rows that a command is done to: of one type, by those who meet `who`, in a state that meets `when`.

    `call.find` asks for it in the statement that locks the row, and checks the version between the two, if the input
    names one: only the state of a row as the caller saw it is worth telling. A row that is `shown` for another right
    is not asked who.
    """

    on: type
    who: tuple[Requirement, ...]
    when: tuple[Requirement, ...] = ()
    field: str | None = None
    """The field of the input that names the row, of a command that finds other rows of the type as well."""


NOT_ALLOWED = Text("You may see this, but not do this to it.", "您可以查看，但无权进行此操作。")


def require_rows(rows: Callable[[Table, ViewerScope], Alternatives]) -> Requirement:
    """Return the requirement that a row is one of those to which the viewer may do it."""
    return Requirement("FORBIDDEN", rows, NOT_ALLOWED)


def require_held(permission: str) -> Requirement:
    """Return the requirement that the viewer holds a permission in the grid where the row lies."""
    return require_rows(lambda row, viewer: viewer.within(row, permission))


def require_states(
    states: Iterable[enum.Enum],
    text: Text | Callable[[Any], Text],
    column: str = "state",
    code: str = "ILLEGAL_TRANSITION",
) -> Requirement:
    """Return the requirement that a row is in one of these states."""
    # Sorted, so that the statement's text is the same in every process; the values are ours.
    listed = ",".join(sorted(f"'{one.value}'" for one in states))
    return Requirement(code, lambda row, viewer: [Sql(f"{{0}} in ({listed})", row.field(column))], text)


def require_empty(column: str, text: Text, code: str = "ILLEGAL_TRANSITION") -> Requirement:
    """Return the requirement that a column has no value, such as the day on which something ended."""
    return Requirement(code, lambda row, viewer: [Sql("{0} is null", row.field(column))], text)


def tell_state(what: Text) -> Callable[[Any], Text]:
    """Return what is said of something, called so, whose state does not allow what was to be done."""
    return lambda row: Text(
        f"This cannot be done with the {what.en} as it is: {label_of(row.state).en}.",
        f"{what.zh}{label_of(row.state).zh}，不能进行此操作。",
    )
