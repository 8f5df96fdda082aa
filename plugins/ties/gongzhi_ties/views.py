"""Views: the desk of whoever keeps links of help, deputies, social organisations and what is bought of them."""

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
# What a link's row leads to, for withdrawing it.
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
# At first those who are in office, and the days ahead.
DEPUTIES = """
query Deputies($first: Int!, $after: String, $filter: DeputyFilter = {inOffice: {equals: true}}) {
  deputies(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name level constituency grid { name } station { name } since endsOn until }
    pageInfo { hasNextPage endCursor }
  }
  all: deputies(first: 0) { counts(by: [LEVEL]) { values count } }
}
"""
DEPUTY = """
query Deputy($id: ID!) {
  node(id: $id) {
    ... on Deputy {
      id version name level constituency grid { name } station { id name } since endsOn until
      actions { name label allowed reason }
    }
  }
}
"""
STATIONS = """
query DeputyStations($first: Int!, $after: String, $filter: DeputyStationFilter = {open: {equals: true}}) {
  deputyStations(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name grid { name } address openedOn closedOn }
    pageInfo { hasNextPage endCursor }
  }
}
"""
STATION = """
query DeputyStation($id: ID!) {
  node(id: $id) {
    ... on DeputyStation {
      id version name grid { name } address openedOn closedOn
      deputies(first: 50) { nodes { id name level constituency } }
      receptions(first: 20) { nodes { id startsAt state } } actions { name label allowed reason }
    }
  }
}
"""
RECEPTIONS = """
query ReceptionDays($first: Int!, $after: String, $filter: ReceptionDayFilter = {state: {equals: ANNOUNCED}}) {
  receptionDays(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id station { name } grid { name } startsAt endsAt state visitors }
    pageInfo { hasNextPage endCursor }
  }
  all: receptionDays(first: 0) { counts(by: [STATE]) { values count } }
}
"""
RECEPTION = """
query ReceptionDay($id: ID!) {
  node(id: $id) {
    ... on ReceptionDay {
      id version station { id name address } grid { name } startsAt endsAt state visitors reason
      deputies { deputy { id name } }
      heard(first: 50) {
        nodes { id deputy { name } suggestion { title state replyBy } case { number status } heardAt satisfied }
      }
      actions { name label allowed reason }
    }
  }
}
"""
# Also for whoever asked, and for deputies: each sees their own.
HEARD = """
query HeardMatter($id: ID!) {
  node(id: $id) {
    ... on HeardMatter {
      id reception { id startsAt } deputy { id name } person { name }
      suggestion { title text state unit { name } replyBy reply satisfied } case { number status } heardAt satisfied
      actions { name label allowed reason }
    }
  }
}
"""
ORGANISATIONS = """
query SocialOrganisations(
  $first: Int!, $after: String, $filter: SocialOrganisationFilter = {registered: {equals: true}}
) {
  socialOrganisations(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id name kind uscc unit { name } grid { name } purpose registeredOn deregisteredOn }
    pageInfo { hasNextPage endCursor }
  }
}
"""
ORGANISATION = """
query SocialOrganisation($id: ID!) {
  node(id: $id) {
    ... on SocialOrganisation {
      id version name kind uscc unit { name } grid { name } purpose registeredOn deregisteredOn
      served { grid { name } } purchases(first: 20) { nodes { id title amount state } }
      actions { name label allowed reason }
    }
  }
}
"""
# At first what a second person is to accept.
PURCHASES = """
query PurchasedServices(
  $first: Int!, $after: String, $filter: PurchasedServiceFilter = {state: {equals: DELIVERED}}
) {
  purchasedServices(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id title organisation { name } unit { name } grid { name } amount state since endsOn }
    pageInfo { hasNextPage endCursor }
  }
  all: purchasedServices(first: 0) { counts(by: [STATE]) { values count } }
}
"""
PURCHASE = """
query PurchasedService($id: ID!) {
  node(id: $id) {
    ... on PurchasedService {
      id version title organisation { id name } unit { name } grid { name } amount state since endsOn recordedAt
      result deliveredAt acceptedAt actions { name label allowed reason }
    }
  }
}
"""
VOLUNTEERS = """
query RegisteredVolunteers($first: Int!, $after: String, $filter: RegisteredVolunteerFilter) {
  registeredVolunteers(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id person { name } grid { name } skills since }
    pageInfo { hasNextPage endCursor }
  }
}
"""
KEEPS, DEPUTIES_KEPT = "ties.keep", "ties.keep_deputies"

VIEWS = (
    View("ties.waiting", "Links proposed (征求意见中的联系帮扶)", WAITING, KEEPS, ViewKind.COUNTER, opens="ties.ties"),
    View("ties.ties", "Links of help (联系帮扶)", TIES, "ties.answer", opens="ties.tie", forms=("proposeTie",)),
    View("ties.tie", "A link (联系帮扶详情)", TIE, "ties.answer", ViewKind.DETAIL),
    View("ties.deed", "What was done (帮扶实事详情)", DEED, "ties.answer", ViewKind.DETAIL),
    View(
        "ties.deputies",
        "Deputies (人大代表)",
        DEPUTIES,
        DEPUTIES_KEPT,
        opens="ties.deputy",
        forms=("registerDeputy",),
    ),
    View("ties.deputy", "A deputy (代表详情)", DEPUTY, DEPUTIES_KEPT, ViewKind.DETAIL),
    View(
        "ties.stations",
        "Liaison stations (代表联络站)",
        STATIONS,
        DEPUTIES_KEPT,
        opens="ties.station",
        forms=("openDeputyStation",),
    ),
    View("ties.station", "A station (联络站详情)", STATION, DEPUTIES_KEPT, ViewKind.DETAIL),
    View("ties.receptions", "Reception days (选民接待日)", RECEPTIONS, None, opens="ties.reception"),
    View("ties.reception", "A reception day (接待日详情)", RECEPTION, None, ViewKind.DETAIL),
    View(
        "ties.organisations",
        "Social organisations (社会组织)",
        ORGANISATIONS,
        "ties.purchase",
        opens="ties.organisation",
        forms=("registerSocialOrganisation",),
    ),
    View("ties.organisation", "An organisation (社会组织详情)", ORGANISATION, "ties.purchase", ViewKind.DETAIL),
    View(
        "ties.purchases",
        "Purchased services (购买服务)",
        PURCHASES,
        "ties.purchase",
        opens="ties.purchase",
        forms=("recordPurchasedService",),
    ),
    View("ties.purchase", "A purchase (购买服务详情)", PURCHASE, "ties.purchase", ViewKind.DETAIL),
    View("ties.volunteers", "Volunteers (登记志愿者)", VOLUNTEERS, "ties.see_volunteers"),
    View("ties.heard", "What was heard (听取意见详情)", HEARD, None, ViewKind.DETAIL),
)
