var n=`query ResidentCategories {
  categories(first: 100) { nodes { code name validTo parent { code } } }
}`,s="query ResidentCounties { grids(filter: { kind: { equals: COUNTY } }, first: 50) { nodes { code name } } }",r=`query ResidentGrids($code: String!) {
  grid(code: $code) { children(first: 100) { nodes { code name } } }
}`,o="query ResidentGridAt($point: PointInput!) { gridAt(point: $point) { name path { name kind } } }",i=`mutation ResidentReport($input: ReportCaseInput!) {
  reportCase(input: $input) {
    case { number }
    receiptCode
    similar(first: 3) { category { name } distance phase }
    errors { code message path }
  }
}`,a=`mutation ResidentPhone($input: LeavePhoneInput!) {
  leavePhone(input: $input) { errors { code message path } }
}`,d=`mutation ResidentPhoneCode($input: ConfirmPhoneInput!) {
  confirmPhone(input: $input) { errors { code message path } }
}`,u=`mutation ResidentRate($input: RateCaseInput!) {
  rateCase(input: $input) { errors { code message path } }
}`,c=`mutation ResidentAdd($input: AddAttachmentsInput!) {
  addAttachments(input: $input) { errors { code message path } }
}`,t=`number title description kind status overdue dueAt reportedAt closedAt mayRate rating solved ratingComment
  category { name }
  grid { name path { name } }
  leadUnit { name }
  reply { text at }
  attachments { id kind url thumbnailUrl at }
  timeline { id at title text note unit { name } }`,p=`query ResidentFollows($number: String!, $receiptCode: String!) {
  case: caseByReceipt(number: $number, receiptCode: $receiptCode) { ${t} }
}`,m=`query ResidentCase($number: String!) {
  me { account }
  case(number: $number) { ${t} actions { name label allowed reason } }
}`,l=`query PublishedBulletins($after: String) {
  bulletins(filter: { current: { equals: true } }, first: 10, after: $after) {
    nodes { id kind title text publishedAt until grid { name } attachments { id name } }
    pageInfo { hasNextPage endCursor }
  }
}`,g=`query PublishedAffairs($after: String) {
  villageDisclosures(filter: { state: { equals: PUBLISHED } }, first: 10, after: $after) {
    nodes {
      id text beginsOn endsOn publishedAt committeeAt supervisionAt
      grid { name } affair { title kind }
      figures(first: 50) { id name opening increase decrease closing unit }
    }
    pageInfo { hasNextPage endCursor }
  }
  villageAffairs(filter: { overdue: { equals: true } }, first: 20) { nodes { id title dueOn grid { name } } }
}`,h=`query PublishedData {
  openDatasets(first: 50) { nodes { id kind since until csv json licence grid { name } } }
}`,f=`query PublishedRules {
  algorithms { name version purpose inputs formula limits owner contact basis since }
  privacyNotices { purpose version title text basis consent since }
  retention { table what months personal basis }
}`,R=`query ResidentHome {
  me {
    account unreadNotices
    person { name points { id balance programme { name } } cases(first: 0) { totalCount } }
    accessLog(first: 0) { totalCount }
  }
}`,x=`query ResidentFile {
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
}`,$=`query ResidentLooks($after: String) {
  me {
    account
    accessLog(first: 20, after: $after) {
      nodes { id at kind purpose fields reader { role unit { name } grid { name } } }
      pageInfo { hasNextPage endCursor }
    }
    dataRequests(first: 50) { nodes { state look { id } } }
  }
}`,A=`query ResidentDecisions {
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
}`,e=`id balance programme { name unit } expiring { amount on }
  entries(first: 30) { nodes { id amount occurredOn reason kind reversed rule { title } actions { name label allowed reason } } }`,C=`query ResidentPoints {
  me { account person { points { ${e} } household { points { ${e} } } } }
}`,I=`query ResidentInbox($after: String) {
  me {
    account
    notices(first: 20, after: $after) { nodes { id at title body read } pageInfo { hasNextPage endCursor } }
  }
}`,b=`mutation ResidentReads($input: ReadNoticesInput!) {
  readNotices(input: $input) { errors { code message path } }
}`,y=`query ResidentConsents {
  me { account consents(first: 50) { id purpose recipient givenAt expiresAt withdrawnAt inForce noticeVersion } }
  privacyNotices { purpose version title text }
}`,E=`mutation ResidentWithdraws($input: WithdrawConsentInput!) {
  withdrawConsent(input: $input) { errors { code message path } }
}`,q=`mutation ResidentCopy($input: DataRequestInput!) {
  requestExport(input: $input) { request { download } errors { code message path } }
}`,P=`query ResidentCases($after: String) {
  me {
    account
    person {
      cases(first: 20, after: $after, orderBy: REPORTED_AT_DESC) {
        nodes { number title status dueAt overdue mayRate reportedAt }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`,S="query PublishedFile($id: ID!) { node(id: $id) { ... on BulletinAttachment { name url } } }";export{n as a,s as b,r as c,o as d,i as e,a as f,d as g,u as h,c as i,p as j,m as k,l,g as m,h as n,f as o,R as p,x as q,$ as r,A as s,C as t,I as u,b as v,y as w,E as x,q as y,P as z,S as A};
