"""Views: the desk of units that decide on applications, and of who supervises how they keep the catalogue."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

# At first what waits to be accepted: after five days the law holds it for accepted.
APPLICATIONS = """
query ServiceApplications(
  $first: Int!, $after: String, $filter: ServiceApplicationFilter = {state: {equals: SUBMITTED}}
) {
  serviceApplications(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id matter { name } person { name } state dueAt overdue returns submittedAt }
    pageInfo { hasNextPage endCursor }
  }
  all: serviceApplications(first: 0) { counts(by: [STATE]) { values count } }
}
"""
APPLICATION = """
query ServiceApplication($id: ID!) {
  node(id: $id) {
    ... on ServiceApplication {
      id version matter { id name } person { name } proxy case { number status } state submittedAt acceptedAt
      dueAt overdue deemed
      returns outcome reason remedy decidedAt rating ratingReason answerBy answer
      papers(first: 30) { number name state listed said why receivedAt } visits(first: 20) { day place reason }
      actions { name label allowed reason }
    }
  }
}
"""
# For everybody: what people may apply for is no secret of an office.
MATTERS = """
query ServiceMatters($first: Int!, $after: String, $filter: ServiceMatterFilter) {
  serviceMatters(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name code unit { name } grid { name } promisedDays statutoryDays fee visits edition until }
    pageInfo { hasNextPage endCursor }
  }
}
"""
MATTER = """
query ServiceMatter($id: ID!) {
  node(id: $id) {
    ... on ServiceMatter {
      id code name edition basis unit { name } grid { name } promisedDays statutoryDays fee visits since until
      documents(first: 50) { number code name fact }
      actions { name label allowed reason }
    }
  }
}
"""
# At first what a unit still owes an answer for; the others are found by the filter.
LAPSES = """
query ServiceLapses($first: Int!, $after: String, $filter: ServiceLapseFilter = {answered: {equals: false}}) {
  serviceLapses(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id matter { name } kind unit { name } grid { name } counted allowed raisedAt answerBy }
    pageInfo { hasNextPage endCursor }
  }
}
"""
LAPSE = """
query ServiceLapse($id: ID!) {
  node(id: $id) {
    ... on ServiceLapse {
      id version kind unit { name } matter { id name } application { id state } grid { name } counted allowed
      raisedAt answerBy
      answer answeredAt
      actions { name label allowed reason }
    }
  }
}
"""
OVERDUE = """
query ServicesOverdue {
  serviceApplications(first: 0, filter: {overdue: {equals: true}}) { totalCount }
}
"""
HANDLE, SUPERVISE = "services.handle", "services.supervise"

VIEWS = (
    View(
        "services.overdue",
        "Applications overdue (逾期申请)",
        OVERDUE,
        HANDLE,
        ViewKind.COUNTER,
        opens="services.applications",
    ),
    View("services.applications", "Applications (服务申请)", APPLICATIONS, HANDLE, opens="services.application"),
    View("services.application", "An application (申请详情)", APPLICATION, HANDLE, ViewKind.DETAIL),
    View(
        "services.matters",
        "Catalogue (服务事项)",
        MATTERS,
        None,
        opens="services.matter",
        forms=("publishServiceMatter",),
    ),
    View("services.matter", "A matter (事项详情)", MATTER, None, ViewKind.DETAIL),
    View("services.lapses", "What was not as promised (效能问题)", LAPSES, SUPERVISE, opens="services.lapse"),
    View("services.lapse", "Something not as promised (效能问题详情)", LAPSE, SUPERVISE, ViewKind.DETAIL),
)
