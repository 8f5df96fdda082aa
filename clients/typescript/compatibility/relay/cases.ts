import { graphql } from "relay-runtime";

export const cases = graphql`
  fragment cases_query on Query
  @refetchable(queryName: "casesPaginationQuery")
  @argumentDefinitions(after: { type: "String" }, first: { type: "Int", defaultValue: 20 }) {
    cases(after: $after, first: $first, orderBy: DUE_AT_ASC) @connection(key: "cases_cases") {
      edges {
        node {
          id
          number
          status
        }
      }
    }
  }
`;

export const one = graphql`
  query casesOneQuery($id: ID!) {
    node(id: $id) {
      ... on Case {
        number
        dueAt
      }
    }
    ...cases_query
  }
`;
