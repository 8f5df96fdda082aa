"""What credit publishes of itself: card, notices, figures, what tables hold about people, what may be released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from gongzhi.declare.register_entries import GONE, Holding, Kpi, PrivacyNotice, Statement, StatementClaim
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .applications.commands import withdraw_applications
from .applications.states import PURPOSE
from .appraisals.conclusion import CARD
from .products.pricing import find_valid_appraisal

CARDS = (CARD,)

NOTICES = (
    PrivacyNotice(
        PURPOSE,
        None,
        1,
        title=Text("Passing your application to a lender", "向贷款机构提供贷款申请"),
        text=Text(
            "Your name, what you ask for, and the statements you choose go to the lender you name, for this "
            "application alone. The platform is no credit bureau and passes nothing else on. You may withdraw at any "
            "time; what no lender has decided on is then taken back. What else it needs, the lender asks you for.",
            "经您同意，您的姓名、贷款需求以及您选择披露的证明将提供给您指定的贷款机构，仅用于本次申请。"
            "本平台不是征信机构，不提供其他信息。您可随时撤回；尚未审批的申请随之撤回。贷款机构需要的其他材料由其直接向您收取。",
        ),
        basis=Text(
            "Consent, PIPL 13(1)(1), 23; Credit Reporting Regulation 13, 18",
            "本人同意，《个人信息保护法》第十三条第一款第一项、第二十三条；《征信业管理条例》第十三条、第十八条",
        ),
        since=date(2026, 1, 1),
        months=12,
        withdrawn=withdraw_applications,
    ),
)

KPIS = (
    Kpi(
        "credit.disparate_impact",
        Text("A group's share of good grades over the highest of its dimension", "某群体优良等级占比÷同维度最高占比"),
        Text("share of the group with a grade of the better half of the bands", "该群体中等级位于前半的占比"),
        Text("the highest such share of a group of ten or more", "十人以上群体中的最高占比"),
        Text("ratio", "比值"),
    ),
    Kpi(
        "credit.overdue_share",
        Text(
            "Outstanding principal of loans overdue for more than 30 days over all of it",
            "逾期 30 天以上贷款余额÷贷款余额",
        ),
        Text("outstanding principal of those loans", "逾期 30 天以上贷款余额"),
        Text("outstanding principal of all loans", "全部贷款余额"),
        Text("%", "%"),
    ),
)

# The legal bases of what is stored. What the applicant asked for goes when they go; the books of a loan stay without
# their name.
ASKED = Text("Consent, on application, PIPL 13(1)(1)", "本人申请并同意，《个人信息保护法》第十三条第一款第一项")
RECORDS = Text(
    "PIPL 55, 56: records of automated decisions, 3 years", "《个人信息保护法》第五十五、五十六条：记录保存三年"
)
CONTRACT = Text(
    "Contract, PIPL 13(1)(2); books of account, 10 years",
    "履行合同，《个人信息保护法》第十三条第一款第二项；会计档案十年",
)
PUBLIC = Text("Public; no personal data", "公开信息，不含个人信息")
BOOKS = Text("Books of account, without names: 10 years", "会计档案（不含姓名），保存十年")
APPRAISALS = "select a.id from credit.appraisal a where a.person_id=$1"
APPLICATIONS = "select a.id from credit.application a where a.person_id=$1"
LOANS = "select l.id from credit.loan l where l.person_id=$1"

HOLDINGS = (
    Holding(
        "credit.panelist",
        Text("members of the pool of panels", "评判团成员库"),
        ASKED,
        person="t.person_id=$1",
        erase=GONE,
    ),
    Holding(
        "credit.objection",
        Text("objections to appraisals", "评议异议"),
        ASKED,
        f"t.appraisal_id in ({APPRAISALS})",
        erase=GONE,
    ),
    Holding(
        "credit.panel",
        Text("panels and their minutes", "评判团及评议记录"),
        ASKED,
        person=f"t.appraisal_id in ({APPRAISALS})",
        erase={"minutes": "null"},
    ),
    Holding(
        "credit.document",
        Text("which papers were handed in", "已交材料清单"),
        ASKED,
        person=f"t.application_id in ({APPLICATIONS})",
        erase=GONE,
    ),
    # Not erased: instalments and payments hold no name, and the lender's books must add up for ten years.
    Holding("credit.instalment", Text("instalments", "还款计划"), CONTRACT, person=f"t.loan_id in ({LOANS})"),
    Holding("credit.repayment", Text("payments", "还款记录"), CONTRACT, person=f"t.loan_id in ({LOANS})"),
    Holding(
        "credit.loan",
        Text("loans", "贷款"),
        CONTRACT,
        person="t.person_id=$1",
        erase={"person_id": "null", "household_id": "null"},
    ),
    Holding(
        "credit.application",
        Text("applications for loans", "贷款申请"),
        ASKED,
        person="t.person_id=$1",
        # The purpose may name people, so it goes as well.
        erase={"purpose": "'—'", "reasons": "'{}'", "household_id": "null", "person_id": "null"},
    ),
    Holding(
        "credit.appraisal",
        Text("appraisals and what they were found from", "信用评议及其依据"),
        RECORDS,
        person="t.person_id=$1",
        # A grade that is shown to others must not outlive the person behind it.
        erase={"contributions": "'[]'", "counterfactual": "'[]'", "published": "false", "person_id": "null"},
    ),
    *(
        Holding(f"credit.{table}", Text(en, zh), PUBLIC)
        for table, en, zh in (
            ("lender", "lenders", "贷款机构"),
            ("prime_rate", "the loan prime rate", "LPR"),
            ("product", "products", "贷款产品"),
            ("indicator", "indicators", "评议指标"),
            ("model", "scorecards", "评议模型"),
        )
    ),
    *(
        Holding(f"credit.{table}", Text(en, zh), BOOKS)
        for table, en, zh in (
            ("pool", "risk pools", "风险补偿金"),
            ("pool_entry", "what moved in risk pools", "风险补偿金流水"),
            ("reminder", "which loans were reminded of", "还款提醒记录"),
            ("seat", "which member sat on which panel", "评议席位"),
            # Scores carry no person: nothing ties a sheet to a seat, so there is nothing to export or erase.
            ("sheet", "scores, and not whose", "不记名评分"),
        )
    ),
)

# A loan counts as paid back in time if no step of 30 days overdue was ever reminded of: reminders are the memory of
# lateness.
KEPT = """
select count(*)::int loans from credit.loan l where l.person_id=$1 and l.settled_at is not null
and not exists(select from credit.reminder r where r.loan_id=l.id and r.days>=30)
"""


async def claim_grade(call: Call, person: UUID) -> Sequence[StatementClaim]:
    """Return the grade of the appraisal that counts today."""
    row = await find_valid_appraisal(person, today(call))
    if row is None or row.grade is None:
        return []
    said = Text(
        f"Appraised {row.grade}, until {row.valid_until}", f"信用评议等级 {row.grade}，有效期至 {row.valid_until}"
    )
    return [StatementClaim(said, row.grade)]


async def claim_repaid_loans(call: Call, person: UUID) -> Sequence[StatementClaim]:
    """Return how many loans of this programme were paid back without being 30 days late."""
    [row] = await call.fetch(KEPT, person)
    many = row["loans"]
    # Nothing is said of nobody: a release has positive statements alone.
    return [StatementClaim(Text(f"Paid back {many} loans in time", f"按约还清贷款 {many} 笔"), many)] if many else []


STATEMENTS = (
    Statement("credit.appraisal", Text("The grade of a credit appraisal in force", "有效的信用评议等级"), claim_grade),
    Statement(
        "credit.repaid", Text("Loans of this programme paid back in time", "本项目按约还清的贷款"), claim_repaid_loans
    ),
)
