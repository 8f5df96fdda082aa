"""Views: the desk of whoever decides about early signs, and publishes open data."""

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
DATASETS = """
query OpenDatasets($first: Int!, $after: String, $filter: OpenDatasetFilter = {state: {equals: PROPOSED}}) {
  openDatasets(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id kind grid { name } since until state proposedAt decidedAt }
    pageInfo { hasNextPage endCursor }
  }
  all: openDatasets(first: 0) { counts(by: [STATE]) { values count } }
}
"""
# The whole table: whoever decides reads what they publish.
DATASET = """
query OpenDataset($id: ID!) {
  node(id: $id) {
    ... on OpenDataset {
      id version kind grid { name } since until licence state csv json proposedAt decidedAt reason withdrawnAt
      table { townName itemName number withheld } actions { name label allowed reason }
    }
  }
}
"""
# Without outlines: the board has those of its places.
CONCERNS = """
query ConcernLayer($grid: String!, $since: Date!, $today: Date!) {
  concernMap(grid: $grid, from: $since, to: $today, outlines: false) {
    places { code name reported earlier signs suppressed }
  }
}
"""
MAY, PUBLISH = "statistics.view", "statistics.publish"

VIEWS = (
    View("statistics.concerns", "Map of concerns (民情数据图)", CONCERNS, MAY, ViewKind.MAP),
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
    View(
        "statistics.datasets",
        "Open data (开放数据)",
        DATASETS,
        PUBLISH,
        opens="statistics.dataset",
        forms=("proposeOpenDataset",),
    ),
    View("statistics.dataset", "A dataset (数据集详情)", DATASET, PUBLISH, ViewKind.DETAIL),
)
