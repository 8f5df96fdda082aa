"""Attaching: uploads are given to a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.context import Context

from .models import AttachmentRow

MOST = 9
"""Files that can be named at once."""
CAP = 30
"""The most files of a case."""
NOWHERE = "100000"
"""The division code of the whole country: a file that belongs to no case yet is sealed for no county."""
KEPT = timedelta(days=1)
"""How long an upload waits for its case."""
NAMED = "Attachment:"


async def attach_uploads(call: Call, case: Any, ids: Sequence[str], path: str = "attachments") -> list[UUID]:
    """Give the caller's uploads to a case, and seal them for its county. Answers with their keys.

    Raises Refusal for what is not there, was sent by somebody else, or belongs to a case already: these look the same.
    """
    # Each once; what is no id of an upload finds nothing.
    keys = list(dict.fromkeys(parse_upload_id(one) for one in ids))
    if len(keys) > MOST:
        raise invalid_input(f"At most {MOST} files can be added at once.", f"一次最多添加 {MOST} 个附件。", path)
    # A file without a key was erased.
    waiting = AttachmentRow.filter(case_id=None, data_key__isnull=False, at__gt=call.now - KEPT)
    mine = waiting.filter(id__in=[one for one in keys if one], account=call.viewer.account.name)
    # In the order of their ids, so that two who lock the same files do not wait for each other in a ring.
    rows = await mine.select_for_update().order_by("id")
    if len(rows) < len(keys):
        raise not_found(
            "There is no such upload, or it is used or too old: send the file again.",
            "附件不存在、已使用或已过期，请重新上传。",
            path,
        )
    # The case is locked or new, so nobody else adds to it meanwhile.
    if await AttachmentRow.filter(case_id=case.id).count() + len(rows) > CAP:
        raise invalid_input(f"A case has at most {CAP} files.", f"一件诉求最多 {CAP} 个附件。", path)
    county = await county_of(case)
    for row in rows:
        move_to_case(call.context, row, case, county)
        await row.save()
    return [row.id for row in rows]


def parse_upload_id(id: str) -> UUID | None:
    name, colon, text = id.partition(":")
    try:
        return UUID(text) if f"{name}{colon}" == NAMED else None
    except ValueError:
        return None


async def county_of(case: Any) -> str:
    """Return the six digits of the county that the case lies in."""
    return (await GridRow.get(id=(await GridRow.get(id=case.grid_id)).county_id)).code


def move_to_case(context: Context, row: AttachmentRow, case: Any, county: str) -> None:
    """Give an upload to a case. Whoever reports without a name leaves none on the files either."""
    # The data key moves under the county's; the file that it seals stays as it is.
    row.data_key = context.keys.wrap(county, context.keys.unwrap(row.county, row.data_key))
    row.county, row.case_id, row.client = county, case.id, None
    if case.anonymous:
        row.account = row.person_id = None
