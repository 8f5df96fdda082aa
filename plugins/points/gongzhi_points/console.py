"""What operators type: `gongzhi points verify`, `gongzhi points import`, `gongzhi points statement`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.checks import not_found, today
from gongzhi.runtime.commands import Call

from .ledger import paper_import, statements
from .ledger.verification import verify_ledger
from .models import MerchantRow, ProgrammeRow
from .rewards import codes

Code = Annotated[str, typer.Option("--programme", metavar="CODE", help="The programme, by code (项目编码).")]


async def find_programme(code: str) -> ProgrammeRow:
    """Return the programme that has this code. Raises Refusal if there is none."""
    found = await ProgrammeRow.get_or_none(code=code)
    if found is None:
        raise not_found(f"There is no programme {code!r}.", f"没有编码为 {code!r} 的积分项目。", "programme")
    return found


async def verify_ledgers(
    call: Call,
    programme: Annotated[str | None, typer.Option(metavar="CODE", help="Only this programme (项目编码).")] = None,
) -> int:
    """Read the ledgers link by link and say what is not as it was written (校验账本)."""
    wrong = 0
    rows = [await find_programme(programme)] if programme else await ProgrammeRow.all().order_by("code")
    for row in rows:
        count, found = await verify_ledger(call, row.id)
        print(f"{'✓' if not found else '✗'} {row.code}: {count:,} postings")
        for one in found:
            print(f"  {f'no. {one.no}: ' if one.no else ''}{one.what}")
        wrong += len(found)
    return 1 if wrong else 0


async def take_over(
    call: Call,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX (台账文件).")],
    programme: Code,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would happen (试运行).")] = False,
) -> int:
    """Take over a paper ledger, row by row: household, day, what for, points (导入纸质台账)."""
    report = await paper_import.import_paper(call, await find_programme(programme), file, dry_run=dry_run)
    print(*report.lines(), sep="\n")
    return 1 if report.refused else 0


async def print_statement(
    call: Call,
    account: Annotated[UUID, typer.Argument(help="The account's id, without `PointsAccount:` (账户标识).")],
    into: Annotated[Path, typer.Argument(dir_okay=False, help="The PDF to write (输出文件).")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day (起始日).")] = None,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day no longer (截止日).")
    ] = None,
) -> None:
    """Print an account's statement, a year up to today if no days are given (打印对账单)."""
    last = before.date() if before else today(call)
    # The first day of this month a year ago.
    first = since.date() if since else date(last.year - 1, last.month, 1)
    into.write_bytes(await statements.print_statement(call, account, first, last))
    print(into)


async def counter_key(
    call: Call, merchant: Annotated[UUID, typer.Argument(help="The shop's id, without `PointsMerchant:` (商户标识).")]
) -> None:
    """Print the key of a shop's counter, for reading codes offline (柜台密钥)."""
    if not await MerchantRow.exists(id=merchant):
        raise not_found("There is no such shop.", "没有该商户。", "merchant")
    print(codes.counter_key(call.context.receipts, merchant).hex())


ERRANDS = (
    Errand("verify", verify_ledgers),
    Errand("import", take_over),
    Errand("statement", print_statement),
    Errand("counter-key", counter_key),
)
