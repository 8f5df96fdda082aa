"""Strawberry as its documentation shows it: types with resolvers, Tortoise for rows, a DataLoader for every relation.

It answers the very documents that our own server answers. As for the floor, everybody sees everything.
"""

from __future__ import annotations

import base64
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

import strawberry
from gongzhi.cases.models import CaseKind, CaseRow, EventRow, Status, Urgency
from gongzhi.codes import Kind
from gongzhi.grids.models import GridRow
from gongzhi.people.models import PersonRow
from gongzhi_server import database
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from tortoise import Tortoise
from tortoise.models import Model

M = TypeVar("M", bound=Model)
Loaders = dict[Any, DataLoader[Any, Any]]
Info = strawberry.Info[Loaders, None]

for _enum, _name in ((CaseKind, "CaseKind"), (Kind, "GridKind"), (Status, "CaseStatus"), (Urgency, "CaseUrgency")):
    strawberry.enum(_enum, name=_name)


@strawberry.enum
class EventOrder(Enum):
    AT_DESC = "-at"


def loader(info: Info, key: Any, load: Callable[[list[Any]], Awaitable[list[Any]]]) -> DataLoader[Any, Any]:
    """The operation's own loader of this name."""
    if key not in info.context:
        info.context[key] = DataLoader(load)
    return info.context[key]


async def by_key(info: Info, model: type[M], key: Any) -> M | None:
    async def load(keys: list[Any]) -> list[M | None]:
        found = await model.in_bulk(keys, "id")
        return [found.get(one) for one in keys]

    return None if key is None else await loader(info, model, load).load(key)


async def firsts(info: Info, model: type[M], column: str, order: str, first: int, key: Any) -> list[M]:
    """The first rows of each owner; the database cuts them off, so that no more are read than are sent."""

    async def load(keys: list[Any]) -> list[list[M]]:
        meta = model._meta
        connection = Tortoise.get_connection("default")
        numbered = (
            f"select id, row_number() over (partition by {column} order by {order}) as place "
            f'from {meta.schema}."{meta.db_table}" where {column} = any($1)'
        )
        ids = await connection.execute_query_dict(f"select id from ({numbered}) n where place <= {first}", [keys])
        owned: dict[Any, list[M]] = defaultdict(list)
        order_by = [f"-{name.removesuffix(' desc')}" if " desc" in name else name for name in order.split(", ")]
        for row in await model.filter(id__in=[one["id"] for one in ids]).order_by(*order_by):
            owned[getattr(row, column)].append(row)
        return [owned[one] for one in keys]

    return await loader(info, (model, column, first), load).load(key)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Person:
    name: str
    resident_id: str | None


@strawberry.type
class Event:
    type: str
    note: str | None
    at: datetime


@strawberry.type
class Grid:
    row: strawberry.Private[GridRow]

    @strawberry.field
    def code(self) -> str:
        return self.row.code

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    def kind(self) -> Kind:
        return self.row.kind

    @strawberry.field
    async def parent(self, info: Info) -> Grid | None:
        row = await by_key(info, GridRow, self.row.parent_id)
        return row and Grid(row)

    @strawberry.field
    async def children(self, info: Info, first: int) -> GridConnection:
        rows = await firsts(info, GridRow, "parent_id", "code, id", first, self.row.id)
        return GridConnection([Grid(row) for row in rows])

    @strawberry.field
    async def cases(self, info: Info, first: int) -> CaseConnection:
        rows = await firsts(info, CaseRow, f"{self.row.kind.lower()}_id", "reported_at desc, id desc", first, self.row.id)
        return CaseConnection([case(row) for row in rows], None)


@strawberry.type
class Case:
    row: strawberry.Private[CaseRow]
    number: str
    title: str
    description: str
    status: Status
    urgency: Urgency
    reported_at: datetime
    settled_at: datetime | None
    rating: int | None

    @strawberry.field
    async def requester(self, info: Info) -> Person | None:
        row = await by_key(info, PersonRow, self.row.requester_id)
        return row and Person(row.name, row.resident_id_mask)

    @strawberry.field
    async def grid(self, info: Info) -> Grid | None:
        row = await by_key(info, GridRow, self.row.grid_id)
        return row and Grid(row)

    @strawberry.field
    async def timeline(self, info: Info, first: int, order_by: EventOrder) -> list[Event]:
        rows = await firsts(info, EventRow, "case_id", "at desc, id desc", first, self.row.id)
        return [Event(row.type, row.note, row.at) for row in rows]

    @strawberry.field
    def bench_label(self) -> str:
        return f"{self.reported_at.year}-{self.number[-7:]}"


def case(row: CaseRow) -> Case:
    return Case(
        row, row.number, row.title, row.description, row.status, row.urgency, row.reported_at, row.settled_at, row.rating
    )


@strawberry.type
class GridConnection:
    nodes: list[Grid]


@strawberry.type
class CaseConnection:
    nodes: list[Case]
    page_info: PageInfo | None


@strawberry.type
class Query:
    @strawberry.field
    async def cases(self, first: int) -> CaseConnection:
        rows = await CaseRow.all().order_by("-reported_at", "-id").limit(first + 1)
        return CaseConnection([case(row) for row in rows[:first]], page(rows, first))

    @strawberry.field
    async def case(self, number: str) -> Case | None:
        row = await CaseRow.get_or_none(number=number)
        return row and case(row)

    @strawberry.field
    async def grid(self, code: str) -> Grid | None:
        row = await GridRow.get_or_none(code=code, valid_to=None)
        return row and Grid(row)


def page(rows: list[CaseRow], first: int) -> PageInfo:
    last = rows[:first][-1:]
    cursors = [base64.b64encode(f"{row.reported_at.isoformat()} {row.id}".encode()).decode() for row in last]
    return PageInfo(len(rows) > first, next(iter(cursors), None))


class Endpoint(GraphQL[Loaders, None]):
    async def get_context(self, request: Any, response: Any) -> Loaders:
        return {}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    await Tortoise.init(config=database.config(os.environ["BENCH_DSN"]), _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


def app() -> Starlette:
    """The application over the database of the benchmark."""
    endpoint = Endpoint(strawberry.Schema(Query), graphql_ide=None)
    return Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)
