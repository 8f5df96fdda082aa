"""Downloads: answer a link with the file.

Nothing is kept of a file: each is made when it is fetched, of what was asked for and released.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from gongzhi.core.grids.models import GridRow
from gongzhi.declare.columns import load_row
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import CHINA, not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.lists import ListColumn
from gongzhi.runtime.routes import Route, RouteCall, RouteRefusal
from gongzhi.values.errors import Refusal
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import links, row_marks
from .models import ExportRow, ExportState
from .rules import narrow_to_exports
from .sheets import KINDS, Sheet

FETCH_COMMAND = "fetchBulkExport"
"""What a fetch is called in the audit."""
SECONDS = 60.0
"""How long it may take to read a list and write the file."""
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
TERMS_OF_USE = (
    "每行带有追溯码；仅限上述用途，不得转交，用后删除。 Each row is marked. For this purpose only; delete it then."
)
EXPORT_ROW = "select account, purpose, grid_id from exports.export where id=$1"
GRID_ROW = "select * from grids.grid where id=$1"


@dataclass(frozen=True)
class File:
    """What a file is made of."""

    export: ExportRow
    grid: str
    columns: Sequence[ListColumn]
    rows: Sequence[Sequence[Any]]
    at: datetime


async def send_file(call: RouteCall) -> Response:
    """Answer a link with the file, for whoever it was made for."""
    if call.request.method == "HEAD":  # what looks ahead at links takes nobody's fetch
        return Response(status_code=405, headers={"allow": "GET"})
    context, now = call.context, call.context.viewer.now
    number = links.read_ticket(context.receipts, call.request.path_params["ticket"], now)
    if number is None or not (asked := await context.fetch(EXPORT_ROW, number)):
        raise dead_link()
    grid: GridRow = load_row(GridRow, (await context.fetch(GRID_ROW, asked[0]["grid_id"]))[0])
    viewer = await load_asker(call, asked[0]["account"], asked[0]["purpose"], grid)

    async def fetch(one: Call) -> File:
        return await take_file(one, number, grid.code)

    file = await call.transact(viewer, FETCH_COMMAND, [f"BulkExport:{number}"], fetch)
    kind = KINDS[file.export.format]
    # In a thread: writing a workbook takes long enough to hold everybody else up.
    body = await asyncio.to_thread(kind.write, sheet_of(file, context.receipts))
    return Response(body, media_type=kind.type, headers={**HEADERS, "content-disposition": content_disposition(file)})


async def load_asker(call: RouteCall, account: str | None, purpose: str, grid: GridRow) -> Viewer:
    """Find who asked, as what they are now.

    Raises Refusal if they may export no longer, or somebody else is signed in.
    """
    # As they are now: roles that were taken away since export nothing.
    viewer = await call.load_viewer(account) if account else None
    if viewer is None or call.context.viewer.account.name not in (None, account):
        raise dead_link()
    found = narrow_to_exports(replace(viewer, purpose=purpose), grid, call.context.guarded)
    if not found.account.granted:
        raise dead_link()
    return found


async def take_file(call: Call, number: int, grid: str) -> File:
    """Read what the file is made of, and count that it was fetched. Raises Refusal.

    One export is fetched once at a time, so that no two fetches have the same marks.
    """
    # Locked, so that each fetch has a number of its own, which its marks carry.
    export = await ExportRow.select_for_update().get_or_none(id=number)
    if export is None or not is_fetchable(export, call.now):
        raise dead_link()
    # The list may have grown since somebody released it, but not to another one.
    most = most_rows(export.rows)
    found = await call.context.lists.read(call.viewer, export.document, export.variables, most)
    # Counted before it is sent: even of a download that breaks off the marks are out.
    export.fetches, export.fetched_at = export.fetches + 1, call.now
    await export.save(update_fields=["fetches", "fetched_at"])
    return File(export, grid, found.columns, found.rows, call.now)


def sheet_of(file: File, secret: bytes) -> Sheet:
    """Lay a file out, with a mark on each row."""
    export = file.export
    # Each fetch has marks of its own.
    rows = (
        (row_marks.make_mark(secret, export.id, export.fetches, at), row) for at, row in enumerate(file.rows, start=1)
    )
    return Sheet(describe_file(file), file.columns, rows)


def is_fetchable(export: ExportRow, now: datetime) -> bool:
    """Tell whether an export may be fetched now."""
    return export.state == ExportState.READY and export.until > now and export.fetches < links.MOST_FETCHES


def most_rows(rows: int) -> int:
    """Return how long a list may have grown since its rows were counted."""
    return rows + max(10, rows // 10)


def describe_file(file: File) -> dict[str, tuple[str, str]]:
    """Return what the file says of itself."""
    export = file.export
    return {
        "number": ("批量导出编号", f"{export.id}-{export.fetches}"),
        "listing": ("清单", f"{export.listing} {file.grid}"),
        "purpose": ("用途", export.purpose),
        "account": ("申请人", f"{export.account} ({export.role})"),
        "released by": ("放行人", export.decided_by or "—"),
        "fetched at": ("下载时间", file.at.astimezone(CHINA).isoformat(timespec="seconds")),
        "rows": ("行数", str(len(file.rows))),
        "notice": ("须知", TERMS_OF_USE),
    }


def content_disposition(file: File) -> str:
    """Name the file by which export it is, who asked and when it was fetched (RFC 6266)."""
    export, suffix = file.export, KINDS[file.export.format].suffix
    plain = f"export-{export.id}-{export.fetches}"
    full = f"{plain}-{export.listing}-{export.account}-{file.at.astimezone(CHINA):%Y%m%d}"
    # The plain name for old clients, the full one for those that read UTF-8.
    return f"attachment; filename=\"{plain}.{suffix}\"; filename*=UTF-8''{quote(full, safe='')}.{suffix}"


def dead_link() -> Refusal:
    """Return the one answer for what is not there, is over, or is somebody else's."""
    return not_found("This link does not work, or no longer: ask for another.", "链接无效或已过期，请重新获取。")


def write_refusal(request: Request, refusal: RouteRefusal) -> Response:
    """Say in both languages why no file is sent. Credentials that are none tell nothing of the link."""
    unknown = refusal.code in ("NOT_FOUND", "UNAUTHENTICATED")
    text = dead_link().text if unknown else refusal.texts[0]
    status = 404 if unknown else 409 if refusal.status == 400 else refusal.status
    return JSONResponse({"error": f"{text.en} {text.zh}"}, status, headers={"cache-control": "no-store"})


DOWNLOADS = Route("/{ticket}", send_file, strangers=True, seconds=SECONDS, root=links.ROOT, refuse=write_refusal)
