// Apollo Client with persisted queries and relayStylePagination reads a list page by page. Arguments: URL, token.
const { createHash } = require("node:crypto");
const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } = require("@apollo/client");
const { PersistedQueryLink } = require("@apollo/client/link/persisted-queries");
const { relayStylePagination } = require("@apollo/client/utilities");

const [url, token] = process.argv.slice(2);
const sent = [];

async function recorded(uri, options) {
  const response = await fetch(uri, options);
  const body = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(uri).searchParams);
  sent.push({ method: options.method, status: response.status, query: "query" in body });
  return response;
}

const client = new ApolloClient({
  cache: new InMemoryCache({ typePolicies: { Query: { fields: { categories: relayStylePagination() } } } }),
  link: ApolloLink.from([
    new PersistedQueryLink({
      sha256: (text) => createHash("sha256").update(text).digest("hex"),
      useGETForHashedQueries: process.argv[4] === "get",
    }),
    new HttpLink({ uri: url, fetch: recorded, headers: token ? { authorization: `Bearer ${token}` } : {} }),
  ]),
});

const PAGE = gql`
  query Categories($after: String) {
    categories(first: 5, after: $after) {
      totalCount
      edges { cursor node { id name } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

async function main() {
  const list = client.watchQuery({ query: PAGE });
  list.subscribe({});
  let { data } = await client.query({ query: PAGE });
  const first = data.categories.edges.length;
  while (data.categories.pageInfo.hasNextPage) {
    await list.fetchMore({ variables: { after: data.categories.pageInfo.endCursor } });
    data = client.readQuery({ query: PAGE });
  }
  const ids = data.categories.edges.map((edge) => edge.node.id);
  const wrong = await client.query({ query: gql`{ nonsense }`, errorPolicy: "all" });
  const code = wrong.error?.errors?.[0]?.extensions.code;
  process.stdout.write(JSON.stringify({ first, ids, total: data.categories.totalCount, sent, code }));
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
