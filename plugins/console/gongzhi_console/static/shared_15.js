var s=`query ResidentCategories {
  categories(first: 100) { nodes { code name validTo parent { code } } }
}`,r="query ResidentCounties { grids(filter: { kind: { equals: COUNTY } }, first: 50) { nodes { code name } } }",o=`query ResidentGrids($code: String!) {
  grid(code: $code) { children(first: 100) { nodes { code name } } }
}`,i="query ResidentGridAt($point: PointInput!) { gridAt(point: $point) { name path { name kind } } }",a=`mutation ResidentReport($input: ReportCaseInput!) {
  reportCase(input: $input) {
    case { number }
    receiptCode
    similar(first: 3) { category { name } distance phase }
    errors { code message path }
  }
}`,d=`mutation ResidentPhone($input: LeavePhoneInput!) {
  leavePhone(input: $input) { errors { code message path } }
}`,u=`mutation ResidentPhoneCode($input: ConfirmPhoneInput!) {
  confirmPhone(input: $input) { errors { code message path } }
}`,c=`mutation ResidentRate($input: RateCaseInput!) {
  rateCase(input: $input) { errors { code message path } }
}`,p=`mutation ResidentAdd($input: AddAttachmentsInput!) {
  addAttachments(input: $input) { errors { code message path } }
}`,t=`number title description kind status overdue dueAt reportedAt rating solved ratingComment
  category { name }
  grid { path { name kind } gridWorker { name dutyPhone } }
  leadUnit { name }
  reply { text at }
  attachments { id kind url thumbnailUrl at }
  timeline { id at title text note unit { name } }`,m=`query ResidentFollows($number: String!, $receiptCode: String!) {
  case: caseByReceipt(number: $number, receiptCode: $receiptCode) { ${t} }
}`,n="mayRate clocks { stage dueAt stoppedAt paused }",l=`query ResidentFollowsMore($number: String!, $receiptCode: String!) {
  case: caseByReceipt(number: $number, receiptCode: $receiptCode) { ${n} }
}`,g=`query ResidentCaseMore($number: String!) { case(number: $number) { ${n} } }`,h=`query ResidentCase($number: String!) {
  me { account }
  case(number: $number) { ${t} version actions { name label allowed reason } }
}`,R=`query PublishedBulletins($after: String) {
  bulletins(filter: { current: { equals: true } }, first: 10, after: $after) {
    nodes { id kind title text publishedAt until grid { name } attachments { id name } }
    pageInfo { hasNextPage endCursor }
  }
}`,f=`query PublishedAffairs($after: String) {
  villageDisclosures(filter: { state: { equals: PUBLISHED } }, first: 10, after: $after) {
    nodes {
      id text beginsOn endsOn publishedAt committeeAt supervisionAt
      grid { name } affair { title kind }
      figures(first: 50) { id name opening increase decrease closing unit }
    }
    pageInfo { hasNextPage endCursor }
  }
  villageAffairs(filter: { overdue: { equals: true } }, first: 20) { nodes { id title dueOn grid { name } } }
}`,$=`query PublishedData {
  openDatasets(first: 50) { nodes { id kind since until csv json licence grid { name } } }
}`,x=`query PublishedRules {
  algorithms { name version purpose inputs formula limits owner contact basis since }
  privacyNotices { purpose version title text basis consent since }
  retention { table what months personal basis }
}`,A=`query ResidentHome {
  me {
    account unreadNotices
    person { name points { id balance programme { name } } cases(first: 0) { totalCount } }
    accessLog(first: 0) { totalCount }
  }
}`,C=`query ResidentFile {
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
}`,y=`query ResidentLooks($after: String) {
  me {
    account
    accessLog(first: 20, after: $after) {
      nodes { id at kind purpose fields reader { role unit { name } grid { name } } }
      pageInfo { hasNextPage endCursor }
    }
    dataRequests(first: 50) { nodes { state look { id } } }
  }
}`,b=`query ResidentDecisions {
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
}`,e=`id balance held programme { name unit } expiring { amount on }
  entries(first: 30) { nodes { id amount occurredOn reason kind reversed rule { title } } }`,E=`query ResidentPoints {
  me { account person { points { ${e} } household { points { ${e} } } } }
}`,I=`query ResidentExplains($entry: ID!) {
  me { account }
  explainEntry(id: $entry) { text rule { adoptedBy { title decidedOn } } }
}`,S=`query ResidentInbox($after: String) {
  me {
    account
    notices(first: 20, after: $after) { nodes { id at title body read about } pageInfo { hasNextPage endCursor } }
  }
}`,q=`mutation ResidentReads($input: ReadNoticesInput!) {
  readNotices(input: $input) { errors { code message path } }
}`,P=`query ResidentConsents {
  me { account consents(first: 50) { id purpose recipient givenAt expiresAt withdrawnAt inForce noticeVersion } }
  privacyNotices { purpose version title text since consent recipient }
}`,D=`mutation ResidentAgrees($input: GiveConsentInput!) {
  giveConsent(input: $input) { errors { code message path } }
}`,O=`mutation ResidentWithdraws($input: WithdrawConsentInput!) {
  withdrawConsent(input: $input) { errors { code message path } }
}`,v=`mutation ResidentCopy($input: DataRequestInput!) {
  requestExport(input: $input) { request { download } errors { code message path } }
}`,N=`query ResidentCases($after: String) {
  me {
    account
    person {
      cases(first: 20, after: $after, orderBy: REPORTED_AT_DESC) {
        nodes { number title status dueAt overdue mayRate reportedAt }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`,T="query PublishedFile($id: ID!) { node(id: $id) { ... on BulletinAttachment { name url } } }";export{s as a,r as b,o as c,i as d,a as e,d as f,u as g,c as h,p as i,m as j,l as k,g as l,h as m,R as n,f as o,$ as p,x as q,A as r,C as s,y as t,b as u,E as v,I as w,S as x,q as y,P as z,D as A,O as B,v as C,N as D,T as E};
