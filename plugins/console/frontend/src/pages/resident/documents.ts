// Documents of the residents' pages. Those for everybody do not ask who is signed in: strangers are at home here.

export const CATEGORIES = `query ResidentCategories {
  categories(first: 100) { nodes { code name validTo parent { code } } }
}`;

export const COUNTIES = `query ResidentCounties { grids(filter: { kind: { equals: COUNTY } }, first: 50) { nodes { code name } } }`;

export const WITHIN = `query ResidentGrids($code: String!) {
  grid(code: $code) { children(first: 100) { nodes { code name } } }
}`;

export const GRID_AT = `query ResidentGridAt($point: PointInput!) { gridAt(point: $point) { name path { name kind } } }`;

export const REPORT = `mutation ResidentReport($input: ReportCaseInput!) {
  reportCase(input: $input) {
    case { number }
    receiptCode
    similar(first: 3) { category { name } distance phase }
    errors { code message path }
  }
}`;

export const LEAVE_PHONE = `mutation ResidentPhone($input: LeavePhoneInput!) {
  leavePhone(input: $input) { errors { code message path } }
}`;

export const CONFIRM_PHONE = `mutation ResidentPhoneCode($input: ConfirmPhoneInput!) {
  confirmPhone(input: $input) { errors { code message path } }
}`;

export const RATE = `mutation ResidentRate($input: RateCaseInput!) {
  rateCase(input: $input) { errors { code message path } }
}`;

export const ADD = `mutation ResidentAdd($input: AddAttachmentsInput!) {
  addAttachments(input: $input) { errors { code message path } }
}`;

const FOLLOWED = `number title description kind status overdue dueAt reportedAt rating solved ratingComment
  category { name }
  grid { path { name kind } gridWorker { name dutyPhone } }
  leadUnit { name }
  reply { text at }
  attachments { id kind url thumbnailUrl at }
  timeline { id at title text note unit { name } }`;

export const BY_RECEIPT = `query ResidentFollows($number: String!, $receiptCode: String!) {
  case: caseByReceipt(number: $number, receiptCode: $receiptCode) { ${FOLLOWED} }
}`;

/** What plugins add; a server without one of them answers nothing here, and the page does without. */
const ADDED = `mayRate clocks { stage dueAt stoppedAt paused }`;

export const BY_RECEIPT_ADDED = `query ResidentFollowsMore($number: String!, $receiptCode: String!) {
  case: caseByReceipt(number: $number, receiptCode: $receiptCode) { ${ADDED} }
}`;

export const OWN_CASE_ADDED = `query ResidentCaseMore($number: String!) { case(number: $number) { ${ADDED} } }`;

export const OWN_CASE = `query ResidentCase($number: String!) {
  me { account }
  case(number: $number) { ${FOLLOWED} version actions { name label allowed reason } }
}`;

export const BULLETINS = `query PublishedBulletins($after: String) {
  bulletins(filter: { current: { equals: true } }, first: 10, after: $after) {
    nodes { id kind title text publishedAt until grid { name } attachments { id name } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const AFFAIRS = `query PublishedAffairs($after: String) {
  villageDisclosures(filter: { state: { equals: PUBLISHED } }, first: 10, after: $after) {
    nodes {
      id text beginsOn endsOn publishedAt committeeAt supervisionAt
      grid { name } affair { title kind }
      figures(first: 50) { id name opening increase decrease closing unit }
    }
    pageInfo { hasNextPage endCursor }
  }
  villageAffairs(filter: { overdue: { equals: true } }, first: 20) { nodes { id title dueOn grid { name } } }
}`;

export const DATASETS = `query PublishedData {
  openDatasets(first: 50) { nodes { id kind since until csv json licence grid { name } } }
}`;

export const PROMISES = `query PublishedRules {
  algorithms { name version purpose inputs formula limits owner contact basis since }
  privacyNotices { purpose version title text basis consent since }
  retention { table what months personal basis }
}`;

export const HOME = `query ResidentHome {
  me {
    account unreadNotices
    person { name points { id balance programme { name } } cases(first: 0) { totalCount } }
    accessLog(first: 0) { totalCount }
  }
}`;

export const FILE = `query ResidentFile {
  me {
    account
    person {
      name birthDate residentId restrictedAt phones { number }
      grid { name path { name } gridWorker { name dutyPhone } }
      household { id address memberCount helper { name } serviceTier { tier reviewOn reasons { text english holds } } }
    }
    dataRequests(first: 20) {
      nodes { id kind state text askedAt dueAt decidedAt grounds remedy download look { at purpose } actions { name label allowed reason } }
    }
  }
}`;

export const LOOKS = `query ResidentLooks($after: String) {
  me {
    account
    accessLog(first: 20, after: $after) {
      nodes { id at kind purpose fields reader { role unit { name } grid { name } } }
      pageInfo { hasNextPage endCursor }
    }
    dataRequests(first: 50) { nodes { state look { id } } }
  }
}`;

export const DECISIONS = `query ResidentDecisions {
  me {
    account
    decisions(first: 20) {
      nodes {
        id at outcome adverse inForce
        rule { name version card { purpose contact } }
        inputs { name value } contributions { text english }
        reviews { id state outcome grounds dueAt }
      }
    }
  }
}`;

const ACCOUNT = `id balance held programme { name unit } expiring { amount on }
  entries(first: 30) { nodes { id amount occurredOn reason kind reversed rule { title } } }`;

export const POINTS = `query ResidentPoints {
  me { account person { points { ${ACCOUNT} } household { points { ${ACCOUNT} } } } }
}`;

export const EXPLAIN = `query ResidentExplains($entry: ID!) {
  me { account }
  explainEntry(id: $entry) { text rule { adoptedBy { title decidedOn } } }
}`;

export const INBOX = `query ResidentInbox($after: String) {
  me {
    account
    notices(first: 20, after: $after) { nodes { id at title body read about } pageInfo { hasNextPage endCursor } }
  }
}`;

export const READ = `mutation ResidentReads($input: ReadNoticesInput!) {
  readNotices(input: $input) { errors { code message path } }
}`;

export const CONSENTS = `query ResidentConsents {
  me { account consents(first: 50) { id purpose recipient givenAt expiresAt withdrawnAt inForce noticeVersion } }
  privacyNotices { purpose version title text since consent recipient }
}`;

export const AGREE = `mutation ResidentAgrees($input: GiveConsentInput!) {
  giveConsent(input: $input) { errors { code message path } }
}`;

export const WITHDRAW = `mutation ResidentWithdraws($input: WithdrawConsentInput!) {
  withdrawConsent(input: $input) { errors { code message path } }
}`;

export const COPY = `mutation ResidentCopy($input: DataRequestInput!) {
  requestExport(input: $input) { request { download } errors { code message path } }
}`;

export const CASES = `query ResidentCases($after: String) {
  me {
    account
    person {
      cases(first: 20, after: $after, orderBy: REPORTED_AT_DESC) {
        nodes { number title status dueAt overdue mayRate reportedAt }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;

/** A file of a bulletin comes whole, as a data URL: it is asked for when somebody wants it. */
export const BULLETIN_FILE = `query PublishedFile($id: ID!) { node(id: $id) { ... on BulletinAttachment { name url } } }`;
