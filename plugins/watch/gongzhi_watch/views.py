"""Views: the desk of whoever decides on watches, carries out measures, and reviews errors in good faith."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

WATCHES = """
query Watches($first: Int!, $after: String, $filter: WatchFilter = {open: {equals: true}}) {
  watches(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id household { number } grid { name } state dueAt overdue proposedAt }
    pageInfo { hasNextPage endCursor }
  }
  all: watches(first: 0) { counts(by: [STATE]) { values count } }
}
"""
WATCH = """
query Watch($id: ID!) {
  node(id: $id) {
    ... on Watch {
      id version household { number address headName } grid { name } rule { name edition } state ground
      proposedAt proposedBy askedAt decidedAt contestedAt dueAt overdue ending closedAt
      facts { id day item { text basis } text }
      measures { id kind unit { name } owner state dueOn overdue }
      steps { at kind byHousehold account text } actions { name label allowed reason }
    }
  }
}
"""
MEASURES = """
query WatchMeasures($first: Int!, $after: String, $filter: WatchMeasureFilter = {state: {equals: PLANNED}}) {
  watchMeasures(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id kind head grid { name } unit { name } owner state dueOn overdue }
    pageInfo { hasNextPage endCursor }
  }
  all: watchMeasures(first: 0) { counts(by: [STATE]) { values count } }
}
"""
MEASURE = """
query WatchMeasure($id: ID!) {
  node(id: $id) {
    ... on WatchMeasure {
      id version kind head address unit { name } owner state dueOn overdue plannedAt endedAt effectAt
      steps { at kind byHousehold text } actions { name label allowed reason }
    }
  }
}
"""
RULES = """
query WatchRules($first: Int!, $after: String, $filter: WatchRuleFilter = {inForce: {equals: true}}) {
  watchRules(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name subject edition since until grid { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
RULE = """
query WatchRule($id: ID!) {
  node(id: $id) {
    ... on WatchRule {
      id name subject edition since until grid { name } items { number code ground fact text basis }
    }
  }
}
"""
ERRORS = """
query ErrorExemptions($first: Int!, $after: String, $filter: ErrorExemptionFilter = {state: {equals: ASKED}}) {
  errorExemptions(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id unit { name } occurredOn state outcome askedAt dueAt }
    pageInfo { hasNextPage endCursor }
  }
  all: errorExemptions(first: 0) { counts(by: [STATE]) { values count } }
}
"""
ERROR = """
query ErrorExemption($id: ID!) {
  node(id: $id) {
    ... on ErrorExemption {
      id version official unit { name } askedBy rule { id name edition } occurredOn state
      round outcome askedAt dueAt decidedAt objectedAt closedAt affectedCount statements { at kind account text }
      reviews { id at round account outcome }
      actions { name label allowed reason }
    }
  }
}
"""
FACT = """
query WatchFact($id: ID!) {
  node(id: $id) {
    ... on WatchFact { id day declaredAt item { code text basis } text watch { id state } evidence { number url } }
  }
}
"""
REVIEW = """
query ErrorReview($id: ID!) {
  node(id: $id) {
    ... on ErrorReview {
      id at round account outcome exemption { id state } answers { number met reason item { text } }
    }
  }
}
"""
MAY = "watch.view"
PUBLISHES = "watch.publish"

VIEWS = (
    # No counter: what it counts by is a look, and nobody looks at files by opening their desk.
    View("watch.watches", "Watches (防返贫监测)", WATCHES, MAY, opens="watch.watch", forms=("proposeWatch",)),
    View("watch.watch", "A watch (监测详情)", WATCH, MAY, ViewKind.DETAIL),
    View("watch.fact", "A declared fact (申报事实详情)", FACT, MAY, ViewKind.DETAIL),
    # Of everybody who sees some: units have another permission than those who decide.
    View("watch.measures", "Measures (帮扶措施)", MEASURES, None, opens="watch.measure"),
    View("watch.measure", "A measure (措施详情)", MEASURE, None, ViewKind.DETAIL),
    View(
        "watch.errors",
        "Errors in good faith (容错纠错)",
        ERRORS,
        None,
        opens="watch.error",
        forms=("requestErrorExemption",),
    ),
    View("watch.error", "An error (容错事项详情)", ERROR, None, ViewKind.DETAIL),
    View("watch.review", "A review (复核意见详情)", REVIEW, None, ViewKind.DETAIL),
    View("watch.rules", "Rules (监测与容错规则)", RULES, PUBLISHES, opens="watch.rule", forms=("publishWatchRule",)),
    View("watch.rule", "A rule (规则详情)", RULE, PUBLISHES, ViewKind.DETAIL),
)
