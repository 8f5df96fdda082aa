"""Loan types: loans, their instalments and payments as the schema has them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql

from .. import enums as enums
from .. import visibility
from ..amounts import money_field, rate_field, yuan_sql
from ..models import InstalmentRow, LoanRow, PoolEntryKind, PoolEntryRow, PoolRow, RepaymentRow
from ..products.types import LoanProduct
from .book import Prepayment
from .daycount import DayCount
from .schedules import Method


@entity(InstalmentRow, visible=visible_to_all, through="loan", order=("due_on",))
class LoanInstalment(Node):
    """What falls due on a day (还款计划).

    Paying ahead ends a period on the day; a new plan takes the place of what is still to come.
    """

    loan: Loan | None = one("The loan (贷款).")
    number: int = column("Its place in the plan (期次).", name="no")
    due_on: datetime.date = column("When it is due (还款日).")
    principal: Decimal = money_field("Principal, in yuan (本金).", "principal")
    interest: Decimal = money_field("Interest, in yuan (利息).", "interest")
    total: Decimal = expression(
        "Both, in yuan (合计).", lambda at: yuan_sql(Sql("({0}+{1})", at.row.principal, at.row.interest))
    )
    paid: Decimal = expression(
        "What was paid of it, in yuan (已还).",
        lambda at: yuan_sql(Sql("({0}+{1})", at.row.paid_principal, at.row.paid_interest)),
    )
    overdue: bool = expression(
        "Whether something is open and the day is over (是否逾期).",
        lambda at: Sql(
            "({0}<{1} and {2}+{3}>{4}+{5})",
            at.row.due_on,
            at.viewer.today,
            at.row.principal,
            at.row.interest,
            at.row.paid_principal,
            at.row.paid_interest,
        ),
    )


@entity(RepaymentRow, visible=visible_to_all, through="loan", order=("paid_on", "recorded_at"))
class LoanRepayment(Node):
    """A payment, as the lender booked it (还款记录)."""

    loan: Loan | None = one("The loan (贷款).")
    reference: str = column("The lender's reference (银行流水号).")
    amount: Decimal = money_field("How much, in yuan (金额).", "amount")
    principal: Decimal = money_field("Of it principal (本金).", "principal")
    interest: Decimal = money_field("Of it interest (利息).", "interest")
    overdue_interest: Decimal = money_field("Of it overdue interest (罚息).", "penalty")
    ahead: Prepayment | None = column("What paying ahead changed, if it did (提前还款方式).")
    paid_on: datetime.date = column("When it was paid (还款日).")
    recorded_at: datetime.datetime = column("When it was recorded (登记时间).")


OPEN = "{0}+{1}>{2}+{3}"


def unpaid_instalments(at: Frame) -> Any:
    row = at.rows
    return [Sql(OPEN, row.principal, row.interest, row.paid_principal, row.paid_interest)]


@entity(
    LoanRow,
    visible=visibility.visible_loans,
    order=("disbursed_at", "next_due_on"),
    filter={"grid": compare_place(), "disbursed_at": None},
    file=lambda row, viewer: Sql("array[{0}]", row.person_id),
)
class Loan(Node):
    """A loan that was paid out (贷款)."""

    person: Person | None = one("Who owes it (借款人).")
    lender: Unit | None = one("To whom (贷款机构).")
    product: LoanProduct | None = one("Which product (产品).")
    grid: Grid | None = one("Where they live (所在网格).")
    principal: Decimal = money_field("What was paid out, in yuan (本金).", "principal")
    outstanding: Decimal = money_field("Principal not yet paid back, in yuan (未还本金).", "outstanding")
    annual_rate: Decimal = rate_field("Per cent a year (年利率，%).", "rate")
    repayment: Method = column("How it is paid back (还款方式).", name="method")
    day_count: DayCount = column("How days are counted for interest (计息天数).", name="count")
    overdue_surcharge: int = column(
        "By how many per cent the rate is raised on what is overdue (罚息上浮，%).", name="surcharge"
    )
    overdue_interest: Decimal = money_field(
        "Overdue interest not yet paid, when something was last booked, in yuan (未还罚息).", "penalty"
    )
    starts_on: datetime.date = column("Since when interest runs (起息日).")
    schedule: list[LoanInstalment] = many("What is due when (还款计划).", on="loan", order="due_on", cap=400)
    next: LoanInstalment | None = pick("What is due next (下一期).", unpaid_instalments, on="loan", order="no")
    repayments: Connection[LoanRepayment] = connection(
        "What was paid, the last first (还款记录).", on="loan", order="-paid_on"
    )
    disbursed_at: datetime.datetime = column("When it was paid out (放款时间).")
    settled_at: datetime.datetime | None = column("When all of it was paid back (结清时间).")
    version: int = column("Grows with every change (版本).")


@entity(PoolEntryRow, visible=visible_to_all, through="pool", order=("at",))
class RiskPoolEntry(Node):
    """What came into a risk pool, or went below zero (风险补偿金流水)."""

    pool: RiskPool | None = one("The pool (风险补偿金).")
    kind: PoolEntryKind = column("Why (类型).")
    amount: Decimal = money_field("How much, in yuan (金额).", "amount")
    reference: str = column("The bank's reference (银行流水号).")
    at: datetime.datetime = column("When (时间).")


@entity(PoolRow, visible=visibility.visible_pools, order=("opened_at",), filter={"grid": compare_place()})
class RiskPool(Node):
    """Money set aside for a lender's losses (风险补偿金)."""

    lender: Unit | None = one("Whose losses (贷款机构).")
    grid: Grid | None = one("Where (区域).")
    name: str = column("Its name (名称).")
    share: int = column("How many per cent of a loss it bears (分担比例，%).")
    balance: Decimal = money_field("What is in it, in yuan (余额).", "balance")
    entries: Connection[RiskPoolEntry] = connection("What moved, the last first (流水).", on="pool", order="-at")
