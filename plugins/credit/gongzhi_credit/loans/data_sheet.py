"""Data sheets: the contract's data with its schedule as PDF, made by Typst in Noto Sans CJK."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from gongzhi.declare.entity import batch
from gongzhi.declare.extend import extend
from gongzhi.runtime.context import Context

from ..applications.types import LoanApplication
from ..money import to_percent, to_yuan
from .daycount import DayCount
from .schedules import Method

SOURCE = Path(__file__).with_name("sheet.typ")
APPLICATION = """
select a.number, a.amount, a.months, a.rate, a.annualised, a.purpose, a.contract, a.contracted_on, a.outcome, a.base,
  a.preview, p.name product, p.method, p.count, p.surcharge, u.name lender, n.name applicant, g.name grid, l.id loan,
  l.method loan_method, l.starts_on
from credit.application a join credit.product p on p.id=a.product_id join units.unit u on u.id=a.lender_id
join grids.grid g on g.id=a.grid_id left join people.person n on n.id=a.person_id
left join credit.loan l on l.application_id=a.id where a.id=$1
"""
SCHEDULE = "select no, due_on, principal, interest from credit.instalment where loan_id=$1 order by no"
METHODS = {
    Method.EQUAL_PRINCIPAL: "等额本金",
    Method.EQUAL_INSTALMENT: "等额本息",
    Method.INTEREST_FIRST: "按期付息、到期还本",
    Method.BULLET: "到期一次还本付息",
}
COUNTS = {DayCount.ACT_360: "实际天数/360", DayCount.ACT_365: "实际天数/365", DayCount.THIRTY_360: "30/360"}


async def print_data_sheet(desk: Any, application: UUID) -> bytes:
    """Return the data sheet of an application that exists, as a PDF."""
    [found] = await desk.fetch(APPLICATION, application)
    row = dict(found)
    # Once there is a loan its own schedule counts; before that the preview of the application.
    lines = (
        schedule_lines(await desk.fetch(SCHEDULE, row["loan"]))
        if row["loan"]
        else preview_lines(decode_json(row["preview"]))
    )
    # Typesetting takes CPU for tenths of a second; the event loop must not wait for it.
    return await asyncio.to_thread(render_pdf, sheet_data(row, lines))


def decode_json(value: Any) -> Any:
    """Return JSON as a value, whether the connection has read it or not."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def schedule_lines(rows: Sequence[Any]) -> list[list[str]]:
    """Return the lines of a loan's schedule."""
    return [
        [
            str(row["no"]),
            str(row["due_on"]),
            *(f"{to_yuan(part):,}" for part in instalment_parts(row["principal"], row["interest"])),
        ]
        for row in rows
    ]


def instalment_parts(principal: int, interest: int) -> tuple[int, int, int]:
    return principal, interest, principal + interest


def preview_lines(lines: Sequence[dict[str, str]]) -> list[list[str]]:
    """Return the lines of the schedule as it was reckoned for the application."""
    return [
        [str(no), one["dueOn"], *(f"{Decimal(one[name]):,}" for name in ("principal", "interest", "total"))]
        for no, one in enumerate(lines, 1)
    ]


def sheet_data(row: dict[str, Any], lines: list[list[str]]) -> dict[str, Any]:
    """Return what is printed, as words."""
    base = decode_json(row["base"])
    made_of = f"LPR {base['prime']}%（{base['since']}）" if base["prime"] else "固定利率"
    facts = [
        ("申请编号", row["number"]),
        ("借款人", row["applicant"] or "—"),
        ("贷款机构", row["lender"]),
        ("产品", row["product"]),
        ("所在网格", row["grid"]),
        ("用途", row["purpose"]),
        ("金额（元）", f"{to_yuan(row['amount']):,}"),
        ("期限（月）", str(row["months"])),
        ("还款方式", METHODS[Method(row["loan_method"] or row["method"])]),
        ("计息天数", COUNTS[DayCount(row["count"])]),
        ("年利率", f"{to_percent(row['rate'])}%（单利）"),
        ("利率构成", f"{made_of}，加点 {base['margin']}%，优惠 {base['discount']}%"),
        ("贷款年化利率", f"{to_percent(row['annualised'])}%（复利，内部收益率法）"),
        ("逾期罚息", f"合同利率上浮 {row['surcharge']}%，仅对逾期本金计收，不计复利"),
        ("合同编号", row["contract"] or "尚未签约"),
        ("签约日期", str(row["contracted_on"] or "—")),
    ]
    return {"facts": [list(one) for one in facts], "lines": lines, "paid": row["loan"] is not None}


def render_pdf(data: dict[str, Any]) -> bytes:
    """Typeset the data as a PDF. They enter as data, never as Typst's own language."""
    import manimgx_fonts_cjk  # type: ignore[import-untyped]
    import typst  # serving starts without it

    printer = typst.Compiler(
        str(SOURCE),
        font_paths=[str(Path(manimgx_fonts_cjk.__file__).parent)],
        ignore_system_fonts=True,
        sys_inputs={"data": orjson.dumps(data).decode()},
    )
    made: Any = printer.compile()
    return bytes(made)


@batch(needs=("id",), requires=None, cost=100)
async def data_sheet_pdf(rows: Sequence[Any], context: Context) -> list[str | None]:
    """The contract's data sheet with the schedule, as a PDF in base64 (合同要素表及还款计划 PDF)."""
    return [base64.b64encode(await print_data_sheet(context, UUID(str(row.id)))).decode() for row in rows]


EXTENSIONS = (extend(LoanApplication, data_sheet_pdf=data_sheet_pdf),)
