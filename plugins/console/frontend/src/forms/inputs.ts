// Inputs: what the input of an action takes, and how what people fill in becomes it.
import { client } from "../session";
import { namesOf } from "../labels";
import { colon, say } from "../words";
import made from "./inputs.json";

export interface Field {
  name: string;
  type: string;
  required?: boolean;
  listed?: boolean;
  /** Whether it names units by their codes. */
  unit?: boolean;
  initial?: unknown;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
}

export interface Unit {
  code: string;
  name: string;
}

/** What stands in a field while people fill it in. */
export type Value = string | Unit[] | File[];
export type Values = Record<string, Value>;
export type Errors = Record<string, string>;

const { mutations, inputs, enums } = made as unknown as {
  mutations: Record<string, string>;
  inputs: Record<string, Field[]>;
  enums: Record<string, string[]>;
};

/** Filled in by the page: which case, in which version, and the key by which it is done once. */
const OURS = ["number", "expectedVersion", "idempotencyKey"];
const LONG = /description|note|text|reason|comment|grounds/i;

export const inputOf = (mutation: string): string | undefined => mutations[mutation];

/** Which labels a form needs. */
export function labelsOf(mutation: string): string[] {
  const input = inputOf(mutation) ?? "";
  return [input, ...(inputs[input] ?? []).flatMap((field) => [field.type, changeOf(field) ?? ""]).filter((type) => enums[type])];
}

/** The fields that people fill in, in the order of their labels. */
export function fieldsOf(mutation: string): Field[] {
  const input = inputOf(mutation) ?? "";
  const order = namesOf(input);
  return (inputs[input] ?? [])
    .filter(({ name }) => !OURS.includes(name))
    .sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
}

/** Whether it says which version of the case people saw. */
export const takesVersion = (mutation: string): boolean =>
  (inputs[inputOf(mutation) ?? ""] ?? []).some(({ name }) => name === "expectedVersion");

/** The document that does it. Nothing but refusals is asked for: the page loads the case anew. */
export function documentOf(mutation: string): string {
  const name = mutation[0]!.toUpperCase() + mutation.slice(1);
  return `mutation ${name}($input: ${inputOf(mutation)}!) { ${mutation}(input: $input) { errors { code message path } } }`;
}

/** Of a field that takes a change, the type of what is changed: it is sent with the value that people saw. */
export const changeOf = (field: Field): string | undefined =>
  inputs[field.type]?.find(({ name }) => name === "value")?.type;

export const valuesOf = (field: Field): string[] | undefined => enums[changeOf(field) ?? field.type];

export function isLong(field: Field): boolean {
  if (field.unit || valuesOf(field) || (field.type !== "String" && changeOf(field) !== "String")) return false;
  return field.listed === true || (field.maxLength ?? 0) > 500 || LONG.test(field.name);
}

export const takesFiles = (field: Field): boolean => field.name === "attachments" && field.type === "ID";

export function emptyValue(field: Field): Value {
  if (field.unit || takesFiles(field)) return [];
  return field.initial === undefined || field.initial === null ? "" : String(field.initial);
}

/** Say what must be given and is not. Everything else the server says, in its words. */
export function findMissing(fields: Field[], values: Values, name: (field: Field) => string): Errors {
  const missing = fields.filter((field) => field.required && isEmpty(values[field.name]));
  return Object.fromEntries(missing.map((field) => [field.name, `${say("fillIn")}${colon()}${name(field)}`]));
}

const isEmpty = (value: Value | undefined): boolean =>
  value === undefined || (typeof value === "string" ? value.trim() === "" : value.length === 0);

/** Make the input of what was filled in; files are uploaded first. What is empty is left out. */
export async function readInput(fields: Field[], values: Values, shown: Record<string, string>): Promise<object> {
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[field.name];
    const read = await readValue(field, value ?? "", shown[field.name]);
    if (read !== undefined) input[field.name] = read;
  }
  return input;
}

async function readValue(field: Field, value: Value, shown: string | undefined): Promise<unknown> {
  if (changeOf(field)) return value === (shown ?? "") ? undefined : { base: shown, value };
  if (isEmpty(value)) return undefined;
  if (typeof value !== "string") {
    if (!field.unit) return uploadAll(value as File[]);
    const codes = (value as Unit[]).map(({ code }) => code);
    return field.listed ? codes : codes[0];
  }
  if (field.listed) return value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (field.type === "Int" || field.type === "Float") return Number(value);
  if (field.type === "Boolean") return value === "true";
  return field.type === "DateTime" ? new Date(value).toISOString() : value;
}

async function uploadAll(files: File[]): Promise<string[]> {
  const ids = [];
  for (const file of files) {
    const sent = await client.upload(file);
    if (!sent.ok) throw new Error(`${file.name}: ${sent.problems[0].message}`);
    ids.push(sent.data.id);
  }
  return ids;
}
