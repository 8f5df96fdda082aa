"""Views: the desk of whoever publishes, and of villages that owe their people a look into their affairs."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

BULLETINS = """
query Bulletins($first: Int!, $after: String, $filter: BulletinFilter = {current: {equals: true}}) {
  bulletins(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id title kind grid { name } audience publishedAt until readCount }
    pageInfo { hasNextPage endCursor }
  }
}
"""
BULLETIN = """
query Bulletin($id: ID!) {
  node(id: $id) {
    ... on Bulletin {
      id version kind title text grid { name } audience publishedAt until correctedAt withdrawnAt reason
      readCount questionCount
      disclosure { id beginsOn endsOn } revisions(first: 10) { version title correctedAt reason }
      attachments(first: 20) { name }
      actions { name label allowed reason }
    }
  }
}
"""
DISCLOSURES = """
query VillageDisclosures(
  $first: Int!, $after: String, $filter: VillageDisclosureFilter = {state: {equals: DUE}}
) {
  villageDisclosures(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id affair { title kind } grid { name } state beginsOn endsOn dueOn }
    pageInfo { hasNextPage endCursor }
  }
  all: villageDisclosures(first: 0) { counts(by: [STATE]) { values count } }
}
"""
DISCLOSURE = """
query VillageDisclosure($id: ID!) {
  node(id: $id) {
    ... on VillageDisclosure {
      id version affair { id title kind } grid { name } state round beginsOn endsOn dueOn text reason
      committeeAt supervisionAt publishedAt
      bulletin { id title } figures(first: 100) { number capital name unit opening increase decrease closing }
      actions { name label allowed reason }
    }
  }
}
"""
AFFAIRS = """
query VillageAffairs($first: Int!, $after: String, $filter: VillageAffairFilter) {
  villageAffairs(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id title kind rhythm grid { name } dueOn overdue lastPublishedAt until }
    pageInfo { hasNextPage endCursor }
  }
}
"""
AFFAIR = """
query VillageAffair($id: ID!) {
  node(id: $id) {
    ... on VillageAffair {
      id version title kind rhythm grid { name } since until dueOn overdue lastPublishedAt
      disclosures(first: 20) { nodes { id state beginsOn endsOn dueOn publishedAt } }
      actions { name label allowed reason }
    }
  }
}
"""
OVERDUE = """
query DisclosuresOverdue {
  villageDisclosures(first: 0, filter: {overdue: {equals: true}}) { totalCount }
}
"""
PUBLISH, LEDGER = "bulletins.publish", "bulletins.keep_ledger"

VIEWS = (
    View(
        "bulletins.overdue",
        "Publications overdue (逾期未公开)",
        OVERDUE,
        LEDGER,
        ViewKind.COUNTER,
        opens="bulletins.disclosures",
    ),
    View(
        "bulletins.current",
        "Bulletins (公告)",
        BULLETINS,
        PUBLISH,
        opens="bulletins.bulletin",
        forms=("publishBulletin",),
    ),
    View("bulletins.bulletin", "A bulletin (公告详情)", BULLETIN, PUBLISH, ViewKind.DETAIL),
    View("bulletins.disclosures", "To be published (待公开事项)", DISCLOSURES, LEDGER, opens="bulletins.disclosure"),
    View("bulletins.disclosure", "A publication (公开记录详情)", DISCLOSURE, LEDGER, ViewKind.DETAIL),
    View(
        "bulletins.affairs",
        "Affairs of villages (村务目录)",
        AFFAIRS,
        LEDGER,
        opens="bulletins.affair",
        forms=("declareAffair",),
    ),
    View("bulletins.affair", "An affair (村务事项详情)", AFFAIR, LEDGER, ViewKind.DETAIL),
)
