"""Portfolio figures: a grid's loans for those who answer for the programme; nothing of fewer than ten borrowers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.located import LEVELS
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql

from ..appraisals.fairness import FEWEST
from ..visibility import STATISTICS

FIGURES = f"""
(select case when f.borrowers >= {FEWEST} then jsonb_build_object(
  'borrowers', f.borrowers, 'loans', f.loans,
  'disbursed', round(f.disbursed/100.0, 2)::text, 'outstanding', round(f.outstanding/100.0, 2)::text,
  'averageRate', round(f.weighted/nullif(f.disbursed, 0)/10000.0, 4)::text,
  'settled', case when f.settled >= {FEWEST} or f.settled = 0 then f.settled end,
  'overdueShare', case when f.late >= {FEWEST} or f.late = 0
    then round(100.0*f.overdue/nullif(f.outstanding, 0), 2)::text end) end
 from (select count(distinct l.person_id) borrowers, count(*) loans, coalesce(sum(l.principal), 0) disbursed,
  coalesce(sum(l.outstanding), 0) outstanding, coalesce(sum(l.principal*l.rate), 0) weighted,
  count(*) filter (where l.settled_at is not null) settled,
  count(*) filter (where l.next_due_on < {{on}} - 30) late,
  coalesce(sum(l.outstanding) filter (where l.next_due_on < {{on}} - 30), 0) overdue
  from credit.loan l where {{here}}) f)
"""


@strawberry.type(description="Figures of the loans of a place (贷款统计).")
class LoanPortfolio:
    borrowers: int = strawberry.field(description="How many people borrowed (借款人数).")
    loans: int = strawberry.field(description="How many loans were paid out (笔数).")
    disbursed: Decimal = strawberry.field(description="What was paid out, in yuan (累计发放).")
    outstanding: Decimal = strawberry.field(description="What is not paid back, in yuan (贷款余额).")
    average_rate: Decimal | None = strawberry.field(
        description="The average rate, by amount, per cent a year (加权平均年利率，%)."
    )
    settled: int | None = strawberry.field(
        description=f"How many are paid back; null for 1 to {FEWEST - 1} (已结清笔数)."
    )
    overdue_share: Decimal | None = strawberry.field(
        description="Per cent of what is outstanding that is more than 30 days overdue; null where few loans are "
        "(逾期 30 天以上余额占比，%)."
    )


def portfolio_sql(at: Frame) -> Any:
    """Build the figures of the loans that lie in the grid, whatever its level."""
    # One text for grids of any level: the branch that fits the grid's kind names the column with an index.
    branches = " or ".join(
        f"({{kind}}='{level.removesuffix('_id').upper()}' and l.{level}={{grid}})" for level in LEVELS
    )
    return Sql(FIGURES, on=at.viewer.today, here=Sql(f"({branches})", kind=at.row.kind, grid=at.row.id))


EXTENSIONS = (
    extend(
        Grid,
        loan_portfolio=embedded(
            f"Figures of the loans here; null where fewer than {FEWEST} people borrowed (贷款统计).",
            portfolio_sql,
            type=LoanPortfolio | None,
            requires=STATISTICS,
        ),
    ),
)
