"""Views: what a plugin has the console draw, each a GraphQL document with a title; a plugin ships no script.

Columns are what the document selects, called as the schema's descriptions call them; filters come from the type of its
variable `$filter`, buttons from `actions` in the selection. When the server starts, each document is checked and
planned against the schema, and a view that does not fit is refused with the plugin, the view and the field.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ViewKind(enum.Enum):
    """How a view is drawn."""

    LIST = "LIST"
    """Rows: the first list of objects that the document selects. A connection is paged by `$first` and `$after`."""
    DETAIL = "DETAIL"
    """One object, which the document finds by `$id`, mostly with `node`."""
    COUNTER = "COUNTER"
    """A number: the one value that the document selects."""
    MAP = "MAP"
    """A layer of the board's map: the first list of objects, each with the `code` of a grid below `$grid`, and numbers
    to colour it by. A number that is null is withheld where the object says `suppressed`."""


@dataclass(frozen=True)
class View:
    """A page of the console, or a number on one.

    The console fills the variables `$first`, `$after` and `$filter`, `$id`, `$today`, `$since`, thirty days with today,
    and `$grid`, the code of a grid of the caller's, or of the place on the board; what `$filter` equals by default is
    chosen at first.
    """

    name: str
    """It begins with the plugin's name and a dot."""
    title: str
    """"English (中文)"."""
    document: str
    requires: str | None
    """The permission that one must hold somewhere to be offered the view; None: everybody. What is seen there, the
    schema says."""
    kind: ViewKind = ViewKind.LIST
    opens: str = ""
    """The view that a row of a list, or a counter, leads to."""
    forms: tuple[str, ...] = ()
    """Mutations that a list offers by itself, or a detail beside those of `actions`; to those who may call them."""
