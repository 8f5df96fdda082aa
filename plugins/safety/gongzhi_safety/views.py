"""Views: the desk of whoever supervises sites: hazards by what is due first, sites, inspections and checklists."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

HAZARDS = """
query SafetyHazards(
  $first: Int!, $after: String, $filter: SafetyHazardFilter = {state: {equals: OPEN}}
) {
  safetyHazards(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id level state dueAt overdue item { text } site { name } grid { name } objectedAt decidedAt }
    pageInfo { hasNextPage endCursor }
  }
  all: safetyHazards(first: 0) { counts(by: [STATE]) { values count } }
}
"""
HAZARD = """
query SafetyHazard($id: ID!) {
  node(id: $id) {
    ... on SafetyHazard {
      id version level state item { text basis } site { id name address } grid { name } inspection { id at }
      case { number status } foundAt dueAt overdue correctedAt passedAt objectedAt decidedAt closedAt
      steps { kind at account text dueAt } actions { name label allowed reason }
    }
  }
}
"""
SITES = """
query SafetySites($first: Int!, $after: String, $filter: SafetySiteFilter = {closed: {equals: false}}) {
  safetySites(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id code name trade address grid { name } unit { name } inspectedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
SITE = """
query SafetySite($id: ID!) {
  node(id: $id) {
    ... on SafetySite {
      id version code name trade address grid { name } person { name } unit { name } registeredAt inspectedAt closedAt
      hazards(first: 50) { nodes { id level state dueAt overdue item { text } } }
      inspections(first: 20) { nodes { id at account remark } } actions { name label allowed reason }
    }
  }
}
"""
INSPECTION = """
query SafetyInspection($id: ID!) {
  node(id: $id) {
    ... on SafetyInspection {
      id at recordedAt account remark site { id name } checklist { name edition }
      answers { number finding note item { text basis } hazard { id state } }
    }
  }
}
"""
CHECKLISTS = """
query SafetyChecklists($first: Int!, $after: String, $filter: SafetyChecklistFilter = {inForce: {equals: true}}) {
  safetyChecklists(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name trade edition since until grid { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
CHECKLIST = """
query SafetyChecklist($id: ID!) {
  node(id: $id) {
    ... on SafetyChecklist {
      id name trade edition since until grid { name } items { number code text basis level days }
    }
  }
}
"""
OVERDUE = """
query SafetyHazardsOverdue($grid: String!) {
  grid(code: $grid) { safetyHazards(first: 0, filter: {overdue: {equals: true}}) { totalCount } }
}
"""
MAY = "safety.view"

VIEWS = (
    View("safety.overdue", "Hazards overdue (逾期隐患)", OVERDUE, MAY, ViewKind.COUNTER, opens="safety.hazards"),
    View("safety.hazards", "Hazards (安全隐患)", HAZARDS, MAY, opens="safety.hazard"),
    View("safety.hazard", "A hazard (隐患详情)", HAZARD, MAY, ViewKind.DETAIL),
    View("safety.sites", "Sites (监管场所)", SITES, MAY, opens="safety.site", forms=("registerSafetySite",)),
    View("safety.site", "A site (场所详情)", SITE, MAY, ViewKind.DETAIL),
    View("safety.inspection", "An inspection (安全检查详情)", INSPECTION, MAY, ViewKind.DETAIL),
    View(
        "safety.checklists",
        "Checklists (安全检查清单)",
        CHECKLISTS,
        "safety.publish",
        opens="safety.checklist",
        forms=("publishSafetyChecklist",),
    ),
    View("safety.checklist", "A checklist (清单详情)", CHECKLIST, "safety.publish", ViewKind.DETAIL),
)
