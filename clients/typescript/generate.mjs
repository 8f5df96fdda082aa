// Writes src/generated.ts: what the client has to know of the schema. `node generate.mjs FILE` writes it elsewhere.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSchema, getNamedType, isObjectType } from "graphql";

const here = dirname(fileURLToPath(import.meta.url));
const read = (path) => readFileSync(join(here, "..", "..", path), "utf8");

const schema = buildSchema(read("schema/full.graphql"));
const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith("__"));
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
const fields = (type) => Object.values(type.getFields());

const nodes = types.filter((type) => type.getInterfaces().some(({ name }) => name === "Node"));
const keyless = types.filter((type) => !roots.includes(type) && !type.getFields().id);
// Of a connection the arguments that do not page tell one list from another.
const PAGING = ["first", "last", "after", "before"];
const connections = types.flatMap((type) => {
  const found = fields(type).filter(({ type }) => getNamedType(type).name.endsWith("Connection"));
  const described = found.map(({ name, args }) => [
    name,
    args.map((each) => each.name).filter((each) => !PAGING.includes(each)).sort().join(" "),
  ]);
  return described.length ? [[type.name, Object.fromEntries(described)]] : [];
});

// Codes of requests, and those that mutations refuse with, as the page for frontends lists them.
const refusals = read("docs/frontends.md").split("### In a payload\n")[1].split("\n#")[0];
const codes = [
  ...Object.keys(JSON.parse(read("schema/labels.json")).errors.labels),
  ...[...refusals.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code),
];

const names = (list) => `${JSON.stringify(list.map(({ name }) => name).sort().join(" "))}.split(" ")`;
writeFileSync(
  process.argv[2] ?? join(here, "src", "generated.ts"),
  `// Written by generate.mjs from the schema: \`make client\`.

/** Why something did not work. */
export type ErrorCode =
${[...new Set(codes)].sort().map((code) => `  | ${JSON.stringify(code)}`).join("\n")};

/** Types with an id that \`node(id:)\` finds. */
export const nodes: string[] = ${names(nodes)};

/** Types without an id, which belong to what leads to them. */
export const keyless: string[] = ${names(keyless)};

/** The connections of each type, and the arguments that tell their lists apart. */
export const connections: Record<string, Record<string, string>> = ${JSON.stringify(Object.fromEntries(connections), null, 2)};
`,
);
