"""Statements: an account's movements as PDF, made by Typst in Noto Sans CJK."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from gongzhi.declare.entity import batch
from gongzhi.declare.extend import extend
from gongzhi.runtime.checks import CHINA, not_found
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Language

from ..models import Unit
from .types import BEFORE, STATEMENT, PointsAccount

SOURCE = Path(__file__).with_name("statement.typ")
ACCOUNT = """
select p.name programme, p.unit, a.kind, right(a.id::text, 8) number, g.name grid
from points.account a join points.programme p on p.id=a.programme_id join grids.grid g on g.id=a.grid_id where a.id=$1
"""
# The same SQL as the field `print_statement`, so paper and screen cannot differ.
LINES = (
    f"select {STATEMENT.format('$1', '$2::date', '$3::date', '$4::text', BEFORE.format('$1', '$2::date'))}::text said"
)
UNITS = {Unit.POINT: "积分", Unit.CIVILITY_COIN: "文明币"}
KINDS = {"EARNED": "获得", "SPENT": "兑换", "EXPIRED": "过期", "REVERSED": "冲正", "IMPORTED": "台账导入"}


async def print_statement(desk: Any, account: UUID, since: date, before: date, language: Language = "zh") -> bytes:
    """Return an account's statement from one day to before another, as a PDF. Raises Refusal without the account."""
    found = await desk.fetch(ACCOUNT, account)
    if not found:
        raise not_found("There is no such account.", "没有该账户。", "account")
    [said] = await desk.fetch(LINES, account, since, before, language)
    data = statement_data(dict(found[0]), orjson.loads(said["said"]), since, before)
    # Typesetting takes CPU for tenths of a second; the event loop must not wait for it.
    return await asyncio.to_thread(render_pdf, data)


def statement_data(account: dict[str, Any], said: dict[str, Any], since: date, before: date) -> dict[str, Any]:
    """Return what is printed, as words."""
    lines = [
        [
            f"{datetime.fromisoformat(one['at']).astimezone(CHINA):%Y-%m-%d %H:%M}",
            KINDS[one["kind"]],
            one["reason"],
            f"{one['amount']:+}",
            str(one["balance"]),
        ]
        for one in said["lines"]
    ]
    return {
        **account,
        "unit": UNITS[Unit(account["unit"])],
        "since": str(since),
        "before": str(before),
        "opening": str(said["opening"]),
        "closing": str(said["closing"]),
        "lines": lines,
    }


def render_pdf(data: dict[str, Any]) -> bytes:
    """Typeset the data as a PDF. They enter as data, never as Typst's own language."""
    import manimgx_fonts_cjk  # type: ignore[import-untyped]
    import typst  # serving starts without it

    printer = typst.Compiler(
        str(SOURCE),
        font_paths=[str(Path(manimgx_fonts_cjk.__file__).parent)],
        # Only the fonts of the package: a page must look the same on every machine.
        ignore_system_fonts=True,
        sys_inputs={"data": orjson.dumps(data).decode()},
    )
    made: Any = printer.compile()
    return bytes(made)


@batch(needs=("id",), requires=None, cost=100)
async def statement_pdf(rows: Sequence[Any], context: Context, since: date, before: date) -> list[str | None]:
    """Its statement from one day to before another, as a PDF in base64 (对账单 PDF)."""
    language = context.viewer.language
    return [
        base64.b64encode(await print_statement(context, UUID(str(row.id)), since, before, language)).decode()
        for row in rows
    ]


EXTENSIONS = (extend(PointsAccount, statement_pdf=statement_pdf),)
