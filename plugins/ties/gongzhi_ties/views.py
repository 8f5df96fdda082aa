"""Views: the desk of whoever keeps links of help."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

# At first those that are under way: what ended is history.
TIES = """
query Ties($first: Int!, $after: String, $filter: TieFilter = {state: {equals: ACTIVE}}) {
  ties(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id kind state grid { name } unit { name } name office since endsOn }
    pageInfo { hasNextPage endCursor }
  }
  all: ties(first: 0) { counts(by: [STATE]) { values count } }
}
"""
TIE = """
query Tie($id: ID!) {
  node(id: $id) {
    ... on Tie {
      id version kind state grid { name } household { number } name office unit { name } proposedAt
      helperAgreedAt helpedAgreedAt since endsOn until
      deeds(first: 50) { nodes { id kind day text case { number } withdrawnAt } }
      actions { name label allowed reason }
    }
  }
}
"""
DEED = """
query TieDeed($id: ID!) {
  node(id: $id) {
    ... on TieDeed {
      id kind day text case { number } recordedAt withdrawnAt tie { id } actions { name label allowed reason }
    }
  }
}
"""
WAITING = """
query TiesProposed($grid: String!) {
  grid(code: $grid) { ties(first: 0, filter: {state: {equals: PROPOSED}}) { totalCount } }
}
"""
KEEPS = "ties.keep"

VIEWS = (
    View("ties.waiting", "Links proposed (征求意见中的联系帮扶)", WAITING, KEEPS, ViewKind.COUNTER, opens="ties.ties"),
    View("ties.ties", "Links of help (联系帮扶)", TIES, "ties.answer", opens="ties.tie", forms=("proposeTie",)),
    View("ties.tie", "A link (联系帮扶详情)", TIE, "ties.answer", ViewKind.DETAIL),
    View("ties.deed", "What was done (帮扶实事详情)", DEED, "ties.answer", ViewKind.DETAIL),
)
