"""Views: the desk of the office that runs programmes, and of counters."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

CLAIMS = """
query PointsClaims(
  $grid: String!, $first: Int!, $after: String, $filter: PointsClaimFilter = {state: {equals: CLAIMED}}
) {
  grid(code: $grid) {
    pointsClaims(first: $first, after: $after, filter: $filter) {
      totalCount
      nodes { id rule { title amount } grid { name } state actedOn decideBy agreed }
      pageInfo { hasNextPage endCursor }
    }
    all: pointsClaims(first: 0) { counts(by: [STATE]) { values count } }
  }
}
"""
CLAIM = """
query PointsClaim($id: ID!) {
  node(id: $id) {
    ... on PointsClaim {
      id version rule { id title amount text approver } person { name } beneficiary { kind name } grid { name } state
      actedOn decideBy text note decidedAt evidence { kind url } votes(first: 20) { approve at }
      actions { name label allowed reason }
    }
  }
}
"""
OBJECTIONS = """
query PointsObjections($first: Int!, $after: String, $filter: PointsObjectionFilter = {state: {equals: OPEN}}) {
  pointsObjections(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id state raisedAt decideBy beneficiary { kind } claim { rule { title } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
OBJECTION = """
query PointsObjection($id: ID!) {
  node(id: $id) {
    ... on PointsObjection {
      id reason state raisedAt decideBy beneficiary { kind name } claim { id actedOn state note rule { title } }
      answer decidedAt actions { name label allowed reason }
    }
  }
}
"""
PROGRAMMES = """
query PointsProgrammes($first: Int!, $after: String) {
  pointsProgrammes(first: $first, after: $after) {
    totalCount
    nodes { id name grid { name } unit startsOn endsOn }
    pageInfo { hasNextPage endCursor }
  }
}
"""
PROGRAMME = """
query PointsProgramme($id: ID!) {
  node(id: $id) {
    ... on PointsProgramme {
      id version name code grid { name } unit startsOn endsOn lastsMonths warnDays
      rules(first: 50) { nodes { id title amount state startsOn endsOn } }
      merchants(first: 50) { nodes { id name address joinedOn leftOn } }
      honours(first: 20) { nodes { title criteria least } }
      actions { name label allowed reason }
    }
  }
}
"""
RULE = """
query PointsRule($id: ID!) {
  node(id: $id) {
    ... on PointsRule {
      id version title name text amount state inForce startsOn endsOn beneficiary approver proof peers decideDays
      cap period cooldownDays objectionDays act { name } event programme { id name }
      actions { name label allowed reason }
    }
  }
}
"""
MERCHANTS = """
query PointsMerchants($first: Int!, $after: String, $filter: PointsMerchantFilter) {
  pointsMerchants(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name address grid { name } joinedOn leftOn offline }
    pageInfo { hasNextPage endCursor }
  }
}
"""
MERCHANT = """
query PointsMerchant($id: ID!) {
  node(id: $id) {
    ... on PointsMerchant {
      id version name address grid { name } unit { name } programme { id name } joinedOn leftOn taken
      rewards(first: 50) { nodes { id title price stock offeredUntil } }
      redemptions(first: 50) { nodes { heldAt state price reward { title } heldUntil } }
      settlements(first: 20) { nodes { at count total } }
      actions { name label allowed reason }
    }
  }
}
"""
REWARD = """
query PointsReward($id: ID!) {
  node(id: $id) {
    ... on PointsReward {
      id version title kind price stock description offeredUntil grid { name } merchant { id name }
      actions { name label allowed reason }
    }
  }
}
"""
WAITING = """
query PointsClaimsWaiting($grid: String!) {
  grid(code: $grid) { pointsClaims(first: 0, filter: {state: {equals: CLAIMED}}) { totalCount } }
}
"""

VIEWS = (
    View(
        "points.waiting",
        "Claims to decide (待认定申报)",
        WAITING,
        "points.view",
        ViewKind.COUNTER,
        opens="points.claims",
    ),
    View("points.claims", "Claims (积分申报)", CLAIMS, "points.view", opens="points.claim"),
    View("points.claim", "A claim (积分申报详情)", CLAIM, "points.view", ViewKind.DETAIL),
    View("points.objections", "Objections (积分异议)", OBJECTIONS, "points.appeal", opens="points.objection"),
    View("points.objection", "An objection (积分异议详情)", OBJECTION, "points.appeal", ViewKind.DETAIL),
    View(
        "points.programmes",
        "Programmes and rules (项目与规则)",
        PROGRAMMES,
        "points.manage",
        opens="points.programme",
        forms=("addPointsProgramme",),
    ),
    View("points.programme", "A programme (积分项目详情)", PROGRAMME, "points.manage", ViewKind.DETAIL),
    View("points.rule", "A rule (积分规则详情)", RULE, "points.view", ViewKind.DETAIL),
    View("points.merchants", "Shops and orders (商户与兑换)", MERCHANTS, "points.offer", opens="points.merchant"),
    View("points.merchant", "A shop (商户详情)", MERCHANT, "points.offer", ViewKind.DETAIL),
    View("points.reward", "A reward (奖品详情)", REWARD, "points.offer", ViewKind.DETAIL),
)
