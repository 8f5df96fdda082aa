"""Court bundle: what the parties ask, what they agreed on, and what they brought (司法确认申请材料)."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from gongzhi.runtime.context import Context

from ..matters.files import TYPES
from ..matters.sealed_words import read_words
from .documents import agreement_data, make_docx, make_pdf, spell_day

AGREEMENT = "select id, form from legal.agreement where matter_id=$1"
FILES = "select id, media_type from legal.file where matter_id=$1 order by at, id"
CONFIRMATION = (
    "select court, (due_at at time zone 'Asia/Shanghai')::date until from legal.confirmation where matter_id=$1"
)

ENDINGS = {**TYPES, "audio/ogg": "ogg"}
"""Ogg is among files that were taken before it was refused."""


async def pack_court_file(context: Context, matter: UUID) -> bytes | None:
    """Return a zip with the request, the agreement twice, and the files of the matter; None for an oral agreement."""
    found = await context.fetch(AGREEMENT, matter)
    if not found or found[0]["form"] != "WRITTEN":
        return None
    data, template = await agreement_data(context, found[0]["id"])
    [confirmation] = await context.fetch(CONFIRMATION, matter)
    made = io.BytesIO()
    # In memory: on disk it would be the sealed words of a matter lying about in clear.
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("01-司法确认申请.txt", "\n".join(request_lines(data, confirmation)))
        bundle.writestr("02-调解协议书.pdf", await make_pdf(data))
        bundle.writestr("02-调解协议书.docx", await make_docx(data, template))
        rows = await context.fetch(FILES, matter)
        # What the viewer may not read is missing here, and left out below.
        contents = await read_words(context, "file", "content", [row["id"] for row in rows])
        for at, row in enumerate(rows, 3):
            if text := contents.get(row["id"]):
                bundle.writestr(f"{at:02}-材料.{ENDINGS[row['media_type']]}", base64.b64decode(text))
    return made.getvalue()


def request_lines(data: dict[str, Any], confirmation: Any) -> Iterator[str]:
    """Yield the lines of what the parties ask the court."""
    yield "司法确认申请书"
    yield f"{confirmation['court'] or '　　　　人民法院'}："
    # Representatives do not ask in their own name.
    yield from (f"申请人：{one['name']}" for one in data["parties"] if one["role"] != "代理人")
    yield f"申请人因{data['dispute']}纠纷，经{data['committee']}人民调解委员会调解，达成调解协议（{data['number']}）。"
    yield f"协议自{data['effective_on']}起生效，申请截止日为{spell_day(confirmation['until'])}。"
    yield "现依据《中华人民共和国人民调解法》第三十三条，共同申请确认上述调解协议有效。"
    yield "申请人保证：协议出于自愿，不损害国家利益、社会公共利益和他人合法权益。"
