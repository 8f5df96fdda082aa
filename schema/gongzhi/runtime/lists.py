"""Lists: a query of one list, checked and planned as any other, counted or read whole for an account.

    counted = await call.context.lists.count(viewer, "{ cases { nodes { number status } } }", {})
    found = await call.context.lists.read(viewer, counted.document, {}, most=counted.rows)

There is a row for each node and a column for each leaf below it. What the viewer may not see in the list is in neither,
and whose files are in the rows is in the access log before they are handed out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gongzhi.declare.viewer import Viewer


@dataclass(frozen=True)
class ListColumn:
    """A leaf of a list's nodes: the way to it, what each part of the way is called in Chinese, and its type."""

    path: tuple[str, ...]
    terms: tuple[str, ...]
    type: str
    """The name of its type, such as `DateTime`; empty for `__typename`."""
    labels: Mapping[str, str]
    """The Chinese terms of its values, by value, where the type is an enum."""


@dataclass(frozen=True)
class CountedList:
    """A list that can be read: the query printed anew, its name, how many rows, and whether people are in them."""

    document: str
    name: str
    rows: int
    personal: bool


@dataclass(frozen=True)
class ReadList:
    """The rows of a list, all of one snapshot, each with a value for each column."""

    columns: Sequence[ListColumn]
    rows: Sequence[Sequence[Any]]


class Lists(Protocol):
    """Answers queries of one list, `cases` or `people`, a page at a time."""

    async def count(self, viewer: Viewer, document: str, variables: Mapping[str, Any]) -> CountedList:
        """Check a query and count its rows. Raises Refusal for one that is no query of one list, or that is empty."""

    async def read(self, viewer: Viewer, document: str, variables: Mapping[str, Any], most: int) -> ReadList:
        """Read all rows, and record whose files are in them. Raises Refusal, also for more rows than `most`."""


class NoLists:
    """Where nothing answers queries."""

    async def count(self, viewer: Viewer, document: str, variables: Mapping[str, Any]) -> CountedList:
        raise RuntimeError("no queries are answered here, so no list can be counted")

    async def read(self, viewer: Viewer, document: str, variables: Mapping[str, Any], most: int) -> ReadList:
        raise RuntimeError("no queries are answered here, so no list can be read")
