"""Export commands: ask for a list as a file, and release it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import strawberry
from gongzhi.core.accounts.independence import require_independence, require_other
from gongzhi.core.accounts.models import AccountRow
from gongzhi.core.accounts.rules import author_of, require_signed_in
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_held
from gongzhi.runtime.checks import CHINA, invalid_input, is_given, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import FIELD, Refusal, Text
from strawberry import ID, UNSET
from strawberry.scalars import JSON

from .models import ExportRow, ExportState, FileFormat
from .rules import RELEASE, REQUEST, narrow_to_exports
from .types import BulkExport

PURPOSE, LONGEST_GROUNDS = 200, 500
LIFETIME = timedelta(hours=24)
"""How long an export waits to be released, and how long it can be fetched then."""
EXPORT = "The export's id (导出标识)."
ROWS_TODAY = (
    "select coalesce(sum(rows),0)::int as rows from exports.export where account=$1 and asked_at>=$2 and state<>$3"
)


@strawberry.type(description="The export as it is now, or why nothing was done (批量导出结果).")
class BulkExportPayload:
    export: BulkExport | None = result_field("The export (导出).")
    errors: list[Problem] = problems()


# asking


@strawberry.input(description="A list to have as a file (申请批量导出).")
class RequestBulkExportInput:
    idempotency_key: str = input_field(KEY)
    purpose: str = input_field("What for; whose files are in it are told (用途).", length=(1, PURPOSE))
    grid: str = input_field("The rows are of this grid, of a county or below, and of those below it (网格编码).")
    document: str = input_field(
        "A query of one list, with the columns as the fields of its nodes: "
        "{ cases(filter: …) { nodes { number status leadUnit { name } } } } or { people … } (查询内容).",
        longest=50_000,
    )
    variables: JSON | None = input_field("What the query's variables are (查询变量).", default=UNSET)
    format: FileFormat = input_field("What kind of file (格式).", default=FileFormat.XLSX)


@command(
    "Ask to have a list as a file. A short one without anybody's file in it is ready at once; any other waits for a "
    "second person (申请批量导出).",
    requires=REQUEST,
)
async def request_bulk_export(call: Call, input: RequestBulkExportInput) -> BulkExportPayload:
    require_signed_in(call)
    variables = check_variables(input.variables, "variables")
    grid = await find_exportable_grid(call, input.grid)
    # Counted as the file will be read: by the roles that export, in this grid.
    viewer = narrow_to_exports(call.viewer, grid, call.context.guarded)
    wanted = await call.context.lists.count(viewer, input.document, variables)
    account = await AccountRow.select_for_update().get_or_none(name=author_of(call))  # one request of theirs at a time
    if account is None:
        raise Refusal(
            "UNAUTHENTICATED", "A file is made for an account; sign in with one.", "批量导出须使用已登记的账户登录。"
        )
    await require_quota(call, wanted.rows)
    # A few rows without anybody's file go out by one person.
    alone = wanted.rows <= call.context.bounds.alone and not wanted.personal
    row = await ExportRow.create(
        account=account.name,
        role=viewer.role,
        grid=grid,
        listing=wanted.name,
        document=wanted.document,
        variables=variables,
        format=input.format,
        purpose=input.purpose,
        rows=wanted.rows,
        personal=wanted.personal,
        state=ExportState.READY if alone else ExportState.WAITING,
        asked_at=call.now,
        until=call.now + LIFETIME,
    )
    if not alone:
        body = Text(
            f"Export {row.id} of {row.rows} rows waits for you, until tomorrow at this time.",
            f"第 {row.id} 号批量导出（{row.rows} 行）待您放行，24 小时内有效。",
        )
        office = Office(RELEASE, grid.county_id or grid.id)
        await send_notice(
            call, NoticeDraft("export.requested", RELEASE_TITLE, body, object_name(row)), offices=[office]
        )
    return BulkExportPayload(export=ref(BulkExport, row.id))


RELEASE_TITLE = Text("Release a bulk export, or refuse it", "请审核批量导出")


def check_variables(given: Any, *path: str) -> dict[str, Any]:
    if is_given(given) and not isinstance(given, dict):
        raise invalid_input(f"{FIELD} must be an object: {{ name: value }}.", f"{FIELD}应为对象。", *path)
    return given if is_given(given) else {}


async def find_exportable_grid(call: Call, code: str) -> GridRow:
    """Return the grid, where the caller may export."""
    grid = await find_grid(code, "grid")
    # A release is asked of the county's officers: above counties there is nobody to ask.
    if grid.county_id is None:
        raise invalid_input("Name a county, or a grid inside one.", "请选择县级或以下网格。", "grid")
    if not narrow_to_exports(call.viewer, grid, ()).account.granted:
        raise not_allowed("grid")
    return grid


async def require_quota(call: Call, rows: int) -> None:
    """Refuse more rows than are left for the caller today. What was refused does not count."""
    most = call.context.bounds.exported
    # Days begin at midnight in China, whatever the zone of the server.
    midnight = datetime.combine(today(call), time(), CHINA)
    [spent] = await call.fetch(ROWS_TODAY, author_of(call), midnight, ExportState.REFUSED.value)
    left = max(0, most - spent["rows"])
    if rows > left:
        raise Refusal(
            "QUOTA_EXCEEDED",
            f"The list has {rows} rows, and {left} of your {most} a day are left; they renew at midnight (China).",
            f"清单共 {rows} 行，您今日剩余额度为 {left} 行（每日 {most} 行），次日零时恢复。",
            ("document",),
        )


# releasing


@strawberry.input(description="An export that may go out (放行批量导出).")
class ReleaseBulkExportInput:
    idempotency_key: str = input_field(KEY)
    export: ID = input_field(EXPORT)
    expected_version: int = input_field(EXPECTED)


DECIDING = Action(
    BulkExport,
    (require_held(RELEASE),),
    (
        require_other("account"),
        Requirement(
            "ILLEGAL_TRANSITION",
            lambda export, viewer: [Sql("{0}='WAITING' and {1}>{2}", export.state, export.until, viewer.now)],
            Text("It does not wait to be released, or no longer; ask again.", "该导出无须放行或已失效。"),
        ),
    ),
)


@command(
    "Let somebody else's export go out, as it was asked for (放行批量导出).",
    requires=RELEASE,
    two_persons=True,
    action=DECIDING,
)
async def release_bulk_export(call: Call, input: ReleaseBulkExportInput) -> BulkExportPayload:
    row = await load_waiting_export(call, input)
    # A day from now, however long it waited.
    row.state, row.until = ExportState.READY, call.now + LIFETIME
    body = Text(f"Export {row.id} can be fetched for a day.", f"第 {row.id} 号批量导出已放行，24 小时内可下载。")
    return await save_decision(call, row, "export.released", Text("Your export was released", "批量导出已放行"), body)


@strawberry.input(description="An export that may not go out, and why (不予放行批量导出).")
class RefuseBulkExportInput:
    idempotency_key: str = input_field(KEY)
    export: ID = input_field(EXPORT)
    expected_version: int = input_field(EXPECTED)
    grounds: str = input_field("Why, for whoever asked (理由).", length=(1, LONGEST_GROUNDS))


@command(
    "Do not let somebody else's export go out (不予放行批量导出).", requires=RELEASE, two_persons=True, action=DECIDING
)
async def refuse_bulk_export(call: Call, input: RefuseBulkExportInput) -> BulkExportPayload:
    row = await load_waiting_export(call, input)
    row.state, row.grounds = ExportState.REFUSED, input.grounds
    body = Text(f"The grounds are with export {row.id}.", f"理由见第 {row.id} 号批量导出。")
    return await save_decision(
        call, row, "export.refused", Text("Your export was not released", "批量导出不予放行"), body
    )


async def load_waiting_export(call: Call, input: Any) -> ExportRow:
    """Return the export, locked, as the command's action allows, if the caller is a second person."""
    require_signed_in(call)
    row: ExportRow = await call.find(BulkExport, "export", id=key_of(BulkExport)(input.export))
    await require_independence(call, "export", row.account)
    return row


async def save_decision(call: Call, row: ExportRow, kind: str, title: Text, body: Text) -> BulkExportPayload:
    row.decided_by, row.decided_at, row.version = author_of(call), call.now, row.version + 1
    await row.save()
    await send_notice(
        call, NoticeDraft(kind, title, body, object_name(row)), accounts=[row.account] if row.account else []
    )
    return BulkExportPayload(export=ref(BulkExport, row.id))


def object_name(row: ExportRow) -> str:
    return f"BulkExport:{row.id}"


EXTENSIONS = (
    extend(
        Mutation,
        request_bulk_export=request_bulk_export,
        release_bulk_export=release_bulk_export,
        refuse_bulk_export=refuse_bulk_export,
    ),
)
