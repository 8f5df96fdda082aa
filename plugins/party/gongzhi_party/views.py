"""Views: the desk of an organisation: its activities and meetings, its members, and who reported to it."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

ACTIVITIES = """
query PartyActivities($first: Int!, $after: String, $filter: PartyActivityFilter = {state: {equals: PLANNED}}) {
  partyActivities(first: $first, after: $after, filter: $filter, orderBy: STARTS_AT_ASC) {
    totalCount
    nodes { id title form startsAt place branch { name } state spotsLeft }
    pageInfo { hasNextPage endCursor }
  }
  all: partyActivities(first: 0) { counts(by: [STATE]) { values count } }
}
"""
MEETINGS = """
query PartyMeetings($first: Int!, $after: String, $filter: PartyActivityFilter = {state: {equals: HELD}}) {
  partyActivities(
    first: $first
    after: $after
    filter: {and: [{form: {in: [MEMBERS_MEETING, COMMITTEE_MEETING, GROUP_MEETING, PARTY_LECTURE]}}, $filter]}
    orderBy: STARTS_AT_DESC
  ) {
    totalCount
    nodes { id title form startsAt branch { name } state minutes { attended recordedAt } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
ACTIVITY = """
query PartyActivityDetail($id: ID!) {
  node(id: $id) {
    ... on PartyActivity {
      id version title form state startsAt endsAt place branch { id name } audience capacity spotsLeft description
      reason minutes { attended text recordedAt }
      tasks(first: 20) { title dueOn done note }
      participations(first: 100) { nodes { name state checkedInAt excuse } }
      actions { name label allowed reason }
    }
  }
}
"""
MEMBERS = """
query PartyMembers($first: Int!, $after: String, $filter: PartyMemberFilter) {
  partyMembers(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name status branch { name } group { name } joinedOn households }
    pageInfo { hasNextPage endCursor }
  }
  all: partyMembers(first: 0) { counts(by: [STATUS]) { values count } }
}
"""
MEMBER = """
query PartyMemberDetail($id: ID!) {
  node(id: $id) {
    ... on PartyMember {
      id version name status branch { id name } group { name } joinedOn confirmedOn leftOn households
      reports(first: 20) { branch { name } since until }
      actions { name label allowed reason }
    }
  }
}
"""
BRANCHES = """
query PartyBranches($first: Int!, $after: String, $filter: PartyBranchFilter) {
  partyBranches(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name kind grid { name } parent { name } memberCount foundedOn }
    pageInfo { hasNextPage endCursor }
  }
}
"""
BRANCH = """
query PartyBranchDetail($id: ID!) {
  node(id: $id) {
    ... on PartyBranch {
      id version name kind grid { name } parent { name } foundedOn dissolvedOn memberCount
      offices { duty name since termEndsOn } grids { grid { name } since }
      activities(first: 20, orderBy: STARTS_AT_DESC) { nodes { id title form startsAt state } }
      actions { name label allowed reason }
    }
  }
}
"""
AHEAD = """
query PartyActivitiesAhead {
  partyActivities(first: 0, filter: {state: {equals: PLANNED}}) { totalCount }
}
"""

VIEWS = (
    View(
        "party.ahead",
        "Activities planned (已安排活动)",
        AHEAD,
        "party.convene",
        ViewKind.COUNTER,
        opens="party.activities",
    ),
    View(
        "party.activities",
        "Activities (党建活动)",
        ACTIVITIES,
        "party.convene",
        opens="party.activity",
        forms=("arrangeActivity",),
    ),
    View("party.meetings", "Meetings and lectures (三会一课)", MEETINGS, "party.convene", opens="party.activity"),
    View("party.activity", "An activity (活动详情)", ACTIVITY, "party.convene", ViewKind.DETAIL),
    View("party.members", "Members and who reported (党员与报到)", MEMBERS, "party.view_members", opens="party.member"),
    View("party.member", "A member (党员详情)", MEMBER, "party.view_members", ViewKind.DETAIL),
    View("party.branches", "Organisations (党组织)", BRANCHES, "party.convene", opens="party.branch"),
    View("party.branch", "An organisation (党组织详情)", BRANCH, "party.convene", ViewKind.DETAIL),
)
