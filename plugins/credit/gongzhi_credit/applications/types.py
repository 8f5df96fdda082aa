"""Application types: applications, their papers and decisions as the schema has them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Node,
    column,
    embedded,
    entity,
    expression,
    many,
    one,
    part,
    pick,
    visible_to_all,
    within_row,
)
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Sql, any_of
from gongzhi_rights.rules import in_force
from gongzhi_rights.types import Release

from .. import enums as enums
from .. import visibility
from ..amounts import money_field, rate_field
from ..appraisals.types import CreditAppraisal
from ..loans.types import Loan
from ..models import ApplicationRow, DocumentRow, Outcome, State
from ..products.types import LoanProduct


@strawberry.type(description="An instalment as it would be (试算还款).")
class LoanPreviewLine:
    due_on: datetime.date = strawberry.field(description="When (还款日).")
    principal: Decimal = strawberry.field(description="Principal, in yuan (本金).")
    interest: Decimal = strawberry.field(description="Interest, in yuan (利息).")
    total: Decimal = strawberry.field(description="Both (合计).")


@strawberry.type(description="What the rate was made of (利率构成).")
class LoanRateBase:
    prime: Decimal | None = strawberry.field(
        description="The prime rate, per cent; null for a fixed rate (贷款市场报价利率)."
    )
    since: datetime.date | None = strawberry.field(description="Since when it holds (LPR 公布日).")
    margin: Decimal = strawberry.field(description="What is added, or the fixed rate, per cent (加点或固定利率).")
    discount: Decimal = strawberry.field(description="What the grade takes off, per cent (等级优惠).")
    grade: str | None = strawberry.field(description="The grade (等级).")


@entity(DocumentRow, visible=visible_to_all, through="application", order=("document",))
class LoanDocument(Node):
    """A paper the lender wants to see; it goes to the lender, and only that it did is kept here (申请材料)."""

    application: LoanApplication | None = one("The application (申请).")
    document: str = column("Which paper (材料).")
    asked_at: datetime.datetime | None = column("When the lender asked for it besides (补充要求时间).")
    given_at: datetime.datetime | None = column("When it was handed in (提交时间).")
    digest: str | None = column("SHA-256 of the file that was sent to the lender, if there is one (文件摘要).")


@part
class LoanDecision:
    """What the lender decided; people of the lender do, never a rule (审批决定)."""

    outcome: Outcome = expression("Whether it lends (结果).", lambda at: at.row.outcome)
    reasons: list[str] = expression("Why (理由).", lambda at: at.row.reasons)
    decided_by: Unit | None = pick("Who (决定机构).", lambda at: [Sql("{0}={1}", at.rows.id, at.row.lender_id)])
    at: datetime.datetime = expression("When (时间).", lambda at: at.row.decided_at)


def visible_release(at: Frame) -> Alternatives:
    """Select the release for whoever gave it always, for the lender while it is in force, for nobody else."""
    who = [Sql("{0}={1}", at.row.lender_id, unit) for unit in at.viewer.units(visibility.LEND)]
    to = [Sql("{0} and ({1})", in_force(at.rows, at.viewer), any_of(*who))] if who else []
    if at.viewer.known():
        to.append(Sql("{0}={1}", at.rows.person_id, at.viewer.person))
    # Without anybody who may see it the condition is false, not left out: no condition would show every release.
    return [Sql("{0}={1} and ({2})", at.rows.id, at.row.release_id, any_of(*to) if to else Sql("false"))]


def applicant_name(at: Frame) -> Any:
    """Build the applicant's name: a lender cannot serve somebody without one, and sees numbers on the papers."""
    return Sql("(select p.name from people.person p where p.id={0})", at.row.person_id)


@entity(
    ApplicationRow,
    visible=visibility.visible_applications,
    order=("created_at", "due_at"),
    filter={"state": None, "number": None, "grid": compare_place(), "created_at": None},
    file=lambda row, viewer: Sql("array[{0}]", row.person_id),
)
class LoanApplication(Node):
    """Somebody asks a lender for a loan (贷款申请)."""

    number: str = column("Its number, to tell at the lender's counter (申请编号).", open=True)
    person: Person | None = one("Who asks (申请人).")
    applicant_name: str = expression("Their name (申请人姓名).", applicant_name)
    product: LoanProduct | None = one("For what (产品).")
    lender: Unit | None = one("Of whom (贷款机构).")
    grid: Grid | None = one("Where they live (所在网格).")
    state: State = column("Where it stands (状态).", open=True)
    amount: Decimal = money_field("How much, in yuan (金额).", "amount")
    term_months: int = column("For how many months (期限，月).", name="months")
    purpose: str = column("What for (用途).")
    documents: list[LoanDocument] = many(
        "What the lender wants to see (申请材料).", on="application", order="document", cap=50
    )
    missing: list[LoanDocument] = many(
        "What of it is not handed in yet (尚缺材料).",
        lambda at: [Sql("{0} is null", at.rows.given_at)],
        on="application",
        order="document",
        cap=50,
    )
    annual_rate: Decimal = rate_field("Interest, per cent a year (年利率，%).", "rate")
    rate_base: LoanRateBase = embedded("What the rate is made of (利率构成).", lambda at: at.row.base)
    annual_percentage_rate: Decimal = rate_field(
        "The annualised rate: what it costs in all, per cent a year, compounded (贷款年化利率，%，复利).", "annualised"
    )
    schedule_preview: list[LoanPreviewLine] = embedded(
        "What would have to be paid when, if it were paid out on the day this was reckoned (还款试算).",
        lambda at: at.row.preview,
    )
    appraisal: CreditAppraisal | None = one(
        "The appraisal, for the applicant; the lender reads what is released (信用评议)."
    )
    release: Release | None = pick("What the applicant lets the lender read (授权披露).", visible_release, shown=True)
    release_until: datetime.date = column("Until when, as the applicant said (授权截止日).", name="expires_on")
    decision: LoanDecision | None = within_row(
        "What the lender decided (审批决定).", lambda at: Sql("{0} is not null", at.row.outcome)
    )
    due_at: datetime.datetime | None = expression("By when the lender decides (审批期限).", lambda at: at.row.due_at)
    offer_until: datetime.date | None = column("Until when the lender stands by it (有效期至).")
    contract: str | None = column("The contract's number (合同编号).")
    contracted_on: datetime.date | None = column("When it was signed (签约日期).")
    loan: Loan | None = pick("The loan that came of it (贷款).", on="application")
    created_at: datetime.datetime = column("When it was begun (创建时间).")
    sent_at: datetime.datetime | None = column("When it went to the lender (送达时间).")
    version: int = column("Grows with every change (版本).")
