"""Enums: the states and kinds of credit as the schema has them."""

from __future__ import annotations

from gongzhi.declare.enums import describe_enum

from .appraisal_models import AppraisalState, Governance, ModelState, ObjectionState, SeatState
from .loans.book import Prepayment
from .loans.daycount import DayCount
from .loans.schedules import Method
from .models import Outcome, PoolEntryKind, State, Tenor

describe_enum(
    Method,
    "RepaymentMethod",
    "How a loan is paid back (还款方式).",
    EQUAL_PRINCIPAL="The same principal each time, and interest on what is left (等额本金)",
    EQUAL_INSTALMENT="The same amount each time (等额本息)",
    INTEREST_FIRST="Interest each time, the principal with the last (先息后本)",
    BULLET="Everything at the end (到期一次还本付息)",
)
describe_enum(
    DayCount,
    "InterestDayCount",
    "How days are counted for interest (计息天数).",
    ACT_360="Actual days over 360 (实际天数/360)",
    ACT_365="Actual days over 365 (实际天数/365)",
    THIRTY_360="Months of 30 days, over 360 (每月按 30 天)",
)
describe_enum(
    Prepayment,
    "LoanPrepayment",
    "What paying ahead changes (提前还款方式).",
    LOWER_INSTALMENTS="The instalments become smaller (期限不变)",
    SHORTER_TERM="There are fewer of them (缩短期限)",
)
describe_enum(
    Tenor,
    "PrimeRateTenor",
    "For how long the loan prime rate is quoted (LPR 期限).",
    ONE_YEAR="One year (一年期)",
    FIVE_YEARS="More than five years (五年期以上)",
)
describe_enum(
    State,
    "LoanApplicationState",
    "Where an application stands (申请状态).",
    DRAFT="Being prepared (草稿)",
    SUBMITTED="Submitted, waits for an appraisal (已提交，待评议)",
    APPRAISED="Ready to be sent to the lender (可送达)",
    SENT="With the lender (已送贷款机构)",
    SUPPLEMENT="The lender asks for more (待补充材料)",
    APPROVED="The lender agrees (已同意)",
    REFUSED="The lender does not, with reasons (未同意)",
    CONTRACTED="The contract is signed (已签约)",
    DISBURSED="Paid out (已放款)",
    REPAYING="Being paid back (还款中)",
    SETTLED="Paid back (已结清)",
    WITHDRAWN="Taken back by the applicant (已撤回)",
    EXPIRED="The time is over (已失效)",
)
describe_enum(
    Outcome,
    "LoanOutcome",
    "What a lender decided (审批结果).",
    APPROVED="It lends (同意)",
    REFUSED="It does not (不同意)",
)
describe_enum(
    PoolEntryKind,
    "RiskPoolEntryKind",
    "Why money of a risk pool moved (风险补偿金流水类型).",
    DEPOSIT="Put in (存入)",
    COMPENSATION="Paid to the lender for a loss (代偿)",
    RECOVERY="Got back from the borrower later (追回)",
    WITHDRAWAL="Taken out (退出)",
)
describe_enum(
    Governance,
    "CreditGovernance",
    "Of the three governances, which one conduct belongs to (三治).",
    SELF="Self-governance (自治)",
    LAW="Rule of law (法治)",
    VIRTUE="Rule of virtue (德治)",
)
describe_enum(
    ModelState,
    "CreditModelState",
    "Where a version of a scorecard stands (模型状态).",
    PROPOSED="Proposed, appraises nobody (拟定)",
    ADOPTED="Adopted by resolution (已通过)",
    RETIRED="No longer in force (已停用)",
)
describe_enum(
    AppraisalState,
    "CreditAppraisalState",
    "Where an appraisal stands (评议状态).",
    REQUESTED="Waits for a panel (待组团)",
    SITTING="A panel scores (评议中)",
    IN_REVIEW="No grade by the scorecard, so a person looks at it (人工复核中)",
    CONCLUDED="Concluded (已评定)",
    DISPUTED="Objected to; another panel looks at it (异议中)",
    WITHDRAWN="Taken back by the person (已撤回)",
)
describe_enum(
    SeatState,
    "PanelSeatState",
    "What came of a seat on a panel (席位状态).",
    DRAWN="Drawn, has not scored (待评分)",
    EXCUSED="Excused for a conflict of interest or another reason (已回避)",
    SCORED="Has scored (已评分)",
)
describe_enum(
    ObjectionState,
    "AppraisalObjectionState",
    "Where an objection stands (异议状态).",
    OPEN="To be decided by another panel (待复议)",
    UPHELD="Right: the grade changed (成立)",
    DISMISSED="The other panel came to the same grade (不成立)",
)
