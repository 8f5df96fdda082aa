// Documents: all operations of the pages, but those of views, and those that forms/inputs.ts makes of an action's name.

/** Who asks, and where events stand: whatever is loaded after it is followed from there. */
export const WHO = `query ConsoleSession {
  eventCursor
  me { account role permissions secondFactorDue person { name } grants { role grid { code name } unit { code name } } }
}`;

export const UNREAD = `query ConsoleUnread { me { account unreadNotices } }`;

/** What a notice is about, by what its page is found. */
export const ABOUT = `query ConsoleAbout($id: ID!) {
  me { account }
  node(id: $id) { __typename id ... on Case { number } ... on Grant { account { name } } }
}`;

export const LABELS = `query ConsoleLabels($of: [String!]!) {
  labels(of: $of) { of chinese english labels { name chinese english tone } }
}`;

const ROW = `fragment Row on Case { number title kind status urgency dueAt light overdue grid { name path { name kind } } }`;

/** Badges: the same whatever is chosen in the filters, so that they tell what choosing would give. */
const BADGES = `badges: cases(filter: $open, first: 0) {
    totalCount
    status: counts(by: [STATUS]) { values count }
    town: counts(by: [TOWN]) { values count }
    late: counts(by: [OVERDUE]) { values count }
  }`;

export const DESK = `query DispatchDesk($where: CaseFilter!, $open: CaseFilter!, $after: String) {
  me { account }
  cases(filter: $where, orderBy: DUE_AT_ASC, first: 30, after: $after) {
    totalCount
    nodes { ...Row }
    pageInfo { hasNextPage endCursor }
  }
  ${BADGES}
}
${ROW}`;

export const DESK_CHANGES = `query DispatchDeskChanges($where: CaseFilter!, $changed: CaseFilter!, $open: CaseFilter!) {
  me { account }
  cases(filter: $where, first: 0) { totalCount }
  changed: cases(filter: $changed, first: 50) { nodes { ...Row } }
  ${BADGES}
}
${ROW}`;

export const TOWNS = `query Towns { grids(filter: { kind: { equals: TOWN } }, first: 100) { nodes { code name } } }`;

/** What the core knows of a case. The requester is left out: opening a case is no look at a person's file. */
export const CASE = `query CasePage($number: String!) {
  me { account }
  case(number: $number) {
    number version title description kind status urgency address anonymous reportedAt dueAt light overdue needsTitle
    category { code name }
    channel { name }
    grid { name path { name } }
    leadUnit { name }
    supportUnits { name }
    reply { text at }
    attachments { id kind mediaType size url thumbnailUrl at }
    timeline { id at title note text role unit { name } }
    actions { name label allowed reason }
  }
}`;

/** What plugins add to it; a server without one of them answers nothing here, and the page does without. */
export const CASE_PLUGINS = `query CasePagePlugins($number: String!) {
  case(number: $number) {
    clocks { id stage dueAt light paused spent allowed stoppedAt explanation unit { name } }
    workOrders(first: 20) { nodes { id role state dueAt light unit { name } } }
    dispatchProposal { reason leadUnit { code name } supportUnits { code name } }
    similarCases(first: 3) { number title status }
  }
}`;

/** What somebody who holds no grid looks at first. */
export const COUNTIES = `query Counties { grids(filter: { kind: { equals: COUNTY } }, first: 20) { nodes { code name } } }`;

/** What plugins have the page draw, for whoever is signed in. */
export const VIEWS = `query ConsoleViews {
  views {
    name plugin desk { english chinese } kind english chinese document variables type opens rows
    columns { ...Shown }
    tables { path english chinese type columns { ...Shown } }
    filters { name english chinese type initial counts }
    forms { mutation english chinese subject }
  }
}
fragment Shown on ViewColumn { path english chinese type owner ownerId }`;

/** What the inputs of mutations take. */
export const FORMS = `query ConsoleForms($of: [String!]!) {
  actionForms(of: $of) {
    mutation input subject
    inputs { name fields { name type required listed picks values initial minLength maxLength min max } }
  }
}`;

export const FOLLOW = `subscription ConsoleEvents { caseEvents { case { number } } }`;
