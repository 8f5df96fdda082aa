"""Product types: lenders, rates and products as the schema has them. All of it is published."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import LEVELS
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .. import enums as enums
from ..amounts import money_field, percent_sql, rate_field
from ..loans.daycount import DayCount
from ..loans.schedules import Method
from ..models import LenderRow, PrimeRateRow, ProductRow, Tenor

PRIME = "(select p.rate from credit.prime_rate p where p.tenor={0} and p.since<={1} order by p.since desc limit 1)"


@entity(LenderRow, visible=visible_to_all, order=("joined_on",))
class Lender(Node):
    """A unit that may lend here (贷款机构)."""

    unit: Unit | None = one("The unit (单位).")
    licence: str = column("The number of its financial licence (金融许可证编码).")
    joined_on: datetime.date = column("Since when (加入日期).")
    left_on: datetime.date | None = column("The first day it no longer lends (退出日期).")


@entity(PrimeRateRow, visible=visible_to_all, order=("since",), filter={"tenor": None, "since": None})
class LoanPrimeRate(Node):
    """The loan prime rate from a day on (贷款市场报价利率 LPR)."""

    since: datetime.date = column("The first day it holds (公布日).")
    tenor: Tenor = column("For how long it is quoted (期限).")
    rate: Decimal = rate_field("Per cent a year (年利率，%).", "rate")
    source: str = column("The notice that says so (来源).")


@strawberry.type(description="How much less whoever has a grade pays (评议等级优惠).")
class LoanGradeDiscount:
    grade: str = strawberry.field(description="The grade (等级).")
    basis_points: int = strawberry.field(description="So many hundredths of a per cent less (优惠基点).")


def annual_rate_sql(at: Frame) -> Any:
    """Build the annual rate: a fixed one, or the prime rate of the day and what is added to it."""
    return percent_sql(Sql("({0}+coalesce({1},0))", at.row.rate, Sql(PRIME, at.row.tenor, at.viewer.today)))


@entity(
    ProductRow,
    visible=visible_to_all,
    order=("code", "name"),
    filter={"code": None, "repayment": None, "grid": compare_place()},
)
class LoanProduct(Node):
    """What a lender offers (贷款产品)."""

    lender: Unit | None = one("Who lends (贷款机构).")
    code: str = column("Its code (编码).")
    name: str = column("Its name (名称).")
    purpose: str = column("What it is for (贷款用途).")
    grid: Grid | None = one("Where it is to be had (适用区域).")
    amount_from: Decimal = money_field("The least, in yuan (最低金额).", "amount_from")
    amount_to: Decimal = money_field("The most, in yuan (最高金额).", "amount_to")
    term_months: list[int] = column("For how many months (期限，月).", name="terms")
    repayment: Method = column("How it is paid back (还款方式).", name="method")
    day_count: DayCount = column("How days are counted for interest (计息天数).", name="count")
    every_months: int = column("Every how many months something is due (还款间隔，月).", name="every")
    grace_periods: int = column("How many instalments are interest alone at first (宽限期数).", name="grace")
    annual_rate: Decimal = expression("Per cent a year today, before any discount (年利率，%).", annual_rate_sql)
    prime_rate: Tenor | None = column("The prime rate it follows; null for a fixed rate (挂钩 LPR 期限).", name="tenor")
    margin: Decimal = rate_field(
        "What is added to the prime rate, or the fixed rate, per cent (加点或固定利率，%).", "rate"
    )
    overdue_surcharge: int = column(
        "By how many per cent the rate is raised on what is overdue (罚息上浮，%).", name="surcharge"
    )
    grade_discounts: list[LoanGradeDiscount] = embedded(
        "What grades of an appraisal lower the rate by (等级优惠).", lambda at: at.row.discounts
    )
    documents: list[str] = column("What the lender wants to see (所需材料).")
    appraised: bool = column("Whether it needs an appraisal (是否须经信用评议).")
    decide_days: int = column("Within how many working days the lender decides (审批期限，工作日).")
    starts_on: datetime.date = column("The first day it is offered (起始日).")
    ends_on: datetime.date | None = column("The first day it is no longer (终止日).")
    version: int = column("Grows with every change (版本).")


def offered_products(at: Frame) -> Alternatives:
    """Select products that can be had in the grid today: offered in it, or in all of what it lies in."""
    levels = {level: at.row.field(level) for level in LEVELS}
    here = Sql(f"array[{{id}},{','.join(f'{{{level}}}' for level in LEVELS)}]", id=at.row.id, **levels)
    return [
        Sql(
            "{0}=any({1}) and {2}<={4} and ({3} is null or {3}>{4})",
            at.rows.grid_id,
            here,
            at.rows.starts_on,
            at.rows.ends_on,
            at.viewer.today,
        )
    ]


EXTENSIONS = (
    extend(
        Grid,
        loan_products=many(
            "Loans that can be had here today (可申请的贷款产品).",
            offered_products,
            order="code",
            cap=50,
            type=list[LoanProduct] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        loan_products=connection(
            "Loans, every one that was ever offered (贷款产品).",
            order="code",
            type=Connection[LoanProduct] | None,
            requires=None,
        ),
        loan_prime_rates=connection(
            "The loan prime rate since 2019, the last first (贷款市场报价利率).",
            order="-since",
            type=Connection[LoanPrimeRate] | None,
            requires=None,
        ),
        lenders=connection(
            "Who may lend here (贷款机构).", order="joined_on", type=Connection[Lender] | None, requires=None
        ),
    ),
)
