"""Plain: Strawberry as its documentation shows it, with resolvers, Tortoise for rows, and a DataLoader per relation.

It answers the very documents that our own server answers; there are no accounts, and everybody sees everything. Rows
stand in for the types, for Strawberry reads the attributes of whatever a resolver returns.
"""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import base64
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from typing import Any, cast

import strawberry
from gongzhi.core.cases.models import CaseKind, CaseRow, EventRow, Status, Urgency
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.values.codes import Kind
from gongzhi_server.storage import database
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry import Parent
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from tortoise import Tortoise
from tortoise.models import Model

Loaders = dict[Any, DataLoader[Any, Any]]
Info = strawberry.Info[Loaders, None]

for _enum, _name in ((CaseKind, "CaseKind"), (Kind, "GridKind"), (Status, "CaseStatus"), (Urgency, "CaseUrgency")):
    strawberry.enum(_enum, name=_name)


@strawberry.enum
class EventOrder(Enum):
    AT_DESC = "-at"


def loader(info: Info, key: Any, load: Callable[[list[Any]], Awaitable[list[Any]]]) -> DataLoader[Any, Any]:
    """Return the operation's own loader of a name."""
    if key not in info.context:
        info.context[key] = DataLoader(load)
    return info.context[key]


async def by_key(info: Info, model: type[Model], key: Any) -> Any:
    """Load a row by its key, together with others that are asked for at the same time."""

    async def load(keys: list[Any]) -> list[Any]:
        found = await model.in_bulk(keys, "id")
        return [found.get(one) for one in keys]

    return None if key is None else await loader(info, model, load).load(key)


async def firsts(info: Info, model: type[Model], column: str, order: tuple[str, ...], first: int, key: Any) -> Any:
    """Load the first rows of each owner; the database cuts them off, so that no more are read than are sent."""

    async def load(keys: list[Any]) -> list[Any]:
        table = f'{model._meta.schema}."{model._meta.db_table}"'
        by = ",".join(f"{name[1:]} desc" if name.startswith("-") else name for name in order)
        place = f"row_number() over (partition by {column} order by {by})"
        numbered = f"select id, {place} as place from {table} where {column} = any($1)"
        connection = Tortoise.get_connection("default")
        kept = await connection.execute_query_dict(f"select id from ({numbered}) n where place <= {first}", [keys])
        owned: dict[Any, list[Model]] = defaultdict(list)
        for row in await model.filter(id__in=[one["id"] for one in kept]).order_by(*order):
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
    resident_id: str | None = strawberry.field(resolver=lambda root: root.resident_id_mask)


@strawberry.type
class Event:
    type: str
    note: str | None
    at: datetime


@strawberry.type
class Grid:
    code: str
    name: str
    kind: Kind

    @strawberry.field
    @staticmethod
    async def parent(row: Parent[GridRow], info: Info) -> Grid | None:
        return await by_key(info, GridRow, row.parent_id)

    @strawberry.field
    @staticmethod
    async def children(row: Parent[GridRow], info: Info, first: int) -> GridConnection:
        return GridConnection(nodes=await firsts(info, GridRow, "parent_id", ("code", "id"), first, row.id))

    @strawberry.field
    @staticmethod
    async def cases(row: Parent[GridRow], info: Info, first: int) -> CaseConnection:
        level = f"{row.kind.lower()}_id"
        rows = await firsts(info, CaseRow, level, ("-reported_at", "-id"), first, row.id)
        return CaseConnection(nodes=rows)


@strawberry.type
class Case:
    number: str
    title: str
    description: str
    status: Status
    urgency: Urgency
    reported_at: datetime
    settled_at: datetime | None
    rating: int | None

    @strawberry.field
    @staticmethod
    async def requester(row: Parent[CaseRow], info: Info) -> Person | None:
        return await by_key(info, PersonRow, row.requester_id)

    @strawberry.field
    @staticmethod
    async def grid(row: Parent[CaseRow], info: Info) -> Grid | None:
        return await by_key(info, GridRow, row.grid_id)

    @strawberry.field
    @staticmethod
    async def timeline(row: Parent[CaseRow], info: Info, first: int, order_by: EventOrder) -> list[Event]:
        return await firsts(info, EventRow, "case_id", (order_by.value, "-id"), first, row.id)

    @strawberry.field
    @staticmethod
    def bench_label(row: Parent[CaseRow]) -> str:
        return f"{row.reported_at.year}-{row.number[-7:]}"


@strawberry.type
class GridConnection:
    nodes: list[Grid]


@strawberry.type
class CaseConnection:
    nodes: list[Case]
    page_info: PageInfo | None = None


@strawberry.type
class Query:
    @strawberry.field
    async def cases(self, first: int) -> CaseConnection:
        rows: list[Any] = await CaseRow.all().order_by("-reported_at", "-id").limit(first + 1)
        return CaseConnection(nodes=rows[:first], page_info=page(rows, first))

    @strawberry.field
    async def case(self, number: str) -> Case | None:
        return cast(Any, await CaseRow.get_or_none(number=number))

    @strawberry.field
    async def grid(self, code: str) -> Grid | None:
        return cast(Any, await GridRow.get_or_none(code=code, valid_to=None))


def page(rows: list[Any], first: int) -> PageInfo:
    """Build the page of rows that are one more than asked for."""
    cursors = [base64.b64encode(f"{row.reported_at.isoformat()} {row.id}".encode()).decode() for row in rows[:first]]
    return PageInfo(has_next_page=len(rows) > first, end_cursor=cursors[-1] if cursors else None)


class Endpoint(GraphQL[Loaders, None]):
    """Strawberry's endpoint, with loaders of its own for each operation."""

    async def get_context(self, request: Any, response: Any) -> Loaders:
        """Return an empty place for the loaders of an operation."""
        return {}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Connect Tortoise for as long as the server runs."""
    await Tortoise.init(config=database.tortoise_config(os.environ["BENCH_DSN"]), _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


def app() -> Starlette:
    """Build the application over the database of the benchmark."""
    endpoint = Endpoint(strawberry.Schema(Query), graphql_ide=None)
    return Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)
