"""Subject-access copy: everything held about a person as a file, fetched by a link that works for ten minutes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.rights.exports import opened
from gongzhi.declare.register_entries import Holding
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing, SealError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gongzhi_server.storage.connection_shares import Reader

FORMAT = "gongzhi-export/1"
OF = "select person_id, asked_at from rights.demand where id=$1 and matter='EXPORT' and state='GRANTED'"
WHOSE = "select p.data_key, g.code from people.person p join grids.grid g on g.id=p.county_id where p.id=$1"
HEADERS = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="my-data.json"',
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
ABSENT = {"error": "This link does not work, or no longer: ask for another. 链接无效或已过期，请重新获取。"}


class Exports:
    """Answers a link with the copy. Nothing is kept of it: each is made when it is fetched."""

    def __init__(
        self,
        reader: Reader,
        keys: KeyRing,
        secret: bytes,
        holdings: Sequence[Holding],
        now: Callable[[], datetime],
    ) -> None:
        self.reader, self.keys, self.secret, self.holdings, self.now = reader, keys, secret, holdings, now

    async def answer(self, request: Request) -> Response:
        """Answer a link with the copy, or with 404."""
        key = opened(self.secret, request.path_params["ticket"], self.now())
        # Repeatable read: all tables are copied as of one moment, or
        # a row moved meanwhile would be there twice or not at all.
        async with self.reader.connection() as connection, connection.transaction(isolation="repeatable_read"):
            demand = await connection.fetchrow(OF, key) if key else None
            if demand is None:
                return JSONResponse(ABSENT, 404, headers={"cache-control": "no-store"})
            found = await self.copy(connection, demand["person_id"])
        body = {"format": FORMAT, "person": f"Person:{demand['person_id']}", "at": self.now(), "tables": found}
        return Response(orjson.dumps(body), media_type="application/json", headers=HEADERS)

    async def copy(self, connection: Any, person: UUID) -> dict[str, Any]:
        """Copy the rows about a person, table by table, as one snapshot; sealed values opened."""
        # Opened with the person's own data key; if that is destroyed, their sealed values are gone for good.
        owner = await connection.fetchrow(WHOSE, person)
        key = self.keys.unwrap(owner["code"], owner["data_key"]) if owner and owner["data_key"] else None
        tables: dict[str, dict[str, Any]] = {}
        for holding in self.holdings:
            if holding.person:
                rows = tables.setdefault(holding.table, {})
                for [text] in await connection.fetch(statement(holding), person):
                    row = orjson.loads(text)
                    # A table may be held for several reasons; the same row is given once.
                    rows.setdefault(row["id"], {}).update(clear(row, holding, key))
        return {
            table: {"what": self.said(table), "rows": list(rows.values())} for table, rows in sorted(tables.items())
        }

    def said(self, table: str) -> dict[str, str]:
        """Return what a table is for, in both languages."""
        return next(vars(one.what) for one in self.holdings if one.table == table)


def statement(holding: Holding) -> str:
    """Return the statement for the rows about a person, as JSON."""
    hidden = "".join(f" - '{column}'" for column in holding.hidden)
    return f"select (to_jsonb(t){hidden})::text from {holding.table} t where {holding.person} order by t.id"


def clear(row: dict[str, Any], holding: Holding, key: bytes | None) -> dict[str, Any]:
    """Return the row with its sealed values in clear, under their names without `_sealed`."""
    for column, context in holding.sealed.items():
        blob = row.pop(column, None)
        if blob is not None:
            row[re.sub(r"_?sealed$", "", column) or "value"] = unsealed(key, f"{context}:{row['id']}", blob)
    return row


def unsealed(key: bytes | None, context: str, blob: str) -> str | None:
    """Open a sealed value; None if its key is gone."""
    try:
        return sealing.open(key, context, bytes.fromhex(blob.removeprefix("\\x"))) if key else None
    except SealError:
        return None
