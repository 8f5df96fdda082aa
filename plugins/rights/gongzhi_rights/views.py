"""Views: the desk of who answers what people ask about their own data, and decisions that are reviewed."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

REQUESTS = """
query DataRequests($first: Int!, $after: String, $filter: DataRequestFilter = {state: {equals: OPEN}}) {
  dataRequests(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id kind person { name } state askedAt dueAt }
    pageInfo { hasNextPage endCursor }
  }
  all: dataRequests(first: 0) { counts(by: [STATE]) { values count } }
}
"""
REQUEST = """
query DataRequest($id: ID!) {
  node(id: $id) {
    ... on DataRequest {
      id version kind person { name } text look { at purpose reader { role unit { name } } }
      state askedAt dueAt decidedAt grounds remedy
      actions { name label allowed reason }
    }
  }
}
"""
REVIEWS = """
query DecisionReviews($first: Int!, $after: String, $filter: DecisionReviewFilter = {state: {equals: OPEN}}) {
  reviews(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id grid { name } state reason askedAt dueAt }
    pageInfo { hasNextPage endCursor }
  }
  all: reviews(first: 0) { counts(by: [STATE]) { values count } }
}
"""
REVIEW = """
query DecisionReview($id: ID!) {
  node(id: $id) {
    ... on DecisionReview {
      id version grid { name } decision { id outcome at } reason state askedAt dueAt outcome grounds decidedAt
      actions { name label allowed reason }
    }
  }
}
"""
HANDLE, REVIEWING = "rights.handle", "rights.review"

VIEWS = (
    View("rights.requests", "Requests about one's data (个人信息请求)", REQUESTS, HANDLE, opens="rights.request"),
    View("rights.request", "A request (请求详情)", REQUEST, HANDLE, ViewKind.DETAIL),
    View("rights.reviews", "Reviews of decisions (决定复核)", REVIEWS, REVIEWING, opens="rights.review"),
    View("rights.review", "A review (复核详情)", REVIEW, REVIEWING, ViewKind.DETAIL),
)
