// Documents of the field page.

/** What a phone keeps: names of places and subjects, so that reports can be written without a network. */
export const KNOWN = `query FieldKnown($grid: String!) {
  me { account }
  grid(code: $grid) { code name children(first: 100) { nodes { code name } } }
}`;

export const CATEGORIES = `query FieldCategories { categories(first: 100, orderBy: CODE_ASC) { nodes { code name parent { code name } validTo } } }`;

export const DAY = `query FieldDay($grid: String!, $tomorrow: Date!) {
  me { account }
  grid(code: $grid) {
    code name
    path { name }
    due: households(filter: { visitDueOn: { before: $tomorrow } }, first: 0) { totalCount }
    open: cases(filter: { open: { equals: true } }, first: 0) { totalCount }
    late: cases(filter: { open: { equals: true }, overdue: { equals: true } }, first: 0) { totalCount }
  }
}`;

export const HOMES = `query FieldHouseholds($where: HouseholdFilter!, $after: String) {
  me { account }
  households(filter: $where, orderBy: VISIT_DUE_ON_ASC, first: 20, after: $after) {
    totalCount
    nodes { id number address headName memberCount visitDueOn lastVisit { at } serviceTier { tier } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const HOME = `query FieldHousehold($number: String!) {
  me { account }
  household(number: $number) {
    id number address visitDueOn needs
    serviceTier { tier }
    helper { name }
    members(first: 20) { nodes { relation person { id name gender phone } } }
    visits(first: 5) { nodes { id at note visitor { name } } }
  }
}`;

export const REVEAL = `mutation FieldReveal($input: RevealInput!) {
  reveal(input: $input) { values { id value } errors { code message path } }
}`;

export const CASES = `query FieldCases($where: CaseFilter!) {
  me { account }
  cases(filter: $where, orderBy: DUE_AT_ASC, first: 30) {
    totalCount
    nodes {
      number title status light dueAt address needsTitle
      grid { name }
      category { name }
      actions { name label allowed }
    }
  }
}`;

export const RESOLVE = `mutation FieldResolve($input: ResolveConflictInput!) {
  resolveConflict(input: $input) { errors { code message path } }
}`;
