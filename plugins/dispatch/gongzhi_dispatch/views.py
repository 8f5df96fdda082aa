"""Views: the desk of dispatchers for what units object to and ask for."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

# At first what waits for a ruling; what was ruled is found by the filter.
OBJECTIONS = """
query DispatchObjections(
  $first: Int!, $after: String, $filter: DispatchObjectionFilter = {ruling: {equals: OPEN}}
) {
  objections(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id case { number title } unit { name } suggestedUnit { name } grounds ruling dueAt }
    pageInfo { hasNextPage endCursor }
  }
  all: objections(first: 0) { counts(by: [RULING]) { values count } }
}
"""
OBJECTION = """
query DispatchObjection($id: ID!) {
  node(id: $id) {
    ... on DispatchObjection {
      id case { number title status } unit { name } suggestedUnit { name } grounds filedAt dueAt ruling reason
      ruledAt
      actions { name label allowed reason }
    }
  }
}
"""
# With the case's number and title alone: whoever decides reads the rest on its own page.
APPROVALS = """
query Approvals($first: Int!, $after: String, $filter: ApprovalFilter = {state: {equals: PENDING}}) {
  approvals(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id case { number title } kind unit { name } reason until state requestedAt }
    pageInfo { hasNextPage endCursor }
  }
  all: approvals(first: 0) { counts(by: [STATE]) { values count } }
}
"""
APPROVAL = """
query Approval($id: ID!) {
  node(id: $id) {
    ... on Approval {
      id kind case { number title status } unit { name } reason until state requestedAt decision decidedAt
      actions { name label allowed reason }
    }
  }
}
"""
# Nobody but a dispatcher decides these, so their number is what is looked at first.
WAITING = """
query ApprovalsWaiting {
  approvals(first: 0, filter: {state: {equals: PENDING}}) { totalCount }
}
"""
APPROVE, RULE = "dispatch.approve", "dispatch.rule_objections"

VIEWS = (
    View(
        "dispatch.waiting",
        "Requests that wait (待审批)",
        WAITING,
        APPROVE,
        ViewKind.COUNTER,
        opens="dispatch.approvals",
    ),
    View("dispatch.approvals", "What units ask for (单位申请审批)", APPROVALS, APPROVE, opens="dispatch.approval"),
    View("dispatch.approval", "A request (审批详情)", APPROVAL, APPROVE, ViewKind.DETAIL),
    View("dispatch.objections", "Objections (派单异议)", OBJECTIONS, RULE, opens="dispatch.objection"),
    View("dispatch.objection", "An objection (异议详情)", OBJECTION, RULE, ViewKind.DETAIL),
)
