"""Gives files out. Nothing is kept of them: each is made when it is fetched, of what was asked for and released."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from gongzhi.core.accounts.models import AccountRow
from gongzhi.core.exports import links, traces
from gongzhi.core.exports.models import ExportRow, ExportState
from gongzhi.core.exports.rules import narrowed
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import CHINA, missing
from gongzhi.values.errors import Refusal
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tortoise.transactions import in_transaction

from gongzhi_server.auth.authentication import Door
from gongzhi_server.auth.claims import OnBehalf
from gongzhi_server.gateway.interfaces import Unauthenticated
from gongzhi_server.storage import audit
from gongzhi_server.storage.batched_writes import write
from gongzhi_server.storage.connection_shares import Reader

from .listings import Listing, Listings
from .sheets import KINDS, Sheet

FETCHED = "fetchBulkExport"
"""What a fetch is called in the audit."""
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
BEYOND = "每行带有追溯码；仅限上述用途，不得转交，用后删除。 Each row is marked. For this purpose only; delete it then."


@dataclass(frozen=True)
class File:
    """What a file is made of."""

    export: ExportRow
    grid: str
    listing: Listing
    rows: list[list[Any]]
    at: datetime


class Desk:
    """Answers links with files. `space` runs what needs the tables, and knows whom to tell."""

    def __init__(
        self,
        listings: Listings,
        reader: Reader,
        door: Door,
        space: Any,
        secret: bytes,
        now: Callable[[], datetime],
    ) -> None:
        self.listings, self.reader, self.door = listings, reader, door
        self.space, self.secret, self.now = space, secret, now

    async def answer(self, request: Request) -> Response:
        if request.method == "HEAD":  # what looks ahead at links takes nobody's fetch
            return Response(status_code=405, headers={"allow": "GET"})
        now = self.now()
        number = links.opened(self.secret, request.path_params["ticket"], now)
        try:
            async with self.reader.share:  # before a connection that writes is taken and a row is locked
                file = await self.space.run(self.fetched(number, dict(request.headers.raw), now))
        except Refusal as refusal:
            return refused(refusal)
        self.space.ledger.acted(now)
        kind = KINDS[file.export.format]
        body = await asyncio.to_thread(kind.write, self.sheet(file))
        return Response(body, media_type=kind.type, headers={**HEADERS, "content-disposition": called(file)})

    async def fetched(self, number: int | None, headers: Mapping[bytes, bytes], now: datetime) -> File:
        """What the file is made of, once it is written down that it was fetched, and whose files are in it.

        Raises Refusal. One export is fetched once at a time, so that no two fetches have the same marks.
        """
        async with in_transaction() as connection:
            export = await ExportRow.select_for_update().get_or_none(id=number) if number else None
            if export is None or not fetchable(export, now):
                raise absent()
            grid = await GridRow.get(id=export.grid_id)
            viewer = await self.viewer(export, grid, headers, now)
            listing = self.listings.read(export.document, export.variables)
            async with self.reader.pool.acquire() as reader, reader.transaction(isolation="repeatable_read"):
                rows = await self.listings.rows(listing, viewer, reader.fetch, most(export.rows))
            export.fetches, export.fetched_at = export.fetches + 1, now
            await export.save(update_fields=["fetches", "fetched_at"])
            await write(connection, audit.act(viewer, FETCHED, [f"BulkExport:{export.id}"]))
        return File(export, grid.code, listing, rows, now)

    async def viewer(self, export: ExportRow, grid: GridRow, headers: Mapping[bytes, bytes], now: datetime) -> Viewer:
        """Who asked, with what they may now. Raises Refusal if that is not to export, or somebody else is signed in."""
        try:
            here = await self.door(headers)
        except Unauthenticated as error:
            raise absent() from error
        account = await AccountRow.get_or_none(name=export.account or "")
        loaded = await self.door.accounts.load(OnBehalf(account.id), now) if account else None
        if loaded is None or here.account.name not in (None, export.account):
            raise absent()
        viewer = Viewer(loaded.account, now, purpose=export.purpose)
        found = narrowed(viewer, grid, self.space.plugins.guarded)
        if not found.account.granted:
            raise absent()
        return found

    def sheet(self, file: File) -> Sheet:
        export = file.export
        rows = (
            (traces.code(self.secret, export.id, export.fetches, at), row) for at, row in enumerate(file.rows, start=1)
        )
        return Sheet(marks(file), file.listing.columns, rows)


def fetchable(export: ExportRow, now: datetime) -> bool:
    return export.state == ExportState.READY and export.until > now and export.fetches < links.FETCHES


def most(rows: int) -> int:
    """How long a list may have grown since its rows were counted."""
    return rows + max(10, rows // 10)


def marks(file: File) -> dict[str, tuple[str, str]]:
    """What the file says of itself."""
    export = file.export
    return {
        "number": ("批量导出编号", f"{export.id}-{export.fetches}"),
        "listing": ("清单", f"{export.listing} {file.grid}"),
        "purpose": ("用途", export.purpose),
        "account": ("申请人", f"{export.account} ({export.role})"),
        "released by": ("放行人", export.decided_by or "—"),
        "fetched at": ("下载时间", file.at.astimezone(CHINA).isoformat(timespec="seconds")),
        "rows": ("行数", str(len(file.rows))),
        "notice": ("须知", BEYOND),
    }


def called(file: File) -> str:
    """The file's name, which says which export it is, who asked and when it was fetched (RFC 6266)."""
    export, suffix = file.export, KINDS[file.export.format].suffix
    plain = f"export-{export.id}-{export.fetches}"
    full = f"{plain}-{export.listing}-{export.account}-{file.at.astimezone(CHINA):%Y%m%d}"
    return f"attachment; filename=\"{plain}.{suffix}\"; filename*=UTF-8''{quote(full, safe='')}.{suffix}"


def absent() -> Refusal:
    """One answer for what is not there, is over, or is somebody else's."""
    return missing("This link does not work, or no longer: ask for another.", "链接无效或已过期，请重新获取。")


def refused(refusal: Refusal) -> Response:
    said = f"{refusal.text.en} {refusal.text.zh}"
    return JSONResponse(
        {"error": said}, 404 if refusal.code == "NOT_FOUND" else 409, headers={"cache-control": "no-store"}
    )
