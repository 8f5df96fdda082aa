"""Relay: nodes, connections and cursors."""

from __future__ import annotations

from typing import Generic, TypeVar

import strawberry
from strawberry import ID

from gongzhi.declare.plans import GUARD, PLAN, Key

T = TypeVar("T")


@strawberry.interface(description="An object with an id that is the same everywhere (节点).")
class Node:
    id: ID = strawberry.field(
        description="The object's id, to be kept as it is and not taken apart (全局标识).",
        metadata={PLAN: Key(), GUARD: None},
    )


@strawberry.type(description="Where a page stands in its list (分页信息).")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more rows follow (是否有下一页).")
    has_previous_page: bool = strawberry.field(description="Whether rows come before (是否有上一页).")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row (首行游标).")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row (末行游标).")


@strawberry.type(description="A row and its place in the list (边).")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The row's place, for `after` and `before` (游标).")
    node: T = strawberry.field(description="The row itself (节点).")


@strawberry.type(description="A page of a list (连接).")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The rows with their cursors (边).")
    nodes: list[T] = strawberry.field(description="The rows (节点).")
    page_info: PageInfo = strawberry.field(description="Where the page stands (分页信息).")
    total_count: int = strawberry.field(
        description="How many rows the whole list has that you may see, by the same condition as the rows (总数)."
    )
