"""Views: the desks of the justice office, of mediators and counsellors, and of whoever looks after situations."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

SCREENINGS = """
query DisputeScreenings(
  $grid: String!, $first: Int!, $after: String, $filter: DisputeScreeningFilter = {state: {equals: OPEN}}
) {
  grid(code: $grid) {
    disputeScreenings(first: $first, after: $after, filter: $filter) {
      totalCount
      nodes { id situation disputeType tension state reviewOn grid { name } }
      pageInfo { hasNextPage endCursor }
    }
    all: disputeScreenings(first: 0) { counts(by: [TENSION]) { values count } }
  }
}
"""
SCREENING = """
query DisputeScreeningDetail($id: ID!) {
  node(id: $id) {
    ... on DisputeScreening {
      id version situation disputeType tension state reviewOn recordedAt grid { name }
      reviews(first: 50) { at tension note }
      actions { name label allowed reason }
    }
  }
}
"""
CLUES = """
query EnforcementClues(
  $grid: String!, $first: Int!, $after: String, $filter: EnforcementClueFilter = {state: {equals: REPORTED}}
) {
  grid(code: $grid) {
    enforcementClues(first: $first, after: $after, filter: $filter) {
      totalCount
      nodes { id subject state reportedAt acceptBy grid { name } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
CLUE = """
query EnforcementClueDetail($id: ID!) {
  node(id: $id) {
    ... on EnforcementClue {
      id version subject text state reportedAt acceptBy grid { name } reply closedAt
      actions { name label allowed reason }
    }
  }
}
"""
MATTERS = """
query HandledMatters($first: Int!, $after: String, $filter: LegalMatterFilter) {
  handledLegalMatters(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id kind openedAt grid { name } mediation { disputeName state dueOn } advice { topic state } closedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
MATTER = """
query LegalMatterDetail($id: ID!) {
  node(id: $id) {
    ... on LegalMatter {
      id kind openedAt closedAt grid { name }
      mediation { id disputeName state dueOn } advice { id topic state answerDueAt }
      seats(first: 20) { role name since } messages(first: 50) { at by text } files(first: 20) { title at url }
      actions { name label allowed reason }
    }
  }
}
"""
MEDIATION = """
query MediationDetail($id: ID!) {
  node(id: $id) {
    ... on Mediation {
      id version disputeName state facts requestedAt startedAt dueOn endedAt outcome reason level
      agreement { number form madeAt effectiveOn performance keptOn }
      parties(first: 20) { place name joinedAt acknowledgedAt } mediators(first: 10) { name acting since until }
      sessions(first: 20) { at place minutes }
      actions { name label allowed reason }
    }
  }
}
"""
ADVICE = """
query LegalAdviceDetail($id: ID!) {
  node(id: $id) {
    ... on LegalAdvice {
      id version topic state question channel urgent askedAt answerDueAt answeredAt closedAt
      actions { name label allowed reason }
    }
  }
}
"""
PANEL = """
query LegalPanel($grid: String!) {
  grid(code: $grid) { legalPanel(first: 50) { id name kind onDuty languages grid { name } unit { name } } }
}
"""
ADVISER = """
query LegalAdviserDetail($id: ID!) {
  node(id: $id) {
    ... on LegalAdviser {
      id version name kind qualification languages onDuty dutyPhone grid { name } unit { name } joinedOn leftOn
      serves(first: 50) { name } shifts(first: 30) { startsAt endsAt place }
      slots(first: 30) { startsAt endsAt meeting free }
      actions { name label allowed reason }
    }
  }
}
"""
TENSE = """
query TenseSituations($grid: String!) {
  grid(code: $grid) { disputeScreenings(first: 0, filter: {state: {equals: OPEN}}) { totalCount } }
}
"""

VIEWS = (
    View(
        "legal.open",
        "Situations to look at (跟踪中的矛盾)",
        TENSE,
        "legal.screen",
        ViewKind.COUNTER,
        opens="legal.screenings",
    ),
    View(
        "legal.screenings",
        "Situations (矛盾排查)",
        SCREENINGS,
        "legal.screen",
        opens="legal.screening",
        forms=("recordDisputeScreening",),
    ),
    View("legal.screening", "A situation (矛盾排查详情)", SCREENING, "legal.screen", ViewKind.DETAIL),
    View("legal.clues", "Clues for inspectors (执法线索)", CLUES, "legal.clues", opens="legal.clue"),
    View("legal.clue", "A clue (执法线索详情)", CLUE, "legal.clues", ViewKind.DETAIL),
    View("legal.matters", "Mediations and advice (承办调解与咨询)", MATTERS, "legal.handle", opens="legal.matter"),
    View("legal.matter", "A matter (承办事项详情)", MATTER, "legal.handle", ViewKind.DETAIL),
    View("legal.mediation", "A mediation (人民调解详情)", MEDIATION, "legal.handle", ViewKind.DETAIL),
    View("legal.advice", "Advice (法律咨询详情)", ADVICE, "legal.handle", ViewKind.DETAIL),
    View(
        "legal.panel",
        "Lawyers and mediators (法律顾问与预约)",
        PANEL,
        "legal.manage",
        opens="legal.adviser",
        forms=("addLegalAdviser",),
    ),
    View("legal.adviser", "An adviser (法律顾问详情)", ADVISER, "legal.manage", ViewKind.DETAIL),
)
