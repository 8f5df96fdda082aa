// Runs the presets in the caches they are for, over pages of a list and types without an id; prints what they read back.
import { InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { readFileSync } from "node:fs";
import { buildClientSchema, buildSchema, introspectionFromSchema, validateSchema } from "graphql";
import { apollo, graphcache, possibleTypes, relay } from "../dist/presets.js";

const schema = buildSchema(readFileSync("../../../schema/full.graphql", "utf8"));
// What GraphiQL and others do with an answer to their introspection.
const introspection = introspectionFromSchema(schema);
const problems = validateSchema(buildClientSchema(introspection)).map(String);

const query = `query Cases($after: String) {
  __typename
  cases(first: 1, after: $after, orderBy: DUE_AT_ASC) {
    __typename
    edges { __typename cursor node { __typename id number place { __typename longitude } } }
    pageInfo { __typename hasNextPage endCursor startCursor hasPreviousPage }
  }
}`;
const page = (at) => ({
  __typename: "Query",
  cases: {
    __typename: "CaseConnection",
    edges: [
      {
        __typename: "CaseEdge",
        cursor: `c${at}`,
        node: { __typename: "Case", id: `Case:${at}`, number: `N${at}`, place: { __typename: "Place", longitude: at } },
      },
    ],
    pageInfo: { __typename: "PageInfo", hasNextPage: at < 2, endCursor: `c${at}`, startCursor: `c${at}`, hasPreviousPage: at > 1 },
  },
});
const read = (data) => data.cases.edges.map(({ node }) => [node.number, node.place.longitude]);

const cache = new InMemoryCache(apollo(relayStylePagination));
for (const [after, at] of [[undefined, 1], ["c1", 2]])
  cache.writeQuery({ query: gql(query), variables: { after }, data: page(at) });
const fromApollo = read(cache.readQuery({ query: gql(query) }));
const alone = cache.readFragment({ id: "Case:Case:2", fragment: gql`fragment One on Node { id }` });

const warnings = [];
console.warn = console.error = (...said) => warnings.push(said.join(" "));
let asked = 0;
const client = new Client({
  url: "http://127.0.0.1/graphql",
  preferGetMethod: false,
  exchanges: [cacheExchange({ schema: introspection, ...graphcache(relayPagination) }), fetchExchange],
  fetch: async () => Response.json({ data: page(++asked) }),
});
await client.query(query, {}).toPromise();
const fromUrql = read((await client.query(query, { after: "c1" }).toPromise()).data);
const nodes = schema.getPossibleTypes(schema.getType("Node")).length === possibleTypes.Node.length;

console.log(
  JSON.stringify({ problems, nodes, fromApollo, alone, fromUrql, warnings, relay: relay.customScalarTypes }),
);
