// Presets: what caches and compilers of other libraries must know of the schema, as plain objects.
import { connections, keyless, nodes } from "./generated.js";

/** The types behind interfaces, for `InMemoryCache` of Apollo and for fragment matchers. */
export const possibleTypes = { Node: [...nodes] };

/** Map the connections of each type: what a library makes of the arguments that tell lists apart. */
function mapConnections<Made>(make: (keyArgs: string[]) => Made): Record<string, Record<string, Made>> {
  return Object.fromEntries(
    Object.entries(connections).map(([type, fields]) => [
      type,
      Object.fromEntries(Object.entries(fields).map(([field, args]) => [field, make(args.split(" ").filter(Boolean))])),
    ]),
  );
}

/**
 * Options of Apollo's `InMemoryCache`. Types without an id are kept within what they belong to. Give
 * `relayStylePagination` of @apollo/client/utilities, and pages of a connection become one list.
 */
export function apollo<Policy>(relayStylePagination?: (keyArgs: string[]) => Policy) {
  const typePolicies: Record<string, { keyFields?: false; fields?: Record<string, Policy> }> = Object.fromEntries(
    keyless.map((type) => [type, { keyFields: false as const }]),
  );
  if (relayStylePagination)
    for (const [type, fields] of Object.entries(mapConnections(relayStylePagination)))
      typePolicies[type] = { ...typePolicies[type], fields };
  return { possibleTypes, typePolicies };
}

/** Options of `cacheExchange` of @urql/exchange-graphcache; give its `relayPagination` to have pages become one list. */
export function graphcache<Resolver>(relayPagination?: () => Resolver) {
  const keys = Object.fromEntries(keyless.map((type) => [type, () => null]));
  return relayPagination ? { keys, resolvers: mapConnections(() => relayPagination()) } : { keys };
}

/** What `relay.config.json` says beside `src` and `schema`. */
export const relay = {
  language: "typescript",
  eagerEsModules: true,
  customScalarTypes: { Date: "string", DateTime: "string", Decimal: "string", JSON: "unknown" },
} as const;

/** The scalars, for `config.scalars` of GraphQL Code Generator. */
export const scalars = { Date: "string", DateTime: "string", Decimal: "string", JSON: "unknown" } as const;
