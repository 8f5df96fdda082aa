"""Quarterly digest: an organisation's quarter as a document, made from what happened; nobody fills a form in for it."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from gongzhi.declare.entity import batch
from gongzhi.declare.extend import extend
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Refusal

from ..enums import FORMS
from ..models import Form
from ..visibility import MEMBERS
from .types import PartyBranch

QUARTER = re.compile(r"(20\d\d)Q([1-4])", re.ASCII)
FONT = "Noto Sans CJK SC"
# Days and quarters are China's, whatever the session's zone.
ACTIVITIES = """
select a.form::text, a.title, (a.starts_at at time zone 'Asia/Shanghai')::date "on", a.place, a.state::text,
 (select count(*)::int from party.participation p where p.activity_id=a.id and p.state='CHECKED_IN') came,
 (select count(*)::int from party.task t where t.activity_id=a.id) tasks,
 (select count(t.done_at)::int from party.task t where t.activity_id=a.id) done
from party.activity a where a.branch_id=$1 and a.starts_at>=$2::date::timestamp at time zone 'Asia/Shanghai'
 and a.starts_at<$3::date::timestamp at time zone 'Asia/Shanghai' order by a.starts_at, a.id
"""
SUMS = """
select b.name,
 (select count(*)::int from party.link l where l.branch_id=b.id and l.since<$3::date
  and (l.until is null or l.until>=$3::date)) links,
 (select count(*)::int from people.visit v join party.link l on l.household_id=v.household_id
  and l.person_id=v.visitor_id where l.branch_id=b.id and v.at>=$2::date::timestamp at time zone 'Asia/Shanghai'
  and v.at<$3::date::timestamp at time zone 'Asia/Shanghai') visits,
 (select count(*)::int from party.deliberation d where d.grid_id in (select c.grid_id from party.coverage c
  where c.branch_id=b.id) and d.decided_at>=$2::date::timestamp at time zone 'Asia/Shanghai'
  and d.decided_at<$3::date::timestamp at time zone 'Asia/Shanghai') decisions,
 (select count(*)::int from party.wish w where w.branch_id=b.id and w.state='FULFILLED'
  and w.ended_at>=$2::date::timestamp at time zone 'Asia/Shanghai'
  and w.ended_at<$3::date::timestamp at time zone 'Asia/Shanghai') wishes
from party.branch b where b.id=$1
"""


def quarter_span(quarter: str) -> tuple[date, date]:
    """Return the first day of a quarter such as 2026Q2, and the first day after it. Raises Refusal for other text."""
    found = QUARTER.fullmatch(quarter)
    if found is None:
        raise invalid_input("A quarter is written 2026Q2.", "季度应写作 2026Q2。", "quarter")
    year, number = int(found[1]), int(found[2])
    # The fourth quarter ends in the next year.
    return date(year, number * 3 - 2, 1), date(year + number // 4, number * 3 % 12 + 1, 1)


async def build_quarter(fetch: Any, branch: UUID, quarter: str) -> bytes:
    """Return the document of an organisation's quarter. Names of people are in none of it."""
    since, before = quarter_span(quarter)
    sums = await fetch(SUMS, branch, since, before)
    rows = await fetch(ACTIVITIES, branch, since, before)
    # Writing the document takes CPU; the event loop must not wait for it.
    return await asyncio.to_thread(write_docx, quarter, dict(sums[0]), [dict(row) for row in rows])


def write_docx(quarter: str, sums: dict[str, Any], rows: Sequence[dict[str, Any]]) -> bytes:
    from docx import Document  # serving starts without it
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document, held = Document(), [row for row in rows if row["state"] != "CANCELLED"]
    style: Any = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(11)
    # Word takes Latin and East Asian fonts apart; without this Chinese text falls back to another font.
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    document.add_heading(f"{sums['name']} {quarter[:4]}年第{quarter[5]}季度工作情况", level=1)
    document.add_paragraph(
        f"本季度开展活动 {len(held)} 次，到会 {sum(row['came'] for row in held)} 人次；"
        f"议定事项 {sum(row['tasks'] for row in held)} 项，办结 {sum(row['done'] for row in held)} 项；"
        f"形成议事决议 {sums['decisions']} 件；党员联户 {sums['links']} 户，走访 {sums['visits']} 次；"
        f"实现微心愿 {sums['wishes']} 个。以上由系统根据实际记录生成，无需另行填报。"
    )
    columns = ("日期", "形式", "活动", "地点", "到会")
    table = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    for cell, name in zip(table.rows[0].cells, columns, strict=True):
        cell.text = name
    for row in rows:
        came = "已取消" if row["state"] == "CANCELLED" else str(row["came"])
        values = (row["on"].isoformat(), FORMS[Form(row["form"])], row["title"], row["place"], came)
        for cell, value in zip(table.add_row().cells, values, strict=True):
            cell.text = value
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


@batch(needs=("id", "grid_id"), requires=MEMBERS, cost=200)
async def quarter_documents(rows: Sequence[Any], context: Context, quarter: str) -> list[str | None]:
    """Its quarter, such as 2026Q2, as a docx in base64; null for what is no quarter (季度工作情况)."""
    try:
        quarter_span(quarter)
    except Refusal:
        return [None for _ in rows]
    return [base64.b64encode(await build_quarter(context.fetch, UUID(str(row.id)), quarter)).decode() for row in rows]


EXTENSIONS = (extend(PartyBranch, digest=quarter_documents),)
