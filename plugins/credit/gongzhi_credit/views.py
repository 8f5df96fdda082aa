"""Views: the desks of the office that runs the programme, and of lenders."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

APPLICATIONS = """
query LoanApplications($grid: String!, $first: Int!, $after: String, $filter: LoanApplicationFilter) {
  grid(code: $grid) {
    loanApplications(first: $first, after: $after, filter: $filter) {
      totalCount
      nodes { id number product { name } amount termMonths state dueAt grid { name } lender { name } }
      pageInfo { hasNextPage endCursor }
    }
    all: loanApplications(first: 0) { counts(by: [STATE]) { values count } }
  }
}
"""
LENDER_DESK = """
query LenderDesk($first: Int!, $after: String, $filter: LoanApplicationFilter) {
  lenderDesk(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id number product { name } amount termMonths state dueAt grid { name } }
    pageInfo { hasNextPage endCursor }
  }
  all: lenderDesk(first: 0) { counts(by: [STATE]) { values count } }
}
"""
APPLICATION = """
query LoanApplicationDetail($id: ID!) {
  node(id: $id) {
    ... on LoanApplication {
      id version number applicantName state dueAt product { name } amount termMonths annualRate annualPercentageRate
      purpose lender { name } grid { name } createdAt sentAt offerUntil contract contractedOn loan { id disbursedAt }
      decision { outcome reasons at } documents(first: 20) { document givenAt }
      schedulePreview { dueOn principal interest total }
      actions { name label allowed reason }
    }
  }
}
"""
LOANS = """
query GridLoans($grid: String!, $first: Int!, $after: String, $filter: LoanFilter) {
  grid(code: $grid) {
    loans(first: $first, after: $after, filter: $filter) {
      totalCount
      nodes { id product { name } next { dueOn overdue total } outstanding overdueInterest principal lender { name } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
LENDER_LOANS = """
query LenderLoans($first: Int!, $after: String, $filter: LoanFilter) {
  lenderLoans(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id product { name } next { dueOn overdue total } outstanding overdueInterest principal grid { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
LOAN = """
query LoanDetail($id: ID!) {
  node(id: $id) {
    ... on Loan {
      id version product { name } person { name } lender { name } grid { name } principal outstanding overdueInterest
      annualRate repayment startsOn disbursedAt settledAt next { dueOn overdue total }
      schedule(first: 100) { number dueOn principal interest total paid overdue }
      repayments(first: 50) { nodes { paidOn amount principal interest overdueInterest reference } }
      actions { name label allowed reason }
    }
  }
}
"""
POOLS = """
query RiskPools($first: Int!, $after: String, $filter: RiskPoolFilter) {
  riskPools(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name lender { name } grid { name } share balance }
    pageInfo { hasNextPage endCursor }
  }
}
"""
POOL = """
query RiskPoolDetail($id: ID!) {
  node(id: $id) {
    ... on RiskPool {
      id name lender { name } grid { name } share balance
      entries(first: 50) { nodes { at kind amount reference } }
      actions { name label allowed reason }
    }
  }
}
"""
SENT = """
query LoanApplicationsSent($grid: String!) {
  grid(code: $grid) { loanApplications(first: 0, filter: {state: {equals: SENT}}) { totalCount } }
}
"""

VIEWS = (
    View(
        "credit.sent", "With lenders (已送贷款机构)", SENT, "credit.view", ViewKind.COUNTER, opens="credit.applications"
    ),
    View("credit.applications", "Applications (贷款申请)", APPLICATIONS, "credit.view", opens="credit.application"),
    View("credit.loans", "Loans, due first (贷款与逾期)", LOANS, "credit.view", opens="credit.loan"),
    View(
        "credit.pools",
        "Risk pools (风险补偿金)",
        POOLS,
        "credit.statistics",
        opens="credit.pool",
        forms=("openRiskPool",),
    ),
    View("credit.desk", "Sent to my unit (本机构待办申请)", LENDER_DESK, "credit.lend", opens="credit.application"),
    View("credit.lent", "Loans of my unit (本机构贷款)", LENDER_LOANS, "credit.lend", opens="credit.loan"),
    View("credit.application", "An application (贷款申请详情)", APPLICATION, None, ViewKind.DETAIL),
    View("credit.loan", "A loan (贷款详情)", LOAN, None, ViewKind.DETAIL),
    View("credit.pool", "A risk pool (风险补偿金详情)", POOL, "credit.statistics", ViewKind.DETAIL),
)
