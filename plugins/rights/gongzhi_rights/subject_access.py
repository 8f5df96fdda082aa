"""Subject access: a copy of everything held about a person, fetched by a link that works for ten minutes.

Nothing is kept of a copy: each is made when it is fetched. Its link is derived and stored nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from gongzhi.declare.register_entries import Holding
from gongzhi.runtime import sealing, tickets
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.context import Context
from gongzhi.runtime.routes import Route, RouteCall, RouteRefusal
from gongzhi.runtime.sealing import SealError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .models import Matter, State

ROOT = "/exports"
FRESH = timedelta(minutes=10)
"""How long a link works."""
DAYS = timedelta(days=7)
"""How long links are given out for one request."""
KIND = b"export"


FETCHED = "fetchDataExport"
"""What a fetch is called in the audit."""
SECONDS = 60.0
"""How long it may take to gather a copy."""
FORMAT = "gongzhi-export/1"
OF = "select person_id, asked_at from rights.demand where id=$1 and matter='EXPORT' and state='GRANTED'"
WHOSE = "select p.data_key, g.code from people.person p join grids.grid g on g.id=p.county_id where p.id=$1"
SNAPSHOT = "set transaction isolation level repeatable read"
"""What a copy begins with, so that all of it is as of one moment."""
HEADERS = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="my-data.json"',
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def download_link(row: Any, context: Context) -> str | None:
    """Return the path to fetch the copy from, for whoever the request is of; None for others and when it is over."""
    now, viewer = context.viewer.now, context.viewer.account.person
    own = viewer is not None and viewer in (row.person_id, row.asked_by_id)
    if not own or (row.matter, row.state) != (Matter.EXPORT, State.GRANTED) or now > row.asked_at + DAYS:
        return None
    return f"{ROOT}/" + issue_ticket(context.receipts, row.id, now + FRESH)


def issue_ticket(secret: bytes, request: UUID, until: datetime) -> str:
    """Make what a link ends in: the request, until when, and a MAC of both."""
    return tickets.issue_ticket(secret, KIND, request.bytes, until)


def read_ticket(secret: bytes, text: str, now: datetime) -> UUID | None:
    """Return the request that a link was made for; None if it was not, or is over."""
    key = tickets.read_ticket(secret, KIND, text, now)
    return UUID(bytes=key) if key else None


async def send_copy(call: RouteCall) -> Response:
    """Answer a link with the copy."""
    now = call.context.viewer.now
    key = read_ticket(call.context.receipts, call.request.path_params["ticket"], now)
    if key is None:
        raise not_found(*ABSENT)

    async def gather(one: Call) -> dict[str, Any]:
        # Before anything is read: PostgreSQL refuses it afterwards.
        await one.fetch(SNAPSHOT)
        return await copy_of(one, key)

    # One transaction for the copy and for the act in the audit: no copy leaves without being on record.
    body = await call.transact(call.context.viewer, FETCHED, [f"DataRequest:{key}"], gather)
    return Response(orjson.dumps(body), media_type="application/json", headers=HEADERS)


async def copy_of(call: Call, request: UUID) -> dict[str, Any]:
    """Gather the rows about whoever a request is of, table by table, sealed values opened. Raises Refusal."""
    demand = await call.fetch(OF, request)
    if not demand:
        raise not_found(*ABSENT)
    person = demand[0]["person_id"]
    owner = await call.fetch(WHOSE, person)
    # Without the key what was sealed is gone, and the copy has the rest.
    key = call.context.keys.unwrap(owner[0]["code"], owner[0]["data_key"]) if owner and owner[0]["data_key"] else None
    holdings = call.context.registers.holdings
    tables: dict[str, dict[str, Any]] = {}
    for holding in holdings:
        # What is about nobody is in no copy.
        if holding.person:
            rows = tables.setdefault(holding.table, {})
            for found in await call.fetch(holding_statement(holding), person):
                row = orjson.loads(found["row"])
                # A table may have several holdings, and a row that two of them find is one row.
                rows.setdefault(row["id"], {}).update(open_sealed(row, holding, key))
    # The first holding of a table says what it holds.
    what: Mapping[str, Any] = {one.table: vars(one.what) for one in reversed(holdings)}
    listed = {table: {"what": what[table], "rows": list(rows.values())} for table, rows in sorted(tables.items())}
    return {"format": FORMAT, "person": f"Person:{person}", "at": call.now, "tables": listed}


def holding_statement(holding: Holding) -> str:
    """Write the statement for the rows about a person, as JSON."""
    # Blind indexes and the like tell people nothing.
    hidden = "".join(f" - '{column}'" for column in holding.hidden)
    return f"select (to_jsonb(t){hidden})::text as row from {holding.table} t where {holding.person} order by t.id"


def open_sealed(row: dict[str, Any], holding: Holding, key: bytes | None) -> dict[str, Any]:
    """Put the sealed values of a row in clear, under the names that they have unsealed."""
    for column, context in holding.sealed.items():
        blob = row.pop(column, None)
        if blob is not None:
            row[re.sub(r"_?sealed$", "", column) or "value"] = open_value(key, f"{context}:{row['id']}", blob)
    return row


def open_value(key: bytes | None, context: str, blob: str) -> str | None:
    """Open a sealed value; None once its key has been destroyed."""
    try:
        # JSON has bytes as `\x` and hexadecimal digits.
        return sealing.open_value(key, context, bytes.fromhex(blob.removeprefix("\\x"))) if key else None
    except SealError:
        return None


ABSENT = "This link does not work, or no longer: ask for another.", "链接无效或已过期，请重新获取。"


def write_refusal(request: Request, refusal: RouteRefusal) -> Response:
    """Say in both languages why there is no copy."""
    text = refusal.texts[0]
    return JSONResponse({"error": f"{text.en} {text.zh}"}, refusal.status, headers={"cache-control": "no-store"})


COPIES = Route("/{ticket}", send_copy, strangers=True, seconds=SECONDS, root=ROOT, refuse=write_refusal)
