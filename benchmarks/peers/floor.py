"""Floor: the same answers from handwritten SQL, with nothing between asyncpg and Starlette.

No GraphQL, no accounts, no scope, no limits. A server that does those things can approach it and not pass it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import orjson
from gongzhi_server.storage import database
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SIZE = 8
"""Connections, as many as the server itself has by default."""

LIST = """
select json_build_object('data', json_build_object('cases', json_build_object(
  'nodes', coalesce(json_agg(o), '[]'),
  'pageInfo', json_build_object(
    'hasNextPage', (select count(*) from (
      select from cases."case" order by reported_at desc, id desc limit $1 + 1) n) > $1,
    'endCursor', (select id from cases."case" order by reported_at desc, id desc limit 1 offset $1 - 1)
  )
)))::text
from (
  select c.number, c.title, c.status, c.urgency, c.reported_at as "reportedAt", c.settled_at as "settledAt", c.rating,
    (select row_to_json(x) from (
      select p.name, p.resident_id_mask as "residentId" from people.person p where p.id = c.requester_id) x
    ) as requester,
    (select row_to_json(x) from (
      select g.code, g.name, g.kind,
        (select row_to_json(y) from (select u.name from grids.grid u where u.id = g.parent_id) y) as parent
      from grids.grid g where g.id = c.grid_id) x
    ) as grid,
    (select coalesce(json_agg(x), '[]') from (
      select e.type, e.note, e.at from cases.event e where e.case_id = c.id order by e.at desc, e.id desc limit 3) x
    ) as timeline
  from cases."case" c order by c.reported_at desc, c.id desc limit $1
) o
"""

POINT = """
select json_build_object('data', json_build_object('case', (
  select row_to_json(x) from (
    select c.number, c.title, c.description, c.status, c.urgency,
      c.reported_at as "reportedAt", c.settled_at as "settledAt", c.rating,
      case when p.id is not null then (select row_to_json(y) from (select p.name) y) end as requester,
      (select row_to_json(y) from (select g.code, g.name, g.kind) y) as grid
    from cases."case" c
    left join people.person p on p.id = c.requester_id
    left join grids.grid g on g.id = c.grid_id
    where c.number = $1
  ) x
)))::text
"""

CHILDREN = """
select coalesce(json_agg(x), '[]') from (
  select {up}.code, {up}.name, json_build_object('nodes', ({inner})) as "{name}"
  from grids.grid {up} where {up}.parent_id = {down}.id order by {up}.code, {up}.id limit {limit}
) x
"""
CASES = """
select coalesce(json_agg(x), '[]') from (
  select c.number, c.title, c.status, (
    select coalesce(json_agg(y), '[]') from (
      select e.type, e.at from cases.event e where e.case_id = c.id order by e.at desc, e.id desc limit 2) y
  ) as timeline
  from cases."case" c where c.grid_1_id = part.id order by c.reported_at desc, c.id desc limit 3
) x
"""
PARTS = CHILDREN.format(up="part", down="village", limit=4, name="cases", inner=CASES)
VILLAGES = CHILDREN.format(up="village", down="town", limit=7, name="children", inner=PARTS)
TOWNS = CHILDREN.format(up="town", down="county", limit=10, name="children", inner=VILLAGES)
NESTED = f"""
select json_build_object('data', json_build_object('grid', (
  select json_build_object('name', county.name, 'children', json_build_object('nodes', ({TOWNS})))
  from grids.grid county where county.code = $1 and county.valid_to is null
)))::text
"""


async def answer(pool: asyncpg.Pool[Any], request: Request) -> Response:
    """Answer by the variables, which tell the documents apart."""
    match orjson.loads(await request.body())["variables"]:
        case {"first": first}:
            text = await pool.fetchval(LIST, first)
        case {"number": number}:
            text = await pool.fetchval(POINT, number)
        case {"code": code}:
            text = await pool.fetchval(NESTED, code)
    return Response(text, media_type="application/json")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pool for as long as the server runs."""
    pool = await database.open_readers(os.environ["BENCH_DSN"], SIZE)
    app.router.routes.append(Route("/graphql", partial(answer, pool), methods=["POST"]))
    yield
    await pool.close()


def app() -> Starlette:
    """Build the application over the database of the benchmark."""
    return Starlette(lifespan=lifespan)
