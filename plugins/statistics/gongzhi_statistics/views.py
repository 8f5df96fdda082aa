"""Views: the desk of whoever decides about early signs."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

SIGNS = """
query EarlySigns($first: Int!, $after: String, $filter: EarlySignFilter = {state: {equals: OPEN}}) {
  earlySigns(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id category { name } grid { name } state counted expected foundAt seenAt }
    pageInfo { hasNextPage endCursor }
  }
  all: earlySigns(first: 0) { counts(by: [STATE]) { values count } }
}
"""
# Lists of a sign are short here; the desks of cases and patrols have all of them.
SIGN = """
query EarlySign($id: ID!) {
  node(id: $id) {
    ... on EarlySign {
      id version explanation category { name } grid { name } state since until counted earlier expected threshold
      villages edition foundAt seenAt proposedAt note whistle { id state } dismissal confirmed outcome endedAt
      cases(first: 20) { nodes { id number title status } } patrols(first: 20) { nodes { id at found } }
      actions { name label allowed reason }
    }
  }
}
"""
UNDECIDED = """
query EarlySignsOpen($grid: String!) {
  grid(code: $grid) { earlySigns(first: 0, filter: {state: {equals: OPEN}}) { totalCount } }
}
"""
MAY = "statistics.view"

VIEWS = (
    View(
        "statistics.open",
        "Early signs to decide (待研判预警)",
        UNDECIDED,
        MAY,
        ViewKind.COUNTER,
        opens="statistics.signs",
    ),
    View("statistics.signs", "Early signs (民情预警)", SIGNS, MAY, opens="statistics.sign"),
    View("statistics.sign", "An early sign (预警详情)", SIGN, MAY, ViewKind.DETAIL),
)
