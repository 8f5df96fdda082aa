"""Views: the desk of centres that whistle for units, and of who is supervised."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

# At first what units are still to answer; what is closed is found by the filter.
WHISTLES = """
query Whistles($first: Int!, $after: String, $filter: WhistleFilter = {state: {equals: CALLED}}) {
  whistles(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id matter kind grid { name } case { number } state askedAt calledAt }
    pageInfo { hasNextPage endCursor }
  }
  all: whistles(first: 0) { counts(by: [STATE]) { values count } }
}
"""
# The plans' tasks are left out: each has a row a unit, and a page of its own in the case.
WHISTLE = """
query Whistle($id: ID!) {
  node(id: $id) {
    ... on Whistle {
      id version kind matter grid { name } case { number title status } state askedAt calledAt checkInWithin
      closedAt outcome
      units(first: 20) { unit { name } dueAt checkedInAt light } plans(first: 5) { version text at }
      actions { name label allowed reason }
    }
  }
}
"""
# By the number that the supervision keeps, for who supervises may not see the case.
SUPERVISIONS = """
query Supervisions($first: Int!, $after: String, $filter: SupervisionFilter = {state: {equals: OPEN}}) {
  supervisions(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id caseNumber level unit { name } light state issuedAt replyDueAt }
    pageInfo { hasNextPage endCursor }
  }
  all: supervisions(first: 0) { counts(by: [STATE]) { values count } }
}
"""
SUPERVISION = """
query Supervision($id: ID!) {
  node(id: $id) {
    ... on Supervision {
      id version level caseNumber case { title status } unit { name } light state reason issuedAt replyDueAt
      reply repliedAt liftedAt liftedWhy
      actions { name label allowed reason }
    }
  }
}
"""
WHISTLED, SUPERVISE = "whistles.view", "supervision.supervise"

VIEWS = (
    View("operations.whistles", "Whistles (吹哨)", WHISTLES, WHISTLED, opens="operations.whistle"),
    View("operations.whistle", "A whistle (吹哨详情)", WHISTLE, WHISTLED, ViewKind.DETAIL),
    View("operations.supervisions", "Supervision (督办)", SUPERVISIONS, SUPERVISE, opens="operations.supervision"),
    View("operations.supervision", "A supervision (督办详情)", SUPERVISION, SUPERVISE, ViewKind.DETAIL),
)
