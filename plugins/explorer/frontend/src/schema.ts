// The schema, as the server prints it: with what introspection leaves out, by which plugin a field is there.
import { signal } from "@preact/signals";
import {
  buildASTSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  parse,
} from "graphql";
import type { ConstDirectiveNode, GraphQLField, GraphQLNamedType, GraphQLOutputType, GraphQLSchema } from "graphql";
import { token } from "./identity";

export type Loading = "loading" | "loaded" | "closed" | "noSchema";

export interface Entry {
  type: string;
  /** The field, input field or value, or "" for the type itself. */
  name: string;
  plugin: string;
  description: string;
}

export const schema = signal<GraphQLSchema | undefined>(undefined);
export const loading = signal<Loading>("loading");
export const entries = signal<Entry[]>([]);
export const plugins = signal<string[]>([]);
export const plugin = signal("");

export async function loadSchema(): Promise<void> {
  try {
    const reply = await fetch("/schema.graphql", token.value ? { headers: { authorization: `Bearer ${token.value}` } } : {});
    if (!reply.ok) {
      loading.value = reply.status === 401 || reply.status === 403 ? "closed" : "noSchema";
      return;
    }
    const built = buildASTSchema(parse(await reply.text(), { noLocation: true }), { assumeValid: true, assumeValidSDL: true });
    entries.value = listEntries(built);
    plugins.value = [...new Set(entries.value.map((entry) => entry.plugin))].filter((name) => name !== "").sort();
    schema.value = built;
    loading.value = "loaded";
  } catch {
    loading.value = "noSchema";
  }
}

interface Declared {
  name: string;
  description?: string | null | undefined;
  astNode?: { directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined;
}

export function pluginOf(declared: Declared): string {
  const from = declared.astNode?.directives?.find((directive) => directive.name.value === "from");
  const value = from?.arguments?.[0]?.value;
  return value?.kind === "StringValue" ? value.value : "";
}

export function membersOf(type: GraphQLNamedType): Declared[] {
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) return Object.values(type.getFields());
  return isEnumType(type) ? [...type.getValues()] : [];
}

function listEntries(built: GraphQLSchema): Entry[] {
  const types = Object.values(built.getTypeMap()).filter((type) => !type.name.startsWith("__"));
  return types.flatMap((type) => [
    { type: type.name, name: "", plugin: "", description: type.description ?? "" },
    ...membersOf(type).map((one) => ({
      type: type.name,
      name: one.name,
      plugin: pluginOf(one),
      description: one.description ?? "",
    })),
  ]);
}

/** Find what is called so, best first: a name that is the text, begins with it, has it; then descriptions. */
export function search(text: string, of: string, most = 80): Entry[] {
  const wanted = text.trim().toLowerCase();
  const ranked: [number, Entry][] = [];
  for (const entry of entries.value) {
    if (of !== "" && entry.plugin !== (of === "core" ? "" : of)) continue;
    const name = (entry.name || entry.type).toLowerCase();
    const at = `${entry.type}.${entry.name}`.toLowerCase();
    const rank = name === wanted ? 0 : name.startsWith(wanted) ? 1 : at.includes(wanted) ? 2 : entry.description.toLowerCase().includes(wanted) ? 3 : 9;
    // What one can ask for at once comes before what lies further in.
    if (rank < 9) ranked.push([rank * 2 + (["Query", "Mutation", "Subscription"].includes(entry.type) ? 0 : 1), entry]);
  }
  return ranked.sort(([one], [other]) => one - other).slice(0, most).map(([, entry]) => entry);
}

/** Write an operation that asks for a field at the root, with what it must be given as variables. */
export function skeleton(kind: string, field: GraphQLField<unknown, unknown>): string {
  const needed = field.args.filter((one) => isNonNullType(one.type) && one.defaultValue === undefined);
  const declared = needed.map((one) => `$${one.name}: ${String(one.type)}`).join(", ");
  const given = needed.map((one) => `${one.name}: $${one.name}`);
  if (field.args.some((one) => one.name === "first")) given.push("first: 10");
  const name = (field.name[0] ?? "").toUpperCase() + field.name.slice(1);
  const call = given.length ? `${field.name}(${given.join(", ")})` : field.name;
  return `${kind} ${name}${declared ? `(${declared})` : ""} { ${call}${leaves(field.type, 2)} }`;
}

function leaves(output: GraphQLOutputType, depth: number): string {
  const type = getNamedType(output);
  if (isLeafType(type)) return "";
  if (!isObjectType(type) && !isInterfaceType(type)) return " { __typename }";
  const fields = Object.values(type.getFields()).filter((one) => !one.args.some((arg) => isNonNullType(arg.type)) && pluginOf(one) === "");
  const shown = type.name.endsWith("Connection")
    ? fields.filter((one) => ["nodes", "totalCount"].includes(one.name))
    : fields.filter((one) => isLeafType(getNamedType(one.type))).slice(0, 6);
  const inner = fields.filter((one) => depth > 1 && !shown.includes(one) && one.name !== "node" && type.name.endsWith("Payload"));
  const names = [...shown, ...inner.slice(0, 3)].map((one) => one.name + leaves(one.type, depth - 1));
  return names.length ? ` { ${names.join(" ")} }` : " { __typename }";
}
